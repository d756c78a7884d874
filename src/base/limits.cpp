#include "base/limits.h"

#include "base/assert.h"

namespace weir::base {

bool Bound::try_acquire(std::uint64_t n) {
  const std::uint64_t held = held_.load(std::memory_order_relaxed);
  if (n > limit_ || held > limit_ - n) {
    refused_.add();
    return false;
  }
  held_.store(held + n, std::memory_order_relaxed);
  return true;
}

void Bound::release(std::uint64_t n) {
  const std::uint64_t held = held_.load(std::memory_order_relaxed);
  WEIR_ASSERT(held >= n);
  held_.store(held - n, std::memory_order_relaxed);
}

void Bound::publish(Metrics& metrics) {
  metrics.gauge_from({"weir_limit", "What may be held at most.", {{"limit", name_}}},
                     [this] { return static_cast<double>(limit_); });
  metrics.gauge_from({"weir_limit_held", "What is held now.", {{"limit", name_}}},
                     [this] { return static_cast<double>(held()); });
  metrics.counter_from({"weir_limit_refused_total", "What the limit refused.", {{"limit", name_}}},
                       [this] { return refused(); });
}

}  // namespace weir::base
