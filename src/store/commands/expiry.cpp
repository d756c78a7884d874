#include "store/commands/expiry.h"

#include <fmt/format.h>

namespace weir::store {

ParsedExpiry parse_expiry(std::string_view text, ExpiryUnit unit, UnixMs now, bool may_be_past) {
  const auto number = parse_integer(text);
  if (!number) return {.error = ExpiryError::kNotAnInteger};
  if (!may_be_past && *number <= 0) return {.error = ExpiryError::kOutOfRange};
  UnixMs at = *number;
  if (unit.in_seconds && __builtin_mul_overflow(at, UnixMs{1000}, &at)) return {.error = ExpiryError::kOutOfRange};
  if (!unit.absolute && __builtin_add_overflow(at, now, &at)) return {.error = ExpiryError::kOutOfRange};
  return {.error = ExpiryError::kNone, .at = at};
}

void reply_expiry_error(Call& call, ExpiryError error) {
  if (error == ExpiryError::kNotAnInteger) return call.not_an_integer();
  call.reply.error(fmt::format("ERR invalid expire time in '{}' command", call.spec.name));
}

}  // namespace weir::store
