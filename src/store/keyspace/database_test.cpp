#include "store/keyspace/database.h"

#include <map>

#include <gtest/gtest.h>

#include "base/random.h"

namespace weir::store {
namespace {

TEST(Database, AnEntryIsGoneAtTheMomentOfItsExpiry) {
  Keyspace keyspace(1);
  Database& db = keyspace.database(0);
  db.set("k", "v", 1000);
  EXPECT_NE(db.find("k", 999), nullptr);
  EXPECT_EQ(db.size(), 1u);
  EXPECT_EQ(db.find("k", 1000), nullptr);
  EXPECT_EQ(db.size(), 0u);
  EXPECT_EQ(keyspace.stats().expired, 1u);
}

TEST(Database, SettingAgainReplacesTheExpiry) {
  Keyspace keyspace(1);
  Database& db = keyspace.database(0);
  db.set("k", "v", 1000);
  db.set("k", "w", std::nullopt);
  EXPECT_EQ(db.with_expiry(), 0u);
  EXPECT_EQ(db.find("k", 5000)->value, "w");
  db.set_expiry("k", 6000);
  EXPECT_EQ(db.find("k", 6000), nullptr);
}

TEST(Database, TheCycleRemovesSoonestFirstAndAtMostItsLimit) {
  Keyspace keyspace(2);
  for (int i = 0; i < 10; ++i) keyspace.database(1).set(std::to_string(i), "v", 100 + i);
  EXPECT_TRUE(keyspace.expire_some(1000, 4));
  EXPECT_EQ(keyspace.database(1).size(), 6u);
  EXPECT_NE(keyspace.database(1).find("4", 0), nullptr);
  EXPECT_FALSE(keyspace.expire_some(1000, 100));
  EXPECT_EQ(keyspace.database(1).size(), 0u);
  EXPECT_EQ(keyspace.stats().expired, 10u);
}

TEST(Database, LookUpCountsHitsAndMisses) {
  Keyspace keyspace(1);
  keyspace.database(0).set("k", "v", 10);
  keyspace.database(0).look_up("k", 9);
  keyspace.database(0).look_up("k", 10);
  keyspace.database(0).look_up("other", 10);
  EXPECT_EQ(keyspace.stats().hits, 1u);
  EXPECT_EQ(keyspace.stats().misses, 2u);
}

TEST(Database, BehavesAsAMapUnderRandomOperations) {
  base::Random random(11);
  Keyspace keyspace(1);
  Database& db = keyspace.database(0);
  std::map<std::string, Entry> model;
  UnixMs now = 0;
  for (int i = 0; i < 50'000; ++i) {
    now += static_cast<UnixMs>(random.below(3));
    std::erase_if(model, [&](const auto& item) { return item.second.expires_at && *item.second.expires_at <= now; });
    const std::string key = std::to_string(random.below(50));
    std::optional<UnixMs> expires_at;
    if (random.chance(0.5)) expires_at = now + static_cast<UnixMs>(random.below(40));
    switch (random.below(4)) {
      case 0:
        db.set(key, std::to_string(i), expires_at);
        model[key] = {std::to_string(i), expires_at};
        if (expires_at && *expires_at <= now) model.erase(key);
        break;
      case 1: ASSERT_EQ(db.erase(key, now), model.erase(key) == 1); break;
      case 2: db.expire_some(now, 3); break;
      default: {
        const Entry* entry = db.find(key, now);
        ASSERT_EQ(entry != nullptr, model.contains(key));
        if (entry != nullptr) {
          ASSERT_EQ(entry->value, model[key].value);
        }
      }
    }
  }
  db.expire_some(now, 1000);
  EXPECT_EQ(db.size(), model.size());
}

}  // namespace
}  // namespace weir::store
