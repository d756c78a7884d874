#include "store/persist/aof_persistence.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/assert.h"
#include "base/log.h"

namespace weir::store {

using base::Result;
using runtime::OpenMode;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t kLargestManifest = 16 << 20;
// Of large files one line is logged for each so much.
constexpr std::uint64_t kLoggedBytes = std::uint64_t{256} << 20;
// After a rewrite that failed the next one that nobody ordered waits, twice as long each time.
constexpr base::Duration kFirstRetry = 5s;
constexpr base::Duration kLongestRetry = 1h;

double seconds(base::Duration time) { return std::chrono::duration<double>(time).count(); }

// Deletes the files of the history. Those that cannot be deleted stay in it.
void delete_history(runtime::Files& files, const std::string& folder, aof::Manifest& manifest) {
  std::erase_if(manifest.history, [&](const aof::ManifestFile& file) {
    const std::string path = folder + "/" + file.name;
    if (!files.exists(path).value_or(true)) return true;
    const Result<void> removed = files.remove(path);
    if (!removed) base::log::warning("a file of no use stays: {}", removed.error().text());
    return removed.has_value();
  });
}

Result<void> write_manifest(runtime::Files& files, const std::string& folder, const std::string& prefix,
                            const aof::Manifest& manifest) {
  return runtime::replace_whole(files, folder + "/" + aof::manifest_name(prefix), manifest.to_text());
}

Result<void> create_folder(runtime::Files& files, const std::string& folder) {
  const Result<bool> exists = files.exists(folder);
  if (!exists) return exists.error();
  if (*exists) return {};
  if (Result<void> created = files.create_directory(folder); !created) return created;
  return files.sync_directory(runtime::directory_of(folder));
}

}  // namespace

struct AofPersistence::Loading {
  std::unique_ptr<AofReplay> replay;
  base::MonoTime began_at{};
  std::int64_t began_at_s = 0;
  std::uint64_t logged_bytes = 0;
};

struct AofPersistence::Rewrite {
  enum class Step : unsigned char { kOpening, kSnapshot, kNaming };

  Step step = Step::kOpening;
  base::MonoTime began_at{};
  aof::ManifestFile base;
  // What the errand makes; the data thread looks at it when that has ended.
  struct Made {
    std::optional<AofLog::Target> target;
    aof::Manifest manifest;
  };
  std::shared_ptr<Made> made = std::make_shared<Made>();
  std::shared_ptr<const Errand> errand;
  std::unique_ptr<SnapshotTask> task;
  std::uint64_t bytes_before = 0;  // In the file that grows, at the snapshot's moment.
};

AofPersistence::AofPersistence(Node& node, PersistenceSurroundings surroundings)
    : node_(node),
      around_(std::move(surroundings)),
      errands_("store-aof", around_.wake),
      log_(around_.clock, node.settings, errands_) {}

AofPersistence::~AofPersistence() {
  abandon_rewrite();
  if (attached_) node_.effects.detach(log_);
}

std::vector<std::string> AofPersistence::paths() const {
  std::vector<std::string> paths;
  if (manifest_.base) paths.push_back(path_of(*manifest_.base));
  for (const aof::ManifestFile& file : manifest_.increments) paths.push_back(path_of(file));
  return paths;
}

// ---- Loading

Result<void> AofPersistence::read_manifest() {
  const std::string path = folder() + "/" + aof::manifest_name(node_.settings.appendfilename);
  manifest_ = {};
  const Result<bool> exists = around_.files.exists(path);
  if (!exists) return exists.error();
  if (!*exists) return {};
  const Result<std::string> text = runtime::read_whole(around_.files, path, kLargestManifest);
  if (!text) return text.error();
  Result<aof::Manifest> manifest = aof::parse_manifest(*text);
  if (!manifest) return manifest.error().within(path);
  manifest_ = std::move(*manifest);
  return {};
}

// Before version 7 Redis kept one file, in `dir`: it becomes the base. The manifest is written first, so that a crash
// between leaves a manifest that says what is to be done.
Result<void> AofPersistence::adopt_old_file() {
  const std::string& name = node_.settings.appendfilename;
  const std::string old_path = node_.settings.dir + "/" + name;
  const Result<bool> exists = around_.files.exists(old_path);
  if (!exists) return exists.error();
  if (!*exists) return {};
  const bool half_done = manifest_.base && manifest_.base->name == name && manifest_.increments.empty();
  if (half_done) {
    const Result<bool> there = around_.files.exists(folder() + "/" + name);
    if (!there) return there.error();
    if (*there) return {};
  } else if (!manifest_.empty()) {
    return {};
  }
  if (Result<void> created = create_folder(around_.files, folder()); !created) return created;
  manifest_.base = {.name = name, .sequence = 1};
  manifest_.base_sequence = 1;
  if (Result<void> written = write_manifest(around_.files, folder(), name, manifest_); !written) return written;
  if (Result<void> moved = runtime::move_file(around_.files, old_path, folder() + "/" + name); !moved) return moved;
  base::log::info("moved {}, an append-only file of one part, into {}", old_path, folder());
  return {};
}

Result<void> AofPersistence::remove_unfinished() {
  const Result<bool> exists = around_.files.exists(folder());
  if (!exists) return exists.error();
  if (!*exists) return {};
  const Result<std::size_t> removed =
      remove_leftovers(around_.files, folder(), manifest_.next_base(node_.settings.appendfilename).name);
  if (!removed) return removed.error();
  return {};
}

Result<void> AofPersistence::begin_loading() {
  if (Result<void> read = read_manifest(); !read) return read;
  if (Result<void> adopted = adopt_old_file(); !adopted) return adopted;
  if (Result<void> removed = remove_unfinished(); !removed) return removed;
  auto replay = AofReplay::open(node_, around_.files, around_.clock, paths());
  if (!replay) return replay.error();
  loading_ = std::make_unique<Loading>(
      Loading{.replay = std::move(*replay), .began_at = around_.clock.mono(), .began_at_s = unix_s()});
  node_.loading = true;
  if (!manifest_.empty()) {
    base::log::info("loading the append-only file {}, {} bytes", folder(), loading_->replay->total_bytes());
  }
  return {};
}

Result<void> AofPersistence::load_some(base::Duration budget) {
  const base::MonoTime until = around_.clock.mono() + budget;
  AofReplay& replay = *loading_->replay;
  do {
    const Result<bool> done = replay.step();
    if (!done) return done.error();
    if (!*done) continue;
    if (!manifest_.empty()) {
      base::log::info("loaded {} keys and {} commands in {:.3f} seconds", replay.keys_loaded(), replay.commands(),
                      seconds(around_.clock.mono() - loading_->began_at));
    }
    if (replay.failed_commands() > 0) {
      base::log::warning("{} of the commands were answered with an error", replay.failed_commands());
    }
    last_load_keys_ = replay.keys_loaded();
    const std::vector<AofCut> cuts = replay.cuts();
    loading_.reset();
    if (Result<void> cut = cut_off(cuts); !cut) return cut;
    if (Result<void> begun = begin_appending(); !begun) return begun;
    node_.loading = false;
    return {};
  } while (around_.clock.mono() < until);
  if (replay.loaded_bytes() - loading_->logged_bytes >= kLoggedBytes) {
    loading_->logged_bytes = replay.loaded_bytes();
    base::log::info("loading: {} of {} bytes, {} commands", replay.loaded_bytes(), replay.total_bytes(),
                    replay.commands());
  }
  return {};
}

Result<void> AofPersistence::load_at_once() {
  if (Result<void> settled = log_.settle(); !settled) return settled;
  auto replay = AofReplay::open(node_, around_.files, around_.clock, paths());
  if (!replay) return replay.error();
  // What is replayed stands in the file.
  if (attached_) node_.effects.detach(log_);
  Result<bool> done = false;
  while (done && !*done) done = (*replay)->step();
  if (attached_) node_.effects.attach(log_);
  if (!done) return done.error();
  return {};
}

Result<void> AofPersistence::cut_off(const std::vector<AofCut>& cuts) {
  // From the last file on: what is cut off must not be followed by anything if this is interrupted.
  for (auto cut = cuts.rbegin(); cut != cuts.rend(); ++cut) {
    auto file = around_.files.open(cut->path, OpenMode::kReadWrite);
    if (!file) return file.error();
    if (Result<void> done = (*file)->truncate(cut->offset); !done) return done;
    if (Result<void> synced = (*file)->sync(); !synced) return synced;
  }
  return {};
}

Result<void> AofPersistence::begin_appending() {
  const std::string& prefix = node_.settings.appendfilename;
  if (Result<void> created = create_folder(around_.files, folder()); !created) return created;
  if (manifest_.empty()) {
    // As Redis, which begins with a base even if it is empty.
    aof::ManifestFile base = manifest_.next_base(prefix);
    SnapshotTask task(node_, around_.files, snapshot_file(node_, folder(), base.name, unix_s(), /*is_aof_base=*/true),
                      fmt::format("{}.aof{}", around_.process_id, ++snapshots_), around_.wake);
    task.walk_to_the_end();
    if (Result<void> written = task.outcome(); !written) return written;
    manifest_.replace_base(std::move(base), 0);
  }
  // What a crash of the process left unsynced must be durable before anything that comes after it is.
  for (const std::string& path : paths()) {
    auto file = around_.files.open(path, OpenMode::kReadWrite);
    if (!file) return file.error();
    if (Result<void> synced = (*file)->sync(); !synced) return synced;
  }
  const bool is_new = manifest_.increments.empty();
  if (is_new) manifest_.add_increment(manifest_.next_increment(prefix));
  auto target = AofLog::open(around_.files, path_of(manifest_.increments.back()),
                             is_new ? OpenMode::kReplace : OpenMode::kReadWrite);
  if (!target) return target.error();
  // Its name must be durable before the manifest's line is.
  if (Result<void> synced = around_.files.sync_directory(folder()); !synced) return synced;
  delete_history(around_.files, folder(), manifest_);
  if (Result<void> written = write_manifest(around_.files, folder(), prefix, manifest_); !written) return written;
  log_.start(std::move(*target));
  has_base_ = true;
  const Result<std::uint64_t> size = size_of_files();
  if (!size) return size.error();
  base_bytes_ = *size;
  bytes_before_log_ = *size - log_.file_bytes();
  attach();
  return {};
}

Result<std::uint64_t> AofPersistence::size_of_files() const {
  std::uint64_t sum = 0;
  for (const std::string& path : paths()) {
    auto file = around_.files.open(path, OpenMode::kRead);
    if (!file) return file.error();
    const Result<std::uint64_t> size = (*file)->size();
    if (!size) return size.error();
    sum += *size;
  }
  return sum;
}

// ---- Appending

void AofPersistence::attach() {
  if (!std::exchange(attached_, true)) node_.effects.attach(log_);
}

void AofPersistence::turn_on_or_off() {
  if (node_.settings.appendonly == attached_ || node_.loading) return;
  if (node_.settings.appendonly) {
    if (rewrite_ == nullptr && around_.clock.mono() >= no_rewrite_before_) begin_rewrite();
    return;
  }
  abandon_rewrite();
  if (const Result<void> settled = log_.settle(); !settled) {
    base::log::error("the append-only file ends early: {}", settled.error().text());
  }
  node_.effects.detach(log_);
  attached_ = false;
  log_.close();
  note_failure();
}

void AofPersistence::note_failure() { node_.append_failure = log_.failure(); }

Result<void> AofPersistence::end_turn() {
  turn_on_or_off();
  if (!attached_) return {};
  Result<void> done = log_.end_turn(may_sync());
  if (node_.append_failure != log_.failure()) note_failure();
  return done;
}

Result<void> AofPersistence::cycle(bool may_begin) {
  turn_on_or_off();
  if (attached_) {
    if (Result<void> done = log_.cycle(may_sync()); !done) return done;
    note_failure();
  }
  const bool may_rewrite = may_begin && rewrite_ == nullptr && !node_.loading && node_.keyspace.snapshot() == nullptr;
  if (may_rewrite && (scheduled_ || rewrite_is_due())) begin_rewrite();
  return {};
}

Result<void> AofPersistence::settle() {
  if (node_.settings.appendonly && !has_base_) {
    return base::retry("the append-only file is being written for the first time");
  }
  if (!attached_) return {};
  abandon_rewrite();
  return log_.settle();
}

// ---- Rewriting

bool AofPersistence::rewrite_is_due() const {
  if (!attached_ || around_.clock.mono() < no_rewrite_before_) return false;
  if (!has_base_ || log_.needs_rewrite()) return true;
  const Settings& settings = node_.settings;
  const std::uint64_t bytes = bytes_before_log_ + log_.file_bytes();
  if (settings.auto_aof_rewrite_percentage == 0 || bytes <= settings.auto_aof_rewrite_min_size) return false;
  const std::uint64_t base = std::max<std::uint64_t>(base_bytes_, 1);
  if (bytes < base || (bytes - base) * 100 / base < settings.auto_aof_rewrite_percentage) return false;
  base::log::info("rewriting the append-only file, which has grown from {} to {} bytes", base_bytes_, bytes);
  return true;
}

void AofPersistence::schedule_rewrite() {
  scheduled_ = true;
  no_rewrite_before_ = {};
}

void AofPersistence::begin_rewrite() {
  WEIR_ASSERT(rewrite_ == nullptr);
  if (node_.keyspace.snapshot() != nullptr) {
    // The marks of the one before are still being taken off.
    scheduled_ = true;
    return;
  }
  scheduled_ = false;
  rewrite_ = std::make_unique<Rewrite>();
  rewrite_->began_at = around_.clock.mono();
  ++rewrites_;
  if (!attached_) {
    // It is turned on now; or an order wants the base alone.
    if (const Result<void> read = read_manifest(); !read) return fail_rewrite(read.error());
    has_base_ = false;
  }
  // What the errand needs is copied: the settings may change.
  rewrite_->errand = errands_.begin([made = rewrite_->made, manifest = manifest_, &files = around_.files,
                                     folder = folder(), prefix = node_.settings.appendfilename, names = has_base_,
                                     appends = node_.settings.appendonly]() mutable -> Result<void> {
    if (Result<void> created = create_folder(files, folder); !created) return created;
    if (appends) {
      manifest.add_increment(manifest.next_increment(prefix));
      auto target = AofLog::open(files, folder + "/" + manifest.increments.back().name, OpenMode::kReplace);
      if (!target) return target.error();
      // Its name must be durable before the manifest's line is.
      if (Result<void> synced = files.sync_directory(folder); !synced) return synced;
      if (names) {
        if (Result<void> written = write_manifest(files, folder, prefix, manifest); !written) return written;
      }
      made->target = std::move(*target);
    }
    made->manifest = std::move(manifest);
    return {};
  });
  base::log::info("rewriting the append-only file");
}

bool AofPersistence::has_work() const {
  if (loading_ != nullptr) return true;
  if (rewrite_ == nullptr) return false;
  if (rewrite_->step == Rewrite::Step::kSnapshot) return rewrite_->task->ended() || rewrite_->task->has_work();
  return errand_is_done_with();
}

bool AofPersistence::errand_is_done_with() const {
  // One snapshot is taken at a time: that of a transfer may have begun meanwhile.
  const bool waits_for_another = rewrite_->step == Rewrite::Step::kOpening && node_.keyspace.snapshot() != nullptr;
  return rewrite_->errand->ended() && !waits_for_another;
}

Result<void> AofPersistence::work(base::Duration budget) {
  if (loading_ != nullptr) return load_some(budget);
  if (rewrite_ == nullptr) return {};
  if (rewrite_->step == Rewrite::Step::kSnapshot) {
    rewrite_->task->walk(around_.clock, around_.clock.mono() + budget);
    if (rewrite_->task->ended()) go_on_rewriting();
  } else if (errand_is_done_with()) {
    go_on_rewriting();
  }
  return {};
}

void AofPersistence::go_on_rewriting() {
  Rewrite& rewrite = *rewrite_;
  const Result<void> outcome =
      rewrite.step == Rewrite::Step::kSnapshot ? rewrite.task->outcome() : rewrite.errand->outcome();
  if (!outcome) return fail_rewrite(outcome.error());
  switch (rewrite.step) {
    case Rewrite::Step::kOpening: return begin_snapshot();
    case Rewrite::Step::kSnapshot: return begin_naming();
    case Rewrite::Step::kNaming: return rewritten();
  }
}

void AofPersistence::begin_snapshot() {
  Rewrite& rewrite = *rewrite_;
  manifest_ = rewrite.made->manifest;
  WEIR_ASSERT(node_.keyspace.snapshot() == nullptr);
  if (rewrite.made->target) {
    const std::uint64_t bytes_so_far = log_.file_bytes();
    if (!log_.is_open()) {
      log_.start(std::move(*rewrite.made->target));
    } else if (!log_.switch_to(std::move(*rewrite.made->target))) {
      return fail_rewrite(base::retry("what waits to be appended cannot be written"));
    }
    bytes_before_log_ += bytes_so_far;
    attach();
  }
  rewrite.step = Rewrite::Step::kSnapshot;
  rewrite.base = manifest_.next_base(node_.settings.appendfilename);
  rewrite.task = std::make_unique<SnapshotTask>(
      node_, around_.files, snapshot_file(node_, folder(), rewrite.base.name, unix_s(), /*is_aof_base=*/true),
      fmt::format("{}.aof{}", around_.process_id, ++snapshots_), around_.wake);
}

void AofPersistence::begin_naming() {
  Rewrite& rewrite = *rewrite_;
  rewrite.step = Rewrite::Step::kNaming;
  rewrite.made->manifest = manifest_;
  rewrite.made->manifest.replace_base(rewrite.base, attached_ ? 1 : 0);
  rewrite.errand = errands_.begin([made = rewrite.made, &files = around_.files, folder = folder(),
                                   prefix = node_.settings.appendfilename]() -> Result<void> {
    if (Result<void> written = write_manifest(files, folder, prefix, made->manifest); !written) return written;
    if (made->manifest.history.empty()) return {};
    delete_history(files, folder, made->manifest);
    // The files are right already; that names of no use stay in it does no harm.
    if (const Result<void> written = write_manifest(files, folder, prefix, made->manifest); !written) {
      base::log::warning("{}", written.error().text());
    }
    return {};
  });
}

void AofPersistence::rewritten() {
  const std::unique_ptr<Rewrite> rewrite = std::move(rewrite_);
  manifest_ = std::move(rewrite->made->manifest);
  has_base_ = true;
  log_.forgive();
  note_failure();
  failed_rewrites_ = 0;
  last_rewrite_failed_ = false;
  no_rewrite_before_ = {};
  last_rewrite_ = around_.clock.mono() - rewrite->began_at;
  const Result<std::uint64_t> bytes = size_of_files();
  base_bytes_ = bytes.value_or(0);
  bytes_before_log_ = base_bytes_ - std::min(base_bytes_, log_.file_bytes());
  base::log::info("rewrote the append-only file with {} keys in {:.3f} seconds", rewrite->task->keys_saved(),
                  seconds(last_rewrite_));
}

void AofPersistence::fail_rewrite(const base::Error& why) {
  base::log::error("rewriting the append-only file failed: {}", why.text());
  const base::MonoTime now = around_.clock.mono();
  last_rewrite_ = now - rewrite_->began_at;
  last_rewrite_failed_ = true;
  ++failed_rewrites_;
  base::Duration wait = kFirstRetry;
  for (std::uint64_t i = 1; i < failed_rewrites_ && wait < kLongestRetry; ++i) wait *= 2;
  no_rewrite_before_ = now + std::min(wait, kLongestRetry);
  if (rewrite_->task != nullptr) rewrite_->task->abandon();
  rewrite_.reset();
}

void AofPersistence::abandon_rewrite() {
  scheduled_ = false;
  if (rewrite_ == nullptr) return;
  // What the errand does is not interrupted. It has either named the new base or not.
  if (rewrite_->errand != nullptr && rewrite_->step != Rewrite::Step::kSnapshot) {
    const bool done = rewrite_->errand->outcome().has_value();
    if (done && rewrite_->step == Rewrite::Step::kNaming) return rewritten();
    if (done && has_base_) manifest_ = rewrite_->made->manifest;
  }
  if (rewrite_->task != nullptr) rewrite_->task->abandon();
  rewrite_.reset();
}

void AofPersistence::finish_walk() {
  if (rewrite_ == nullptr || rewrite_->task == nullptr) return;
  rewrite_->task->walk_to_the_end();
  // Its file cannot be written.
  if (rewrite_->task->walking()) rewrite_->task->abandon();
}

void AofPersistence::tell(PersistenceFacts& facts) const {
  if (loading_ != nullptr) {
    const std::uint64_t total = loading_->replay->total_bytes();
    const std::uint64_t loaded = loading_->replay->loaded_bytes();
    const double elapsed = seconds(around_.clock.mono() - loading_->began_at);
    // As Redis guesses: one second until it knows better.
    const double left =
        elapsed < 1 ? 1 : elapsed * static_cast<double>(total - loaded) / static_cast<double>(loaded + 1);
    facts.loading = {.started_at_s = loading_->began_at_s,
                     .total_bytes = total,
                     .loaded_bytes = loaded,
                     .eta_s = static_cast<std::int64_t>(left)};
  }
  if (node_.settings.appendonly) facts.last_load_keys = last_load_keys_;
  facts.append_only = node_.settings.appendonly;
  facts.rewriting = rewrite_ != nullptr;
  facts.rewrite_scheduled =
      scheduled_ || (node_.settings.appendonly && !attached_ && rewrite_ == nullptr && !node_.loading);
  if (last_rewrite_ >= 0s) facts.last_rewrite_s = static_cast<std::int64_t>(seconds(last_rewrite_));
  if (rewrite_ != nullptr) {
    facts.current_rewrite_s = static_cast<std::int64_t>(seconds(around_.clock.mono() - rewrite_->began_at));
    if (rewrite_->task != nullptr) {
      facts.keys_saved = rewrite_->task->keys_saved();
      facts.keys_to_save = rewrite_->task->keys_to_save();
    }
  }
  facts.last_rewrite_failed = last_rewrite_failed_;
  facts.rewrites = rewrites_;
  facts.failed_rewrites = failed_rewrites_;
  facts.last_write_failed = !log_.failure().empty();
  facts.file_bytes = bytes_before_log_ + log_.file_bytes();
  facts.base_bytes = base_bytes_;
  facts.buffered_bytes = log_.buffered_bytes();
  facts.pending_syncs = log_.is_syncing() ? 1 : 0;
  facts.delayed_syncs = log_.delayed_syncs();
}

}  // namespace weir::store
