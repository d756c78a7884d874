#include "runtime/process.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>

#include <fmt/format.h>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/assert.h"
#include "runtime/socket.h"

namespace weir::runtime {

namespace asio = boost::asio;
using base::ErrorKind;
using base::Result;

std::string ExitStatus::to_string() const {
  return by_signal ? fmt::format("ended by signal {} ({})", code, ::strsignal(code))
                   : fmt::format("exited with {}", code);
}

namespace {

// What the child needs between fork and exec, made before the fork: afterwards only async-signal-safe calls are
// allowed, since another thread may have held any lock at that moment.
struct ChildPlan {
  std::vector<std::string> environment;
  std::vector<char*> argv;
  std::vector<char*> envp;
  const char* output_file;
  const char* working_directory;
  bool own_group;
  bool ends_with_us;
  pid_t parent;
  int failure_pipe;
};

std::string_view name_of(std::string_view variable) { return variable.substr(0, variable.find('=')); }

std::vector<std::string> merged_environment(const std::vector<std::string>& changes) {
  std::vector<std::string> merged;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    bool replaced = false;
    for (const std::string& change : changes) replaced |= name_of(change) == name_of(*variable);
    if (!replaced) merged.emplace_back(*variable);
  }
  merged.insert(merged.end(), changes.begin(), changes.end());
  return merged;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

// Says why by writing errno into the pipe, which a successful exec closes without a word.
[[noreturn]] void fail_child(const ChildPlan& plan) {
  const int error_number = errno;
  [[maybe_unused]] const ssize_t written = ::write(plan.failure_pipe, &error_number, sizeof error_number);
  ::_exit(127);
}

[[noreturn]] void become_child(const ChildPlan& plan) {
  if (plan.ends_with_us) {
    if (::prctl(PR_SET_PDEATHSIG, SIGTERM) != 0) fail_child(plan);
    // The parent may have died before the request was in place.
    if (::getppid() != plan.parent) ::_exit(127);
  }
  if (plan.own_group && ::setpgid(0, 0) != 0) fail_child(plan);
  if (*plan.output_file != '\0') {
    const int output = ::open(plan.output_file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (output < 0 || ::dup2(output, STDOUT_FILENO) < 0 || ::dup2(output, STDERR_FILENO) < 0) fail_child(plan);
  }
  if (*plan.working_directory != '\0' && ::chdir(plan.working_directory) != 0) fail_child(plan);
  // Ours are not the child's: blocked and ignored signals survive exec, and so do descriptors that a library opened.
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  ::close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
  ::execvpe(plan.argv[0], plan.argv.data(), plan.envp.data());
  fail_child(plan);
}

ExitStatus status_of(const siginfo_t& child) {
  return child.si_code == CLD_EXITED ? ExitStatus{child.si_status, false} : ExitStatus{child.si_status, true};
}

}  // namespace

struct Process::Impl {
  Impl(Executor executor, pid_t child, int fd, bool group) : pidfd(executor, fd), pid(child), own_group(group) {}

  asio::posix::stream_descriptor pidfd;
  pid_t pid;
  bool own_group;
  std::optional<ExitStatus> ended;

  // Reaps the child if it has ended.
  Result<void> poll(int flags) {
    siginfo_t child{};
    while (::waitid(P_PIDFD, static_cast<id_t>(pidfd.native_handle()), &child, WEXITED | flags) != 0) {
      if (errno != EINTR) {
        return base::system_error(ErrorKind::kFatal, fmt::format("wait for process {}", pid), errno);
      }
    }
    if (child.si_pid != 0) ended = status_of(child);
    return {};
  }
};

Process::Process(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Process::Process(Process&&) noexcept = default;

Process::~Process() {
  if (impl_ == nullptr || impl_->ended) return;
  // Both fail only for a process that has been reaped already, and then there is nothing to do.
  (void)(impl_->own_group ? signal_group(SIGKILL) : signal(SIGKILL));
  (void)impl_->poll(0);
}

Result<Process> Process::start(Executor executor, ProcessOptions options) {
  WEIR_ASSERT(!options.argv.empty());
  const std::string what = fmt::format("run {}", options.argv[0]);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return base::system_error(ErrorKind::kRetry, what, errno);
  const Descriptor failure(ends[0]);
  Descriptor failure_writer(ends[1]);

  ChildPlan plan{.environment = merged_environment(options.environment),
                 .argv = pointers(options.argv),
                 .envp = {},
                 .output_file = options.output_file.c_str(),
                 .working_directory = options.working_directory.c_str(),
                 .own_group = options.own_group,
                 .ends_with_us = options.ends_with_us,
                 .parent = ::getpid(),
                 .failure_pipe = failure_writer.get()};
  plan.envp = pointers(plan.environment);
  const pid_t pid = ::fork();
  if (pid < 0) return base::system_error(ErrorKind::kRetry, what, errno);
  if (pid == 0) become_child(plan);
  failure_writer.reset();

  // Until it is reaped, the number belongs to our child: no other process can be meant.
  const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (pidfd < 0) {
    const int error_number = errno;
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    return base::system_error(ErrorKind::kFatal, what, error_number);
  }
  Process process(std::make_unique<Impl>(std::move(executor), pid, pidfd, options.own_group));
  int error_number = 0;
  ssize_t got = 0;
  do {
    got = ::read(failure.get(), &error_number, sizeof error_number);
  } while (got < 0 && errno == EINTR);
  if (got == sizeof error_number) return base::system_error(ErrorKind::kFatal, what, error_number);
  return process;
}

pid_t Process::pid() const { return impl_->pid; }

Result<void> Process::signal(int number) {
  if (impl_->ended) return {};
  if (::syscall(SYS_pidfd_send_signal, impl_->pidfd.native_handle(), number, nullptr, 0) == 0 || errno == ESRCH)
    return {};
  return base::system_error(ErrorKind::kFatal, fmt::format("send signal {} to process {}", number, impl_->pid), errno);
}

Result<void> Process::signal_group(int number) {
  WEIR_ASSERT(impl_->own_group);
  if (::kill(-impl_->pid, number) == 0 || errno == ESRCH) return {};
  return base::system_error(ErrorKind::kFatal, fmt::format("send signal {} to group {}", number, impl_->pid), errno);
}

Task<Result<ExitStatus>> Process::wait() {
  while (!impl_->ended) {
    if (auto polled = impl_->poll(WNOHANG); !polled) co_return polled.error();
    if (impl_->ended) break;
    co_await impl_->pidfd.async_wait(asio::posix::descriptor_base::wait_read, asio::use_awaitable);
  }
  co_return *impl_->ended;
}

}  // namespace weir::runtime
