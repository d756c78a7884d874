// The two kinds of time, kept apart by type so that neither can be taken for the other.
//
//   MonoTime   the monotonic clock: leases, timeouts, intervals. Means nothing outside this boot of the machine.
//   WallTime   the calendar: what is written to files and shown to people. May jump, in both directions.
//
// Values only: cores take times as arguments and never read a clock (that is base/clock.h, for drivers).
#pragma once

#include <chrono>
#include <cstdint>

namespace weir::base {

using Duration = std::chrono::nanoseconds;

struct MonoClockTag {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<MonoClockTag>;
  static constexpr bool is_steady = true;
};

using MonoTime = MonoClockTag::time_point;
using WallTime = std::chrono::sys_time<Duration>;

// Milliseconds since 1970, as the protocols and files spell a moment.
inline std::int64_t unix_ms(WallTime time) {
  return std::chrono::floor<std::chrono::milliseconds>(time).time_since_epoch().count();
}
inline WallTime from_unix_ms(std::int64_t ms) { return WallTime(std::chrono::milliseconds(ms)); }

}  // namespace weir::base
