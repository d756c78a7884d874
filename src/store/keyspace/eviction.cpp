#include "store/keyspace/eviction.h"

#include <algorithm>
#include <array>
#include <limits>

#include "base/assert.h"

namespace weir::store {

namespace {

bool only_volatile(EvictionPolicy policy) { return policy >= EvictionPolicy::kVolatileLru; }

const Entry* random_candidate(const Database& database, bool only_volatile) {
  return only_volatile ? database.random_entry_with_expiry() : database.random_entry();
}

struct PolicyName {
  std::string_view name;
  EvictionPolicy policy;
};
constexpr auto kPolicies = std::to_array<PolicyName>({{"noeviction", EvictionPolicy::kNone},
                                                      {"allkeys-lru", EvictionPolicy::kAllLru},
                                                      {"allkeys-lfu", EvictionPolicy::kAllLfu},
                                                      {"allkeys-random", EvictionPolicy::kAllRandom},
                                                      {"volatile-lru", EvictionPolicy::kVolatileLru},
                                                      {"volatile-lfu", EvictionPolicy::kVolatileLfu},
                                                      {"volatile-random", EvictionPolicy::kVolatileRandom},
                                                      {"volatile-ttl", EvictionPolicy::kVolatileTtl}});

}  // namespace

EvictionPolicy eviction_policy(std::string_view name) {
  const auto found = std::ranges::find(kPolicies, name, &PolicyName::name);
  WEIR_ASSERT(found != kPolicies.end());
  return found->policy;
}

bool Evictor::evict_one(Keyspace& keyspace, EvictionPolicy policy, std::size_t samples) {
  if (policy != policy_) pool_.clear();
  policy_ = policy;
  switch (policy) {
    case EvictionPolicy::kNone: return false;
    case EvictionPolicy::kAllRandom:
    case EvictionPolicy::kVolatileRandom: return evict_at_random(keyspace, only_volatile(policy));
    default: break;
  }
  while (sample(keyspace, samples)) {
    if (take_best(keyspace)) return true;
  }
  return false;
}

// From each database in turn, as Redis does.
bool Evictor::evict_at_random(Keyspace& keyspace, bool only_volatile) {
  for (std::size_t i = 0; i < keyspace.size(); ++i) {
    Database& database = keyspace.database(next_database_++ % keyspace.size());
    const Entry* entry = random_candidate(database, only_volatile);
    if (entry == nullptr) continue;
    database.remove(entry->key(), RemovalReason::kEvicted);
    return true;
  }
  return false;
}

bool Evictor::sample(Keyspace& keyspace, std::size_t samples) {
  bool any = false;
  for (std::size_t i = 0; i < keyspace.size(); ++i) {
    for (std::size_t sample = 0; sample < samples; ++sample) {
      const Entry* entry = random_candidate(keyspace.database(i), only_volatile(policy_));
      if (entry == nullptr) break;
      any = true;
      consider(i, *entry, rank(keyspace, *entry));
    }
  }
  return any;
}

void Evictor::consider(std::size_t database, const Entry& entry, std::uint64_t rank) {
  if (pool_.size() == kPoolSize && rank <= pool_.front().rank) return;
  const bool known = std::ranges::any_of(
      pool_, [&](const Candidate& one) { return one.database == database && one.key == entry.key(); });
  if (known) return;
  if (pool_.size() == kPoolSize) pool_.erase(pool_.begin());
  const auto place = std::ranges::upper_bound(pool_, rank, std::less(), [](const Candidate& one) { return one.rank; });
  pool_.insert(place, {.rank = rank, .database = database, .key = std::string(entry.key())});
}

std::uint64_t Evictor::rank(const Keyspace& keyspace, const Entry& entry) const {
  const AccessClock& clock = keyspace.context().access;
  if (policy_ == EvictionPolicy::kVolatileTtl) {
    return std::numeric_limits<std::uint64_t>::max() - static_cast<std::uint64_t>(*entry.expires_at());
  }
  return counts_frequency(policy_) ? 255 - clock.frequency(entry.access()) : clock.idle_seconds(entry.access());
}

bool Evictor::take_best(Keyspace& keyspace) {
  while (!pool_.empty()) {
    const Candidate best = std::move(pool_.back());
    pool_.pop_back();
    Database& database = keyspace.database(best.database);
    const Entry* entry = database.peek_even_expired(best.key);
    if (entry == nullptr || (only_volatile(policy_) && !entry->has_expiry())) continue;
    if (rank(keyspace, *entry) < best.rank) continue;
    database.remove(best.key, RemovalReason::kEvicted);
    return true;
  }
  return false;
}

}  // namespace weir::store
