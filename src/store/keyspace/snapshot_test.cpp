#include "store/keyspace/snapshot.h"

#include <map>
#include <string>

#include <gtest/gtest.h>

#include "base/random.h"
#include "store/keyspace/keyspace.h"

namespace weir::store {
namespace {

class Collector final : public SnapshotSink {
 public:
  void on_database(std::size_t, std::size_t keys, std::size_t) override { announced += keys; }
  void on_entry(std::size_t database, const Entry& entry) override {
    NumberText scratch;
    const auto [at, fresh] = seen.emplace(name(database, entry.key()), entry.string(scratch));
    EXPECT_TRUE(fresh) << at->first << " came twice";
  }
  static std::string name(std::size_t database, std::string_view key) {
    return std::to_string(database) + ":" + std::string(key);
  }

  std::size_t announced = 0;
  std::map<std::string, std::string> seen;
};

std::map<std::string, std::string> everything(Keyspace& keyspace) {
  std::map<std::string, std::string> all;
  for (std::size_t i = 0; i < keyspace.size(); ++i) {
    keyspace.database(i).for_each([&](const Entry& entry) {
      NumberText scratch;
      all[Collector::name(i, entry.key())] = entry.string(scratch);
    });
  }
  return all;
}

// One change of any kind.
void change(Keyspace& keyspace, base::Random& random, bool shrinking) {
  Database& db = keyspace.database(random.below(keyspace.size()));
  const std::string key = std::to_string(random.below(5000));
  const std::string other = std::to_string(random.below(5000));
  switch (random.below(shrinking ? 16 : 8)) {
    case 0:
    case 1:
      return db.set_string(key, std::string(random.below(40), 'a') + std::to_string(random.below(1000)), std::nullopt);
    case 2:
      if (Entry* entry = db.find_for_write(key, 0)) db.edit_string(key, *entry).append("+");
      return;
    case 3:
      if (db.peek(key, 0) != nullptr) db.set_expiry(key, 1000);
      return;
    case 4:
      if (db.peek(key, 0) != nullptr && key != other) db.move(key, db, other);
      return;
    case 5: return db.set_integer(key, 7, std::nullopt);
    case 6:
      if (random.chance(0.001)) return db.clear();
      return;
    case 7:
      if (random.chance(0.01)) return keyspace.swap(random.below(keyspace.size()), random.below(keyspace.size()));
      return;
    default: db.erase(key, 0);
  }
}

TEST(Snapshot, HandsOverTheFirstMomentWhateverChangesMeanwhile) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    base::Random random(seed);
    Keyspace keyspace(3);
    for (int i = 0; i < 12'000; ++i) change(keyspace, random, false);
    // One that is given up half-way must leave nothing behind for the next.
    for (const bool gives_up : {seed % 2 == 0, false}) {
      Collector collector;
      const auto expected = everything(keyspace);
      Snapshot& snapshot = keyspace.begin_snapshot(collector);
      EXPECT_EQ(collector.announced, expected.size());
      const bool shrinking = random.chance(0.5);
      const std::size_t step = 1 + random.below(200);
      bool first = true;
      while (keyspace.step_snapshot(step)) {
        for (int i = 0; i < 60; ++i) change(keyspace, random, shrinking);
        if (gives_up && first) snapshot.give_up();
        first = false;
      }
      if (!gives_up) {
        ASSERT_EQ(collector.seen, expected);
      }
      for (std::size_t i = 0; i < keyspace.size(); ++i) {
        keyspace.database(i).for_each([](const Entry& entry) { ASSERT_FALSE(entry.preserved()); });
      }
    }
  }
}

}  // namespace
}  // namespace weir::store
