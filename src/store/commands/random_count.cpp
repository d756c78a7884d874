#include "store/commands/random_count.h"

#include <limits>

#include "store/commands/command.h"

namespace weir::store {

std::optional<std::int64_t> parse_random_count(Call& call, std::string_view text) {
  const auto count = parse_integer(text);
  if (!count) {
    call.not_an_integer();
  } else if (*count == std::numeric_limits<std::int64_t>::min()) {
    call.reply.error("ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807");
    return std::nullopt;
  }
  return count;
}

}  // namespace weir::store
