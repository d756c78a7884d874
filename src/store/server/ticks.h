// The stopwatch of the data thread: the processor's time stamp counter where it runs evenly, which costs a third of a
// call of the clock; else the monotonic clock.
#pragma once

#include "store/commands/statistics.h"

namespace weir::store {

class TickRate {
 public:
  explicit TickRate(base::MonoTime now);

  static std::uint64_t ticks();
  // How long a tick is, by what passed since the construction. The longer ago that is, the better.
  double ns_per_tick(base::MonoTime now) const;

 private:
  base::MonoTime began_at_;
  std::uint64_t began_ticks_;
};

}  // namespace weir::store
