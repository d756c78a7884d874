// SnapshotWriter: the thread that turns chunks of a snapshot (image/chunk.h) into an RDB file.
//
//   data thread --put()--> [ chunk | chunk | ... ] --> writer thread: encode, compress, sum, write
//                          finish()                --> fsync, rename over the old file, fsync the directory
//
// Always: until the rename the old file stands whole, and after any failure the unfinished one is removed. A file that
// a crash left behind is removed by remove_leftovers() at the next start: its writer no longer holds its lock.
//
// The queue is bounded. While it holds kQueuedChunks the walk of the keyspace stays away (has_room()). What a write
// command must hand over before it changes an entry comes all the same; so the queue may grow beyond that, up to
// kMostQueuedBytes, and then the snapshot fails rather than the memory. From half of that on, if it goes into a file,
// the command waits a little, so that the writer gets a core. A single value that is larger than half of that does not
// fail it: it is handed over at the pace of the disk.
//
// Data thread only, but for the thread of its own. `wake` is called from that, after a chunk was taken and at the end.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/error.h"
#include "runtime/file.h"
#include "store/persist/image/chunk.h"
#include "store/persist/rdb/writer.h"

namespace weir::store {

// Where a snapshot goes.
struct SnapshotFile {
  std::string directory;
  std::string name;
  // Instead of a file, if it is set: takes the bytes, on the writer's thread. The data thread, which may have to make
  // room for them, then never waits for the writer; what does not fit fails the snapshot.
  std::function<base::Result<void>(std::string_view bytes)> into = nullptr;
  rdb::WriterOptions options;
  std::vector<std::pair<std::string, std::string>> aux;

  std::string path() const { return directory + "/" + name; }
};

class SnapshotWriter final : public ChunkTarget {
 public:
  static constexpr std::size_t kQueuedChunks = 8;
  static constexpr std::size_t kMostQueuedBytes = std::size_t{256} << 20;

  // `files` outlives this. The unfinished file is called NAME.DISTINCTION.saving; the distinction is the process's id,
  // a dot and a number that is another one for each writer.
  SnapshotWriter(runtime::Files& files, SnapshotFile file, const std::string& distinction, std::function<void()> wake);
  // Abandons what is not finished.
  ~SnapshotWriter();
  SnapshotWriter(const SnapshotWriter&) = delete;
  SnapshotWriter& operator=(const SnapshotWriter&) = delete;

  // The chunks that follow are of another entry. `patient`: when the queue is full they wait for the disk.
  void begin_entry(bool patient) {
    patient_ = patient;
    entry_bytes_ = 0;
  }
  void on_chunk(Chunk chunk) override;
  // Whether the walk may go on, rather than wait for the disk.
  bool has_room() const;
  void wait_for_room();
  // There was more to hand over than the queue may hold: nothing of it will become a file.
  bool overflowed() const { return overflowed_; }

  // No chunk comes any more: the file takes its place.
  void finish();
  // No file comes of it, unless it has taken its place already.
  void abandon();
  // After finish() or abandon(): whether the thread is done.
  bool ended() const;
  // Waits until it is. What became of the file.
  base::Result<void> outcome();

 private:
  void run();
  base::Result<void> write_file();
  base::Result<void> write_rdb(const rdb::Output::Flush& flush);
  base::Result<void> write_chunks(rdb::Writer& writer);
  // The next chunk, waiting for it; nothing at the end.
  std::optional<Chunk> next();

  // Fixed after construction.
  runtime::Files& files_;
  const SnapshotFile file_;
  const std::string unfinished_path_;
  const std::function<void()> wake_;

  // The data thread only.
  bool patient_ = true;
  std::size_t entry_bytes_ = 0;
  bool overflowed_ = false;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Under the mutex.
  std::deque<Chunk> queue_;
  std::size_t queued_bytes_ = 0;
  bool finished_ = false;
  bool abandoned_ = false;
  bool renaming_ = false;
  std::optional<base::Result<void>> outcome_;

  std::jthread thread_;
};

// Removes the unfinished files of `name` in the directory that nobody writes any more; how many.
base::Result<std::size_t> remove_leftovers(runtime::Files& files, const std::string& directory,
                                           const std::string& name);

}  // namespace weir::store
