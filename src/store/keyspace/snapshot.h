// Snapshot: the keyspace as it is at one moment, read bit by bit while it goes on changing.
//
// It walks every database in the order of the hash and hands each entry to a sink. Whoever is about to change or remove
// an entry that the walk has not come to yet calls before_change() first, which hands over the entry as it still is and
// marks it; the walk takes the mark off when it comes by. An entry made meanwhile ahead of the walk is marked from the
// start. So each entry of the first moment is handed over exactly once, as it was then; nothing is copied that is not
// written out; and there is no fork() with its stall and its doubled memory (docs/design/002-keyspace.md has figures).
//
// Outside of a snapshot no entry is marked. A snapshot that is given up therefore goes on walking, without its sink,
// until the marks are off.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "store/keyspace/entry.h"
#include "store/keyspace/removal.h"

namespace weir::store {

class Keyspace;

// What is handed over is valid during the call.
class SnapshotSink {
 public:
  // Before the first entry, for each database that is not empty.
  virtual void on_database(std::size_t database, std::size_t keys, std::size_t with_expiry) = 0;
  virtual void on_entry(std::size_t database, const Entry& entry) = 0;

 protected:
  ~SnapshotSink() = default;
};

class Snapshot {
 public:
  Snapshot(Keyspace& keyspace, SnapshotSink& sink);
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;
  ~Snapshot();

  // Visits at least one bucket, until about `entries` were handed over. False: all is done.
  bool step(std::size_t entries);
  // The sink hears no more; step() goes on until the marks are off.
  void give_up();
  bool given_up() const { return sink_ == nullptr; }

  // Called by Database.
  //
  // Before the entry changes or goes.
  void before_change(const Contents& contents, std::uint64_t hash, Entry& entry);
  // Whether an entry that is made now must be marked.
  bool ahead(const Contents& contents, std::uint64_t hash) const;
  // A database is being emptied; what the walk still needs of it, it keeps. Null afterwards: it was kept.
  void before_clear(std::unique_ptr<Contents>& contents);

 private:
  struct Part {
    std::size_t database;
    const Contents* contents;
    std::unique_ptr<Contents> kept;  // If the database was emptied meanwhile.
  };
  // Its place among the parts. Requires: it was there when the snapshot began (databases that were empty then, too).
  std::size_t part_of(const Contents& contents) const;

  SnapshotSink* sink_;
  Disposer& disposer_;
  std::vector<Part> parts_;
  std::size_t current_ = 0;   // The part that the walk is in; those before it are done.
  std::uint64_t cursor_ = 0;  // In the current part: what lies before it is done.
};

}  // namespace weir::store
