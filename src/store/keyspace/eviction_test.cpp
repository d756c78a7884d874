#include "store/keyspace/eviction.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

namespace weir::store {
namespace {

constexpr UnixMs kNow = 1'000'000'000;
constexpr std::size_t kSamples = 5;

struct Listener final : RemovalListener {
  void on_removed(std::size_t database, std::string_view key, RemovalReason reason) override {
    EXPECT_EQ(reason, RemovalReason::kEvicted);
    removed.emplace_back(database, key);
  }
  std::vector<std::pair<std::size_t, std::string>> removed;
};

class Eviction : public testing::Test {
 protected:
  Eviction() {
    keyspace_.context().random = base::Random(7);
    keyspace_.context().listener = &listener_;
  }
  Database& db(std::size_t index = 0) { return keyspace_.database(index); }
  AccessClock& clock() { return keyspace_.context().access; }
  bool evict(EvictionPolicy policy) { return evictor_.evict_one(keyspace_, policy, kSamples); }
  // Evicts half of `count` keys named 0, 1, ... of which the first ones ought to go; how many of those went.
  std::size_t evict_half(EvictionPolicy policy, std::size_t count) {
    for (std::size_t i = 0; i < count / 2; ++i) EXPECT_TRUE(evict(policy));
    std::size_t right = 0;
    for (const auto& [database, key] : listener_.removed) right += std::stoul(key) < count / 2;
    return right;
  }

  Keyspace keyspace_{3};
  Evictor evictor_;
  Listener listener_;
};

TEST_F(Eviction, NothingGoesWithoutAPolicyOrWithoutACandidate) {
  db().set_string("k", "v", std::nullopt);
  EXPECT_FALSE(evict(EvictionPolicy::kNone));
  for (const char* name : {"volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"}) {
    EXPECT_FALSE(evict(eviction_policy(name))) << name;
  }
  EXPECT_EQ(db().size(), 1u);
  for (const char* name : {"allkeys-lru", "allkeys-lfu", "allkeys-random"}) {
    db().set_string("k", "v", std::nullopt);
    EXPECT_TRUE(evict(eviction_policy(name))) << name;
    EXPECT_EQ(db().size(), 0u);
    EXPECT_FALSE(evict(eviction_policy(name))) << name;
  }
}

TEST_F(Eviction, VolatilePoliciesLeaveWhatHasNoExpiry) {
  for (const char* name : {"volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"}) {
    for (int i = 0; i < 100; ++i) db(1).set_string("stays" + std::to_string(i), "v", std::nullopt);
    for (int i = 0; i < 10; ++i) db(2).set_string("goes" + std::to_string(i), "v", kNow + i);
    for (int i = 0; i < 10; ++i) EXPECT_TRUE(evict(eviction_policy(name))) << name;
    EXPECT_FALSE(evict(eviction_policy(name))) << name;
    EXPECT_EQ(db(1).size(), 100u);
    EXPECT_EQ(db(2).size(), 0u);
  }
  EXPECT_EQ(keyspace_.stats().evicted, 40u);
}

// With five samples and a pool of sixteen nearly all victims are of the half that ought to go; at random half would be.
TEST_F(Eviction, TheLongestUnusedGoFirst) {
  for (std::uint32_t i = 0; i < 2000; ++i) {
    clock().seconds = i;
    db(i % 2).set_string(std::to_string(i), "v", std::nullopt);
  }
  EXPECT_GT(evict_half(EvictionPolicy::kAllLru, 2000), 850u);
}

TEST_F(Eviction, TheLeastUsedGoFirst) {
  clock().lfu = true;
  for (std::uint32_t i = 0; i < 2000; ++i) {
    db().set_string(std::to_string(i), "v", std::nullopt);
    for (std::uint32_t use = 0; use < (i < 1000 ? 1 : 40); ++use) db().look_up(std::to_string(i), kNow);
  }
  EXPECT_GT(evict_half(EvictionPolicy::kAllLfu, 2000), 850u);
}

TEST_F(Eviction, TheSoonestToExpireGoFirst) {
  for (int i = 0; i < 2000; ++i) db().set_string(std::to_string(i), "v", kNow + i);
  EXPECT_GT(evict_half(EvictionPolicy::kVolatileTtl, 2000), 850u);
}

TEST_F(Eviction, ACandidateThatIsUsedAgainStays) {
  clock().seconds = 0;
  for (int i = 0; i < 10; ++i) db().set_string(std::to_string(i), "v", std::nullopt);
  clock().seconds = 100;
  for (int i = 10; i < 20; ++i) db().set_string(std::to_string(i), "v", std::nullopt);
  EXPECT_TRUE(evict(EvictionPolicy::kAllLru));  // The pool holds old ones now.
  clock().seconds = 200;
  std::set<std::string> used;
  for (int i = 0; i < 10; ++i) {
    if (db().look_up(std::to_string(i), kNow) != nullptr) used.insert(std::to_string(i));
  }
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(evict(EvictionPolicy::kAllLru));
  std::size_t survivors = 0;
  for (const std::string& key : used) survivors += db().peek(key, kNow) != nullptr;
  EXPECT_GE(survivors, used.size() - 1);  // Samples may all be young ones, but not five times.
}

TEST_F(Eviction, RandomTakesFromEachDatabaseInTurn) {
  for (std::size_t i = 0; i < 3; ++i) {
    for (int key = 0; key < 50; ++key) db(i).set_string(std::to_string(key), "v", std::nullopt);
  }
  for (int i = 0; i < 30; ++i) EXPECT_TRUE(evict(EvictionPolicy::kAllRandom));
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(db(i).size(), 40u);
}

}  // namespace
}  // namespace weir::store
