#include "store/commands/node.h"

namespace weir::store {

// Nobody can watch or wait for a key yet, nor subscribe.
void Node::touch(std::size_t /*database*/, std::string_view /*key*/) {}

void Node::notify(std::size_t /*database*/, std::string_view /*key*/, EventClass /*event_class*/,
                  std::string_view /*event*/) {}

void Node::on_removed(std::size_t database, std::string_view key, RemovalReason reason) {
  touch(database, key);
  const bool expired = reason == RemovalReason::kExpired;
  notify(database, key, expired ? EventClass::kExpired : EventClass::kEvicted, expired ? "expired" : "evicted");
  const bool lazily = expired ? settings.lazyfree_lazy_expire : settings.lazyfree_lazy_eviction;
  effects.add(database, {lazily ? "UNLINK" : "DEL", key});
}

}  // namespace weir::store
