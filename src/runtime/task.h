// Task: a coroutine that runs on one loop.
//
// A Task is lazy: it begins when it is awaited or spawned (runtime/gate.h), and it resumes only on the executor on
// which it began. Operating failures are Results; an exception in a Task is either a programmer's error or
// cancellation, which Asio throws as system_error(operation_aborted) from the first co_await after it was asked for.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/time.h"

namespace weir::runtime {

template <class T>
using Task = boost::asio::awaitable<T>;

using Executor = boost::asio::any_io_executor;

// A deadline that never passes. Only for waits that something else is sure to end.
inline constexpr base::MonoTime kNever = base::MonoTime::max();

// The monotonic clock on which every timer of this room runs (base::RealClock reads the same one).
base::MonoTime mono_now();

// Now + `by`, without overflow.
base::MonoTime deadline_after(base::Duration by);

// Ends at `time`, or with cancellation.
Task<void> sleep_until(base::MonoTime time);
Task<void> sleep_for(base::Duration duration);

}  // namespace weir::runtime
