// Database: one of the store's numbered databases: a table of entries. Cores: no clock, the time comes in.
//
// An entry whose expiry has passed is gone for everybody at that moment: on a master, access removes it and a bounded
// cycle removes those that nobody reads; a replica only hides it, and waits for the master's DEL. One owner, the data
// thread.
//
// Every change of an entry goes through here, or begins with find_for_write() or look_up_for_write(): that is where a
// snapshot that is being taken gets to see the entry as it was.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/random.h"
#include "store/keyspace/access.h"
#include "store/keyspace/entry.h"
#include "store/keyspace/key.h"
#include "store/keyspace/removal.h"
#include "store/memory/arena.h"
#include "store/table/table.h"
#include "store/types/listpack_entry.h"

namespace weir::store {

class Snapshot;

struct KeyspaceStats {
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
  std::uint64_t expired = 0;
  std::uint64_t evicted = 0;
};

struct EntryTraits {
  using Item = Entry;
  static std::uint64_t hash(const Entry& entry) { return hash_key(entry.key()); }
};

// What a database holds, so that it can be emptied by letting go of it.
struct Contents {
  Contents() = default;
  Contents(const Contents&) = delete;
  Contents& operator=(const Contents&) = delete;
  ~Contents();

  Arena arena;  // Of the entries; what objects hold is elsewhere.
  Table<EntryTraits> table;
};

// What all databases share. Filled in by whoever owns the keyspace.
struct KeyspaceContext {
  KeyspaceStats stats;
  AccessClock access;
  base::Random random = base::Random::from_entropy();
  bool removes_expired = true;  // False on a replica.
  bool shows_expired = false;   // While effects are replayed: what they did was done before it expired.
  bool touches_on_read = true;  // False for CLIENT NO-TOUCH and the like: reads leave no trace in the access time.
  RemovalListener* listener = nullptr;  // May be null.
  Disposer* disposer = nullptr;         // Never null once the keyspace is made.
  Snapshot* snapshot = nullptr;         // Null: none is being taken.
};

class Database {
 public:
  Database(std::size_t index, KeyspaceContext& context)
      : index_(index), context_(context), contents_(std::make_unique<Contents>()) {}

  std::size_t index() const { return index_; }
  // Entries that have expired but were not yet removed count, as in Redis.
  std::size_t size() const { return contents_->table.size(); }
  std::size_t with_expiry() const { return contents_->table.flagged(); }

  // An entry, or null: absent or expired. Valid until the next change of this database.
  //
  // For a command that reads: counts a hit or miss, and the entry is used.
  const Entry* look_up(const Key& key, UnixMs now);
  // Counts, but does not use: TTL, EXISTS, TYPE.
  const Entry* look_up_untouched(const Key& key, UnixMs now);
  // Neither counts nor uses: for whoever looks at what a command left.
  const Entry* peek(const Key& key, UnixMs now);
  // Of an entry that has expired but was not removed yet, too.
  const Entry* peek_even_expired(const Key& key) const;
  // For a command that may change the value in place: the entry is used. A snapshot has seen it when this returns.
  Entry* find_for_write(const Key& key, UnixMs now);
  // The same, counted as a hit or miss too.
  Entry* look_up_for_write(const Key& key, UnixMs now);

  // Creates or replaces, whatever was there. A text that is a canonical 64-bit integer is kept as one.
  void set_string(const Key& key, std::string_view value, std::optional<UnixMs> expires_at);
  // As set_string, but a text stays one, whatever it says.
  void set_text(const Key& key, std::string_view value, std::optional<UnixMs> expires_at);
  void set_integer(const Key& key, std::int64_t value, std::optional<UnixMs> expires_at);
  // As set_string, kept as it is in a buffer of its own: what Redis calls "raw".
  void set_buffer(const Key& key, StringBuffer value, std::optional<UnixMs> expires_at);
  // The string as a buffer that can be changed in place. `entry` is from find_for_write(), is a string, and is
  // dead afterwards.
  StringBuffer& edit_string(const Key& key, Entry& entry);

  // A new, empty T, made of these arguments. Requires: the key is not there.
  template <typename T, typename... Arguments>
  T& create(const Key& key, Arguments&&... arguments) {
    Entry& entry = make(key, {.kind = kKindOf<T>, .key_length = key.bytes.size()});
    T* object = new (&entry.as<T>()) T(std::forward<Arguments>(arguments)...);
    put(key, entry);
    return *object;
  }
  // Creates or replaces, whatever was there.
  template <typename T>
  T& set_object(const Key& key, T&& value, std::optional<UnixMs> expires_at) {
    Entry& entry =
        make(key, {.kind = kKindOf<T>, .has_expiry = expires_at.has_value(), .key_length = key.bytes.size()});
    T* object = new (&entry.as<T>()) T(std::move(value));
    if (expires_at) entry.set_expires_at(*expires_at);
    put(key, entry);
    return *object;
  }
  // For who loads many keys. A hint; of no effect unless the database is empty.
  void reserve(std::size_t keys);
  // A string, kept as set_string() keeps it, that is not under its key yet; its place there is asked for ahead. A few
  // of them may wait at a time, and nothing else may happen to the database until they are placed.
  Entry& prepare_string(const Key& key, const Element& value, std::optional<UnixMs> expires_at);
  // Puts it under its key, whose hash this is. False: the key is there, and is not to be replaced; the entry is gone.
  bool place_prepared(Entry& entry, std::uint64_t hash, bool replaces);

  // Copies value and expiry of an entry of any database to this key, replacing what is there.
  void set_copy(const Key& key, const Entry& source);

  // Invalidates pointers to the entry. Requires: the key is there.
  void set_expiry(const Key& key, std::optional<UnixMs> expires_at);
  // False: it was not there, or had expired.
  bool erase(const Key& key, UnixMs now);
  // As the cycle and the eviction do: the listener hears of it.
  void remove(const Key& key, RemovalReason reason);
  // Puts the entry under another key, there replacing what is there, in `target`, which may be this database. Requires:
  // the key is there, and is not the target.
  void move(const Key& key, Database& target, const Key& target_key);
  // What SWAPDB does: contents change places, the databases keep their numbers.
  void swap(Database& other) { contents_.swap(other.contents_); }
  // What was there is freed elsewhere.
  void clear();

  // Removes at most about `limit` entries that have expired; returns how many it removed. Goes on where the last call
  // stopped. `finished` becomes true when it has seen all since it last said so.
  std::size_t expire_some(UnixMs now, std::size_t limit, bool& finished);

  // A step of SCAN: visits the entries of one bucket, expired ones too; the next cursor, 0 at the end. The visit must
  // not change the database.
  template <typename Visit>
  std::uint64_t scan(std::uint64_t cursor, Visit&& visit) const {
    return contents_->table.scan(cursor, visit);
  }
  template <typename Visit>
  void for_each(Visit&& visit) const {
    contents_->table.for_each(visit);
  }
  // Each with the same probability; may have expired. Null: empty.
  const Entry* random_entry() const { return contents_->table.random(context_.random); }
  const Entry* random_entry_with_expiry() const { return contents_->table.random_flagged(context_.random); }

  // Two steps ahead of running a command: its bucket, then its entry.
  void prefetch_bucket(const Key& key) const { contents_->table.prefetch_bucket(key.hash); }
  void prefetch_entry(const Key& key) const { contents_->table.prefetch_item(key.hash); }

  const Contents& contents() const { return *contents_; }
  std::size_t table_bytes() const { return contents_->table.footprint(); }

 private:
  using Place = Table<EntryTraits>::Place;

  Place find(const Key& key) const;
  // As find, but without what has expired.
  Place find_live(const Key& key, UnixMs now);
  void use(Entry& entry);
  void before_change(const Key& key, Entry& entry);

  // A new entry, not in the table yet.
  Entry& make(const Key& key, const Entry::Shape& shape);
  // Creates or replaces.
  void put(const Key& key, Entry& entry);
  // Frees the entry's object, here or elsewhere, then its memory.
  void release(Entry& entry);
  void release_memory(Entry& entry);
  void take_out(Place place);

  std::size_t index_;
  KeyspaceContext& context_;
  std::unique_ptr<Contents> contents_;
  std::uint64_t expire_cursor_ = 0;
};

}  // namespace weir::store
