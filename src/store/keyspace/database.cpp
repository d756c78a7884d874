#include "store/keyspace/database.h"

#include "base/assert.h"

namespace weir::store {

Entry* Database::find(std::string_view key, UnixMs now) {
  const auto found = find_live(key, now);
  return found == entries_.end() ? nullptr : &found->second;
}

const Entry* Database::look_up(std::string_view key, UnixMs now) {
  const Entry* entry = find(key, now);
  ++(entry != nullptr ? stats_.hits : stats_.misses);
  return entry;
}

void Database::set(std::string_view key, std::string_view value, std::optional<UnixMs> expires_at) {
  auto found = entries_.find(key);
  if (found == entries_.end()) {
    found = entries_.emplace(std::string(key), Entry{}).first;
  } else {
    forget_expiry(*found);
  }
  found->second.value.assign(value);
  found->second.expires_at = expires_at;
  remember_expiry(*found);
}

void Database::set_expiry(std::string_view key, std::optional<UnixMs> expires_at) {
  const auto found = entries_.find(key);
  WEIR_ASSERT(found != entries_.end());
  forget_expiry(*found);
  found->second.expires_at = expires_at;
  remember_expiry(*found);
}

bool Database::erase(std::string_view key, UnixMs now) {
  const auto found = find_live(key, now);
  if (found == entries_.end()) return false;
  forget_expiry(*found);
  entries_.erase(found);
  return true;
}

void Database::clear() {
  expiries_.clear();
  entries_.clear();
}

std::size_t Database::expire_some(UnixMs now, std::size_t limit) {
  std::size_t removed = 0;
  while (removed < limit && !expiries_.empty() && expiries_.begin()->first <= now) {
    const std::string_view key = expiries_.begin()->second;
    expiries_.erase(expiries_.begin());
    entries_.erase(entries_.find(key));
    ++removed;
  }
  stats_.expired += removed;
  return removed;
}

Database::Entries::iterator Database::find_live(std::string_view key, UnixMs now) {
  const auto found = entries_.find(key);
  if (found == entries_.end() || !found->second.expires_at || *found->second.expires_at > now) return found;
  forget_expiry(*found);
  entries_.erase(found);
  ++stats_.expired;
  return entries_.end();
}

void Database::forget_expiry(const Entries::value_type& item) {
  if (item.second.expires_at) expiries_.erase({*item.second.expires_at, item.first});
}

void Database::remember_expiry(const Entries::value_type& item) {
  if (item.second.expires_at) expiries_.emplace(*item.second.expires_at, item.first);
}

Keyspace::Keyspace(std::size_t databases) : databases_(databases, Database(stats_)) {}

void Keyspace::clear() {
  for (Database& database : databases_) database.clear();
}

bool Keyspace::expire_some(UnixMs now, std::size_t limit) {
  bool more = false;
  for (Database& database : databases_) more |= database.expire_some(now, limit) == limit;
  return more;
}

}  // namespace weir::store
