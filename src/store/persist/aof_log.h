// AofLog: the end of the append-only file, where it grows. Takes the effects of the write commands (commands/effects.h)
// and writes those of a turn of the loop with one write(), before a reply of that turn leaves.
//
//   effects ---> [ buffer ] ---end_turn()---> file, not durable ---fsync---> durable
//
//   appendfsync   the fsync                                        acknowledged, and lost when the machine stops
//   always        in end_turn(), one for all commands of the turn  nothing
//   everysec      on a thread, each second; the data thread        what was written in the last two seconds
//                 waits when that has not kept up for two seconds
//   no            the kernel's business                            what the kernel had not written
//
// When the process alone dies nothing is lost: what was acknowledged is the kernel's.
//
// A write that fails is fatal under `always`, since nothing can be acknowledged any more. Else what it wrote in part is
// cut off, the commands are kept in the buffer, failure() says why so that further writes are refused, and it is tried
// again each second. An fsync that fails is fatal under `always`, too; else it is final for this file, because the
// kernel may have dropped what it could not write: only a rewrite helps (needs_rewrite()).
//
// Data thread only; the fsyncs of `everysec` run on the thread of the errands.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "runtime/file.h"
#include "store/commands/effects.h"
#include "store/persist/aof/block.h"
#include "store/persist/errands.h"
#include "store/settings/settings.h"

namespace weir::store {

class AofLog final : public EffectSink {
 public:
  // A file to append to. It is opened twice, because a File is for one thread at a time.
  struct Target {
    std::string path;
    std::unique_ptr<runtime::File> file;
    std::shared_ptr<runtime::File> synced_aside;
    std::uint64_t bytes = 0;
  };
  // What the file holds is durable then; at least the first mark (aof/block.h).
  static base::Result<Target> open(runtime::Files& files, const std::string& path, runtime::OpenMode mode);

  AofLog(const base::Clock& clock, const Settings& settings, Errands& errands)
      : clock_(clock), settings_(settings), errands_(errands) {}

  bool is_open() const { return target_.has_value(); }
  // From now on effects go there. What came before this file is durable.
  void start(Target target);
  // The same while another file is open, whose last bytes are made durable on the thread. False: not now, because it
  // cannot be written, and what waits for it belongs there.
  [[nodiscard]] bool switch_to(Target target);
  // Writes and syncs what there is, whatever the policy.
  base::Result<void> settle();
  // Without.
  void close();

  void on_effects(std::span<const Effect> group, bool transaction) override;

  // Before the replies of the turn leave. `may_sync` is false while no-appendfsync-on-rewrite forbids it. An error
  // means that none of the replies may leave, and the store must end.
  base::Result<void> end_turn(bool may_sync);
  // Often: tries again, and syncs.
  base::Result<void> cycle(bool may_sync);

  // Why nothing can be written, as the system says it; empty: it can.
  const std::string& failure() const { return !write_failure_.empty() ? write_failure_ : sync_failure_; }
  bool needs_rewrite() const { return !sync_failure_.empty(); }
  // A rewrite has taken the place of the files before this one.
  void forgive();

  std::uint64_t file_bytes() const { return target_ ? target_->bytes : 0; }
  std::size_t buffered_bytes() const { return buffer_.size(); }
  bool is_syncing() const { return sync_ != nullptr || previous_ != nullptr; }
  std::uint64_t delayed_syncs() const { return delayed_syncs_; }

 private:
  // What a block that is closed now says of durability.
  aof::Mark mark() const;
  base::Result<void> write();
  base::Result<void> fail_write(const base::Error& why);
  base::Result<void> keep_durable(bool may_sync);
  void begin_sync(base::MonoTime now);
  // Takes note of fsyncs that have ended.
  void collect();
  void finish_sync();
  void finish_previous();
  void fail_sync(const base::Error& why);

  const base::Clock& clock_;
  const Settings& settings_;
  Errands& errands_;

  std::optional<Target> target_;
  aof::BlockBuffer buffer_;
  std::optional<std::size_t> database_;  // That the commands of this file are in.
  std::int64_t annotated_s_ = 0;

  std::uint64_t durable_bytes_ = 0;  // Of the file.
  // When the first byte was written that is not durable; and the first that the fsync which runs may have missed.
  std::optional<base::MonoTime> not_durable_since_;
  std::optional<base::MonoTime> written_during_sync_at_;
  std::shared_ptr<const Errand> sync_;
  std::uint64_t sync_bytes_ = 0;  // How much is durable when that has ended.
  base::MonoTime sync_began_at_{};
  // The fsync of the file before this one.
  std::shared_ptr<const Errand> previous_;
  std::uint64_t previous_bytes_ = 0;
  base::MonoTime previous_not_durable_since_{};
  std::uint64_t delayed_syncs_ = 0;

  std::string write_failure_;
  std::string sync_failure_;
  bool failed_in_this_file_ = false;  // Else in one before.
  base::MonoTime retry_at_{};
  base::log::Throttle failures_logged_{std::chrono::seconds(30)};
};

}  // namespace weir::store
