// with_deadline: runs a task, and asks it to end when a deadline passes.
//
// It returns only when the task has ended, so the task may use what its caller owns. What the task had reached is
// never lost: when it finishes in the same moment as the deadline, or turns its cancellation into a value, the value is
// there beside the reason, and the caller decides what counts.
#pragma once

#include <optional>
#include <type_traits>
#include <variant>

#include "runtime/task.h"

namespace weir::runtime {

// What came first.
enum class Ending : unsigned char {
  kCompleted,  // The task ended on its own.
  kDeadline,   // The deadline passed.
  kCancelled,  // Whoever runs this task was asked to end it.
};

template <class T>
struct Outcome {
  using Value = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

  Ending ending;
  // Always there when the task completed; and otherwise if it returned nevertheless.
  std::optional<Value> value;
};

namespace detail {

// Exceptions of the task pass through, except the cancellation that this function itself caused.
Task<Ending> race(Task<void> task, base::MonoTime deadline);

template <class T>
Task<void> keep(Task<T> task, std::optional<typename Outcome<T>::Value>* value) {
  if constexpr (std::is_void_v<T>) {
    co_await std::move(task);
    value->emplace();
  } else {
    value->emplace(co_await std::move(task));
  }
}

}  // namespace detail

// Requires: the task ends when it is cancelled, as everything in this room does.
template <class T>
Task<Outcome<T>> with_deadline(Task<T> task, base::MonoTime deadline) {
  Outcome<T> outcome{Ending::kCompleted, std::nullopt};
  Task<void> kept = detail::keep<T>(std::move(task), &outcome.value);
  outcome.ending = co_await detail::race(std::move(kept), deadline);
  co_return outcome;
}

template <class T>
Task<Outcome<T>> with_deadline(Task<T> task, base::Duration duration) {
  return with_deadline(std::move(task), deadline_after(duration));
}

}  // namespace weir::runtime
