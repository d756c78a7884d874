#include "store/keyspace/entry.h"

#include <new>

namespace weir::store {

Entry* Entry::construct(void* memory, const Shape& shape, std::string_view key) {
  auto* entry = new (memory) Entry();
  entry->header_ = (static_cast<std::uint32_t>(shape.kind) << 24) | (shape.has_expiry ? kHasExpiry : 0);
  entry->key_length_ = static_cast<std::uint16_t>(key.size() > kMaxShortKey ? kMaxShortKey + 1 : key.size());
  entry->value_length_ = static_cast<std::uint16_t>(shape.inline_length);
  if (entry->long_key()) entry->store(entry->long_length_offset(), std::uint64_t{key.size()});
  std::memcpy(entry->bytes() + entry->key_offset(), key.data(), key.size());
  return entry;
}

std::string_view Entry::string(NumberText& scratch) const {
  switch (kind()) {
    case ValueKind::kInline: return inline_string();
    case ValueKind::kInteger: return scratch.write(integer());
    default: return as<StringBuffer>().view();
  }
}

}  // namespace weir::store
