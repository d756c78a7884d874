#include "store/table/table.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <set>
#include <unordered_map>
#include <vector>

#include <gtest/gtest.h>

#include "base/random.h"

namespace weir::store {
namespace {

struct Item {
  std::uint64_t hash;
};
struct ItemTraits {
  using Item = weir::store::Item;
  static std::uint64_t hash(const Item& item) { return item.hash; }
};
using ItemTable = Table<ItemTraits>;

ItemTable::Place find(const ItemTable& table, const Item& item) {
  return table.find(item.hash, [&](const Item& other) { return &other == &item; });
}

std::vector<std::unique_ptr<Item>> make_items(std::size_t count, std::uint64_t seed) {
  base::Random random(seed);
  std::vector<std::unique_ptr<Item>> items;
  for (std::size_t i = 0; i < count; ++i) items.push_back(std::make_unique<Item>(Item{random()}));
  return items;
}

TEST(Table, FindsWhatIsThereAndNothingElseWhileItGrowsAndShrinks) {
  const auto items = make_items(50'000, 1);
  base::Random random(2);
  ItemTable table;
  std::set<std::size_t> there;
  for (std::size_t i = 0; i < 400'000; ++i) {
    const bool swelling = (i / 100'000) % 2 == 0;
    const std::size_t which = random.below(items.size());
    Item& item = *items[which];
    const auto place = find(table, item);
    ASSERT_EQ(static_cast<bool>(place), there.contains(which));
    if (place && random.chance(swelling ? 0.1 : 0.9)) {
      table.erase(place);
      there.erase(which);
    } else if (!place && random.chance(swelling ? 0.9 : 0.1)) {
      table.insert(item.hash, &item, random.chance(0.5));
      there.insert(which);
    } else if (place) {
      table.set_flag(place, random.chance(0.5));
    }
    ASSERT_EQ(table.size(), there.size());
  }
  std::size_t visited = 0;
  table.for_each([&](Item&) { ++visited; });
  EXPECT_EQ(visited, there.size());
}

// As when one table is filled from another, or a file that was saved in that order is loaded.
TEST(Table, TakesItemsThatComeInTheOrderOfTheirHashes) {
  for (const std::size_t count : {300u, 3000u, 200'000u}) {
    const auto items = make_items(count, count);
    ItemTable source;
    for (const auto& item : items) source.insert(item->hash, item.get());
    ItemTable table;
    source.for_each([&](Item& item) {
      table.insert(item.hash, &item);
      ASSERT_TRUE(find(table, item));
    });
    EXPECT_EQ(table.size(), count);
    // Some of the places that were reserved for a crowd stay empty; a third more than usual at most.
    EXPECT_LT(table.footprint(), source.footprint() * 4 / 3 + 4096) << count;
    std::set<const Item*> seen;
    std::uint64_t cursor = 0;
    do {
      cursor = table.scan(cursor, [&](Item& item) { EXPECT_TRUE(seen.insert(&item).second); });
    } while (cursor != 0);
    EXPECT_EQ(seen.size(), count);
    for (const auto& item : items) {
      const auto place = find(table, *item);
      ASSERT_TRUE(place);
      table.erase(place);
      ASSERT_FALSE(find(table, *item));
    }
    EXPECT_EQ(table.size(), 0u);
  }
}

TEST(Table, ACrowdIsSplitSoThatNoStepOfAScanIsLong) {
  const auto items = make_items(200'000, 6);
  std::vector<Item*> in_order;
  for (const auto& item : items) in_order.push_back(item.get());
  std::ranges::sort(in_order, {}, [](const Item* item) { return item->hash; });
  in_order.resize(1500);
  ItemTable table;
  for (Item* item : in_order) table.insert(item->hash, item);
  std::uint64_t cursor = 0;
  do {
    std::size_t visited = 0;
    cursor = table.scan(cursor, [&](const Item&) { ++visited; });
    EXPECT_LT(visited, 300u);
  } while (cursor != 0);
}

// A bucket that has passed on 255 items stops counting; those that were not counted must not be counted off.
TEST(Table, FindsTheRestOfACrowdWhileItIsErased) {
  // Of one bucket of 63 as many items as fill its count; and of the bucket before it some that are passed over it,
  // enough that a wrong count comes to zero before the segment shrinks, which counts anew.
  std::vector<std::unique_ptr<Item>> items;
  const auto add = [&](std::uint64_t bucket, std::size_t count) {
    const std::uint64_t position = (bucket * (1u << 15) + 62) / 63 + 1;
    for (std::size_t i = 0; i < count; ++i) items.push_back(std::make_unique<Item>(Item{position << 49 | i}));
  };
  add(10, 262);
  add(9, 100);
  ItemTable table;
  for (const auto& item : items) table.insert(item->hash, item.get());
  for (std::size_t i = items.size(); i-- > 0;) {
    table.erase(find(table, *items[i]));
    for (std::size_t rest = 0; rest < i; ++rest) ASSERT_TRUE(find(table, *items[rest])) << rest << " of " << i;
  }
}

TEST(Table, ACopyHasItsOwnItemsInTheSamePlaces) {
  const auto items = make_items(20'000, 5);
  ItemTable table;
  ItemTable copy;
  copy.copy_from(table, [](const Item&) -> Item* { return nullptr; });
  EXPECT_EQ(copy.size(), 0u);
  for (std::size_t i = 0; i < items.size(); ++i) table.insert(items[i]->hash, items[i].get(), i % 3 == 0);
  std::unordered_map<const Item*, std::unique_ptr<Item>> copies;
  copy.copy_from(table, [&](const Item& item) { return (copies[&item] = std::make_unique<Item>(item)).get(); });
  EXPECT_EQ(copy.size(), table.size());
  EXPECT_EQ(copy.flagged(), table.flagged());
  for (const auto& item : items) {
    const auto place = find(copy, *copies.at(item.get()));
    ASSERT_TRUE(place);
    EXPECT_EQ(place.flagged(), find(table, *item).flagged());
    copy.erase(place);
  }
  EXPECT_EQ(copy.size(), 0u);
  EXPECT_EQ(table.size(), items.size());
}

TEST(Table, GivesMemoryBackAsItEmpties) {
  const auto items = make_items(100'000, 3);
  ItemTable table;
  for (const auto& item : items) table.insert(item->hash, item.get());
  const std::size_t full = table.footprint();
  EXPECT_LT(full / items.size(), 14u);
  for (std::size_t i = 100; i < items.size(); ++i) table.erase(find(table, *items[i]));
  EXPECT_LT(table.footprint(), full / 50);
  for (std::size_t i = 0; i < 100; ++i) ASSERT_TRUE(find(table, *items[i]));
}

TEST(Table, AScanReturnsAllThatStaysWhateverComesAndGoes) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const auto staying = make_items(3000, seed), passing = make_items(60'000, seed + 1000);
    base::Random random(seed);
    ItemTable table;
    for (const auto& item : staying) table.insert(item->hash, item.get());
    std::size_t inserted = 0, erased = 0;
    std::set<const Item*> seen;
    std::uint64_t cursor = 0;
    do {
      cursor = table.scan(cursor, [&](Item& item) { seen.insert(&item); });
      ASSERT_LT(cursor, std::uint64_t{1} << 48);
      const bool swelling = random.chance(0.5);
      for (std::size_t i = random.below(300); i > 0; --i) {
        if (swelling && inserted < passing.size()) {
          table.insert(passing[inserted]->hash, passing[inserted].get());
          ++inserted;
        } else if (!swelling && erased < inserted) {
          table.erase(find(table, *passing[erased++]));
        }
      }
    } while (cursor != 0);
    for (const auto& item : staying) ASSERT_TRUE(seen.contains(item.get()));
  }
}

TEST(Table, DrawsEveryItemWithTheSameProbability) {
  for (const std::size_t count : {1u, 5u, 40u, 3000u}) {
    const auto items = make_items(count, count);
    ItemTable table;
    for (const auto& item : items) table.insert(item->hash, item.get());
    base::Random random(5);
    std::unordered_map<const Item*, std::size_t> drawn;
    constexpr std::size_t kDrawsEach = 200;
    for (std::size_t i = 0; i < count * kDrawsEach; ++i) ++drawn[table.random(random)];
    EXPECT_EQ(drawn.size(), count);
    // Chi-squared: about `count`, with a standard deviation of sqrt(2 * count).
    double chi = 0;
    for (const auto& [item, times] : drawn) {
      const double off = static_cast<double>(times) - kDrawsEach;
      chi += off * off / kDrawsEach;
    }
    EXPECT_LT(chi, static_cast<double>(count) + 6 * std::sqrt(2.0 * static_cast<double>(count)) + 1);
  }
}

TEST(Table, SweepVisitsFlaggedItemsOfSegmentsThatAreDue) {
  const auto items = make_items(20'000, 9);
  ItemTable table;
  std::map<const Item*, std::int64_t> bounds;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const bool flagged = i % 10 == 0;
    const auto place = table.insert(items[i]->hash, items[i].get(), flagged);
    if (!flagged) continue;
    bounds[items[i].get()] = static_cast<std::int64_t>(i);
    table.lower_bound(place, static_cast<std::int64_t>(i));
  }
  const auto sweep = [&](std::int64_t bound) {
    std::set<const Item*> visited;
    std::uint64_t cursor = 0;
    do {
      cursor = table.sweep(cursor, bound, [&](Item& item) {
        visited.insert(&item);
        return bounds.at(&item);
      });
    } while (cursor != 0);
    return visited;
  };
  EXPECT_TRUE(sweep(-1).empty());
  const auto visited = sweep(5000);
  for (const auto& [item, bound] : bounds) {
    ASSERT_TRUE(bound > 5000 || visited.contains(item));
  }
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(bounds.contains(table.random_flagged(*std::make_unique<base::Random>(i))));
}

TEST(Table, ReservedTakesWhatItWasReservedForWithoutGrowing) {
  for (const std::size_t count : {1u, 7u, 100u, 1500u, 1501u, 50'000u, 300'000u}) {
    const auto items = make_items(count, count);
    ItemTable table;
    table.reserve(count);
    const std::size_t reserved = table.footprint();
    for (const auto& item : items) table.insert(item->hash, item.get());
    EXPECT_EQ(table.footprint(), reserved);
    // About 11 bytes an item, and what a small table rounds up to.
    EXPECT_LE(reserved, count * 16 + 256);
    for (const auto& item : items) ASSERT_TRUE(find(table, *item));
    // What is reserved in vain, or outgrown, is a table like any other.
    for (const auto& item : items) table.erase(find(table, *item));
    EXPECT_EQ(table.size(), 0u);
    for (const auto& item : items) table.insert(item->hash, item.get());
    for (const auto& item : items) ASSERT_TRUE(find(table, *item));
  }
}

}  // namespace
}  // namespace weir::store
