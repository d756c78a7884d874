// What the families that work on strings share: STRING, BITMAP and HYPERLOGLOG commands.
#pragma once

#include <cstddef>

#include "store/commands/call.h"

namespace weir::store {

// Whether the entry, which may be absent, is a string; else the error was replied.
inline bool require_string(Call& call, const Entry* entry) {
  if (entry == nullptr || entry->type() == ValueType::kString) return true;
  call.wrong_type();
  return false;
}

// Whether a string may be so long; else the error was replied.
bool fits_string(Call& call, std::size_t bytes);

// The string of this entry, or of a new one where it is null, as a buffer of at least `size` bytes; what is new is
// zero. `entry` is from find_for_write(), and dead afterwards. Requires: it is a string.
StringBuffer& edit_string(Call& call, const Key& key, Entry* entry, std::size_t size);

}  // namespace weir::store
