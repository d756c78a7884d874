// SnapshotTask: one snapshot on its way into a file. The data thread walks the keyspace in slices, between two turns of
// its loop, and only copies (image/chunk.h); a thread encodes and writes (snapshot_writer.h):
//
//                    walk is over             thread is done
//      walking  ------------------->  writing  ---------------->  ended
//         |  the file cannot be written, too much waits for it
//         +-------------------------------------------------------> ended, with an error
//
// The keyspace has one snapshot at a time. One that is abandoned leaves its marks on the entries: whoever drives goes
// on with Keyspace::step_snapshot() until they are off.
//
// Data thread only, but `wake`, which the writer's thread calls.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "runtime/file.h"
#include "store/commands/node.h"
#include "store/keyspace/snapshot.h"
#include "store/persist/image/chunk.h"
#include "store/persist/snapshot_writer.h"

namespace weir::store {

// The path of the file, what the settings say about how it is written, and what Redis notes at its beginning.
SnapshotFile snapshot_file(const Node& node, std::string directory, std::string name, std::int64_t unix_s,
                           bool is_aof_base);

class SnapshotTask final : private SnapshotSink {
 public:
  // The moment of the snapshot. Requires: the keyspace has none. What is given outlives this; `distinction` as of
  // SnapshotWriter.
  SnapshotTask(Node& node, runtime::Files& files, SnapshotFile file, const std::string& distinction,
               std::function<void()> wake);
  // Abandons what has not ended.
  ~SnapshotTask();
  SnapshotTask(const SnapshotTask&) = delete;
  SnapshotTask& operator=(const SnapshotTask&) = delete;

  // Whether walk() or outcome() would get on without waiting for the writer.
  bool has_work() const { return writer_->ended() || (walking_ && writer_->has_room()); }
  bool walking() const { return walking_; }
  // Walks until that time, or while the writer has room.
  void walk(const base::Clock& clock, base::MonoTime until);
  // The rest at once, waiting for the writer.
  void walk_to_the_end();
  bool ended() const { return failure_.has_value() || writer_->ended(); }
  // Waits for the writer. Requires: not walking, or ended().
  base::Result<void> outcome();
  // No file comes of it.
  void abandon();

  std::uint64_t keys_saved() const { return keys_saved_; }
  std::uint64_t keys_to_save() const { return keys_to_save_; }

 private:
  void on_database(std::size_t database, std::size_t keys, std::size_t with_expiry) override;
  void on_entry(std::size_t database, const Entry& entry) override;

  // Visits so many entries; false: the walk is over.
  bool step(std::size_t entries);
  void end_walk();

  Node& node_;
  std::unique_ptr<SnapshotWriter> writer_;
  std::unique_ptr<ChunkSink> chunks_;
  const AccessClock* access_ = nullptr;  // If it is saved when keys were used.
  bool walking_ = true;
  bool in_step_ = false;  // Else what is handed over is about to change.
  std::optional<base::Error> failure_;
  std::optional<std::size_t> database_;  // That the chunks are in.
  struct Announced {
    std::size_t keys = 0;
    std::size_t with_expiry = 0;
    bool said = false;
  };
  std::vector<Announced> databases_;
  std::uint64_t keys_saved_ = 0;
  std::uint64_t keys_to_save_ = 0;
};

}  // namespace weir::store
