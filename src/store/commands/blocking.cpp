#include "store/commands/blocking.h"

#include "base/assert.h"

namespace weir::store {

void BlockedClients::block(Session& session, std::unique_ptr<Waiting> waiting) {
  WEIR_ASSERT(session.waiting == nullptr);
  waiting->ticket = next_ticket_++;
  by_ticket_.emplace(waiting->ticket, &session);
  for (const DatabaseKey& key : waiting->keys) by_key_[key].emplace(waiting->ticket, &session);
  if (waiting->deadline) deadlines_.emplace(*waiting->deadline, waiting->ticket);
  if (waiting->kind == Waiting::Kind::kForPause) ++paused_;
  session.waiting = std::move(waiting);
}

std::unique_ptr<Waiting> BlockedClients::release(Session& session) {
  WEIR_ASSERT(session.waiting != nullptr);
  std::unique_ptr<Waiting> waiting = std::move(session.waiting);
  by_ticket_.erase(waiting->ticket);
  for (const DatabaseKey& key : waiting->keys) {
    const auto found = by_key_.find(key);
    if (found == by_key_.end()) continue;  // The client named the key twice.
    found->second.erase(waiting->ticket);
    if (found->second.empty()) by_key_.erase(found);
  }
  if (waiting->deadline) deadlines_.erase({*waiting->deadline, waiting->ticket});
  if (waiting->kind == Waiting::Kind::kForPause) --paused_;
  return waiting;
}

void BlockedClients::touched(DatabaseKeyView at) {
  if (!by_key_.contains(at) || ready_once_.contains(at)) return;
  ready_.push_back({at.database, std::string(at.key)});
  ready_once_.insert(ready_.back());
}

void BlockedClients::touched_database(std::size_t database) {
  for (auto at = by_key_.lower_bound(DatabaseKeyView{database, ""});
       at != by_key_.end() && at->first.database == database; ++at) {
    touched({database, at->first.key});
  }
}

std::vector<DatabaseKey> BlockedClients::take_ready() {
  ready_once_.clear();
  return std::exchange(ready_, {});
}

std::vector<BlockedClients::Place> BlockedClients::waiting_for(const DatabaseKey& at) const {
  std::vector<Place> places;
  const auto found = by_key_.find(at);
  if (found == by_key_.end()) return places;
  for (const auto& [ticket, session] : found->second) places.push_back({ticket, session});
  return places;
}

std::vector<BlockedClients::Place> BlockedClients::paused() const {
  std::vector<Place> places;
  for (const auto& [ticket, session] : by_ticket_) {
    if (session->waiting->kind == Waiting::Kind::kForPause) places.push_back({ticket, session});
  }
  return places;
}

std::optional<base::MonoTime> BlockedClients::next_deadline() const {
  return deadlines_.empty() ? std::nullopt : std::optional(deadlines_.begin()->first);
}

std::vector<BlockedClients::Place> BlockedClients::due(base::MonoTime now) const {
  std::vector<Place> places;
  for (const auto& [deadline, ticket] : deadlines_) {
    if (deadline > now) break;
    places.push_back({ticket, by_ticket_.at(ticket)});
  }
  return places;
}

}  // namespace weir::store
