// AofPersistence: the data in an append-only file of several parts, as Redis 7 keeps it in the folder `appenddirname`:
// a base with the data at one moment, increments with the commands since, and a manifest that names them
// (aof/manifest.h). Commands are appended by AofLog; here files are begun, loaded, rewritten and deleted.
//
// A rewrite, without fork():
//
//              begin_rewrite()          the new increment stands       the new base stands        the manifest stands
//   idle  ------------------>  opening  ------------------->  snapshot  --------------->  naming  ------------> idle
//                                 |                              |                          |
//                                 +------------------------------+--------------------------+---- failed -----> idle
//
//   opening   a thread creates the next increment and adds it to the manifest
//   snapshot  in one moment of the data thread commands go to the new increment, and the snapshot begins
//   naming    the thread writes a manifest with the new base; what is of no use any more is deleted
//
// Whatever the moment of a crash, the manifest names files that together hold everything: before naming, the old base
// and all increments; then the new base and the new increment. While the file is being turned on there is no old base:
// then the manifest does not name the new increment until the new base is there.
//
// Data thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "store/persist/aof/manifest.h"
#include "store/persist/aof_log.h"
#include "store/persist/aof_replay.h"
#include "store/persist/errands.h"
#include "store/persist/rdb_persistence.h"
#include "store/persist/snapshot_task.h"

namespace weir::store {

class AofPersistence {
 public:
  AofPersistence(Node& node, PersistenceSurroundings surroundings);
  ~AofPersistence();
  AofPersistence(const AofPersistence&) = delete;
  AofPersistence& operator=(const AofPersistence&) = delete;

  // At the start, if the settings say so. work() goes on; until it is done the node says that it is loading.
  base::Result<void> begin_loading();
  base::Result<void> load_at_once();

  bool has_work() const;
  base::Result<void> work(base::Duration budget);
  // Before the replies of a turn leave; an error: none may leave, and the store ends.
  base::Result<void> end_turn();
  // Ten times a second: what is due, unless no rewrite may begin now. Errors as of end_turn().
  base::Result<void> cycle(bool may_begin);

  bool rewriting() const { return rewrite_ != nullptr; }
  void begin_rewrite();
  void schedule_rewrite();
  void abandon_rewrite();
  // Walks the rest of a snapshot at once.
  void finish_walk();
  base::Result<void> settle();
  void tell(PersistenceFacts& facts) const;

 private:
  struct Loading;
  struct Rewrite;

  std::string folder() const { return node_.settings.dir + "/" + node_.settings.appenddirname; }
  std::string path_of(const aof::ManifestFile& file) const { return folder() + "/" + file.name; }
  std::vector<std::string> paths() const;
  std::int64_t unix_s() const { return base::unix_ms(around_.clock.wall()) / 1000; }
  bool may_sync() const {
    return !node_.settings.no_appendfsync_on_rewrite || (rewrite_ == nullptr && node_.keyspace.snapshot() == nullptr);
  }

  base::Result<void> read_manifest();
  base::Result<void> adopt_old_file();
  base::Result<void> remove_unfinished();
  base::Result<void> load_some(base::Duration budget);
  // Everything is loaded: commands are appended from now on.
  base::Result<void> begin_appending();
  base::Result<void> cut_off(const std::vector<AofCut>& cuts);
  base::Result<std::uint64_t> size_of_files() const;
  void turn_on_or_off();
  void attach();
  void note_failure();

  // Whether the rewrite can go on, if what it waits for is an errand.
  bool errand_is_done_with() const;
  void go_on_rewriting();
  void begin_snapshot();
  void begin_naming();
  void rewritten();
  void fail_rewrite(const base::Error& why);
  bool rewrite_is_due() const;

  Node& node_;
  PersistenceSurroundings around_;
  Errands errands_;
  AofLog log_;
  bool attached_ = false;
  aof::Manifest manifest_;  // As it stands in its file, or will when there is one.
  std::unique_ptr<Loading> loading_;
  std::unique_ptr<Rewrite> rewrite_;
  std::uint64_t snapshots_ = 0;

  std::uint64_t bytes_before_log_ = 0;  // Of the files but the one that grows.
  std::uint64_t base_bytes_ = 0;
  bool scheduled_ = false;
  bool has_base_ = false;  // Else the data is not wholly in the files yet: the first rewrite has not ended.
  std::uint64_t rewrites_ = 0;
  std::uint64_t failed_rewrites_ = 0;
  base::MonoTime no_rewrite_before_{};
  bool last_rewrite_failed_ = false;
  base::Duration last_rewrite_{-1};
  std::uint64_t last_load_keys_ = 0;
};

}  // namespace weir::store
