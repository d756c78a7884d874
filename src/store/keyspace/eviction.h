// Evictor: chooses which entry goes when memory is short, as Redis does: it looks at a few entries at random, keeps the
// best candidates it ever saw in a small pool, and takes the best of these. An entry that was used since it came into
// the pool has lost its place there; Redis evicts it nevertheless.
//
// A core on the data thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "store/keyspace/keyspace.h"

namespace weir::store {

enum class EvictionPolicy : unsigned char {
  kNone,
  kAllLru,
  kAllLfu,
  kAllRandom,
  kVolatileLru,  // "Volatile": only what has an expiry.
  kVolatileLfu,
  kVolatileRandom,
  kVolatileTtl
};

// By the names of maxmemory-policy. Requires: it is one.
EvictionPolicy eviction_policy(std::string_view name);

constexpr bool counts_frequency(EvictionPolicy policy) {
  return policy == EvictionPolicy::kAllLfu || policy == EvictionPolicy::kVolatileLfu;
}

class Evictor {
 public:
  // Removes one entry, which the keyspace's listener hears of. `samples`: how many entries of each database are looked
  // at, at least 1. False: nothing may go by this policy.
  bool evict_one(Keyspace& keyspace, EvictionPolicy policy, std::size_t samples);

 private:
  struct Candidate {
    std::uint64_t rank;  // The larger, the sooner it goes.
    std::size_t database;
    std::string key;
  };
  static constexpr std::size_t kPoolSize = 16;

  bool evict_at_random(Keyspace& keyspace, bool only_volatile);
  // False: there is none.
  bool sample(Keyspace& keyspace, std::size_t samples);
  void consider(std::size_t database, const Entry& entry, std::uint64_t rank);
  std::uint64_t rank(const Keyspace& keyspace, const Entry& entry) const;
  // The best candidate that still is one goes; false: none is left.
  bool take_best(Keyspace& keyspace);

  EvictionPolicy policy_ = EvictionPolicy::kNone;
  std::vector<Candidate> pool_;  // The best is the last.
  std::size_t next_database_ = 0;
};

}  // namespace weir::store
