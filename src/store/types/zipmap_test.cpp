#include "store/types/zipmap.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace weir::store {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

using Pairs = std::vector<std::pair<std::string, std::string>>;

Pairs read(std::string_view blob) {
  Pairs result;
  for (ZipmapView pairs(blob); !pairs.done();) {
    const ZipmapView::Pair pair = pairs.next();
    result.emplace_back(pair.field, pair.value);
  }
  return result;
}

bool valid_copy(std::string_view blob) {
  const std::vector<char> copy(blob.begin(), blob.end());
  const std::string_view view(copy.data(), copy.size());
  if (!ZipmapView::valid(view)) return false;
  read(view);
  return true;
}

TEST(Zipmap, ReadsPairsWithGapsAndLongLengths) {
  const std::string blob =
      "\x02\x01"
      "a\x02\x03xyGAP"
      "\xfe\x04\x00\x00\x00long\x00\x00\xff"s;
  ASSERT_TRUE(valid_copy(blob));
  EXPECT_EQ(read(blob), (Pairs{{"a", "xy"}, {"long", ""}}));
  EXPECT_TRUE(valid_copy("\x00\xff"sv));
  EXPECT_TRUE(
      valid_copy("\xfe\x01"
                 "a\x00\x00\xff"sv))
      << "uncounted";
}

TEST(Zipmap, RefusesWhatDoesNotAddUp) {
  EXPECT_FALSE(
      valid_copy("\x02\x01"
                 "a\x00\x00\xff"sv))
      << "count";
  EXPECT_FALSE(
      valid_copy("\x01\x01"
                 "a\xff"sv))
      << "a field without a value";
  EXPECT_FALSE(
      valid_copy("\x01\x01"
                 "a\x00\x05x\xff"sv))
      << "a gap past the end";
  EXPECT_FALSE(
      valid_copy("\x01\x01"
                 "a\x00\x00"sv))
      << "no end";
  EXPECT_FALSE(
      valid_copy("\x01\xfe\xff\xff\xff\xff"
                 "a\x00\x00\xff"sv));
  EXPECT_FALSE(valid_copy("\xff"sv));
  EXPECT_FALSE(valid_copy(""sv));
}

TEST(Zipmap, SurvivesEveryTruncationAndEveryChangedByte) {
  const std::string good =
      "\x02\x01"
      "a\x02\x03xyGAP"
      "\xfe\x04\x00\x00\x00long\x00\x00\xff"s;
  int refused = 0;
  for (std::size_t at = 0; at < good.size(); ++at) {
    EXPECT_FALSE(valid_copy(good.substr(0, at)));
    for (int value = 0; value < 256; ++value) {
      std::string blob = good;
      blob[at] = static_cast<char>(value);
      refused += !valid_copy(blob);
    }
  }
  EXPECT_GT(refused, 8 * 200);
}

}  // namespace
}  // namespace weir::store
