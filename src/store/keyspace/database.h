// Database: one of the store's numbered databases; Keyspace: all of them. Cores: no clock, the time comes in.
//
// An entry whose expiry has passed is gone for everybody at that moment: reading removes it, and a bounded cycle
// removes those that nobody reads. One owner, the data thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace weir::store {

// Milliseconds since 1970, as the protocol counts expiries.
using UnixMs = std::int64_t;

struct Entry {
  std::string value;
  std::optional<UnixMs> expires_at;
};

struct KeyspaceStats {
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
  std::uint64_t expired = 0;
};

class Database {
 public:
  explicit Database(KeyspaceStats& stats) : stats_(stats) {}

  // The live entry, or null. Valid until the next change of this database. Does not count as hit or miss.
  Entry* find(std::string_view key, UnixMs now);
  // As find, counted in the statistics: what a reading command uses.
  const Entry* look_up(std::string_view key, UnixMs now);

  // Replaces or creates.
  void set(std::string_view key, std::string_view value, std::optional<UnixMs> expires_at);
  // Requires: the key is there.
  void set_expiry(std::string_view key, std::optional<UnixMs> expires_at);
  bool erase(std::string_view key, UnixMs now);
  void clear();

  // Removes at most `limit` entries that have expired; returns how many it found.
  std::size_t expire_some(UnixMs now, std::size_t limit);

  // Entries that have expired but were not yet removed count, as in Redis.
  std::size_t size() const { return entries_.size(); }
  std::size_t with_expiry() const { return expiries_.size(); }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view key) const { return std::hash<std::string_view>()(key); }
  };
  using Entries = std::unordered_map<std::string, Entry, Hash, std::equal_to<>>;

  Entries::iterator find_live(std::string_view key, UnixMs now);
  void forget_expiry(const Entries::value_type& item);
  void remember_expiry(const Entries::value_type& item);

  Entries entries_;
  // Soonest first; the views are the map's own keys, which do not move.
  std::set<std::pair<UnixMs, std::string_view>> expiries_;
  KeyspaceStats& stats_;
};

class Keyspace {
 public:
  explicit Keyspace(std::size_t databases);
  Keyspace(const Keyspace&) = delete;
  Keyspace& operator=(const Keyspace&) = delete;

  std::size_t size() const { return databases_.size(); }
  Database& database(std::size_t index) { return databases_.at(index); }
  const Database& database(std::size_t index) const { return databases_.at(index); }
  void clear();

  // One bounded cycle over all databases; true while there may be more to do.
  bool expire_some(UnixMs now, std::size_t limit);

  KeyspaceStats& stats() { return stats_; }
  const KeyspaceStats& stats() const { return stats_; }

 private:
  KeyspaceStats stats_;
  std::vector<Database> databases_;
};

}  // namespace weir::store
