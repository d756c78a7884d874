// IoThread: one Asio loop on one thread; and run(), a loop on the calling thread for a `main` or a test.
//
// post() and executor() may be used from any thread; everything that runs on the executor runs on the one thread.
#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "runtime/deadline.h"
#include "runtime/task.h"

namespace weir::runtime {

class IoThread {
 public:
  // The name is what the operating system shows for the thread; it keeps the first 15 characters.
  explicit IoThread(std::string name);
  IoThread(const IoThread&) = delete;
  IoThread& operator=(const IoThread&) = delete;
  // stop(), then destroys what was left waiting. Tasks belong to gates: their owners drain those first.
  ~IoThread();

  Executor executor() const;
  void post(std::move_only_function<void()> function);

  // Runs `task` on this thread and blocks the caller, which must be another thread, until it ends.
  template <class T>
  T run(Task<T> task) {
    std::optional<typename Outcome<T>::Value> value;
    run_and_wait(detail::keep<T>(std::move(task), &value));
    if constexpr (!std::is_void_v<T>) return *std::move(value);
  }

  // The function that runs now is the last one. Joins the thread; idempotent.
  void stop();

 private:
  struct Impl;

  void run_and_wait(Task<void> task);

  std::unique_ptr<Impl> impl_;
};

namespace detail {
void run_here(Task<void> task);
}

// Runs `task` on a loop of its own on the calling thread, and returns when it, and all that it left on the loop, ended.
template <class T>
T run(Task<T> task) {
  std::optional<typename Outcome<T>::Value> value;
  detail::run_here(detail::keep<T>(std::move(task), &value));
  if constexpr (!std::is_void_v<T>) return *std::move(value);
}

}  // namespace weir::runtime
