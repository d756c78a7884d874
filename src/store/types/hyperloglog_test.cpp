#include "store/types/hyperloglog.h"

#include <cmath>
#include <set>

#include <gtest/gtest.h>

#include "base/random.h"

namespace weir::store::hyperloglog {
namespace {

constexpr std::size_t kMaxSparse = 3000;  // hll-sparse-max-bytes, as it is unless set.

using namespace std::string_literals;

void add_all(std::string& value, int from, int to, std::size_t max_bytes = kMaxSparse) {
  for (int i = from; i < to; ++i) {
    ASSERT_NE(add(value, "element:" + std::to_string(i), max_bytes), Outcome::kCorrupt);
  }
}

TEST(HyperLogLog, BeginsAsOneRunOfZeros) {
  EXPECT_EQ(create(), "HYLL\x01\0\0\0\0\0\0\0\0\0\0\x80\x7f\xff"s);
  EXPECT_TRUE(has_valid_header(create()));
  EXPECT_EQ(count(create()), 0u);
}

TEST(HyperLogLog, CountsWithinItsPromisedError) {
  std::string value = create();
  int added = 0;
  for (const int total : {1, 10, 100, 1000, 10'000, 100'000}) {
    add_all(value, added, total);
    added = total;
    // Three standard errors of 0.81 %.
    EXPECT_NEAR(static_cast<double>(*count(value)), total, std::max(1.0, total * 0.0244)) << total;
  }
  EXPECT_TRUE(is_dense(value));
}

TEST(HyperLogLog, AddingAgainChangesNothing) {
  for (const std::size_t max_bytes : {kMaxSparse, std::size_t{0}}) {
    std::string value = create();
    add_all(value, 0, 500, max_bytes);
    const std::string before = value;
    for (int i = 0; i < 500; ++i) {
      ASSERT_EQ(add(value, "element:" + std::to_string(i), max_bytes), Outcome::kUnchanged);
    }
    EXPECT_EQ(value, before);
  }
}

TEST(HyperLogLog, BecomesDenseAtTheByteThatIsTooMuchAndCountsTheSame) {
  std::string value = create();
  std::string sparse;
  for (int i = 0; !is_dense(value); ++i) {
    sparse = value;
    add_all(value, i, i + 1, 200);
  }
  EXPECT_LE(sparse.size(), 200u);
  EXPECT_GT(sparse.size() + 3, 200u);
  EXPECT_EQ(value.size(), kDenseBytes);
  std::string same = sparse;
  ASSERT_TRUE(make_dense(same));
  EXPECT_EQ(count(same), count(sparse));
}

TEST(HyperLogLog, TheCachedCountIsOutdatedByAChangeOnly) {
  std::string value = create();
  EXPECT_EQ(cached_count(value), std::nullopt);
  cache_count(value, 0x0123456789ab);
  EXPECT_EQ(cached_count(value), 0x0123456789abu);
  add_all(value, 0, 1);
  EXPECT_EQ(cached_count(value), std::nullopt);
  cache_count(value, 1);
  add_all(value, 0, 1);
  EXPECT_EQ(cached_count(value), 1u);
  ASSERT_TRUE(make_dense(value));
  EXPECT_EQ(cached_count(value), 1u);
  EXPECT_EQ(add_dense(value, "element:0"), Outcome::kUnchanged);
  EXPECT_EQ(cached_count(value), 1u);
  EXPECT_EQ(add_dense(value, "element:1"), Outcome::kChanged);
  EXPECT_EQ(cached_count(value), std::nullopt);
}

TEST(HyperLogLog, AUnionCountsWhatIsInAnyOfThem) {
  std::string left = create(), right = create(), both = create();
  add_all(left, 0, 3000);
  add_all(right, 2000, 2500);
  add_all(right, 5000, 5300);
  add_all(both, 0, 3000);
  add_all(both, 5000, 5300);
  Union all;
  ASSERT_TRUE(all.add(left) && all.add(right));
  EXPECT_EQ(all.count(), count(both));
  std::string target = create();
  ASSERT_TRUE(all.store_in(target, kMaxSparse));
  EXPECT_TRUE(is_dense(target));
  EXPECT_EQ(count(target), count(both));
}

TEST(HyperLogLog, AUnionOfSparseOnesIsSparse) {
  std::string left = create(), right = create();
  add_all(left, 0, 100);
  add_all(right, 100, 200);
  Union all;
  ASSERT_TRUE(all.add(left) && all.add(right));
  ASSERT_TRUE(all.store_in(left, kMaxSparse));
  EXPECT_FALSE(is_dense(left));
  EXPECT_EQ(count(left), all.count());
}

TEST(HyperLogLog, AUnionWithADenseOneIsDenseHoweverSmall) {
  std::string dense = create(), sparse = create();
  add_all(dense, 0, 1);
  ASSERT_TRUE(make_dense(dense));
  Union all;
  ASSERT_TRUE(all.add(dense));
  ASSERT_TRUE(all.store_in(sparse, kMaxSparse));
  EXPECT_EQ(sparse, dense);
}

TEST(HyperLogLog, RefusesAHeaderThatIsNotItsOwn) {
  std::string dense = create();
  ASSERT_TRUE(make_dense(dense));
  EXPECT_TRUE(has_valid_header(dense));
  EXPECT_FALSE(has_valid_header(dense + "x"));
  EXPECT_FALSE(has_valid_header(""));
  EXPECT_FALSE(has_valid_header(create().substr(0, 15)));
  EXPECT_FALSE(has_valid_header("HYLLx" + create().substr(5)));
  EXPECT_FALSE(has_valid_header("HELL" + create().substr(4)));
}

TEST(HyperLogLog, RunsThatDoNotCoverAllRegistersAreCorrupt) {
  const std::string header = create().substr(0, kHeaderBytes);
  for (const std::string& registers : {""s, "\x7f"s, "\x7f\xfe"s, "\x7f\xff\x00"s, "\x7f\xff\x80"s, "\x7f\xfe\x83"s}) {
    const std::string value = header + registers;
    EXPECT_EQ(count(value), std::nullopt);
    std::string changed = value;
    EXPECT_FALSE(make_dense(changed));
    EXPECT_EQ(changed, value);
  }
  std::string value = header + "\x3f"s;
  EXPECT_EQ(add(value, "element in a later register", kMaxSparse), Outcome::kCorrupt);
}

// Under the sanitizers this shows that damaged bytes are never read or written beyond.
TEST(HyperLogLog, DamagedValuesAreRefusedOrCountedButNeverLeft) {
  base::Random random(4);
  for (int round = 0; round < 2000; ++round) {
    std::string value = create();
    add_all(value, 0, static_cast<int>(random.below(60)));
    for (std::uint64_t damage = 1 + random.below(4); damage > 0; --damage) {
      const std::size_t at = kHeaderBytes + random.below(value.size() - kHeaderBytes);
      if (random.chance(0.2)) {
        value.resize(std::max(at, kHeaderBytes + 1));
      } else {
        value[at] = static_cast<char>(random());
      }
    }
    const bool corrupt = !count(value).has_value();
    for (int i = 0; i < 20; ++i) {
      // What is whole stays whole.
      ASSERT_FALSE(add(value, std::to_string(random()), 200) == Outcome::kCorrupt && !corrupt)
          << "seed 4, round " << round;
    }
    ASSERT_EQ(count(value).has_value(), !corrupt) << "seed 4, round " << round;
  }
}

}  // namespace
}  // namespace weir::store::hyperloglog
