// Member: a data node's part in the protocol of docs/design/003-availability.md. It decides whom the node follows,
// whether it is master, what it swears and acknowledges, and which replies may leave.
//
//              oath                                  confirmed() in this life, at this position
//        .--------------> kApart ------------------------------------------------> kMaster
//        |                  ^  |                                                      |
//        |                  |  | told_to_follow()            oath, told_to_follow()   |
//     kReplica <------------|--'                                                      |
//        ^                  '---------------------------------------------------------'
//        '----- told_to_follow(): a later master
//
// What always holds:
// - No acknowledgement and no release of a reply belongs to an epoch below the sworn one, from the moment an oath is
//   asked for, not only from when it is synced.
// - An oath, and an attachment to a master, leave only when the record that they rest on is synced.
// - A member is master of an epoch at most once, in one life.
//
// Events are the methods; what is to be done comes out of take_actions(), in that order, and released replies out of
// take_released(), both to be emptied after each event. The driver owns the bytes of the stream: it appends effects and
// marks, says how far they reach, and says so when they are as durable as `appendfsync` wants them (for `always`:
// synced). A core, one owner (the data thread).
#pragma once

#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "base/time.h"
#include "store/replica/acknowledgements.h"
#include "store/replica/history.h"
#include "store/replica/reply_gate.h"
#include "wire/failover/messages.h"

namespace weir::store::replica {

using wire::failover::Configuration;
using wire::failover::Life;
using wire::failover::Role;
using wire::failover::SentinelId;

// What a member keeps beside its history, replaced whole and synced.
struct MemberRecord {
  MemberId id = MemberId::kNobody;
  Epoch sworn = 0;
  bool whole = true;
  std::uint64_t boot = 0;  // Of the machine, when this was written.

  friend bool operator==(const MemberRecord&, const MemberRecord&) = default;
};

// To be synced, and then told to stored() with the same version.
struct Store {
  MemberRecord record;
  std::uint64_t version;
};
struct SendOath {
  SentinelId to;
  wire::failover::Oath oath;
};
// Append the mark of the epoch to the stream, then call begun(), before anything else.
struct BeginEpoch {
  Epoch epoch;
};
// Who asks to attach. The life comes back with the answer: one that was meant for an earlier life is dropped, since
// that one may have acknowledged what this one has forgotten.
struct Attachment {
  MemberId replica;
  Life life;
  Epoch epoch;

  friend bool operator==(const Attachment&, const Attachment&) = default;
};
struct SendAttach {
  MemberId to;
  Attachment attachment;
  Position position;
};
// Stream from this offset on; `reached` is the master's own offset.
struct SendResume {
  Attachment attachment;
  Offset from;
  Offset reached;
};
// Send a snapshot of the data with its history, then stream on.
struct SendSnapshot {
  Attachment attachment;
};
struct SendAcknowledgement {
  MemberId to;
  Epoch epoch;
  Acknowledgements::Acknowledged acknowledged;
};
// Ask all replicas for an acknowledgement of this round (a GETACK with its number).
struct AskRound {
  Acknowledgements::Round round;
};
using MemberAction =
    std::variant<Store, SendOath, BeginEpoch, SendAttach, SendResume, SendSnapshot, SendAcknowledgement, AskRound>;

enum class Admission : unsigned char {
  kAdmitted,
  kNotMaster,
  kNoReplicas,  // Fewer than N members are attached: nothing may be run.
  kFull,        // As many replies wait as may.
};

class Member {
 public:
  struct Settings {
    // How long after its last word a replica still counts as attached: min-replicas-max-lag.
    base::Duration max_lag = std::chrono::seconds(10);
    base::Duration attach_retry = std::chrono::milliseconds(500);
    std::size_t max_waiting_replies = 1 << 20;
    unsigned priority = 100;  // replica-priority: the lower is preferred.
  };
  struct Start {
    Life life;
    std::uint64_t boot;
    // Everything that was acknowledged was synced: `appendfsync always`.
    bool acknowledges_synced;
  };

  Member(const Settings& settings, const Start& start, const MemberRecord& stored, History history);

  // From the disk: the record of that version is synced.
  void stored(std::uint64_t version);
  void tick(base::MonoTime now);

  // From sentinels.
  void asked_oath(SentinelId by, Epoch epoch);
  void confirmed(const wire::failover::Confirm& confirm);
  void told_to_follow(const wire::failover::Follow& follow, base::MonoTime now);

  // As master, from replicas.
  void attach_asked(const Attachment& attachment, Position position, base::MonoTime now);
  void acknowledged(MemberId replica, Epoch epoch, Acknowledgements::Acknowledged acknowledged, base::MonoTime now);

  // As master, from the driver. The mark that BeginEpoch asked for ends here.
  void begun(Epoch epoch, Offset mark_end);
  // May a write be run? Then effects_appended(), then hold().
  Admission admit_write(base::MonoTime now) const;
  Admission admit_read() const;
  void effects_appended(Offset end) { history_.advance(end); }
  struct Hold {
    ReplyGate::Token token;
    unsigned acks = 0;   // CLIENT ACKS n; never less than the N of the configuration.
    bool reads = false;  // CLIENT ACKS n READS, and the reply is that of a read.
    base::MonoTime deadline;
  };
  // The reply was computed now and saw everything so far. Requires: it was admitted in the same turn, and acks is below
  // MemberSet::kMaxMembers. With more acks than the roster has replicas it waits for its deadline.
  void hold(const Hold& hold);
  // The turn ends: a round begins if a reply waits for one.
  void turn_ended();

  // As replica, from the master. False: this does not belong to whom it follows, or does not fit; drop it.
  bool resumed(const Attachment& attachment, Offset from, Offset reached);
  // The snapshot has replaced the data as a whole.
  bool snapshot_loaded(const Attachment& attachment, History history);
  // Whether what the stream brings may be applied; then mark_applied() and effects_applied(), and at the end
  // stream_applied(), which acknowledges.
  bool takes_stream(Epoch epoch, Offset from) const;
  void mark_applied(Epoch epoch, Offset end) { history_.begin(epoch, end); }
  void effects_applied(Offset end) { history_.advance(end); }
  void stream_applied(Acknowledgements::Round round, base::MonoTime now);

  Role role() const { return role_; }
  Epoch epoch() const { return epoch_; }  // Of which it is master or replica.
  MemberId id() const { return record_.id; }
  Life life() const { return start_.life; }
  bool whole() const { return record_.whole; }
  Epoch sworn() const { return record_.sworn; }
  const History& history() const { return history_; }
  const Acknowledgements& acknowledgements() const { return acknowledgements_; }
  Acknowledgements::Round round() const { return round_; }
  wire::failover::Report report(base::MonoTime now) const;

  std::vector<MemberAction> take_actions() { return std::exchange(actions_, {}); }
  std::vector<ReplyGate::Release> take_released() { return gate_.take(); }

 private:
  // Why the record changed: what is to leave once it is synced.
  struct AfterStored {
    std::uint64_t version;
    SentinelId oath_to;  // kNobody: attach.
    Epoch epoch;
  };

  void change_record(const MemberRecord& record);
  void after_stored(SentinelId oath_to, Epoch epoch);
  void perform(const AfterStored& after);
  void leave_role();
  void attach(base::MonoTime now);
  // Its history holds all that this member ever acknowledged.
  void note_whole();

  const Settings settings_;
  const Start start_;

  // The record as it is to be, and the versions of it: the newest, and the newest that is synced.
  MemberRecord record_;
  std::uint64_t version_ = 0;
  std::uint64_t stored_version_ = 0;
  std::vector<AfterStored> after_stored_;

  History history_;
  Role role_ = Role::kApart;
  Epoch epoch_ = 0;

  // As master, and while replies of then wait.
  std::optional<Configuration> beginning_;  // Confirmed; the mark is not appended yet.
  Roster roster_;
  Acknowledgements acknowledgements_;
  ReplyGate gate_;
  Acknowledgements::Round round_ = 0;
  bool round_wanted_ = false;

  // As replica.
  MemberId master_ = MemberId::kNobody;
  bool attached_ = false;
  base::MonoTime attach_again_{};
  std::optional<Offset> whole_at_;

  std::vector<MemberAction> actions_;
};

}  // namespace weir::store::replica
