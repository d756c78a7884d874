#include "store/replication/snapshot_transfers.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/id.h"
#include "base/log.h"
#include "store/persist/snapshot_task.h"
#include "store/replication/byte_pipe.h"

namespace weir::store {

using base::Result;

struct SnapshotTransfers::Transfer {
  Transfer(Session& to, std::function<void()> wake) : session(to), pipe(std::move(wake)) {}
  // The writer may wait for room in the pipe.
  ~Transfer() { pipe.close(); }
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  Session& session;
  std::string mark;
  BytePipe pipe;
  std::unique_ptr<SnapshotTask> task;
};

SnapshotTransfers::SnapshotTransfers(Node& node, runtime::Files& files, const base::Clock& clock,
                                     std::function<void()> wake)
    : node_(node), files_(files), clock_(clock), wake_(std::move(wake)), random_(base::Random::from_entropy()) {
  node_.transfers = this;
}

SnapshotTransfers::~SnapshotTransfers() { node_.transfers = nullptr; }

void SnapshotTransfers::begin(Session& session) {
  session.receives_snapshot = true;
  waiting_.push_back(&session);
}

void SnapshotTransfers::forget(const Session& session) {
  std::erase(waiting_, &session);
  if (current_ == nullptr || &current_->session != &session) return;
  base::log::info("client {} went before it had the snapshot", session.id);
  current_.reset();
}

bool SnapshotTransfers::walking() const { return current_ != nullptr && current_->task->walking(); }

void SnapshotTransfers::abandon() {
  if (!walking()) return;
  Session& session = current_->session;
  current_.reset();
  session.port->close();
}

bool SnapshotTransfers::may_begin() const {
  return current_ == nullptr && !waiting_.empty() && !node_.loading && node_.keyspace.snapshot() == nullptr;
}

bool SnapshotTransfers::has_work() const { return may_begin() || (walking() && current_->task->has_work()); }

void SnapshotTransfers::work(base::Duration budget) {
  if (may_begin()) begin_next();
  if (walking()) current_->task->walk(clock_, clock_.mono() + budget);
}

void SnapshotTransfers::begin_next() {
  Session& session = *waiting_.front();
  waiting_.pop_front();
  current_ = std::make_unique<Transfer>(session, wake_);
  current_->mark = base::run_id(random_);
  SnapshotFile file = snapshot_file(node_, {}, {}, base::unix_ms(clock_.wall()) / 1000, /*is_aof_base=*/false);
  file.into = [&pipe = current_->pipe](std::string_view bytes) { return pipe.write(bytes); };
  current_->task = std::make_unique<SnapshotTask>(node_, files_, std::move(file), std::string(), wake_);
  session.port->output() += fmt::format("$EOF:{}\r\n", current_->mark);
  base::log::info("sending {} keys to client {}", current_->task->keys_to_save(), session.id);
}

void SnapshotTransfers::pump() {
  if (current_ == nullptr) return;
  // Before the pipe is looked at: what is written is in it then.
  const bool ended = current_->task->ended();
  ClientPort& port = *current_->session.port;
  // A client that became congested is heard of again when it has read.
  while (!port.congested()) {
    const std::string bytes = current_->pipe.take();
    if (bytes.empty()) break;
    port.output() += bytes;
  }
  if (ended && current_->pipe.empty()) conclude();
}

void SnapshotTransfers::conclude() {
  const std::unique_ptr<Transfer> transfer = std::move(current_);
  const Session& session = transfer->session;
  ClientPort& port = *session.port;
  if (const Result<void> outcome = transfer->task->outcome(); !outcome) {
    base::log::error("the snapshot for client {} failed: {}", session.id, outcome.error().text());
    return port.close();
  }
  base::log::info("sent {} keys to client {}", transfer->task->keys_saved(), session.id);
  port.output() += transfer->mark;
  if (!session.sync_wishes.snapshot_only) {
    port.output() += "-ERR this store does not replicate yet: no changes follow the snapshot\r\n";
  }
  port.close_after_flush();
}

}  // namespace weir::store
