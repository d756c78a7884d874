#include "store/types/number_text.h"

#include <cctype>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <span>

#include "base/assert.h"
#include "base/bytes.h"

namespace weir::store {

namespace {

// Redis takes half of what a 64-bit integer holds for safe.
constexpr double kLargestInteger = 4611686018427387904.0;
// With an exponent of at most four digits, the largest long double has 4,933 digits before the point.
constexpr std::size_t kLongestLongDouble = 1 + 4933 + 1 + 17;
// Redis reads a long double from a buffer of this size, its final NUL included.
constexpr std::size_t kLongDoubleTextLimit = 5 * 1024;

template <typename Float, typename... Format>
void append(std::string& to, Float value, std::span<char> buffer, Format... format) {
  const auto [end, code] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, format...);
  WEIR_ASSERT(code == std::errc());
  to.append(buffer.data(), end);
}

// Calls `read` with `text` as a C string.
template <typename Read>
auto with_c_string(std::string_view text, const Read& read) {
  std::array<char, 128> buffer;
  if (text.size() >= buffer.size()) return read(std::string(text).c_str());
  std::memcpy(buffer.data(), text.data(), text.size());
  buffer[text.size()] = '\0';
  return read(static_cast<const char*>(buffer.data()));
}

template <typename Float>
std::optional<Float> parse_whole(std::string_view text, Float (*read)(const char*, char**)) {
  if (text.empty() || std::isspace(static_cast<unsigned char>(text.front())) != 0) return std::nullopt;
  return with_c_string(text, [read, size = text.size()](const char* from) -> std::optional<Float> {
    char* end = nullptr;
    errno = 0;
    const Float value = read(from, &end);
    if (end != from + size || std::isnan(value)) return std::nullopt;
    if (errno == ERANGE && (std::isinf(value) || value == 0)) return std::nullopt;
    return value;
  });
}

}  // namespace

void append_long_double(std::string& to, long double value) {
  WEIR_ASSERT(!std::isnan(value));
  std::array<char, kLongestLongDouble> buffer;
  const std::size_t start = to.size();
  if (std::isinf(value)) return append(to, value, buffer);
  append(to, value, buffer, std::chars_format::fixed, 17);
  to.resize(to.find_last_not_of('0') + 1);
  if (to.back() == '.') to.pop_back();
  if (std::string_view(to).substr(start) == "-0") to.erase(start, 1);
}

void append_distance(std::string& to, double value) {
  std::array<char, 400> buffer;
  append(to, value, buffer, std::chars_format::fixed, 4);
}

std::string_view ScoreText::write(double score) {
  const auto [end, code] =
      std::to_chars(buffer_.data(), buffer_.data() + buffer_.size(), score, std::chars_format::general, 17);
  WEIR_ASSERT(code == std::errc());
  return {buffer_.data(), end};
}

std::optional<std::int64_t> as_integer(double value) {
  if (!(std::abs(value) <= kLargestInteger)) return std::nullopt;
  const auto integer = static_cast<std::int64_t>(value);
  if (static_cast<double>(integer) != value) return std::nullopt;
  return integer;
}

std::optional<double> parse_double(std::string_view text) {
  // Plain decimal numbers take the faster way; whatever it does not read to the end, strtod judges.
  double value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code == std::errc() && end == text.data() + text.size() && std::isfinite(value)) return value;
  return parse_whole<double>(text, std::strtod);
}

std::optional<long double> parse_long_double(std::string_view text) {
  if (text.size() >= kLongDoubleTextLimit) return std::nullopt;
  return parse_whole<long double>(text, std::strtold);
}

std::optional<ScoreBound> parse_score_bound(std::string_view text) {
  text = text.substr(0, text.find('\0'));
  const bool exclusive = text.starts_with('(');
  if (exclusive) text.remove_prefix(1);
  return with_c_string(text, [exclusive, size = text.size()](const char* from) -> std::optional<ScoreBound> {
    char* end = nullptr;
    const double value = std::strtod(from, &end);
    if (end != from + size || std::isnan(value)) return std::nullopt;
    return ScoreBound{value, exclusive};
  });
}

std::optional<double> parse_weight(std::string_view text) {
  double value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool is_plain = std::isnormal(value) || value == 0;
  if (code == std::errc() && end == text.data() + text.size() && is_plain) return value;
  text = text.substr(0, text.find('\0'));
  return with_c_string(text, [size = text.size()](const char* from) -> std::optional<double> {
    char* rest = nullptr;
    errno = 0;
    const double weight = std::strtod(from, &rest);
    if (rest != from + size || errno == ERANGE || std::isnan(weight)) return std::nullopt;
    return weight;
  });
}

}  // namespace weir::store
