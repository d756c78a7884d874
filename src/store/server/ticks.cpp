#include "store/server/ticks.h"

#ifdef __x86_64__
#include <x86intrin.h>
#else
#include <chrono>
#endif

namespace weir::store {

std::uint64_t TickRate::ticks() {
#ifdef __x86_64__
  return __rdtsc();
#else
  return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
#endif
}

TickRate::TickRate(base::MonoTime now) : began_at_(now), began_ticks_(ticks()) {}

double TickRate::ns_per_tick(base::MonoTime now) const {
  const std::uint64_t passed = ticks() - began_ticks_;
  // Before anything can be measured: a third of a nanosecond, which is right within a factor of two.
  if (passed < 1'000'000 || now <= began_at_) return 1.0 / 3;
  return static_cast<double>((now - began_at_).count()) / static_cast<double>(passed);
}

}  // namespace weir::store
