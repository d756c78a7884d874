#include "runtime/io_thread.h"

#include <atomic>
#include <csignal>
#include <stdexcept>
#include <thread>

#include <gtest/gtest.h>
#include <boost/asio/this_coro.hpp>

#include "runtime/gate.h"
#include "runtime/signals.h"

namespace weir::runtime {
namespace {

Task<std::thread::id> thread_of_task() { co_return std::this_thread::get_id(); }

Task<int> throw_error() {
  co_await sleep_for(base::Duration::zero());
  throw std::runtime_error("a bug");
}

TEST(IoThread, RunsTasksAndFunctionsOnItsOneThread) {
  IoThread thread("test");
  const auto of_task = thread.run(thread_of_task());
  EXPECT_NE(of_task, std::this_thread::get_id());
  std::atomic<bool> same = false;
  thread.post([&same, of_task] { same = std::this_thread::get_id() == of_task; });
  thread.run(thread_of_task());  // Comes after the posted function.
  EXPECT_TRUE(same);
}

TEST(IoThread, ExceptionReachesWhoeverWaits) {
  IoThread thread("test");
  EXPECT_THROW((void)thread.run(throw_error()), std::runtime_error);
}

TEST(IoThread, StopsWithWorkWaiting) {
  IoThread thread("test");
  std::atomic<bool> ran = false;
  thread.post([&ran] { ran = true; });
  thread.run(thread_of_task());
  thread.stop();
  thread.stop();
  EXPECT_TRUE(ran);
}

Task<void> raise_once() {
  co_await sleep_for(base::Duration::zero());
  ::raise(SIGTERM);
}

Task<int> raise_and_wait(Gate& gate) {
  const Executor executor = co_await boost::asio::this_coro::executor;
  spawn(gate, executor, raise_once(), "raise");
  const int signal = co_await wait_for_termination();
  co_await gate.stop(kNever);
  co_return signal;
}

TEST(Signals, TerminationIsATaskNotTheEnd) {
  Gate gate;
  EXPECT_EQ(run(raise_and_wait(gate)), SIGTERM);
}

}  // namespace
}  // namespace weir::runtime
