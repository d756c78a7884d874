// The timeout of BLPOP, BZPOPMIN and their like: seconds, which need not be whole; 0 is for ever.
#pragma once

#include <optional>
#include <string_view>

#include "base/time.h"
#include "store/commands/call.h"

namespace weir::store {

// In whole milliseconds, rounded up; what is longer than a century is a century. Nothing: an error was replied.
std::optional<base::Duration> parse_blocking_timeout(Call& call, std::string_view text);

}  // namespace weir::store
