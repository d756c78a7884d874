// RdbPersistence: the data in one RDB file: loaded at the start, saved by order and at save points (snapshot_task.h).
// DataFiles (data_files.h) drives it beside the append-only file.
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
#include "store/persist/image/loader.h"
#include "store/persist/rdb_loading.h"
#include "store/persist/snapshot_task.h"

namespace weir::store {

// What surrounds those who keep the data in files; outlives them.
struct PersistenceSurroundings {
  runtime::Files& files;
  const base::Clock& clock;
  std::int64_t process_id = 0;
  // Called when there may be work() to do again.
  std::function<void()> wake = [] {};
};

class RdbPersistence {
 public:
  RdbPersistence(Node& node, PersistenceSurroundings surroundings);
  ~RdbPersistence();
  RdbPersistence(const RdbPersistence&) = delete;
  RdbPersistence& operator=(const RdbPersistence&) = delete;

  // At the start: removes what a crash left, and begins to load the file if there is one. work() goes on; until it is
  // done the node says that it is loading.
  base::Result<void> begin_loading();

  // Whether work() has something to do now, without waiting for another thread; taking the marks of an abandoned save
  // off is left to the caller.
  bool has_work() const;
  // Loads or walks for about `budget`. An error: the file cannot be loaded, and the store must not go on with a part.
  base::Result<void> work(base::Duration budget);
  // Ten times a second: save points, and what was scheduled; unless none may begin now.
  void cycle(bool may_begin);

  // Of the loading and the saving of the RDB file.
  void tell(PersistenceFacts& facts) const;
  bool saving() const { return saving_ != nullptr; }
  base::Result<void> save();
  base::Result<void> begin_save();
  void schedule_save() { scheduled_ = true; }
  void abandon_save();
  base::Result<void> load(bool replaces);

 private:
  struct Loading;

  base::Result<void> load_some(base::Duration budget);
  void loaded();
  void begin_task();
  // The task has ended.
  base::Result<void> conclude();
  bool save_is_due() const;
  Loader::Options loader_options(bool replaces) const;
  std::int64_t unix_s() const;

  struct Saving {
    std::unique_ptr<SnapshotTask> task;
    std::uint64_t mark = 0;  // Of Effects, at the snapshot's moment.
    base::MonoTime began_at{};
    bool in_background = false;
  };

  Node& node_;
  PersistenceSurroundings around_;
  std::unique_ptr<Loading> loading_;
  std::unique_ptr<Saving> saving_;
  // Abandoned, its thread perhaps not done yet.
  std::unique_ptr<SnapshotTask> ending_;
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
