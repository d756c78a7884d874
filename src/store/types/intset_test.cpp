#include "store/types/intset.h"

#include <limits>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/random.h"
#include "store/memory/heap.h"

namespace weir::store {
namespace {

using namespace std::string_view_literals;

TEST(Intset, IsTheBlobThatRedisWrites) {
  Intset set;
  EXPECT_EQ(set.view().blob(), "\x02\x00\x00\x00\x00\x00\x00\x00"sv);
  set.insert(3);
  set.insert(-2);
  EXPECT_EQ(set.view().blob(), "\x02\x00\x00\x00\x02\x00\x00\x00\xfe\xff\x03\x00"sv);
  set.insert(65536);
  EXPECT_EQ(set.view().blob(), "\x04\x00\x00\x00\x03\x00\x00\x00\xfe\xff\xff\xff\x03\x00\x00\x00\x00\x00\x01\x00"sv);
}

TEST(Intset, WidensAtTheEdgesOfEachWidth) {
  struct Edge {
    std::int64_t member;
    std::size_t width;
  };
  for (const Edge edge : {Edge{32767, 2}, Edge{-32768, 2}, Edge{32768, 4}, Edge{-32769, 4}, Edge{2147483647, 4},
                          Edge{-2147483648, 4}, Edge{2147483648, 8}, Edge{-2147483649, 8}}) {
    Intset set;
    for (const std::int64_t member : {1l, 2l, 3l}) set.insert(member);
    EXPECT_FALSE(set.contains(edge.member));
    EXPECT_FALSE(set.erase(edge.member));
    EXPECT_TRUE(set.insert(edge.member));
    EXPECT_EQ(set.view().width_bytes(), edge.width) << edge.member;
    EXPECT_EQ(set.size(), 4u);
    EXPECT_TRUE(set.contains(edge.member) && set.contains(1) && set.contains(2) && set.contains(3));
    EXPECT_TRUE(IntsetView::valid(set.view().blob()));
  }
}

TEST(Intset, DoesAsASortedSetDoes) {
  const std::uint64_t seed = base::Random::from_entropy()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  base::Random random(seed);
  const std::int64_t heap_before = Heap::used_bytes();
  for (const int bits : {6, 15, 31, 62}) {
    Intset set;
    std::set<std::int64_t> model;
    for (int step = 0; step < 2000; ++step) {
      const std::int64_t edge = (std::int64_t{1} << bits) - 1;
      const std::int64_t member = random.between(-edge - 1, edge);
      if (random.chance(0.6)) {
        ASSERT_EQ(set.insert(member), model.insert(member).second);
      } else if (random.chance(0.5) && !model.empty()) {
        const std::int64_t there = *std::next(model.begin(), static_cast<std::ptrdiff_t>(random.below(model.size())));
        ASSERT_TRUE(set.erase(there));
        model.erase(there);
      } else {
        ASSERT_EQ(set.erase(member), model.erase(member) != 0);
      }
      ASSERT_EQ(set.contains(member), model.contains(member));
      ASSERT_EQ(set.size(), model.size());
      if (!model.empty()) {
        ASSERT_TRUE(IntsetView::valid(set.view().blob()));
      }
    }
    std::size_t index = 0;
    for (const std::int64_t member : model) {
      EXPECT_EQ(set.view().lower_bound(member), index);
      EXPECT_EQ(set.at(index++), member);
    }
    Intset moved = std::move(set);
    set = Intset::adopt(moved.release());
    EXPECT_EQ(Intset(set.view().blob()).size(), model.size());
  }
  EXPECT_EQ(Heap::used_bytes(), heap_before);
}

TEST(Intset, RefusesBlobsThatAreNoSortedSet) {
  const auto valid = [](std::string_view blob) {
    const std::vector<char> copy(blob.begin(), blob.end());
    return IntsetView::valid({copy.data(), copy.size()});
  };
  EXPECT_TRUE(valid("\x02\x00\x00\x00\x02\x00\x00\x00\x01\x00\x02\x00"sv));
  EXPECT_FALSE(valid("\x02\x00\x00\x00\x02\x00\x00\x00\x02\x00\x01\x00"sv)) << "not ascending";
  EXPECT_FALSE(valid("\x02\x00\x00\x00\x02\x00\x00\x00\x01\x00\x01\x00"sv)) << "twice";
  EXPECT_FALSE(valid("\x03\x00\x00\x00\x01\x00\x00\x00\x01\x00\x02"sv)) << "no such width";
  EXPECT_FALSE(valid("\x00\x00\x00\x00\x02\x00\x00\x00\x01\x00\x02\x00"sv)) << "no width";
  EXPECT_FALSE(valid("\x02\x00\x00\x00\x03\x00\x00\x00\x01\x00\x02\x00"sv)) << "fewer than it says";
  EXPECT_FALSE(valid("\x02\x00\x00\x00\x01\x00\x00\x00\x01\x00\x02\x00"sv)) << "more than it says";
  EXPECT_FALSE(valid("\x02\x00\x00\x00\x00\x00\x00\x00"sv)) << "empty";
  EXPECT_FALSE(valid("\x02\x00\x00"sv));
  EXPECT_FALSE(valid(""sv));
}

}  // namespace
}  // namespace weir::store
