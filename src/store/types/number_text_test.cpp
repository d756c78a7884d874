#include "store/types/number_text.h"

#include <bit>
#include <cmath>
#include <cstdio>
#include <limits>

#include <gtest/gtest.h>

#include "base/random.h"

namespace weir::store {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::string long_text_of(long double value) {
  std::string text = "left alone 00";
  append_long_double(text, value);
  EXPECT_TRUE(text.starts_with("left alone 00"));
  return text.substr(13);
}

std::string printed(const char* format, auto value) {
  char buffer[6000];
  return {buffer, static_cast<std::size_t>(std::snprintf(buffer, sizeof buffer, format, value))};
}

TEST(NumberText, ReadsBackWhatWasPrintedAndWritesDistancesAsPrintfDoes) {
  base::Random random(1);
  for (int i = 0; i < 20'000; ++i) {
    const double value = i % 2 == 0 ? std::bit_cast<double>(random())
                                    : static_cast<double>(random.between(-100'000'000, 100'000'000)) / 1000;
    if (!std::isfinite(value)) continue;
    const std::string text = printed("%.17g", value);
    ASSERT_EQ(std::bit_cast<std::uint64_t>(*parse_double(text)), std::bit_cast<std::uint64_t>(value)) << text;
    std::string distance;
    append_distance(distance, value);
    ASSERT_EQ(distance, printed("%.4f", value));
  }
}

TEST(NumberText, IncrementsAreWrittenWithoutExponentAndTrailingZeros) {
  EXPECT_EQ(long_text_of(0.1L), "0.1");
  EXPECT_EQ(long_text_of(100), "100");
  EXPECT_EQ(long_text_of(-1e-30L), "0");
  EXPECT_EQ(long_text_of(1e20L), "100000000000000000000");
  EXPECT_EQ(long_text_of(-kInfinity), "-inf");
  EXPECT_EQ(long_text_of(std::numeric_limits<long double>::max()).size(), 4933u);
}

TEST(NumberText, SmallSetsStoreWholeScoresAsIntegers) {
  EXPECT_EQ(as_integer(5), 5);
  EXPECT_EQ(as_integer(-0.0), 0);
  EXPECT_EQ(as_integer(-9007199254740994), -9007199254740994);
  EXPECT_EQ(as_integer(5.5), std::nullopt);
  EXPECT_EQ(as_integer(1e17), 100'000'000'000'000'000);
  EXPECT_EQ(as_integer(-4611686018427387904.0), -4611686018427387904);
  EXPECT_EQ(as_integer(4611686018427387904.0), 4611686018427387904);
  EXPECT_EQ(as_integer(4611686018427388928.0), std::nullopt);
  EXPECT_EQ(as_integer(kInfinity), std::nullopt);
}

TEST(NumberText, ReadsWhatStrtodReadsAndNothingAround) {
  const std::string zeros(1000, '0');
  EXPECT_EQ(parse_double("1e3"), 1000);
  EXPECT_EQ(parse_double("+.5"), 0.5);
  EXPECT_EQ(parse_double("0x1p-1"), 0.5);
  EXPECT_EQ(parse_double("-iNfInity"), -kInfinity);
  EXPECT_EQ(parse_double("4.9e-324"), std::numeric_limits<double>::denorm_min());
  EXPECT_EQ(parse_double(zeros + "7"), 7);
  for (const std::string_view text : {"", " 1", "1 ", "\t1", "nan", "-nan", "nan(1)", "1e400", "-1e400", "1e-400", ".",
                                      "e5", "1e", "0x", "1,5", "++1", "+-1", "infinit"}) {
    EXPECT_EQ(parse_double(text), std::nullopt) << text;
    if (text.find("400") == std::string_view::npos) {
      EXPECT_EQ(parse_long_double(text), std::nullopt) << text;
    }
  }
  EXPECT_EQ(parse_double(std::string_view("1\0", 2)), std::nullopt);
  EXPECT_EQ(parse_long_double("1e400"), 1e400L);
  EXPECT_EQ(parse_long_double("1e4933"), std::nullopt);
  EXPECT_EQ(parse_long_double(std::string(5118, '0') + "7"), 7);
  EXPECT_EQ(parse_long_double(std::string(5119, '0') + "7"), std::nullopt);
}

TEST(NumberText, ABoundOfScoresIsReadLeniently) {
  EXPECT_EQ(parse_score_bound("5"), (ScoreBound{5, false}));
  EXPECT_EQ(parse_score_bound("(5.5"), (ScoreBound{5.5, true}));
  EXPECT_EQ(parse_score_bound(""), (ScoreBound{0, false}));
  EXPECT_EQ(parse_score_bound("("), (ScoreBound{0, true}));
  EXPECT_EQ(parse_score_bound("( 1"), (ScoreBound{1, true}));
  EXPECT_EQ(parse_score_bound("1e400"), (ScoreBound{kInfinity, false}));
  EXPECT_EQ(parse_score_bound(std::string_view("1\0x", 3)), (ScoreBound{1, false}));
  for (const std::string_view text : {"nan", "(nan", "1 ", "((1", "(0x", "x", " "}) {
    EXPECT_EQ(parse_score_bound(text), std::nullopt) << text;
  }
}

TEST(NumberText, WeightsAreReadAsStrtodReadsThem) {
  EXPECT_EQ(parse_weight("5"), 5);
  EXPECT_EQ(parse_weight("-1.5e3"), -1500);
  EXPECT_EQ(parse_weight(""), 0);
  EXPECT_EQ(parse_weight(" +5"), 5);
  EXPECT_EQ(parse_weight("0x10"), 16);
  EXPECT_EQ(parse_weight("-inf"), -kInfinity);
  EXPECT_EQ(parse_weight(std::string_view("7\0x", 3)), 7);
  EXPECT_EQ(parse_weight("2.2250738585072014e-308"), 2.2250738585072014e-308);
  for (const std::string_view text : {"5 ", "x", "nan", "1e400", "-1e400", "1e-400", "5e-324", "1,5"}) {
    EXPECT_EQ(parse_weight(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace weir::store
