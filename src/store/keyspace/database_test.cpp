#include "store/keyspace/database.h"

#include <map>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "base/random.h"
#include "store/keyspace/keyspace.h"

namespace weir::store {
namespace {

std::optional<std::string> value_of(const Entry* entry) {
  if (entry == nullptr) return std::nullopt;
  NumberText scratch;
  return std::string(entry->string(scratch));
}

TEST(Database, AnEntryIsGoneAtTheMomentOfItsExpiry) {
  Keyspace keyspace(1);
  Database& db = keyspace.database(0);
  db.set_string("k", "v", 1000);
  EXPECT_NE(db.peek("k", 999), nullptr);
  EXPECT_EQ(db.size(), 1u);
  EXPECT_EQ(db.peek("k", 1000), nullptr);
  EXPECT_EQ(db.size(), 0u);
  EXPECT_EQ(keyspace.stats().expired, 1u);
}

TEST(Database, AReplicaHidesWhatExpiredAndKeepsIt) {
  Keyspace keyspace(1);
  keyspace.context().removes_expired = false;
  keyspace.database(0).set_string("k", "v", 1000);
  EXPECT_EQ(keyspace.database(0).peek("k", 1000), nullptr);
  EXPECT_EQ(keyspace.database(0).size(), 1u);
}

TEST(Database, SettingAgainReplacesTheExpiry) {
  Keyspace keyspace(1);
  Database& db = keyspace.database(0);
  db.set_string("k", "v", 1000);
  db.set_string("k", "w", std::nullopt);
  EXPECT_EQ(db.with_expiry(), 0u);
  EXPECT_EQ(value_of(db.peek("k", 5000)), "w");
  db.set_expiry("k", 6000);
  EXPECT_EQ(db.with_expiry(), 1u);
  EXPECT_EQ(value_of(db.peek("k", 5999)), "w");
  EXPECT_EQ(db.peek("k", 6000), nullptr);
}

TEST(Database, TheCycleRemovesWhatExpiredAndOnlyThat) {
  Keyspace keyspace(2);
  for (int i = 0; i < 10'000; ++i) {
    keyspace.database(1).set_string(std::to_string(i), "v", i % 2 == 0 ? 100 : 2000);
  }
  std::size_t cycles = 1;
  while (keyspace.expire_some(1000, 100)) ++cycles;
  EXPECT_GT(cycles, 2u);  // Each removes about its limit: a segment more at most.
  EXPECT_EQ(keyspace.database(1).size(), 5000u);
  EXPECT_EQ(keyspace.stats().expired, 5000u);
  while (keyspace.expire_some(2000, 100'000)) {
  }
  EXPECT_EQ(keyspace.database(1).size(), 0u);
}

class Removals final : public RemovalListener {
 public:
  void on_removed(std::size_t database, std::string_view key, RemovalReason) override {
    seen.emplace_back(std::to_string(database) + ":" + std::string(key));
  }
  std::vector<std::string> seen;
};

TEST(Database, TellsTheListenerOfWhatExpired) {
  Removals removals;
  Keyspace keyspace(3);
  keyspace.context().listener = &removals;
  keyspace.database(2).set_string("k", "v", 1000);
  keyspace.database(2).set_string("erased", "v", std::nullopt);
  keyspace.database(2).erase("erased", 0);
  keyspace.database(2).look_up("k", 1000);
  EXPECT_EQ(removals.seen, std::vector<std::string>{"2:k"});
}

TEST(Database, LookUpCountsHitsAndMisses) {
  Keyspace keyspace(1);
  keyspace.database(0).set_string("k", "v", 10);
  keyspace.database(0).look_up("k", 9);
  keyspace.database(0).look_up("k", 10);
  keyspace.database(0).look_up("other", 10);
  EXPECT_EQ(keyspace.stats().hits, 1u);
  EXPECT_EQ(keyspace.stats().misses, 2u);
}

TEST(Database, KeepsStringsOfEveryShape) {
  Keyspace keyspace(1);
  Database& db = keyspace.database(0);
  const std::vector<std::string> values = {
      "",   "0",   "-1",    "9223372036854775807", "-9223372036854775808", "9223372036854775808", "01", "+1",
      "-0", " 12", "plain", std::string(300, 'x'), std::string(5000, 'y'), std::string("a\0b", 3)};
  const std::vector<std::string> keys = {"", "k", std::string(300, 'k'), std::string(70'000, 'k')};
  for (const std::string& key : keys) {
    for (const std::string& value : values) {
      for (const bool expires : {false, true}) {
        db.set_string(key, value, expires ? std::optional<UnixMs>(50) : std::nullopt);
        ASSERT_EQ(value_of(db.peek(key, 0)), value);
        ASSERT_EQ(db.peek(key, 0)->key(), key);
        ASSERT_EQ(db.peek(key, 0)->expires_at().has_value(), expires);
        db.set_expiry(key, 77);
        db.set_expiry(key, std::nullopt);
        ASSERT_EQ(value_of(db.peek(key, 100)), value);
      }
    }
  }
  EXPECT_EQ(db.size(), keys.size());
}

TEST(Database, EditsAStringInPlaceWhateverItsForm) {
  Keyspace keyspace(1);
  Database& db = keyspace.database(0);
  for (const std::string value : {"17", "text"}) {
    db.set_string("k", value, 99);
    db.edit_string("k", *db.find_for_write("k", 0)).append("!");
    EXPECT_EQ(value_of(db.peek("k", 0)), value + "!");
    EXPECT_EQ(db.peek("k", 0)->expires_at(), 99);
  }
}

TEST(Database, MovesAnEntryWithItsExpiry) {
  Keyspace keyspace(2);
  Database& db = keyspace.database(0);
  db.set_string("from", "v", 99);
  db.set_string("to", std::string(9000, 'x'), std::nullopt);
  db.move("from", db, "to");
  EXPECT_EQ(db.size(), 1u);
  EXPECT_EQ(value_of(db.peek("to", 0)), "v");
  EXPECT_EQ(db.with_expiry(), 1u);
  db.move("to", keyspace.database(1), "there");
  EXPECT_EQ(db.size(), 0u);
  EXPECT_EQ(keyspace.database(1).peek("there", 99), nullptr);
}

TEST(Database, BehavesAsAMapUnderRandomOperationsAndGivesAllMemoryBack) {
  const std::int64_t before = Heap::used_bytes();
  {
    base::Random random(11);
    Keyspace keyspace(1);
    Database& db = keyspace.database(0);
    struct Model {
      std::string value;
      std::optional<UnixMs> expires_at;
    };
    std::map<std::string, Model> model;
    UnixMs now = 0;
    for (int i = 0; i < 300'000; ++i) {
      now += random.chance(0.1) ? 1 : 0;
      // The number of keys swells and shrinks, so that tables grow, split, shrink and merge.
      const bool swelling = (i / 50'000) % 2 == 0;
      const std::string key = "key:" + std::to_string(random.below(20'000));
      const auto found = model.find(key);
      const bool alive = found != model.end() && (!found->second.expires_at || *found->second.expires_at > now);
      switch (random.below(swelling ? 4 : 8)) {
        case 0:
        case 1: {
          const std::string value(random.below(random.chance(0.01) ? 6000 : 60), 'v');
          const auto at = random.chance(0.3) ? std::optional<UnixMs>(now + random.between(1, 20'000)) : std::nullopt;
          db.set_string(key, value, at);
          model[key] = {value, at};
          break;
        }
        case 2:
          ASSERT_EQ(value_of(db.look_up(key, now)).has_value(), alive);
          if (alive) {
            ASSERT_EQ(*value_of(db.peek(key, now)), found->second.value);
          }
          break;
        case 3:
          if (!alive) break;
          db.set_expiry(key, now + 5000);
          found->second.expires_at = now + 5000;
          break;
        default:
          ASSERT_EQ(db.erase(key, now), alive);
          if (found != model.end()) model.erase(found);
      }
    }
    std::size_t live = 0;
    for (const auto& [key, entry] : model) live += !entry.expires_at || *entry.expires_at > now;
    while (keyspace.expire_some(now, 1000)) {
    }
    EXPECT_EQ(db.size(), live);
    std::size_t with_expiry = 0;
    db.for_each([&](const Entry& entry) {
      ASSERT_EQ(model.at(std::string(entry.key())).value, *value_of(&entry));
      with_expiry += entry.has_expiry();
    });
    EXPECT_EQ(db.with_expiry(), with_expiry);
    EXPECT_GT(live, 1000u);
  }
  EXPECT_EQ(Heap::used_bytes(), before);
}

}  // namespace
}  // namespace weir::store
