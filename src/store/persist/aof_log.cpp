#include "store/persist/aof_log.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/assert.h"
#include "wire/resp/request.h"

namespace weir::store {

using base::Result;
using runtime::OpenMode;
using namespace std::chrono_literals;

namespace {

constexpr base::Duration kSyncEvery = 1s;
constexpr base::Duration kRetryEvery = 1s;
// How old a write may be under `everysec` before the data thread waits for its fsync.
constexpr base::Duration kLongestNotDurable = 2s;

// The system's words alone, as Redis tells clients.
std::string reason(const base::Error& error) {
  const std::size_t colon = error.text().rfind(": ");
  return colon == std::string::npos ? error.text() : error.text().substr(colon + 2);
}

}  // namespace

Result<AofLog::Target> AofLog::open(runtime::Files& files, const std::string& path, OpenMode mode) {
  auto file = files.open(path, mode);
  if (!file) return file.error();
  auto again = files.open(path, OpenMode::kReadWrite);
  if (!again) return again.error();
  Result<std::uint64_t> bytes = (*file)->size();
  if (!bytes) return bytes.error();
  if (*bytes == 0) {
    const std::string mark = aof::first_mark();
    if (const Result<void> written = (*file)->write(0, mark); !written) return written.error();
    bytes = mark.size();
  }
  if (const Result<void> synced = (*file)->sync(); !synced) return synced.error();
  return Target{.path = path, .file = std::move(*file), .synced_aside = std::move(*again), .bytes = *bytes};
}

void AofLog::start(Target target) {
  WEIR_ASSERT(!is_open());
  target_ = std::move(target);
  database_.reset();
  durable_bytes_ = target_->bytes;
  not_durable_since_.reset();
  sync_began_at_ = clock_.mono();
}

bool AofLog::switch_to(Target target) {
  WEIR_ASSERT(is_open());
  if (!buffer_.empty()) return false;
  collect();
  if (previous_ != nullptr) finish_previous();
  if (sync_ != nullptr) finish_sync();
  if (target_->bytes > durable_bytes_) {
    previous_not_durable_since_ = not_durable_since_.value_or(clock_.mono());
    previous_ = errands_.begin([file = target_->synced_aside] { return file->sync(); });
  }
  previous_bytes_ = target_->bytes;
  target_.reset();
  failed_in_this_file_ = false;
  start(std::move(target));
  return true;
}

Result<void> AofLog::settle() {
  if (!is_open()) return {};
  collect();
  if (Result<void> written = write(); !written) return written;
  if (!write_failure_.empty()) return base::retry(fmt::format("write {}: {}", target_->path, write_failure_));
  if (previous_ != nullptr) finish_previous();
  if (sync_ != nullptr) finish_sync();
  if (!sync_failure_.empty()) return base::fatal(fmt::format("sync {}: {}", target_->path, sync_failure_));
  if (Result<void> synced = target_->file->sync(); !synced) return synced;
  durable_bytes_ = target_->bytes;
  not_durable_since_.reset();
  return {};
}

void AofLog::close() {
  if (sync_ != nullptr) finish_sync();
  if (previous_ != nullptr) finish_previous();
  target_.reset();
  buffer_.clear();
  write_failure_.clear();
  sync_failure_.clear();
  failed_in_this_file_ = false;
}

aof::Mark AofLog::mark() const {
  // Under `no` nobody knows; a hole in the file is damage then, as it is for Redis.
  if (settings_.appendfsync == AppendSync::kNo) return {.durable_bytes = target_->bytes + buffer_.block_begin()};
  if (previous_ != nullptr || !sync_failure_.empty()) {
    return {.durable_bytes = std::nullopt, .previous_bytes = previous_bytes_};
  }
  return {.durable_bytes = durable_bytes_};
}

void AofLog::on_effects(std::span<const Effect> group, bool) {
  const auto is_ours = [](const Effect& effect) { return effect.audience == EffectAudience::kEverywhere; };
  if (std::ranges::none_of(group, is_ours)) return;
  std::string& to = buffer_.open();
  if (settings_.aof_timestamp_enabled) {
    const std::int64_t now_s = base::unix_ms(clock_.wall()) / 1000;
    if (now_s > annotated_s_) to += fmt::format("#TS:{}\r\n", annotated_s_ = now_s);
  }
  for (const Effect& effect : group) {
    if (!is_ours(effect)) continue;
    if (database_ != effect.database) {
      database_ = effect.database;
      const std::string number = fmt::to_string(effect.database);
      wire::resp::append_command(to, {"SELECT", number});
    }
    to += effect.bytes;
  }
  if (buffer_.is_full()) buffer_.close(mark());
}

Result<void> AofLog::write() {
  if (buffer_.empty()) return {};
  buffer_.close(mark());
  const std::string& bytes = buffer_.bytes();
  if (const Result<void> written = target_->file->write(target_->bytes, bytes); !written) {
    return fail_write(written.error());
  }
  if (!write_failure_.empty()) {
    base::log::info("{} can be written again", target_->path);
    write_failure_.clear();
  }
  target_->bytes += bytes.size();
  buffer_.clear();
  const base::MonoTime now = clock_.mono();
  if (!not_durable_since_) not_durable_since_ = now;
  if (sync_ != nullptr && !written_during_sync_at_) written_during_sync_at_ = now;
  return {};
}

Result<void> AofLog::fail_write(const base::Error& why) {
  if (settings_.appendfsync == AppendSync::kAlways) {
    return base::fatal(fmt::format("{}; with appendfsync always nothing can be acknowledged any more", why.text()));
  }
  write_failure_ = reason(why);
  retry_at_ = clock_.mono() + kRetryEvery;
  if (failures_logged_.pass(clock_.mono())) base::log::error("{}; writes are refused until it succeeds", why.text());
  // The next try writes to the same place, so what could not be cut off does no harm but to who reads it meanwhile.
  if (const Result<void> cut = target_->file->truncate(target_->bytes); !cut) {
    base::log::warning("what was written in part stays: {}", cut.error().text());
  }
  return {};
}

Result<void> AofLog::end_turn(bool may_sync) {
  if (!is_open() || (buffer_.empty() && !is_syncing() && !not_durable_since_)) return {};
  collect();
  if (write_failure_.empty()) {
    if (Result<void> written = write(); !written) return written;
  }
  return keep_durable(may_sync);
}

Result<void> AofLog::cycle(bool may_sync) {
  if (!is_open()) return {};
  collect();
  if (!write_failure_.empty() && clock_.mono() >= retry_at_) {
    if (Result<void> written = write(); !written) return written;
  }
  return keep_durable(may_sync);
}

Result<void> AofLog::keep_durable(bool may_sync) {
  if (!may_sync || settings_.appendfsync == AppendSync::kNo || !sync_failure_.empty()) return {};
  const base::MonoTime now = clock_.mono();
  if (settings_.appendfsync == AppendSync::kAlways) {
    if (previous_ != nullptr) finish_previous();
    if (!sync_failure_.empty()) return base::fatal(fmt::format("sync the file before: {}", sync_failure_));
    if (durable_bytes_ == target_->bytes) return {};
    if (Result<void> synced = target_->file->sync(); !synced) {
      return base::fatal(
          fmt::format("{}; with appendfsync always nothing can be acknowledged any more", synced.error().text()));
    }
    durable_bytes_ = target_->bytes;
    not_durable_since_.reset();
    return {};
  }
  if (previous_ != nullptr && now - previous_not_durable_since_ >= kLongestNotDurable) {
    ++delayed_syncs_;
    finish_previous();
  }
  if (not_durable_since_ && now - *not_durable_since_ >= kLongestNotDurable) {
    ++delayed_syncs_;
    if (sync_ != nullptr) finish_sync();
    if (not_durable_since_ && now - *not_durable_since_ >= kLongestNotDurable && sync_failure_.empty()) {
      begin_sync(now);
      finish_sync();
    }
  }
  if (sync_ == nullptr && durable_bytes_ < target_->bytes && now - sync_began_at_ >= kSyncEvery) begin_sync(now);
  return {};
}

void AofLog::begin_sync(base::MonoTime now) {
  sync_bytes_ = target_->bytes;
  sync_began_at_ = now;
  written_during_sync_at_.reset();
  sync_ = errands_.begin([file = target_->synced_aside] { return file->sync(); });
}

void AofLog::collect() {
  if (sync_ != nullptr && sync_->ended()) finish_sync();
  if (previous_ != nullptr && previous_->ended()) finish_previous();
}

void AofLog::finish_sync() {
  const Result<void> outcome = sync_->outcome();
  sync_.reset();
  if (!outcome) {
    failed_in_this_file_ = true;
    return fail_sync(outcome.error());
  }
  durable_bytes_ = std::max(durable_bytes_, sync_bytes_);
  not_durable_since_ = written_during_sync_at_;
}

void AofLog::finish_previous() {
  const Result<void> outcome = previous_->outcome();
  previous_.reset();
  if (!outcome) fail_sync(outcome.error());
}

void AofLog::forgive() {
  if (!failed_in_this_file_) sync_failure_.clear();
}

void AofLog::fail_sync(const base::Error& why) {
  if (sync_failure_.empty()) base::log::error("{}; writes are refused until the file is rewritten", why.text());
  sync_failure_ = reason(why);
}

}  // namespace weir::store
