#include "runtime/process.h"

#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <boost/asio/this_coro.hpp>

#include "runtime/gate.h"
#include "runtime/io_thread.h"

namespace weir::runtime {
namespace {

namespace asio = boost::asio;
using base::Result;

std::string temporary(std::string_view name) {
  return fmt::format("{}/weir_process_test_{}_{}", testing::TempDir(), ::getpid(), name);
}

std::string contents(const std::string& path) {
  std::ifstream file(path);
  std::stringstream all;
  all << file.rdbuf();
  return all.str();
}

ProcessOptions shell(std::string script) { return {.argv = {"sh", "-c", std::move(script)}}; }

Task<ExitStatus> run_to_end(ProcessOptions options) {
  const Executor executor = co_await asio::this_coro::executor;
  auto process = Process::start(executor, std::move(options));
  if (!process) throw std::runtime_error(process.error().text());
  const auto status = co_await process->wait();
  const auto again = co_await process->wait();
  EXPECT_EQ(status.value(), again.value());
  co_return status.value();
}

TEST(Process, ExitCodeAndSignalAreTold) {
  EXPECT_EQ(run(run_to_end(shell("exit 3"))), (ExitStatus{3, false}));
  EXPECT_EQ(run(run_to_end(shell("kill -9 $$"))), (ExitStatus{SIGKILL, true}));
  EXPECT_EQ((ExitStatus{SIGKILL, true}).to_string(), "ended by signal 9 (Killed)");
}

TEST(Process, OutputEnvironmentAndDirectoryAreAsAsked) {
  ProcessOptions options = shell("echo $WEIR_TEST in $PWD; echo bad >&2");
  options.environment = {"WEIR_TEST=one=1"};
  options.output_file = temporary("output");
  options.working_directory = "/";
  EXPECT_TRUE(run(run_to_end(options)).success());
  EXPECT_EQ(contents(options.output_file), "one=1 in /\nbad\n");
  EXPECT_TRUE(run(run_to_end(options)).success());
  EXPECT_EQ(contents(options.output_file), "one=1 in /\nbad\none=1 in /\nbad\n");
  ::unlink(options.output_file.c_str());
}

Task<std::string> start_failure(ProcessOptions options) {
  const Executor executor = co_await asio::this_coro::executor;
  auto process = Process::start(executor, std::move(options));
  co_return process ? "" : process.error().text();
}

TEST(Process, ProgramThatCannotRunIsAnErrorAtOnce) {
  EXPECT_EQ(run(start_failure({.argv = {"/no/such/program"}})), "run /no/such/program: No such file or directory");
  ProcessOptions options = shell("true");
  options.output_file = "/no/such/directory/output";
  EXPECT_EQ(run(start_failure(options)), "run sh: No such file or directory");
}

Task<ExitStatus> signal_and_wait(ProcessOptions options, int number) {
  const Executor executor = co_await asio::this_coro::executor;
  auto process = Process::start(executor, std::move(options));
  if (!process) throw std::runtime_error(process.error().text());
  EXPECT_TRUE(process->signal(number));
  const auto status = co_await process->wait();
  EXPECT_TRUE(process->signal(number)) << "a process that has ended is not an error";
  co_return status.value();
}

TEST(Process, SignalEndsIt) {
  EXPECT_EQ(run(signal_and_wait({.argv = {"sleep", "1000"}}, SIGTERM)), (ExitStatus{SIGTERM, true}));
}

Task<pid_t> drop_running(ProcessOptions options) {
  const Executor executor = co_await asio::this_coro::executor;
  auto process = Process::start(executor, std::move(options));
  co_return process->pid();
}

TEST(Process, NeverOutlivesItsOwner) {
  const pid_t pid = run(drop_running({.argv = {"sleep", "1000"}, .own_group = true}));
  EXPECT_EQ(::kill(pid, 0), -1);
  EXPECT_EQ(errno, ESRCH);
}

Task<void> wait_and_record(Process& process, bool* ended) {
  const auto status = co_await process.wait();
  *ended = status.has_value();
}

Task<bool> cancel_a_wait(Gate& gate) {
  const Executor executor = co_await asio::this_coro::executor;
  auto process = Process::start(executor, {.argv = {"sleep", "1000"}});
  bool ended = false;
  spawn(gate, executor, wait_and_record(*process, &ended), "wait");
  co_await sleep_for(base::Duration::zero());
  co_await gate.stop(mono_now());
  co_return ended;
}

TEST(Process, WaitCanBeCancelled) {
  Gate gate;
  EXPECT_FALSE(run(cancel_a_wait(gate)));
}

}  // namespace
}  // namespace weir::runtime
