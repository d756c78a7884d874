#include "store/keyspace/access.h"

#include <algorithm>

namespace weir::store {

namespace {

constexpr std::uint32_t kMask = (1u << 24) - 1;
// A new key is not the first to go.
constexpr std::uint32_t kInitialFrequency = 5;

}  // namespace

std::uint32_t AccessClock::fresh() const { return lfu ? (minutes() << 8) | kInitialFrequency : seconds & kMask; }

std::uint32_t AccessClock::used(std::uint32_t access, base::Random& random) const {
  if (!lfu) return seconds & kMask;
  std::uint32_t counter = frequency(access);
  if (counter < 255) {
    const std::uint32_t over = counter > kInitialFrequency ? counter - kInitialFrequency : 0;
    if (random.chance(1.0 / (over * lfu_log_factor + 1))) ++counter;
  }
  return (minutes() << 8) | counter;
}

std::uint32_t AccessClock::idle_seconds(std::uint32_t access) const { return (seconds - access) & kMask; }

std::uint32_t AccessClock::frequency(std::uint32_t access) const {
  const std::uint32_t counter = access & 0xff;
  if (lfu_decay_minutes == 0) return counter;
  const std::uint32_t elapsed = (minutes() - (access >> 8)) & 0xffff;
  return counter - std::min(counter, elapsed / lfu_decay_minutes);
}

std::uint32_t AccessClock::of_idle_seconds(std::uint64_t idle) const {
  return (seconds - static_cast<std::uint32_t>(std::min<std::uint64_t>(idle, kMask))) & kMask;
}

std::uint32_t AccessClock::of_frequency(std::uint32_t frequency) const {
  return (minutes() << 8) | std::min<std::uint32_t>(frequency, 255);
}

}  // namespace weir::store
