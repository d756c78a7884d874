#include "store/commands/blocking_timeout.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

#include "store/types/number_text.h"

namespace weir::store {

std::optional<base::Duration> parse_blocking_timeout(Call& call, std::string_view text) {
  constexpr auto kLongest = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::years(100));
  const auto seconds = parse_long_double(text);
  if (!seconds) {
    call.reply.error("ERR timeout is not a float or out of range");
    return std::nullopt;
  }
  const long double ms = std::ceil(*seconds * 1000);
  constexpr auto kMost = static_cast<long double>(std::numeric_limits<std::int64_t>::max());
  // Redis's word for what is too large for an integer.
  if (ms < 0 || ms > kMost) {
    call.reply.error("ERR timeout is negative");
    return std::nullopt;
  }
  if (ms > kMost - static_cast<long double>(call.now)) {
    call.reply.error("ERR timeout is out of range");
    return std::nullopt;
  }
  return std::min(std::chrono::milliseconds(static_cast<std::int64_t>(ms)), kLongest);
}

}  // namespace weir::store
