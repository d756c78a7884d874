// RdbPersistence: the data in one RDB file: loaded at the start, saved by order and at save points.
//
// Saving needs no fork (docs/design/002-keyspace.md). The data thread walks the keyspace in slices, between two turns
// of its loop, and only copies (image/chunk.h); a thread encodes and writes (snapshot_writer.h):
//
//              begin_save()                     walk is over             thread is done
//   idle  ------------------->  walking  ------------------->  writing  ---------------->  idle
//                                  |  the file cannot be written, too much waits for it, or abandon_save()
//                                  +---------------------------> clearing ----------------> idle
//
// Clearing is the rest of a walk that nobody listens to any more: it takes the snapshot's marks off the entries.
//
// Data thread only. `wake` is called from the writer's thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "runtime/file.h"
#include "store/commands/node.h"
#include "store/commands/persistence.h"
#include "store/keyspace/snapshot.h"
#include "store/persist/image/chunk.h"
#include "store/persist/image/loader.h"
#include "store/persist/rdb_loading.h"
#include "store/persist/snapshot_writer.h"

namespace weir::store {

class RdbPersistence final : public Persistence, private SnapshotSink {
 public:
  struct Surroundings {
    runtime::Files& files;
    const base::Clock& clock;
    std::int64_t process_id = 0;
    // Called when there may be work() to do again.
    std::function<void()> wake = [] {};
  };

  // The node's persistence from now on. What is given outlives this.
  RdbPersistence(Node& node, Surroundings surroundings);
  ~RdbPersistence();
  RdbPersistence(const RdbPersistence&) = delete;
  RdbPersistence& operator=(const RdbPersistence&) = delete;

  // At the start: removes what a crash left, and begins to load the file if there is one. work() goes on; until it is
  // done the node says that it is loading.
  base::Result<void> begin_loading();

  // Whether work() has something to do now, without waiting for another thread.
  bool has_work() const;
  // Loads or walks for about `budget`. An error: the file cannot be loaded, and the store must not go on with a part.
  base::Result<void> work(base::Duration budget);
  // Ten times a second: save points, and what was scheduled.
  void cycle();

  PersistenceFacts facts() const override;
  base::Result<void> save() override;
  base::Result<void> begin_save() override;
  void schedule_save() override { scheduled_ = true; }
  void abandon_save() override;
  base::Result<void> load(bool replaces) override;

 private:
  struct Loading;

  // Of the walk.
  void on_database(std::size_t database, std::size_t keys, std::size_t with_expiry) override;
  void on_entry(std::size_t database, const Entry& entry) override;

  base::Result<void> load_some(base::Duration budget);
  void loaded();
  void walk_some(base::Duration budget);
  // Visits so many entries; false: the walk is over.
  bool walk(std::size_t entries);
  void start_walk();
  void end_walk();
  // The writer's thread is done.
  base::Result<void> conclude();
  void fail_save(std::string_view why);
  bool save_is_due() const;
  Loader::Options loader_options(bool replaces) const;
  std::int64_t unix_s() const;

  struct Saving {
    std::unique_ptr<SnapshotWriter> writer;
    std::unique_ptr<ChunkSink> chunks;
    const AccessClock* access = nullptr;  // If it is saved when keys were used.
    std::uint64_t mark = 0;               // Of Effects, at the snapshot's moment.
    base::MonoTime began_at{};
    bool in_background = false;
    bool walking = true;
    std::optional<std::size_t> database;  // That the chunks are in.
    struct Announced {
      std::size_t keys = 0;
      std::size_t with_expiry = 0;
      bool said = false;
    };
    std::vector<Announced> databases;
    std::uint64_t keys_saved = 0;
    std::uint64_t keys_to_save = 0;
  };

  Node& node_;
  Surroundings around_;
  std::unique_ptr<Loading> loading_;
  std::unique_ptr<Saving> saving_;
  // Abandoned, its thread perhaps not done yet.
  std::unique_ptr<SnapshotWriter> ending_;
  bool in_walk_ = false;  // Else what is handed over is about to change.
  bool scheduled_ = false;
  std::uint64_t snapshots_ = 0;

  std::uint64_t last_load_keys_ = 0;
  std::uint64_t last_load_expired_ = 0;
  std::int64_t last_save_at_s_ = 0;
  base::MonoTime last_save_at_{};
  std::optional<base::MonoTime> last_failure_at_;  // Of a save in the background; nothing: the last one was good.
  base::Duration last_background_save_{-1};
  std::uint64_t saves_ = 0;
};

}  // namespace weir::store
