// Identifiers that need no coordination: 160 random bits as 40 hexadecimal digits (Redis's run id and replication id
// have this form) and 128-bit request ids as 32 digits.
#pragma once

#include <string>

#include "base/random.h"

namespace weir::base {

std::string random_hex(Random& random, std::size_t digits);
inline std::string run_id(Random& random) { return random_hex(random, 40); }
inline std::string request_id(Random& random) { return random_hex(random, 32); }

}  // namespace weir::base
