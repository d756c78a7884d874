// Sentinel: one sentinel's part in the protocol of docs/design/003-availability.md, for one group of data nodes. It
// votes, keeps the last configuration, watches the members, and when elected carries out a change of epoch:
//
//            reason, after its grace          majority              enough oaths         majority
//     idle ---------------------> kVotes ---------------> kOaths ---------------> kRecord ------> kConfirm --> idle
//       ^                            |                       |                       |               |
//       '----------------------------'-----------------------'-----------------------'---------------'
//              a higher epoch was promised or sworn somewhere, or `failover_timeout` passed
//
// What always holds:
// - A vote or an acceptance leaves only when the record that it rests on is synced. Its own count no earlier, and it
//   asks for votes no earlier.
// - One candidate an epoch, and no acceptance below the promised epoch.
// - A member is confirmed only under a configuration that a majority accepted.
//
// Events are the methods; what is to be done comes out of take_actions(). The driver asks the members for their reports
// and sends hello() to the other sentinels at its own periods. Every message is sent again with the ticks until it is
// answered, so none of them needs to arrive.
// A core, one owner.
#pragma once

#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "sentinel/core/choice.h"
#include "sentinel/core/observations.h"
#include "wire/failover/messages.h"

namespace weir::sentinel {

// What a sentinel keeps, replaced whole and synced.
struct SentinelRecord {
  Epoch promised = 0;
  SentinelId promised_to = SentinelId::kNobody;
  Configuration accepted;
  bool open = false;  // The accepted configuration is known to be open.

  friend bool operator==(const SentinelRecord&, const SentinelRecord&) = default;
};

// To be synced, and then told to stored() with the same version.
struct Store {
  SentinelRecord record;
  std::uint64_t version;
};
struct ToSentinel {
  SentinelId to;
  std::variant<wire::failover::AskVote, wire::failover::Vote, wire::failover::Propose, wire::failover::Accept> message;
};
struct ToMember {
  MemberId to;
  std::variant<wire::failover::AskOath, wire::failover::Confirm, wire::failover::Follow> message;
};
using SentinelAction = std::variant<Store, ToSentinel, ToMember>;

class Sentinel {
 public:
  struct Settings {
    SentinelId self;
    std::vector<SentinelId> others;
    std::size_t quorum;  // Who must see the master down before anyone stands for election.
    base::Duration down_after = std::chrono::seconds(1);
    base::Duration failover_timeout = std::chrono::seconds(3);
    // How long a master that is not confirmed, or a member that swore a higher epoch, is left to whoever may be at it.
    base::Duration grace = std::chrono::milliseconds(400);
    // How long enough oaths wait for those of other members that are up.
    base::Duration oath_wait = std::chrono::milliseconds(100);
    // Candidates begin within this time at random, so that they do not split the votes.
    base::Duration spread = std::chrono::milliseconds(300);
    // After how long an attached spare takes the place of a member that is away.
    base::Duration replace_after = std::chrono::seconds(30);
  };

  Sentinel(Settings settings, const SentinelRecord& stored, base::Random random, base::MonoTime now);

  // What sentinel.conf's master says of itself: the first configuration, if there is none. Requires:
  // configuration.epoch is 0.
  void found(const Configuration& configuration);

  // From the disk: the record of that version is synced.
  void stored(std::uint64_t version, base::MonoTime now);
  void tick(base::MonoTime now);

  // From other sentinels.
  void received(const wire::failover::AskVote& ask, base::MonoTime now);
  void received(const wire::failover::Vote& vote, base::MonoTime now);
  void received(const wire::failover::Propose& propose, base::MonoTime now);
  void received(const wire::failover::Accept& accept);
  void received(const Hello& hello, base::MonoTime now);
  // From members.
  void received(const Report& report, base::MonoTime now);
  void received(const Oath& oath, base::MonoTime now);

  Hello hello(base::MonoTime now) const;
  const SentinelRecord& record() const { return record_; }
  // The epoch that this sentinel was elected for and is carrying out.
  std::optional<Epoch> leads() const;

  std::vector<SentinelAction> take_actions() { return std::exchange(actions_, {}); }

 private:
  enum class Reason : unsigned char { kFounding, kMasterDown, kMasterUnconfirmed, kMemberAhead, kMemberGone };

  struct Campaign {
    enum class Phase : unsigned char { kVotes, kOaths, kRecord, kConfirm };

    Epoch epoch;
    base::MonoTime began;
    Phase phase = Phase::kVotes;
    std::vector<SentinelId> voters;
    Base base;
    std::vector<Oath> oaths;
    std::optional<base::MonoTime> enough_since;
    std::optional<Choice> choice;
    std::vector<SentinelId> acceptors;
  };

  // What happens when a record is synced: a message leaves, or our own vote or acceptance counts.
  struct OwnVote {
    Epoch epoch;
  };
  struct OwnAcceptance {
    Epoch epoch;
  };
  using Consequence = std::variant<ToSentinel, OwnVote, OwnAcceptance>;
  struct AfterStored {
    std::uint64_t version;
    Consequence consequence;
  };

  bool is_majority(std::size_t count) const { return count > (settings_.others.size() + 1) / 2; }
  void change_record(const SentinelRecord& record);
  void after_stored(const Consequence& consequence, base::MonoTime now);
  void perform(const Consequence& consequence, base::MonoTime now);

  std::optional<Reason> reason(base::MonoTime now) const;
  std::optional<Replacement> replacement(base::MonoTime now) const;
  bool sees_master_down(base::MonoTime now) const;
  void consider(base::MonoTime now);
  void stand(base::MonoTime now);
  void abandon(base::MonoTime now);

  void count_vote(SentinelId voter, const Configuration& accepted, bool open, base::MonoTime now);
  void decide(base::MonoTime now);
  void count_acceptance(SentinelId acceptor);
  void send_again();
  void repoint(const Report& report, base::MonoTime now);
  void adopt(const Configuration& configuration);
  void send(MemberId to, const decltype(ToMember::message)& message) { actions_.emplace_back(ToMember{to, message}); }
  void send(SentinelId to, const decltype(ToSentinel::message)& message) {
    actions_.emplace_back(ToSentinel{to, message});
  }

  const Settings settings_;
  base::Random random_;

  // The record as it is to be, and the versions of it: the newest, and the newest that is synced.
  SentinelRecord record_;
  std::uint64_t version_ = 0;
  std::uint64_t stored_version_ = 0;
  std::vector<AfterStored> after_stored_;

  Observations observations_;
  std::optional<Configuration> founding_;
  Epoch highest_epoch_ = 0;  // Of all that was heard of.
  std::optional<base::MonoTime> reason_since_;
  base::Duration patience_{};     // Drawn when the reason came up.
  base::MonoTime quiet_until_{};  // Another candidate has our vote and gets its time.
  std::optional<Campaign> campaign_;

  std::vector<SentinelAction> actions_;
};

}  // namespace weir::sentinel
