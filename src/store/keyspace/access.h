// Access: the 24 bits of an entry that say how recently (LRU) or how often (LFU) it was used, as Redis keeps them:
//
//   LRU  | seconds, of a clock that wraps after 194 days              |
//   LFU  | minutes, wrapping after 45 days (16 bits) | counter (8 bits, logarithmic) |
//
// Which of the two is the eviction policy's choice; switching it leaves nonsense in old entries until they are used,
// as in Redis.
#pragma once

#include <cstdint>

#include "base/random.h"

namespace weir::store {

struct AccessClock {
  bool lfu = false;
  std::uint32_t seconds = 0;  // Of the calendar, kept by whoever drives the keyspace.
  std::uint32_t lfu_log_factor = 10;
  std::uint32_t lfu_decay_minutes = 1;

  // Of an entry that is created now.
  std::uint32_t fresh() const;
  // Of an entry that is used now.
  std::uint32_t used(std::uint32_t access, base::Random& random) const;
  std::uint32_t idle_seconds(std::uint32_t access) const;
  // The counter as decayed until now.
  std::uint32_t frequency(std::uint32_t access) const;
  // For RESTORE ... IDLETIME and FREQ, and for loading.
  std::uint32_t of_idle_seconds(std::uint64_t idle) const;
  std::uint32_t of_frequency(std::uint32_t frequency) const;

 private:
  std::uint32_t minutes() const { return (seconds / 60) & 0xffff; }
};

}  // namespace weir::store
