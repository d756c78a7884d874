#include "store/commands/pops.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

#include "base/bytes.h"
#include "store/commands/command.h"
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

std::optional<PopArguments> parse_pop_arguments(Call& call, std::size_t first, bool (*is_where)(std::string_view)) {
  const auto keys = parse_integer(call.argument(first));
  if (!keys || *keys < 1) {
    call.reply.error("ERR numkeys should be greater than 0");
    return std::nullopt;
  }
  const std::size_t after_keys = call.count() - first - 1;
  if (static_cast<std::uint64_t>(*keys) >= after_keys) {
    call.syntax_error();
    return std::nullopt;
  }
  const auto key_count = static_cast<std::size_t>(*keys);
  const std::size_t where = first + 1 + key_count;
  PopArguments parsed{.keys = call.arguments.subspan(first + 1, key_count), .where = call.argument(where)};
  if (!is_where(parsed.where)) {
    call.syntax_error();
    return std::nullopt;
  }
  for (std::size_t i = where + 1; i < call.count(); i += 2) {
    if (i > where + 1 || i + 1 == call.count() || !base::equal_ignoring_case(call.argument(i), "COUNT")) {
      call.syntax_error();
      return std::nullopt;
    }
    const auto count = parse_integer(call.argument(i + 1));
    if (!count || *count < 1) {
      call.reply.error("ERR count should be greater than 0");
      return std::nullopt;
    }
    parsed.count = static_cast<std::size_t>(*count);
  }
  return parsed;
}

}  // namespace weir::store
