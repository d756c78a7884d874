#include "store/commands/string_values.h"

namespace weir::store {

bool fits_string(Call& call, std::size_t bytes) {
  if (bytes <= call.node.settings.proto_max_bulk_len) return true;
  call.reply.error("ERR string exceeds maximum allowed size (proto-max-bulk-len)");
  return false;
}

StringBuffer& edit_string(Call& call, const Key& key, Entry* entry, std::size_t size) {
  Database& database = call.database();
  StringBuffer& value = entry == nullptr ? database.set_object(key, StringBuffer::zeros(size), std::nullopt)
                                         : database.edit_string(key, *entry);
  if (value.size() < size) value.resize(size);
  return value;
}

}  // namespace weir::store
