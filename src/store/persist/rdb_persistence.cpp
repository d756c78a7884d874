#include "store/persist/rdb_persistence.h"

#include <fmt/format.h>

#include "base/assert.h"
#include "base/log.h"
#include "store/commands/version.h"
#include "store/memory/heap.h"
#include "store/persist/image/entry_source.h"

namespace weir::store {

using base::Result;
using namespace std::chrono_literals;

namespace {

// Between two looks at the clock.
constexpr std::size_t kEntriesAStep = 64;
// While nobody is to be served.
constexpr std::size_t kEntriesAtOnce = 4096;
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

// Whether the policy needs to know of a key when it was used, so that it is saved.
bool goes_by_access(EvictionPolicy policy) {
  return counts_frequency(policy) || policy == EvictionPolicy::kAllLru || policy == EvictionPolicy::kVolatileLru;
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

RdbPersistence::RdbPersistence(Node& node, Surroundings surroundings) : node_(node), around_(std::move(surroundings)) {
  node_.persistence = this;
  last_save_at_s_ = unix_s();
  last_save_at_ = around_.clock.mono();
}

RdbPersistence::~RdbPersistence() {
  abandon_save();
  node_.persistence = nullptr;
}

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

void RdbPersistence::on_database(std::size_t database, std::size_t keys, std::size_t with_expiry) {
  if (saving_->databases.size() <= database) saving_->databases.resize(database + 1);
  saving_->databases[database] = {.keys = keys, .with_expiry = with_expiry};
  saving_->keys_to_save += keys;
}

void RdbPersistence::on_entry(std::size_t database, const Entry& entry) {
  Saving& saving = *saving_;
  saving.writer->begin_entry(in_walk_);
  if (saving.database != database) {
    saving.database = database;
    saving.chunks->select_database(database);
    if (Saving::Announced& size = saving.databases[database]; !std::exchange(size.said, true)) {
      saving.chunks->resize(size.keys, size.with_expiry);
    }
  }
  hand_over(entry, *saving.chunks, saving.access);
  ++saving.keys_saved;
}

void RdbPersistence::start_walk() {
  SnapshotFile file{.directory = node_.settings.dir,
                    .name = node_.settings.dbfilename,
                    .options = {.compress = node_.settings.rdbcompression, .checksum = node_.settings.rdbchecksum},
                    .aux = {{"redis-ver", std::string(kRedisVersion)},
                            {"redis-bits", "64"},
                            {"ctime", fmt::to_string(unix_s())},
                            {"used-mem", fmt::to_string(Heap::used_bytes())},
                            {"aof-base", "0"}}};
  saving_ = std::make_unique<Saving>();
  saving_->writer = std::make_unique<SnapshotWriter>(
      around_.files, std::move(file), fmt::format("{}.{}", around_.process_id, ++snapshots_), around_.wake);
  saving_->chunks = std::make_unique<ChunkSink>(*saving_->writer);
  if (goes_by_access(node_.eviction)) saving_->access = &node_.keyspace.context().access;
  saving_->mark = node_.effects.mark();
  saving_->began_at = around_.clock.mono();
  ++saves_;
  node_.keyspace.begin_snapshot(*this);
}

bool RdbPersistence::walk(std::size_t entries) {
  in_walk_ = true;
  const bool more = node_.keyspace.step_snapshot(entries);
  in_walk_ = false;
  return more;
}

void RdbPersistence::end_walk() {
  saving_->writer->begin_entry(true);
  saving_->chunks->flush();
  saving_->writer->finish();
  saving_->walking = false;
}

Result<void> RdbPersistence::conclude() {
  const std::unique_ptr<Saving> saving = std::move(saving_);
  if (saving->walking) {
    // The writer gave up before the walk was over.
    if (Snapshot* snapshot = node_.keyspace.snapshot()) snapshot->give_up();
  }
  const Result<void> outcome = saving->writer->outcome();
  const base::Duration took = around_.clock.mono() - saving->began_at;
  if (saving->in_background) last_background_save_ = took;
  if (!outcome) {
    base::log::error("saving {} failed: {}", node_.settings.dbfilename, outcome.error().text());
    if (saving->in_background) {
      last_failure_at_ = around_.clock.mono();
      node_.save_failed = true;
    }
    return outcome;
  }
  node_.effects.saved(saving->mark);
  last_save_at_s_ = unix_s();
  last_save_at_ = around_.clock.mono();
  last_failure_at_.reset();
  node_.save_failed = false;
  base::log::info("saved {} keys in {:.3f} seconds", saving->keys_saved, seconds(took));
  return {};
}

Result<void> RdbPersistence::save() {
  WEIR_ASSERT(saving_ == nullptr);
  while (node_.keyspace.snapshot() != nullptr) walk(kEntriesAtOnce);
  start_walk();
  do {
    saving_->writer->wait_for_room();
  } while (!saving_->writer->ended() && walk(kEntriesAtOnce));
  if (node_.keyspace.snapshot() == nullptr) end_walk();
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
  start_walk();
  saving_->in_background = true;
  base::log::info("saving {} keys in the background", saving_->keys_to_save);
  return {};
}

void RdbPersistence::fail_save(std::string_view why) {
  base::log::error("saving {} failed: {}", node_.settings.dbfilename, why);
  last_background_save_ = around_.clock.mono() - saving_->began_at;
  last_failure_at_ = around_.clock.mono();
  node_.save_failed = true;
  abandon_save();
}

void RdbPersistence::abandon_save() {
  scheduled_ = false;
  if (saving_ == nullptr) return;
  saving_->writer->abandon();
  if (Snapshot* snapshot = node_.keyspace.snapshot()) snapshot->give_up();
  ending_ = std::move(saving_->writer);
  saving_.reset();
}

bool RdbPersistence::has_work() const {
  if (loading_ != nullptr) return true;
  if (saving_ == nullptr) return node_.keyspace.snapshot() != nullptr;
  return saving_->writer->ended() || (saving_->walking && saving_->writer->has_room());
}

Result<void> RdbPersistence::work(base::Duration budget) {
  if (loading_ != nullptr) return load_some(budget);
  walk_some(budget);
  return {};
}

void RdbPersistence::walk_some(base::Duration budget) {
  if (saving_ != nullptr && saving_->writer->ended()) {
    // Logged there, and shown by facts().
    [[maybe_unused]] const Result<void> outcome = conclude();
    return;
  }
  const base::MonoTime until = around_.clock.mono() + budget;
  while (node_.keyspace.snapshot() != nullptr && (saving_ == nullptr || saving_->writer->has_room())) {
    const bool more = walk(kEntriesAStep);
    if (saving_ != nullptr && saving_->writer->overflowed()) {
      return fail_save(fmt::format("more than {} bytes wait for the disk, because more was changed than it takes",
                                   SnapshotWriter::kMostQueuedBytes));
    }
    if (!more) {
      if (saving_ != nullptr) end_walk();
      return;
    }
    if (around_.clock.mono() >= until) return;
  }
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

void RdbPersistence::cycle() {
  if (ending_ != nullptr && ending_->ended()) ending_.reset();
  if (loading_ != nullptr || saving_ != nullptr || node_.keyspace.snapshot() != nullptr) return;
  if (!save_is_due()) return;
  // What becomes of it is logged.
  [[maybe_unused]] const Result<void> begun = begin_save();
}

PersistenceFacts RdbPersistence::facts() const {
  PersistenceFacts facts;
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
    facts.keys_saved = saving_->keys_saved;
    facts.keys_to_save = saving_->keys_to_save;
    facts.current_save_s = static_cast<std::int64_t>(seconds(around_.clock.mono() - saving_->began_at));
  }
  facts.scheduled = scheduled_;
  facts.last_save_at_s = last_save_at_s_;
  facts.last_background_save_failed = last_failure_at_.has_value();
  if (last_background_save_ >= 0s) {
    facts.last_background_save_s = static_cast<std::int64_t>(seconds(last_background_save_));
  }
  facts.saves = saves_;
  return facts;
}

}  // namespace weir::store
