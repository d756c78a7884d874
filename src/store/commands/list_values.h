// What the files of list commands share: finding a list, naming its ends, and what follows when elements were taken.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "store/commands/counted_reply.h"
#include "store/types/list.h"

namespace weir::store {

// The two ends of a list, which clients call LEFT and RIGHT.
enum class ListEnd : std::uint8_t { kHead, kTail };

// Nothing: neither LEFT nor RIGHT.
std::optional<ListEnd> parse_end(std::string_view text);
inline std::string_view push_event(ListEnd end) { return end == ListEnd::kHead ? "lpush" : "rpush"; }
inline std::string_view pop_event(ListEnd end) { return end == ListEnd::kHead ? "lpop" : "rpop"; }

// Whether the entry, which may be absent, is a list; else the error was replied.
inline bool require_list(Call& call, const Entry* entry) {
  if (entry == nullptr || entry->kind() == ValueKind::kList) return true;
  call.wrong_type();
  return false;
}

// The list of this entry, or a new one if it is absent. Requires: the entry is the key's.
inline List& list_or_new(Call& call, const Key& key, Entry* entry) {
  if (entry != nullptr) return entry->as<List>();
  return call.database().create<List>(key, call.node.settings.list_max_listpack_size);
}

inline void push(List& list, ListEnd end, const EncodedEntry& entry) {
  if (end == ListEnd::kHead) {
    list.push_front(entry);
  } else {
    list.push_back(entry);
  }
}
// Requires, like pop: not empty.
inline Element peek(const List& list, ListEnd end) { return end == ListEnd::kHead ? list.front() : list.back(); }
inline void pop(List& list, ListEnd end) {
  if (end == ListEnd::kHead) {
    list.pop_front();
  } else {
    list.pop_back();
  }
}

// An array of `count` elements from `index` on. Requires: there are so many.
void reply_range(Call& call, const List& list, std::size_t index, std::size_t count);

// Elements were taken out of the list, which is gone if it is empty now: everybody is told.
inline void finish_removal(Call& call, const Key& key, bool emptied, std::string_view event, std::uint64_t removed) {
  if (emptied) call.database().erase(key, call.now);
  call.changed(key.bytes, EventClass::kList, event, removed);
  if (emptied) call.notify(EventClass::kGeneric, "del", key.bytes);
}

}  // namespace weir::store
