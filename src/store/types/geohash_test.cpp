#include "store/types/geohash.h"

#include <cmath>
#include <set>

#include <gtest/gtest.h>

#include "base/random.h"

namespace weir::store::geo {
namespace {

// Redis's documentation has these three with their scores, geohashes and distance.
constexpr Point kPalermo{13.361389, 38.115556};
constexpr Point kCatania{15.087269, 37.502669};

Point random_point(base::Random& random) { return {random.unit() * 360 - 180, random.unit() * 170.1 - 85.05}; }

TEST(Geo, KnowsTheDocumentedPlaces) {
  EXPECT_EQ(score_of(kPalermo), 3479099956230698);
  EXPECT_EQ(score_of(kCatania), 3479447370796909);
  EXPECT_EQ(geohash_text(score_of(kPalermo)), "sqc8b49rny0");
  EXPECT_EQ(geohash_text(score_of(kCatania)), "sqdtr74hyu0");
  EXPECT_NEAR(distance_m(point_of(score_of(kPalermo)), point_of(score_of(kCatania))), 166274.1516, 0.0001);
}

TEST(Geo, ThePointOfAScoreLiesWithinAMetre) {
  base::Random random(5);
  for (int i = 0; i < 10'000; ++i) {
    const Point point = random_point(random);
    const double score = score_of(point);
    ASSERT_LT(distance_m(point, point_of(score)), 1) << "seed 5, point " << i;
    ASSERT_EQ(score_of(point_of(score)), score) << "seed 5, point " << i;
  }
}

TEST(Geo, TheWorldEndsAtItsLimits) {
  EXPECT_TRUE(is_valid({180, 85.05112878}));
  EXPECT_TRUE(is_valid({-180, -85.05112878}));
  EXPECT_FALSE(is_valid({180.1, 0}));
  EXPECT_FALSE(is_valid({0, 85.0511288}));
  EXPECT_FALSE(is_valid({std::nan(""), 0}));
  EXPECT_EQ(score_of({-180, -85.05112878}), 0);
  for (const double score : std::initializer_list<double>{-1.0, 1e300, -INFINITY, INFINITY, 0x1p52}) {
    EXPECT_TRUE(is_valid(point_of(score))) << score;
    EXPECT_EQ(geohash_text(score).size(), 11u);
  }
}

TEST(Geo, DistancesAreThoseOfASphere) {
  EXPECT_EQ(distance_m(kPalermo, kPalermo), 0);
  EXPECT_NEAR(distance_m({0, 0}, {180, 0}), 6372797.560856 * 3.14159265358979, 0.001);
  EXPECT_NEAR(distance_m({0, 0}, {0, 1}), 6372797.560856 * 3.14159265358979 / 180, 0.001);
}

// In a grid of few cells Redis misses points beyond the date line, so this holds below a few thousand kilometres.
TEST(Geo, ACoverHoldsEveryPointInside) {
  base::Random random(6);
  int inside = 0;
  for (int i = 0; i < 20'000; ++i) {
    const Point center = {random.unit() * 300 - 150, random.unit() * 120 - 60};
    const double size_m = std::exp(random.unit() * 13);
    const Area area =
        random.chance(0.5) ? Area::circle(center, size_m) : Area::box(center, size_m, size_m * (random.unit() + 0.01));
    const double reach = size_m / 111'000;
    const Point point = {center.longitude + (random.unit() - 0.5) * 2 * reach,
                         center.latitude + (random.unit() - 0.5) * 2 * reach};
    if (!area.distance_if_inside(point)) continue;
    ++inside;
    const double score = score_of(point);
    const Area::Cover cover = area.cover();
    ASSERT_TRUE(
        std::any_of(cover.begin(), cover.end(),
                    [score](const Area::ScoreRange& range) { return score >= range.low && score < range.high; }))
        << "seed 6, area " << i;
  }
  EXPECT_GT(inside, 5000);
}

TEST(Geo, ASmallAreaIsCoveredByFewSmallRanges) {
  const Area::Cover cover = Area::circle(kPalermo, 100).cover();
  EXPECT_LE(cover.end() - cover.begin(), 9);
  for (const Area::ScoreRange& range : cover) EXPECT_LE(range.high - range.low, 0x1p20);
}

}  // namespace
}  // namespace weir::store::geo
