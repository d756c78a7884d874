// SHA-1 (FIPS 180-4): what Redis names scripts and compares data sets by. No protection against whoever forges on
// purpose. A pure function, any thread.
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace weir::base {

using Sha1 = std::array<unsigned char, 20>;

Sha1 sha1(std::string_view bytes);

// 40 lower-case hexadecimal digits.
std::string to_hex(const Sha1& digest);

}  // namespace weir::base
