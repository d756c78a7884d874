#include "store/persist/snapshot_writer.h"

#include <pthread.h>

#include <exception>

#include <fmt/format.h>

#include "base/bytes.h"
#include "runtime/background.h"
#include "store/persist/image/writing_sink.h"

namespace weir::store {

using base::Result;

namespace {

constexpr std::string_view kUnfinished = ".saving";
constexpr std::chrono::milliseconds kBreather{2};

}  // namespace

SnapshotWriter::SnapshotWriter(runtime::Files& files, SnapshotFile file, const std::string& distinction,
                               std::function<void()> wake)
    : files_(files),
      file_(std::move(file)),
      unfinished_path_(fmt::format("{}.{}{}", file_.path(), distinction, kUnfinished)),
      wake_(std::move(wake)),
      thread_([this] { run(); }) {
  pthread_setname_np(thread_.native_handle(), "store-snapshot");
}

SnapshotWriter::~SnapshotWriter() { abandon(); }

void SnapshotWriter::on_chunk(Chunk chunk) {
  entry_bytes_ += chunk.size();
  std::unique_lock lock(mutex_);
  const auto fits = [&] {
    return abandoned_ || outcome_ || queue_.empty() || queued_bytes_ + chunk.size() <= kMostQueuedBytes;
  };
  const bool may_wait = file_.into == nullptr && (patient_ || entry_bytes_ > kMostQueuedBytes / 2);
  if (may_wait) changed_.wait(lock, fits);
  if (!may_wait && file_.into == nullptr && queued_bytes_ > kMostQueuedBytes / 2) {
    // The thread may lack the core that this one has. For a client that does not read nobody waits.
    changed_.wait_for(lock, kBreather, [&] { return abandoned_ || outcome_ || queued_bytes_ <= kMostQueuedBytes / 2; });
  }
  if (abandoned_ || outcome_) return;
  if (!fits()) {
    overflowed_ = true;
    return;
  }
  queued_bytes_ += chunk.size();
  queue_.push_back(std::move(chunk));
  changed_.notify_all();
}

bool SnapshotWriter::has_room() const {
  const std::scoped_lock lock(mutex_);
  return queue_.size() < kQueuedChunks || outcome_;
}

void SnapshotWriter::wait_for_room() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return queue_.size() < kQueuedChunks || outcome_; });
}

void SnapshotWriter::finish() {
  const std::scoped_lock lock(mutex_);
  finished_ = true;
  changed_.notify_all();
}

void SnapshotWriter::abandon() {
  std::unique_lock lock(mutex_);
  abandoned_ = true;
  queue_.clear();
  queued_bytes_ = 0;
  changed_.notify_all();
  // What was abandoned must not take the place of what is saved after it.
  changed_.wait(lock, [this] { return !renaming_; });
}

bool SnapshotWriter::ended() const {
  const std::scoped_lock lock(mutex_);
  return outcome_.has_value();
}

Result<void> SnapshotWriter::outcome() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return outcome_.has_value(); });
  return *outcome_;
}

std::optional<Chunk> SnapshotWriter::next() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return abandoned_ || !queue_.empty() || finished_; });
  if (abandoned_ || queue_.empty()) return std::nullopt;
  Chunk chunk = std::move(queue_.front());
  queue_.pop_front();
  queued_bytes_ -= chunk.size();
  changed_.notify_all();
  return chunk;
}

void SnapshotWriter::run() {
  runtime::be_background_thread();
  Result<void> done;
  try {
    done = file_.into == nullptr ? write_file() : write_rdb(file_.into);
  } catch (const std::exception& failure) {
    done = base::fatal(fmt::format("writing {}: {}", unfinished_path_, failure.what()));
  }
  if (!done && file_.into == nullptr) {
    // The first error is the one to tell; a file that cannot be removed now is removed at the next start.
    [[maybe_unused]] const auto removed = files_.remove(unfinished_path_);
  }
  {
    const std::scoped_lock lock(mutex_);
    outcome_ = std::move(done);
    queue_.clear();
    queued_bytes_ = 0;
    changed_.notify_all();
  }
  wake_();
}

Result<void> SnapshotWriter::write_file() {
  // As long as it is held, the file is no leftover.
  const auto held = files_.lock(unfinished_path_);
  if (!held) return held.error();
  auto opened = files_.open(unfinished_path_, runtime::OpenMode::kReplace);
  if (!opened) return opened.error();
  const std::unique_ptr<runtime::File> file = std::move(*opened);
  if (Result<void> written = write_rdb([&](std::string_view bytes) { return file->append(bytes); }); !written) {
    return written;
  }
  if (Result<void> synced = file->sync(); !synced) return synced;
  {
    const std::scoped_lock lock(mutex_);
    if (abandoned_) return base::retry("given up");
    renaming_ = true;
  }
  // Not under the lock: replacing a large file takes tens of milliseconds.
  const Result<void> renamed = files_.rename(unfinished_path_, file_.path());
  {
    const std::scoped_lock lock(mutex_);
    renaming_ = false;
    changed_.notify_all();
  }
  if (!renamed) return renamed;
  return files_.sync_directory(file_.directory);
}

Result<void> SnapshotWriter::write_rdb(const rdb::Output::Flush& flush) {
  rdb::Writer writer(flush, file_.options);
  writer.header();
  for (const auto& [name, value] : file_.aux) writer.aux(name, value);
  if (Result<void> written = write_chunks(writer); !written) return written;
  return writer.finish();
}

Result<void> SnapshotWriter::write_chunks(rdb::Writer& writer) {
  FileSink sink(writer);
  while (const std::optional<Chunk> chunk = next()) {
    wake_();
    replay(chunk->view(), sink);
    // finish() says why.
    if (writer.failed()) return writer.finish();
  }
  const std::scoped_lock lock(mutex_);
  if (abandoned_) return base::retry("given up");
  return {};
}

Result<std::size_t> remove_leftovers(runtime::Files& files, const std::string& directory, const std::string& name) {
  const auto names = files.list(directory);
  if (!names) return names.error();
  std::size_t removed = 0;
  for (const std::string& one : *names) {
    if (!one.starts_with(name + ".") || !one.ends_with(kUnfinished)) continue;
    std::string_view process = std::string_view(one).substr(name.size() + 1);
    process = process.substr(0, process.find('.'));
    if (!base::parse_decimal<std::int64_t>(process)) continue;
    const std::string path = directory + "/" + one;
    const auto held = files.lock(path);
    // Another store saves into the same directory now.
    if (!held && held.error().kind() == base::ErrorKind::kReject) continue;
    if (!held) return held.error();
    if (Result<void> gone = files.remove(path); !gone) return gone.error();
    ++removed;
  }
  return removed;
}

}  // namespace weir::store
