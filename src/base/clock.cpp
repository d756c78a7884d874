#include "base/clock.h"

#include "base/assert.h"

namespace weir::base {

MonoTime RealClock::mono() const {
  return MonoTime(std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch()));
}

WallTime RealClock::wall() const { return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()); }

void SimClock::advance(Duration by) {
  WEIR_ASSERT(by >= Duration::zero());
  mono_ += by;
  wall_ += by;
}

}  // namespace weir::base
