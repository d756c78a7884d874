#include "base/id.h"

namespace weir::base {

std::string random_hex(Random& random, std::size_t digits) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text(digits, '0');
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (i % 16 == 0) bits = random();
    text[i] = kDigits[bits & 15];
    bits >>= 4;
  }
  return text;
}

}  // namespace weir::base
