// Lengths as RESP spells them, judged as Redis's string2ll does: no sign but '-', no leading zero, no "-0", no
// overflow.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"

namespace weir::wire::resp {

inline bool parse_length(std::string_view digits, std::int64_t& value) {
  if (digits == "0") {
    value = 0;
    return true;
  }
  const std::string_view magnitude = digits.starts_with('-') ? digits.substr(1) : digits;
  if (magnitude.empty() || magnitude[0] < '1' || magnitude[0] > '9') return false;
  const auto parsed = base::parse_decimal<std::int64_t>(digits);
  if (!parsed) return false;
  value = *parsed;
  return true;
}

// The common case, decided without searching for the line's end: a plain number below ten million and its CR and one
// more byte are there. `end` goes in as the first digit's place and comes out as the CR's. False leaves `end` alone and
// says nothing about the line.
inline bool read_short_length(const char* bytes, std::size_t size, std::size_t& end, std::int64_t& value) {
  constexpr std::size_t kDigits = 7;
  if (end >= size) return false;
  const unsigned first = static_cast<unsigned char>(bytes[end]) - unsigned{'0'};
  if (first > 9) return false;
  std::int64_t number = first;
  std::size_t at = end + 1;
  const std::size_t stop = first == 0 ? at : end + kDigits;
  for (; at < stop && at < size; ++at) {
    const unsigned digit = static_cast<unsigned char>(bytes[at]) - unsigned{'0'};
    if (digit > 9) break;
    number = number * 10 + digit;
  }
  if (at + 2 > size || bytes[at] != '\r') return false;
  end = at;
  value = number;
  return true;
}

}  // namespace weir::wire::resp
