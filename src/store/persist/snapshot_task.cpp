#include "store/persist/snapshot_task.h"

#include <utility>

#include <fmt/format.h>

#include "base/assert.h"
#include "store/commands/version.h"
#include "store/memory/heap.h"
#include "store/persist/image/entry_source.h"

namespace weir::store {

using base::Result;

namespace {

// Between two looks at the clock.
constexpr std::size_t kEntriesAStep = 64;
// While nobody is to be served.
constexpr std::size_t kEntriesAtOnce = 4096;

// Whether the policy needs to know of a key when it was used, so that it is saved.
bool goes_by_access(EvictionPolicy policy) {
  return counts_frequency(policy) || policy == EvictionPolicy::kAllLru || policy == EvictionPolicy::kVolatileLru;
}

}  // namespace

SnapshotFile snapshot_file(const Node& node, std::string directory, std::string name, std::int64_t unix_s,
                           bool is_aof_base) {
  return {.directory = std::move(directory),
          .name = std::move(name),
          .options = {.compress = node.settings.rdbcompression, .checksum = node.settings.rdbchecksum},
          .aux = {{"redis-ver", std::string(kRedisVersion)},
                  {"redis-bits", "64"},
                  {"ctime", fmt::to_string(unix_s)},
                  {"used-mem", fmt::to_string(Heap::used_bytes())},
                  {"aof-base", is_aof_base ? "1" : "0"}}};
}

SnapshotTask::SnapshotTask(Node& node, runtime::Files& files, SnapshotFile file, const std::string& distinction,
                           std::function<void()> wake)
    : node_(node) {
  WEIR_ASSERT(node.keyspace.snapshot() == nullptr);
  writer_ = std::make_unique<SnapshotWriter>(files, std::move(file), distinction, std::move(wake));
  chunks_ = std::make_unique<ChunkSink>(*writer_);
  if (goes_by_access(node.eviction)) access_ = &node.keyspace.context().access;
  node.keyspace.begin_snapshot(*this);
}

SnapshotTask::~SnapshotTask() { abandon(); }

void SnapshotTask::on_database(std::size_t database, std::size_t keys, std::size_t with_expiry) {
  if (databases_.size() <= database) databases_.resize(database + 1);
  databases_[database] = {.keys = keys, .with_expiry = with_expiry};
  keys_to_save_ += keys;
}

void SnapshotTask::on_entry(std::size_t database, const Entry& entry) {
  writer_->begin_entry(in_step_);
  if (database_ != database) {
    database_ = database;
    chunks_->select_database(database);
    if (Announced& size = databases_[database]; !std::exchange(size.said, true)) {
      chunks_->resize(size.keys, size.with_expiry);
    }
  }
  hand_over(entry, *chunks_, access_);
  ++keys_saved_;
}

bool SnapshotTask::step(std::size_t entries) {
  in_step_ = true;
  const bool more = node_.keyspace.step_snapshot(entries);
  in_step_ = false;
  return more;
}

void SnapshotTask::end_walk() {
  writer_->begin_entry(true);
  chunks_->flush();
  writer_->finish();
  walking_ = false;
}

void SnapshotTask::walk(const base::Clock& clock, base::MonoTime until) {
  while (walking_ && !ended() && writer_->has_room()) {
    const bool more = step(kEntriesAStep);
    if (writer_->overflowed()) {
      failure_ = base::retry(fmt::format("more than {} bytes wait for the disk, because more was changed than it takes",
                                         SnapshotWriter::kMostQueuedBytes));
      return abandon();
    }
    if (!more) return end_walk();
    if (clock.mono() >= until) return;
  }
}

void SnapshotTask::walk_to_the_end() {
  while (walking_) {
    writer_->wait_for_room();
    if (writer_->ended()) return;
    if (!step(kEntriesAtOnce)) end_walk();
  }
}

Result<void> SnapshotTask::outcome() {
  if (failure_) return *failure_;
  WEIR_ASSERT(!walking_ || writer_->ended());
  return writer_->outcome();
}

void SnapshotTask::abandon() {
  writer_->abandon();
  if (!walking_) return;
  walking_ = false;
  if (Snapshot* snapshot = node_.keyspace.snapshot()) snapshot->give_up();
}

}  // namespace weir::store
