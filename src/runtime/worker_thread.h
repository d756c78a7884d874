// WorkerThread: one thread for work that blocks (a database, a file), asked from a loop.
//
// Work waits in a bounded queue, in order. Work whose deadline passes before its turn is never begun. Work that has
// begun is not interrupted from here: what it does about its own deadline is its own business.
//
// run() may be used from any loop; the task resumes on its own executor, which must outlive this thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>

#include "base/error.h"
#include "runtime/task.h"

namespace weir::runtime {

class WorkerThread {
 public:
  WorkerThread(std::string name, std::size_t max_queued);
  WorkerThread(const WorkerThread&) = delete;
  WorkerThread& operator=(const WorkerThread&) = delete;
  // stop().
  ~WorkerThread();

  // Runs `work`, a function that returns a Result, on the thread. Errors besides its own: kRetry when the queue is
  // full, the thread stops, or the deadline passes before the work began; kUnknownOutcome when the deadline passes
  // while it runs, or its task is cancelled. An exception of the work comes out of run().
  template <class Work>
  Task<std::invoke_result_t<Work&>> run(Work work, base::MonoTime deadline) {
    using Outcome = std::invoke_result_t<Work&>;
    auto outcome = std::make_shared<std::optional<Outcome>>();
    std::move_only_function<void()> job = [outcome, work = std::move(work)]() mutable { outcome->emplace(work()); };
    base::Result<void> ran = co_await submit(std::move(job), deadline);
    if (!ran) co_return std::move(ran).error();
    co_return **std::move(outcome);
  }

  // Ends what runs, drops what waits, which ends with kRetry, and joins. Idempotent. Called from outside the thread.
  void stop();

  std::size_t queued() const;

 private:
  struct Job;
  struct Impl;

  Task<base::Result<void>> submit(std::move_only_function<void()> work, base::MonoTime deadline);

  std::unique_ptr<Impl> impl_;
};

}  // namespace weir::runtime
