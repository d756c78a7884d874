// How Redis writes and reads numbers that are not whole: scores, increments, coordinates. To the byte, since replies
// and replicas see the text. Core; the C locale is taken for granted (a decimal point is a dot).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::store {

// 17 digits after the point without trailing zeros, and never an exponent: what INCRBYFLOAT and HINCRBYFLOAT store and
// GEOPOS answers. "0.1", "-inf", "0" for what rounds to -0. Requires: not NaN.
void append_long_double(std::string& to, long double value);

// Exactly four digits after the point: distances.
void append_distance(std::string& to, double value);

// 17 significant digits, with an exponent where that is shorter: how sorted sets keep and show a score that is not
// whole.
class ScoreText {
 public:
  // The text is valid until the next call.
  std::string_view write(double score);

 private:
  std::array<char, 32> buffer_;
};

// The integer that a small sorted set stores in place of this score. A sorted set that is not small keeps the score as
// it is, so that -0 is "-0" there and "0" here.
std::optional<std::int64_t> as_integer(double value);

// What strtod reads, all of it: decimal or hexadecimal, with a sign, "inf", "infinity". Nothing for text that begins
// with a space, holds anything else, is too large or too small to be told from zero, or says NaN.
std::optional<double> parse_double(std::string_view text);
// The same for strtold, of less than 5 KB.
std::optional<long double> parse_long_double(std::string_view text);

struct ScoreBound {
  double value = 0;
  bool exclusive = false;

  friend bool operator==(const ScoreBound&, const ScoreBound&) = default;
};

// The end of a range of scores: "5", "(5", "-inf". Redis is less strict here: nothing at all is 0, spaces may come
// first, what is too large is infinite, and a NUL ends the text.
std::optional<ScoreBound> parse_score_bound(std::string_view text);

// What SORT goes by: read in the same way, but nothing for what is too large, or too small for all its digits.
std::optional<double> parse_weight(std::string_view text);

}  // namespace weir::store
