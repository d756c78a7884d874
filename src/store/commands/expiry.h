// Expiry times as arguments: seconds or milliseconds, from now or absolute, with Redis's limits and words.
#pragma once

#include <string_view>

#include "store/commands/command.h"

namespace weir::store {

struct ExpiryUnit {
  bool in_seconds;
  bool absolute;

  friend bool operator==(const ExpiryUnit&, const ExpiryUnit&) = default;
};

enum class ExpiryError : unsigned char { kNone, kNotAnInteger, kOutOfRange };

struct ParsedExpiry {
  ExpiryError error = ExpiryError::kNone;
  UnixMs at = 0;
};

// `may_be_past`: zero and negative times are taken (EXPIRE deletes then); else they are out of range (SET).
ParsedExpiry parse_expiry(std::string_view text, ExpiryUnit unit, UnixMs now, bool may_be_past);
// Requires: error is not kNone.
void reply_expiry_error(Call& call, ExpiryError error);

}  // namespace weir::store
