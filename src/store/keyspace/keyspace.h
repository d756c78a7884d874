// Keyspace: all the databases of a store, and what they share. A core on the data thread; whoever drives it keeps the
// access clock, calls expire_some() often, and steps a snapshot when one is being taken.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "store/keyspace/database.h"
#include "store/keyspace/snapshot.h"

namespace weir::store {

class Keyspace {
 public:
  explicit Keyspace(std::size_t databases);
  Keyspace(const Keyspace&) = delete;
  Keyspace& operator=(const Keyspace&) = delete;
  ~Keyspace();

  std::size_t size() const { return databases_.size(); }
  Database& database(std::size_t index) { return databases_[index]; }
  const Database& database(std::size_t index) const { return databases_[index]; }
  void swap(std::size_t one, std::size_t other);
  void clear();

  // One bounded cycle over all databases, after about `limit` removals the next call goes on; true while there may be
  // more to do.
  bool expire_some(UnixMs now, std::size_t limit);

  KeyspaceContext& context() { return context_; }
  const KeyspaceContext& context() const { return context_; }
  KeyspaceStats& stats() { return context_.stats; }
  const KeyspaceStats& stats() const { return context_.stats; }

  // Requires: no snapshot is being taken. The sink outlives the snapshot, or gives it up.
  Snapshot& begin_snapshot(SnapshotSink& sink);
  // Null: none is being taken.
  Snapshot* snapshot() { return snapshot_.get(); }
  // As Snapshot::step; ends the snapshot when it is done. False: there is none (any more).
  bool step_snapshot(std::size_t entries);

 private:
  struct DisposeHere final : Disposer {};

  DisposeHere dispose_here_;
  KeyspaceContext context_;
  std::vector<Database> databases_;
  std::unique_ptr<Snapshot> snapshot_;
  std::size_t expiring_ = 0;  // The database that the next cycle begins with.
};

}  // namespace weir::store
