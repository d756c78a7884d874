// Child processes: started, signalled, waited for as a task. For the supervisor of ops/ and for tests.
//
// One loop only.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "runtime/task.h"

namespace weir::runtime {

struct ProcessOptions {
  // The program and its arguments. A program without a slash is looked up in PATH.
  std::vector<std::string> argv;
  // "NAME=value", added to our own environment or put in place of what it says.
  std::vector<std::string> environment{};
  // Standard output and standard error are appended to this file; empty: they are ours.
  std::string output_file{};
  // Empty: ours.
  std::string working_directory{};
  // A process group of its own: the terminal's Ctrl-C goes to us alone, and signal_group() reaches its children too.
  bool own_group = false;
  // SIGTERM when the thread that started it ends, even by SIGKILL, so that nothing outlives us.
  // Requires: that thread lives as long as the child is wanted.
  bool ends_with_us = true;
};

// How a process ended.
struct ExitStatus {
  // The exit code, or the signal that ended it.
  int code = 0;
  bool by_signal = false;

  bool success() const { return !by_signal && code == 0; }
  // "exited with 1", "ended by signal 9 (Killed)".
  std::string to_string() const;

  friend bool operator==(const ExitStatus&, const ExitStatus&) = default;
};

class Process {
 public:
  // kFatal, with the reason, when the program cannot be run.
  static base::Result<Process> start(Executor executor, ProcessOptions options);

  Process(Process&&) noexcept;
  Process& operator=(Process&&) = delete;
  // A child that still runs is killed and reaped: a Process never outlives its owner.
  ~Process();

  pid_t pid() const;
  // Addresses this process and no other that got its number later. No effect once it has ended.
  base::Result<void> signal(int number);
  // The process and what it started, also when it has ended itself. Requires: own_group.
  base::Result<void> signal_group(int number);

  // Returns when it has ended, at once if it had. Throws on cancellation; may be called again.
  Task<base::Result<ExitStatus>> wait();

 private:
  struct Impl;
  explicit Process(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace weir::runtime
