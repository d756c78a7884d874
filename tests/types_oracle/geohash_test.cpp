// Places: scores, positions, geohashes, distances and searches of a redis-server, the order of what is found included.
#include "store/types/geohash.h"

#include <charconv>
#include <cmath>

#include <gtest/gtest.h>

#include "base/random.h"
#include "store/types/number_text.h"
#include "tests/types_oracle/oracle.h"
#include "wire/resp/reply_writer.h"

namespace weir::store::geo {
namespace {

std::string text_of(double value) {
  std::string text;
  wire::resp::append_double(text, value);
  return text;
}
std::string coordinate_text(double value) {
  std::string text;
  append_long_double(text, value);
  return text;
}
std::string distance_text(double value) {
  std::string text;
  append_distance(text, value);
  return text;
}

Point random_point(base::Random& random) {
  if (random.chance(0.02))
    return {random.chance(0.5) ? 180.0 : -180.0, random.chance(0.5) ? 85.05112878 : -85.05112878};
  // Two places where many are close together, one of them where the grid changes with the latitude.
  if (random.chance(0.4)) return {10 + random.unit(), 50 + random.unit() / 2};
  if (random.chance(0.3)) return {20 + random.unit() * 3, 65 + random.unit() * 18};
  return {random.unit() * 360 - 180, random.unit() * 170.1 - 85.05};
}

TEST(GeoOracle, ScoresPositionsGeohashesAndDistances) {
  test::Oracle oracle;
  base::Random random(31);
  Point before{0, 0};
  oracle.answer({"GEOADD", "g", "0", "0", "before"});
  for (int i = 0; i < 2000; ++i) {
    SCOPED_TRACE(testing::Message() << "seed 31, point " << i);
    const Point point = random_point(random);
    oracle.ask({"GEOADD", "g", text_of(point.longitude), text_of(point.latitude), "m"});
    oracle.ask({"ZSCORE", "g", "m"});
    oracle.ask({"GEOPOS", "g", "m"});
    oracle.ask({"GEOHASH", "g", "m"});
    oracle.ask({"GEODIST", "g", "before", "m"});
    oracle.ask({"GEOADD", "g", text_of(point.longitude), text_of(point.latitude), "before"});
    const auto answers = oracle.answers();
    const double score = score_of(point);
    ASSERT_EQ(answers[1].text, text_of(score));
    const Point found = point_of(score);
    ASSERT_EQ(answers[2].elements[0].elements[0].text, coordinate_text(found.longitude));
    ASSERT_EQ(answers[2].elements[0].elements[1].text, coordinate_text(found.latitude));
    ASSERT_EQ(answers[3].elements[0].text, geohash_text(score));
    ASSERT_EQ(answers[4].text, distance_text(distance_m(point_of(score_of(before)), found)));
    before = point;
  }
}

TEST(GeoOracle, SearchesFindTheSamePlacesInTheSameOrder) {
  test::Oracle oracle;
  base::Random random(32);
  std::map<double, std::string> places;  // By score; no two places share one.
  for (int i = 0; i < 3000; ++i) {
    const Point point = random_point(random);
    if (!places.try_emplace(score_of(point), std::to_string(i)).second) continue;
    oracle.answer({"GEOADD", "g", text_of(point.longitude), text_of(point.latitude), std::to_string(i)});
  }
  std::size_t found = 0;
  for (int i = 0; i < 2500; ++i) {
    const Point center = random_point(random);
    const auto size_m = [&random] {
      return random.chance(0.02) ? 0 : std::exp(random.chance(0.5) ? random.unit() * 17.5 : 8 + random.unit() * 4);
    };
    const double width_m = size_m(), height_m = size_m();
    const bool circle = random.chance(0.5);
    SCOPED_TRACE(testing::Message() << "seed 32, search " << i << ": " << center.longitude << ' ' << center.latitude
                                    << (circle ? " circle " : " box ") << width_m << ' ' << height_m);
    const Area area = circle ? Area::circle(center, width_m) : Area::box(center, width_m, height_m);
    const std::string longitude = text_of(center.longitude), latitude = text_of(center.latitude);
    const std::string width = text_of(width_m), height = text_of(height_m);
    const wire::resp::Value theirs =
        circle
            ? oracle.answer({"GEOSEARCH", "g", "FROMLONLAT", longitude, latitude, "BYRADIUS", width, "m", "WITHDIST"})
            : oracle.answer(
                  {"GEOSEARCH", "g", "FROMLONLAT", longitude, latitude, "BYBOX", width, height, "m", "WITHDIST"});
    std::vector<std::pair<std::string, std::string>> expected, ours;
    for (const wire::resp::Value& place : theirs.elements) {
      expected.emplace_back(place.elements[0].text, place.elements[1].text);
    }
    for (const Area::ScoreRange& range : area.cover()) {
      for (auto place = places.lower_bound(range.low); place != places.end() && place->first < range.high; ++place) {
        const auto distance = area.distance_if_inside(point_of(place->first));
        if (distance) ours.emplace_back(place->second, distance_text(*distance));
      }
    }
    ASSERT_EQ(ours, expected) << theirs.text;
    found += ours.size();
  }
  EXPECT_GT(found, 10'000u);
}

// ZADD can put any score where a place is expected.
TEST(GeoOracle, ScoresOfNoPlaceHaveThePositionsThatRedisGivesThem) {
  test::Oracle oracle;
  for (const std::string_view score : {"0", "0.5", "4503599627370495", "4503599627370496", "6755399441055744", "-1",
                                       "-1e15", "9e18", "1.8e19", "1e300", "-1e300", "inf", "-inf"}) {
    oracle.answer({"ZADD", "g", score, "m"});
    const Point found = point_of(*parse_double(score));
    const auto position = oracle.answer({"GEOPOS", "g", "m"});
    ASSERT_EQ(position.elements[0].elements[0].text, coordinate_text(found.longitude)) << score;
    ASSERT_EQ(position.elements[0].elements[1].text, coordinate_text(found.latitude)) << score;
    ASSERT_EQ(oracle.answer({"GEOHASH", "g", "m"}).elements[0].text, geohash_text(*parse_double(score))) << score;
  }
}

}  // namespace
}  // namespace weir::store::geo
