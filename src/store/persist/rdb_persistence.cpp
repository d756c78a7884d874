#include "store/persist/rdb_persistence.h"

#include <fmt/format.h>

#include "base/assert.h"
#include "base/log.h"

namespace weir::store {

using base::Result;
using namespace std::chrono_literals;

namespace {

// After a save that failed the next one that nobody ordered waits so long.
constexpr base::Duration kRetryAfter = 5s;
// Of a large file one line is logged for each so much.
constexpr std::uint64_t kLoggedBytes = std::uint64_t{256} << 20;

RdbLoading::Settle settling(Loader& loader) {
  return [&loader] {
    loader.settle();
    return loader.refusal();
  };
}

double seconds(base::Duration time) { return std::chrono::duration<double>(time).count(); }

}  // namespace

struct RdbPersistence::Loading {
  Loading(Node& node, const Loader::Options& options) : loader(node.keyspace, node.settings, options) {}

  Loader loader;
  std::unique_ptr<RdbLoading> file;
  base::MonoTime began_at{};
  std::int64_t began_at_s = 0;
  std::uint64_t logged_bytes = 0;
};

RdbPersistence::RdbPersistence(Node& node, PersistenceSurroundings surroundings)
    : node_(node), around_(std::move(surroundings)) {
  last_save_at_s_ = unix_s();
  last_save_at_ = around_.clock.mono();
}

RdbPersistence::~RdbPersistence() { abandon_save(); }

std::int64_t RdbPersistence::unix_s() const { return base::unix_ms(around_.clock.wall()) / 1000; }

Loader::Options RdbPersistence::loader_options(bool replaces) const {
  return {.now = base::unix_ms(around_.clock.wall()),
          .drops_expired = node_.keyspace.context().removes_expired,
          .replaces = replaces};
}

// ---- Loading

Result<void> RdbPersistence::begin_loading() {
  const std::string& directory = node_.settings.dir;
  const Result<std::size_t> removed = remove_leftovers(around_.files, directory, node_.settings.dbfilename);
  if (!removed) return removed.error().within("dir");
  if (*removed > 0) base::log::info("{}: removed {} unfinished files of saves that a crash ended", directory, *removed);

  auto loading = std::make_unique<Loading>(node_, loader_options(false));
  auto file = RdbLoading::open(around_.files, directory + "/" + node_.settings.dbfilename, loading->loader,
                               settling(loading->loader));
  if (!file) return file.error();
  if (*file == nullptr) return {};
  loading->file = std::move(*file);
  loading->began_at = around_.clock.mono();
  loading->began_at_s = unix_s();
  loading_ = std::move(loading);
  node_.loading = true;
  base::log::info("loading {}, {} bytes", loading_->file->path(), loading_->file->total_bytes());
  return {};
}

Result<void> RdbPersistence::load_some(base::Duration budget) {
  const base::MonoTime until = around_.clock.mono() + budget;
  do {
    const Result<bool> done = loading_->file->step();
    if (!done) return done.error();
    if (*done) {
      loaded();
      return {};
    }
  } while (around_.clock.mono() < until);
  const std::uint64_t bytes = loading_->file->loaded_bytes();
  if (bytes - loading_->logged_bytes >= kLoggedBytes) {
    loading_->logged_bytes = bytes;
    base::log::info("loading: {} of {} bytes, {} keys", bytes, loading_->file->total_bytes(),
                    loading_->loader.loaded());
  }
  return {};
}

void RdbPersistence::loaded() {
  const Loader& loader = loading_->loader;
  last_load_keys_ = loader.loaded();
  last_load_expired_ = loader.expired();
  base::log::info("loaded {} keys in {:.3f} seconds; {} had expired", loader.loaded(),
                  seconds(around_.clock.mono() - loading_->began_at), loader.expired());
  loading_.reset();
  node_.loading = false;
}

Result<void> RdbPersistence::load(bool replaces) {
  Loader loader(node_.keyspace, node_.settings, loader_options(replaces));
  const std::string path = node_.settings.dir + "/" + node_.settings.dbfilename;
  auto file = RdbLoading::open(around_.files, path, loader, settling(loader));
  if (!file) return file.error();
  if (*file == nullptr) return base::reject(fmt::format("{} does not exist", path));
  for (Result<bool> done = false; !*done;) {
    done = (*file)->step();
    if (!done) return done.error();
  }
  last_load_keys_ = loader.loaded();
  last_load_expired_ = loader.expired();
  return {};
}

// ---- Saving

void RdbPersistence::begin_task() {
  saving_ = std::make_unique<Saving>();
  saving_->mark = node_.effects.mark();
  saving_->began_at = around_.clock.mono();
  saving_->task = std::make_unique<SnapshotTask>(
      node_, around_.files,
      snapshot_file(node_, node_.settings.dir, node_.settings.dbfilename, unix_s(), /*is_aof_base=*/false),
      fmt::format("{}.{}", around_.process_id, ++snapshots_), around_.wake);
  ++saves_;
}

Result<void> RdbPersistence::conclude() {
  const std::unique_ptr<Saving> saving = std::move(saving_);
  const Result<void> outcome = saving->task->outcome();
  const base::Duration took = around_.clock.mono() - saving->began_at;
  if (saving->in_background) last_background_save_ = took;
  if (!outcome) {
    base::log::error("saving {} failed: {}", node_.settings.dbfilename, outcome.error().text());
    if (saving->in_background) {
      last_failure_at_ = around_.clock.mono();
      node_.save_failed = true;
    }
    saving->task->abandon();
    ending_ = std::move(saving->task);
    return outcome;
  }
  node_.effects.saved(saving->mark);
  last_save_at_s_ = unix_s();
  last_save_at_ = around_.clock.mono();
  last_failure_at_.reset();
  node_.save_failed = false;
  base::log::info("saved {} keys in {:.3f} seconds", saving->task->keys_saved(), seconds(took));
  return {};
}

Result<void> RdbPersistence::save() {
  WEIR_ASSERT(saving_ == nullptr);
  begin_task();
  saving_->task->walk_to_the_end();
  return conclude();
}

Result<void> RdbPersistence::begin_save() {
  WEIR_ASSERT(saving_ == nullptr);
  if (node_.keyspace.snapshot() != nullptr) {
    // The marks of the one before are still being taken off.
    scheduled_ = true;
    return {};
  }
  scheduled_ = false;
  begin_task();
  saving_->in_background = true;
  base::log::info("saving {} keys in the background", saving_->task->keys_to_save());
  return {};
}

void RdbPersistence::abandon_save() {
  scheduled_ = false;
  if (saving_ == nullptr) return;
  saving_->task->abandon();
  ending_ = std::move(saving_->task);
  saving_.reset();
}

bool RdbPersistence::has_work() const {
  return loading_ != nullptr || (saving_ != nullptr && (saving_->task->ended() || saving_->task->has_work()));
}

Result<void> RdbPersistence::work(base::Duration budget) {
  if (loading_ != nullptr) return load_some(budget);
  if (saving_ == nullptr) return {};
  saving_->task->walk(around_.clock, around_.clock.mono() + budget);
  // What became of it is logged, and shown by tell().
  if (saving_->task->ended()) [[maybe_unused]]
    const Result<void> outcome = conclude();
  return {};
}

bool RdbPersistence::save_is_due() const {
  const base::MonoTime now = around_.clock.mono();
  if (last_failure_at_ && now - *last_failure_at_ <= kRetryAfter) return false;
  if (scheduled_) return true;
  const auto changes = static_cast<std::int64_t>(node_.effects.changes_since_save());
  for (const SavePoint& point : node_.settings.save_points) {
    if (changes < point.changes || now - last_save_at_ <= std::chrono::seconds(point.seconds)) continue;
    base::log::info("{} changes in {} seconds", changes, point.seconds);
    return true;
  }
  return false;
}

void RdbPersistence::cycle(bool may_begin) {
  if (ending_ != nullptr && ending_->ended()) ending_.reset();
  if (!may_begin || loading_ != nullptr || saving_ != nullptr || node_.keyspace.snapshot() != nullptr) return;
  if (!save_is_due()) return;
  // What becomes of it is logged.
  [[maybe_unused]] const Result<void> begun = begin_save();
}

void RdbPersistence::tell(PersistenceFacts& facts) const {
  if (loading_ != nullptr) {
    const std::uint64_t total = loading_->file->total_bytes();
    const std::uint64_t loaded = loading_->file->loaded_bytes();
    const double elapsed = seconds(around_.clock.mono() - loading_->began_at);
    // As Redis guesses: one second until it knows better.
    const double left =
        elapsed < 1 ? 1 : elapsed * static_cast<double>(total - loaded) / static_cast<double>(loaded + 1);
    facts.loading = {.started_at_s = loading_->began_at_s,
                     .total_bytes = total,
                     .loaded_bytes = loaded,
                     .eta_s = static_cast<std::int64_t>(left)};
  }
  facts.last_load_keys = last_load_keys_;
  facts.last_load_expired = last_load_expired_;
  if (saving_ != nullptr && saving_->in_background) {
    facts.saving = true;
    facts.keys_saved = saving_->task->keys_saved();
    facts.keys_to_save = saving_->task->keys_to_save();
    facts.current_save_s = static_cast<std::int64_t>(seconds(around_.clock.mono() - saving_->began_at));
  }
  facts.scheduled = scheduled_;
  facts.last_save_at_s = last_save_at_s_;
  facts.last_background_save_failed = last_failure_at_.has_value();
  if (last_background_save_ >= 0s) {
    facts.last_background_save_s = static_cast<std::int64_t>(seconds(last_background_save_));
  }
  facts.saves = saves_;
}

}  // namespace weir::store
