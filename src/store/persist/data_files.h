// DataFiles: the data of a node in files: the RDB file and the append-only file, one persistence for commands and
// server.
//
// At the start the data is loaded from the append-only file if `appendonly` is yes, else from the RDB file. The
// keyspace has one snapshot at a time, so a save and a rewrite wait for one another. Data thread only.
#pragma once

#include "store/commands/persistence.h"
#include "store/persist/aof_persistence.h"
#include "store/persist/rdb_persistence.h"

namespace weir::store {

class DataFiles final : public Persistence {
 public:
  // The node's persistence from now on. What is given outlives this.
  DataFiles(Node& node, const PersistenceSurroundings& surroundings);
  ~DataFiles();
  DataFiles(const DataFiles&) = delete;
  DataFiles& operator=(const DataFiles&) = delete;

  // At the start: removes what a crash left, and begins to load. work() goes on; until it is done the node says that it
  // is loading.
  base::Result<void> begin_loading();
  // Whether work() has something to do now, without waiting for another thread.
  bool has_work() const;
  // Loads or walks for about `budget`. An error: the data cannot be loaded, and the store must not go on with a part.
  base::Result<void> work(base::Duration budget);
  // At the end of each turn, before its replies leave. An error: none of them may leave, and the store must end.
  base::Result<void> end_turn() { return aof_.end_turn(); }
  // Ten times a second: what is due without being asked for. Errors as of end_turn().
  base::Result<void> cycle();

  PersistenceFacts facts() const override;
  base::Result<void> save() override;
  base::Result<void> begin_save() override;
  void schedule_save() override { rdb_.schedule_save(); }
  void abandon_save() override { rdb_.abandon_save(); }
  void begin_rewrite() override { aof_.begin_rewrite(); }
  void schedule_rewrite() override { aof_.schedule_rewrite(); }
  base::Result<void> end_appending() override { return aof_.settle(); }
  base::Result<void> load_appended() override { return aof_.load_at_once(); }
  base::Result<void> load(bool replaces) override { return rdb_.load(replaces); }

 private:
  // Takes off the marks of snapshots that were abandoned, until that time.
  void clear_marks(base::MonoTime until);
  bool has_marks_to_clear() const;

  Node& node_;
  const base::Clock& clock_;
  RdbPersistence rdb_;
  AofPersistence aof_;
};

}  // namespace weir::store
