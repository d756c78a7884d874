#include "store/types/score_index.h"

#include <cmath>
#include <limits>
#include <memory>
#include <set>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "base/random.h"
#include "store/memory/heap.h"

namespace weir::store {
namespace {

using Side = ScoreIndex::Side;

struct Item {
  std::string member;
  double score;
};

std::string_view member_of(const void* item) { return static_cast<const Item*>(item)->member; }
const Item* item_at(const ScoreIndex::Position& position) { return static_cast<const Item*>(position->item); }

struct InOrder {
  bool operator()(const Item* a, const Item* b) const {
    return a->score != b->score ? a->score < b->score : a->member < b->member;
  }
};

// The index beside a std::set, each operation done on both.
class Twin {
 public:
  ~Twin() {
    for (const Item* item : model_) delete item;
  }

  ScoreIndex index{member_of};

  std::size_t size() const { return model_.size(); }
  const Item* pick(base::Random& random) const { return items_[random.below(items_.size())]; }

  void insert(double score, std::string member) {
    auto item = std::make_unique<Item>(std::move(member), score);
    if (!model_.insert(item.get()).second) return;
    index.insert(score, item.get());
    items_.push_back(item.release());
  }
  void erase(const Item* item) {
    index.erase(item->score, item);
    forget(item);
  }
  void erase_at(std::size_t rank) {
    const Item* expected = *std::next(model_.begin(), static_cast<std::ptrdiff_t>(rank));
    const ScoreIndex::Entry erased = index.erase_at(rank);
    ASSERT_EQ(erased.item, expected);
    ASSERT_EQ(erased.score, expected->score);
    forget(expected);
  }
  void update(const Item* item, double score) {
    Item wanted{item->member, score};
    if (model_.contains(&wanted)) return;
    model_.erase(item);
    index.update(item->score, item, score);
    const_cast<Item*>(item)->score = score;
    model_.insert(item);
  }
  // The item moves, and its old memory says something else before the index is told.
  void move(const Item* item) {
    const auto moved = new Item(*item);
    model_.erase(item);
    model_.insert(moved);
    const_cast<Item*>(item)->member = "gone";
    index.replace(moved->score, item, moved);
    delete item;
    *std::find(items_.begin(), items_.end(), item) = moved;
  }
  void compare() const {
    index.check();
    ASSERT_EQ(index.size(), model_.size());
    ScoreIndex::Position position = index.first();
    for (const Item* item : model_) {
      ASSERT_TRUE(position);
      ASSERT_EQ(item_at(position), item);
      ASSERT_EQ(position->score, item->score);
      position.next();
    }
    ASSERT_FALSE(position);
    position = index.last();
    for (auto item = model_.rbegin(); item != model_.rend(); ++item, position.previous()) {
      ASSERT_EQ(item_at(position), *item);
    }
    ASSERT_FALSE(position);
  }
  // Ranks both ways, and bounds by score, at `samples` random places.
  void compare_ranks(base::Random& random, int samples) const {
    for (int i = 0; i < samples && !model_.empty(); ++i) {
      const std::size_t rank = random.below(model_.size());
      const Item* item = *std::next(model_.begin(), static_cast<std::ptrdiff_t>(rank));
      ASSERT_EQ(index.rank(item->score, item), rank);
      ASSERT_EQ(item_at(index.at(rank)), item);
      for (const double bound : {item->score, std::nextafter(item->score, 1e300), item->score - 0.5}) {
        const Item lowest{"", bound};
        const auto from = model_.lower_bound(&lowest);
        const auto after =
            std::find_if(from, model_.end(), [bound](const Item* other) { return other->score > bound; });
        compare_place(index.by_score(Side::kFrom, bound), from);
        compare_place(index.by_score(Side::kAfter, bound), after);
      }
    }
    ASSERT_FALSE(index.at(model_.size()));
  }

 private:
  using Model = std::set<const Item*, InOrder>;

  void compare_place(const ScoreIndex::Place& place, Model::const_iterator expected) const {
    ASSERT_EQ(place.rank, static_cast<std::size_t>(std::distance(model_.begin(), expected)));
    ASSERT_EQ(static_cast<bool>(place.at), expected != model_.end());
    if (place.at) {
      ASSERT_EQ(item_at(place.at), *expected);
    }
  }
  void forget(const Item* item) {
    model_.erase(item);
    items_.erase(std::find(items_.begin(), items_.end(), item));
    delete item;
  }

  Model model_;
  std::vector<const Item*> items_;
};

// What kinds of operations a stretch of a run prefers, so that trees of every height grow and shrink.
struct Mood {
  unsigned inserts, erases, updates, moves;
};

void run_against_set(std::uint64_t seed, unsigned distinct_scores, int operations) {
  SCOPED_TRACE(testing::Message() << "seed " << seed << ", " << distinct_scores << " scores");
  base::Random random(seed);
  Twin twin;
  const auto score = [&] { return static_cast<double>(random.below(distinct_scores)); };
  Mood mood{70, 10, 15, 5};
  for (int i = 0; i < operations; ++i) {
    if (i % 1500 == 0) {
      mood = random.chance(0.55) ? Mood{70, 10, 15, 5} : random.chance(0.5) ? Mood{10, 70, 15, 5} : Mood{5, 5, 80, 10};
      twin.compare();
      twin.compare_ranks(random, 5);
      if (testing::Test::HasFatalFailure()) return;
    }
    const std::uint64_t dice = random.below(100);
    if (dice < mood.inserts || twin.size() == 0) {
      twin.insert(score(), std::to_string(random.below(1'000'000)));
    } else if (dice < mood.inserts + mood.erases) {
      // Now and then at either end, as the popping commands do.
      switch (random.below(4)) {
        case 0: twin.erase_at(0); break;
        case 1: twin.erase_at(twin.size() - 1); break;
        case 2: twin.erase_at(random.below(twin.size())); break;
        default: twin.erase(twin.pick(random)); break;
      }
    } else if (dice < mood.inserts + mood.erases + mood.updates) {
      const Item* item = twin.pick(random);
      twin.update(item, random.chance(0.5) ? score() : item->score + (random.chance(0.5) ? 0.25 : -0.25));
    } else {
      twin.move(twin.pick(random));
    }
    if (testing::Test::HasFatalFailure()) return;
  }
  twin.compare();
  while (twin.size() > 0 && !testing::Test::HasFatalFailure()) twin.erase_at(random.below(twin.size()));
  twin.compare();
}

TEST(ScoreIndex, BehavesAsAnOrderedSetWhateverTheScores) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    for (const unsigned distinct_scores : {1u, 7u, 1'000'000'000u}) {
      run_against_set(seed, distinct_scores, 15'000);
      if (HasFatalFailure()) return;
    }
  }
}

// `count` items whose member is their number in eight digits.
std::vector<Item> numbered_items(std::size_t count) {
  std::vector<Item> items;
  for (std::size_t i = 0; i < count; ++i) items.push_back({fmt::format("{:08}", i), static_cast<double>(i)});
  return items;
}

double bytes_per_item(const ScoreIndex& index) {
  return static_cast<double>(index.bytes()) / static_cast<double>(index.size());
}

TEST(ScoreIndex, AscendingAndDescendingRunsLeaveFullLeaves) {
  const std::vector<Item> items = numbered_items(100'000);
  ScoreIndex up(member_of), down(member_of);
  for (const Item& item : items) up.insert(item.score, &item);
  for (auto item = items.rbegin(); item != items.rend(); ++item) down.insert(item->score, &*item);
  up.check();
  down.check();
  EXPECT_LT(bytes_per_item(up), 17.5);
  EXPECT_LT(bytes_per_item(down), 17.5);
}

TEST(ScoreIndex, RandomInsertionsTakeAtMostTwentyTwoBytesAnItem) {
  std::vector<Item> items = numbered_items(200'000);
  base::Random random(11);
  ScoreIndex index(member_of);
  for (Item& item : items) index.insert(item.score = random.unit(), &item);
  index.check();
  EXPECT_LT(bytes_per_item(index), 22);
}

TEST(ScoreIndex, StaysCompactWhileRandomItemsComeAndGo) {
  std::vector<Item> items = numbered_items(50'000);
  base::Random random(12);
  ScoreIndex index(member_of);
  for (Item& item : items) index.insert(item.score = random.unit(), &item);
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i % 10 != 0) index.erase(items[i].score, &items[i]);
  }
  index.check();
  EXPECT_EQ(index.size(), items.size() / 10);
  EXPECT_LT(bytes_per_item(index), 36);
}

TEST(ScoreIndex, ASortedRunIsBuiltAtOnceAndGrowsOn) {
  for (const std::size_t count : {0, 1, 61, 62, 63, 62 * 63, 62 * 63 + 1, 300'000}) {
    const std::vector<Item> items = numbered_items(count + 1);
    std::vector<ScoreIndex::Entry> entries;
    for (const Item& item : items) entries.push_back({item.score, &item});
    ScoreIndex index(member_of, std::span(entries).first(count));
    index.check();
    index.insert(items[count].score, &items[count]);
    index.check();
    ASSERT_EQ(index.size(), count + 1);
    ASSERT_EQ(item_at(index.at(count / 2)), &items[count / 2]);
    ASSERT_EQ(item_at(index.last()), &items[count]);
  }
}

// Leaves between full neighbours are not merged: they shrink until they vanish, and so do whole inner nodes.
TEST(ScoreIndex, ErasingARangeRemovesWholeNodes) {
  constexpr std::size_t kInnerEntries = 62 * 63;
  const std::vector<Item> items = numbered_items(3 * kInnerEntries);
  std::vector<ScoreIndex::Entry> entries;
  for (const Item& item : items) entries.push_back({item.score, &item});
  ScoreIndex index(member_of, entries);
  for (std::size_t i = 0; i < kInnerEntries; ++i) {
    ASSERT_EQ(index.erase_at(kInnerEntries).item, &items[kInnerEntries + i]);
    if (i % 31 == 30) index.check();
  }
  index.check();
  EXPECT_EQ(index.rank(items[2 * kInnerEntries].score, &items[2 * kInnerEntries]), kInnerEntries);
  while (index.size() > 0) index.erase_at(0);
  index.check();
}

TEST(ScoreIndex, BoundsByMemberCountWhatLiesBelow) {
  std::vector<Item> items = numbered_items(5000);
  ScoreIndex index(member_of);
  for (Item& item : items) index.insert(item.score = 0, &item);
  for (std::size_t i = 0; i < items.size(); ++i) {
    ASSERT_EQ(index.by_member(Side::kFrom, items[i].member).rank, i);
    ASSERT_EQ(index.by_member(Side::kAfter, items[i].member).rank, i + 1);
    ASSERT_EQ(index.by_member(Side::kFrom, items[i].member + "0").rank, i + 1);
  }
  EXPECT_EQ(item_at(index.by_member(Side::kFrom, "").at), &items[0]);
  EXPECT_FALSE(index.by_member(Side::kFrom, "9").at);
}

TEST(ScoreIndex, InfinitiesAndBothZerosHaveTheirPlaces) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const std::vector<Item> items = {{"a", -kInfinity}, {"a", -1}, {"a", 0.0}, {"b", -0.0}, {"a", 1}, {"a", kInfinity}};
  ScoreIndex index(member_of);
  for (const std::size_t i : {5, 3, 0, 2, 4, 1}) index.insert(items[i].score, &items[i]);
  index.check();
  for (std::size_t i = 0; i < items.size(); ++i) EXPECT_EQ(item_at(index.at(i)), &items[i]) << i;
  EXPECT_EQ(index.by_score(Side::kFrom, -kInfinity).rank, 0u);
  EXPECT_EQ(index.by_score(Side::kAfter, -0.0).rank, 4u);
  EXPECT_EQ(index.by_score(Side::kAfter, kInfinity).rank, items.size());
}

TEST(ScoreIndex, NothingIsFoundInAnEmptyOne) {
  ScoreIndex index(member_of);
  EXPECT_FALSE(index.first());
  EXPECT_FALSE(index.last());
  EXPECT_EQ(index.by_score(Side::kFrom, 0).rank, 0u);
  EXPECT_EQ(index.bytes(), 0u);
}

TEST(ScoreIndex, GivesBackAllMemoryInStepsOrOnAnotherThread) {
  const std::int64_t before = Heap::used_bytes();
  const std::vector<Item> items = numbered_items(20'000);
  ScoreIndex index(member_of);
  for (const Item& item : items) index.insert(item.score, &item);
  EXPECT_GE(Heap::used_bytes() - before, static_cast<std::int64_t>(index.bytes()));
  std::size_t steps = 1;
  while (index.release_some(50)) ++steps;
  EXPECT_EQ(steps, (20'000 / 61 + 1 + 6 + 1 + 49) / 50);
  EXPECT_EQ(Heap::used_bytes(), before);

  ScoreIndex other(member_of);
  for (const Item& item : items) other.insert(item.score, &item);
  index = std::move(other);
  std::thread([taken = std::move(index)]() mutable {
    {
      const ScoreIndex dying = std::move(taken);
    }
    Heap::publish();
  }).join();
  EXPECT_EQ(Heap::used_bytes(), before);
}

TEST(ScoreIndexDeathTest, RefusesWhatIsNoNumberOrNotThere) {
  const Item item{"a", 1}, stranger{"b", 1};
  ScoreIndex index(member_of);
  EXPECT_DEATH(index.insert(std::nan(""), &item), "score == score");
  index.insert(item.score, &item);
  EXPECT_DEATH(index.erase(stranger.score, &stranger), "item == key.item");
}

}  // namespace
}  // namespace weir::store
