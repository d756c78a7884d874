#include "base/random.h"

#include <vector>

#include <gtest/gtest.h>

#include "base/id.h"

namespace weir::base {
namespace {

TEST(Random, SameSeedSameSequence) {
  Random a(42), b(42), c(43);
  std::vector<std::uint64_t> from_a, from_b, from_c;
  for (int i = 0; i < 100; ++i) {
    from_a.push_back(a());
    from_b.push_back(b());
    from_c.push_back(c());
  }
  EXPECT_EQ(from_a, from_b);
  EXPECT_NE(from_a, from_c);
}

TEST(Random, BelowIsUniformAndInRange) {
  Random random(7);
  std::vector<int> seen(10);
  for (int i = 0; i < 100'000; ++i) ++seen.at(random.below(10));
  for (const int count : seen) EXPECT_NEAR(count, 10'000, 500);
}

TEST(Random, BetweenReachesBothEnds) {
  Random random(7);
  bool low = false, high = false;
  for (int i = 0; i < 1000; ++i) {
    const auto n = random.between(-2, 2);
    ASSERT_GE(n, -2);
    ASSERT_LE(n, 2);
    low |= n == -2;
    high |= n == 2;
  }
  EXPECT_TRUE(low && high);
  EXPECT_NO_THROW((void)random.between(INT64_MIN, INT64_MAX));
}

TEST(Id, HasItsLengthAndOnlyHexDigits) {
  Random random(7);
  const std::string id = run_id(random);
  EXPECT_EQ(id.size(), 40u);
  EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_NE(id, run_id(random));
}

}  // namespace
}  // namespace weir::base
