#include "store/commands/watches.h"

#include <algorithm>

namespace weir::store {

void Watches::watch(Session& session, DatabaseKeyView at, bool exists) {
  auto found = watchers_.find(at);
  if (found == watchers_.end()) {
    found = watchers_.try_emplace(DatabaseKey{at.database, std::string(at.key)}).first;
  } else if (std::ranges::find(found->second, &session) != found->second.end()) {
    return;
  }
  found->second.push_back(&session);
  session.watched.push_back({.at = found->first, .existed = exists});
  session.held_bytes += at.key.size() + kNameOverheadBytes;
}

void Watches::unwatch(Session& session) {
  forget_keys(session);
  session.watch_broken = false;
}

void Watches::touch(DatabaseKeyView at) {
  const auto found = watchers_.find(at);
  if (found == watchers_.end()) return;
  // Out of the map first, so that a thousand watchers are not searched a thousand times.
  const auto row = watchers_.extract(found);
  for (Session* session : row.mapped()) {
    session->watch_broken = true;
    forget_keys(*session);
  }
}

void Watches::forget_keys(Session& session) {
  for (const WatchedKey& watched : session.watched) {
    session.held_bytes -= watched.at.key.size() + kNameOverheadBytes;
    const auto found = watchers_.find(watched.at);
    if (found == watchers_.end()) continue;
    std::erase(found->second, &session);
    if (found->second.empty()) watchers_.erase(found);
  }
  session.watched.clear();
}

}  // namespace weir::store
