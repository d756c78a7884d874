// What the commands of sets share.
#pragma once

#include <cstddef>

#include "store/commands/call.h"
#include "store/types/set.h"

namespace weir::store {

// Whether the entry, which may be absent, is a set; else the error was replied.
inline bool require_set(Call& call, const Entry* entry) {
  if (entry == nullptr || entry->kind() == ValueKind::kSet) return true;
  call.wrong_type();
  return false;
}

inline std::size_t intset_limit(const Call& call) { return call.node.settings.set_max_intset_entries; }

void reply_members(Call& call, const Set& set);

}  // namespace weir::store
