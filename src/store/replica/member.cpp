#include "store/replica/member.h"

namespace weir::store::replica {

using wire::failover::Confirm;
using wire::failover::Follow;
using wire::failover::Oath;
using wire::failover::Report;

Member::Member(const Settings& settings, const Start& start, const MemberRecord& stored, History history)
    : settings_(settings),
      start_(start),
      record_(stored),
      history_(std::move(history)),
      gate_(settings.max_waiting_replies) {
  MemberRecord now = stored;
  // What was written but not synced outlives a process, not the machine.
  now.whole = stored.whole && (stored.boot == start.boot || start.acknowledges_synced);
  now.boot = start.boot;
  change_record(now);
}

void Member::change_record(const MemberRecord& record) {
  if (record == record_) return;
  record_ = record;
  actions_.emplace_back(Store{record_, ++version_});
}

void Member::after_stored(SentinelId oath_to, Epoch epoch) {
  const AfterStored after{.version = version_, .oath_to = oath_to, .epoch = epoch};
  if (stored_version_ >= version_) return perform(after);
  // Who asks again while the disk is slow gets one answer.
  const bool known = std::ranges::any_of(
      after_stored_, [&](const AfterStored& other) { return other.oath_to == oath_to && other.epoch == epoch; });
  if (!known) after_stored_.push_back(after);
}

void Member::stored(std::uint64_t version) {
  stored_version_ = std::max(stored_version_, version);
  const auto ready = [&](const AfterStored& after) { return after.version <= stored_version_; };
  for (const AfterStored& after : after_stored_) {
    if (ready(after)) perform(after);
  }
  std::erase_if(after_stored_, ready);
}

// What was wanted when the record was handed to the disk may be overtaken by now; then it is dropped.
void Member::perform(const AfterStored& after) {
  if (after.epoch != record_.sworn) return;
  if (after.oath_to == SentinelId::kNobody) {
    if (role_ != Role::kReplica) return;
    actions_.emplace_back(SendAttach{master_, {record_.id, start_.life, epoch_}, history_.position()});
  } else if (role_ == Role::kApart) {
    actions_.emplace_back(SendOath{after.oath_to, Oath{.member = record_.id,
                                                       .life = start_.life,
                                                       .epoch = after.epoch,
                                                       .sworn = true,
                                                       .whole = record_.whole,
                                                       .priority = settings_.priority,
                                                       .position = history_.position()}});
  }
}

void Member::leave_role() {
  role_ = Role::kApart;
  epoch_ = 0;
  beginning_.reset();
  master_ = MemberId::kNobody;
  attached_ = false;
  whole_at_.reset();
}

void Member::asked_oath(SentinelId by, Epoch epoch) {
  if (epoch < record_.sworn) {
    actions_.emplace_back(SendOath{by, Oath{.member = record_.id,
                                            .life = start_.life,
                                            .epoch = record_.sworn,
                                            .sworn = false,
                                            .whole = record_.whole,
                                            .priority = settings_.priority,
                                            .position = history_.position()}});
    return;
  }
  // Asked again after the outcome is known: the leader does not need the oath any more.
  if (epoch == record_.sworn && role_ != Role::kApart) return;
  if (epoch > record_.sworn) {
    leave_role();
    MemberRecord record = record_;
    record.sworn = epoch;
    change_record(record);
  }
  after_stored(by, epoch);
}

void Member::confirmed(const Confirm& confirm) {
  const Configuration& configuration = confirm.configuration;
  const bool is_who_swore = configuration.master == record_.id && configuration.epoch == record_.sworn &&
                            confirm.life == start_.life && confirm.position == history_.position() &&
                            stored_version_ >= version_;
  if (!is_who_swore || role_ != Role::kApart || beginning_) return;
  beginning_ = configuration;
  actions_.emplace_back(BeginEpoch{configuration.epoch});
}

void Member::begun(Epoch epoch, Offset mark_end) {
  WEIR_ASSERT(beginning_ && beginning_->epoch == epoch);
  history_.begin(epoch, mark_end);
  role_ = Role::kMaster;
  epoch_ = epoch;
  roster_ = beginning_->roster;
  acknowledgements_ = Acknowledgements(record_.id, roster_, mark_end);
  beginning_.reset();
  note_whole();
}

void Member::told_to_follow(const Follow& follow, base::MonoTime now) {
  if (follow.epoch < record_.sworn || follow.master == record_.id) return;
  if (role_ != Role::kApart && follow.epoch == epoch_) return;
  leave_role();
  // Another is master: what waits here was not acknowledged, and whether the other has it is not known.
  gate_.fail_all();
  role_ = Role::kReplica;
  epoch_ = follow.epoch;
  master_ = follow.master;
  MemberRecord record = record_;
  record.sworn = follow.epoch;
  change_record(record);
  attach(now);
}

void Member::attach(base::MonoTime now) {
  attached_ = false;
  attach_again_ = now + settings_.attach_retry;
  after_stored(SentinelId::kNobody, epoch_);
}

void Member::tick(base::MonoTime now) {
  gate_.expire(now);
  if (role_ == Role::kReplica && now >= attach_again_) attach(now);
}

void Member::attach_asked(const Attachment& attachment, Position position, base::MonoTime now) {
  if (role_ != Role::kMaster || attachment.epoch != epoch_) return;
  if (!acknowledgements_.attach(attachment.replica, now)) return;
  if (history_.contains(position)) {
    actions_.emplace_back(SendResume{attachment, position.offset, history_.offset()});
  } else {
    actions_.emplace_back(SendSnapshot{attachment});
  }
}

void Member::acknowledged(MemberId replica, Epoch epoch, Acknowledgements::Acknowledged acknowledged,
                          base::MonoTime now) {
  if (role_ != Role::kMaster || epoch != epoch_ || acknowledged.offset > history_.offset()) return;
  acknowledgements_.note(replica, acknowledged, now);
  gate_.release(acknowledgements_);
}

Admission Member::admit_write(base::MonoTime now) const {
  if (role_ != Role::kMaster) return Admission::kNotMaster;
  if (acknowledgements_.heard_since(now - settings_.max_lag) < roster_.acks) return Admission::kNoReplicas;
  return gate_.full() ? Admission::kFull : Admission::kAdmitted;
}

Admission Member::admit_read() const {
  if (role_ != Role::kMaster) return Admission::kNotMaster;
  return gate_.full() ? Admission::kFull : Admission::kAdmitted;
}

void Member::hold(const Hold& hold) {
  WEIR_ASSERT(role_ == Role::kMaster);
  // A round that began earlier says nothing about now.
  round_wanted_ |= hold.reads;
  gate_.hold(std::max(hold.acks, roster_.acks), {.token = hold.token,
                                                 .offset = history_.offset(),
                                                 .round = hold.reads ? round_ + 1 : 0,
                                                 .deadline = hold.deadline});
  if (!hold.reads && acknowledgements_.by_acks().offset >= history_.offset()) gate_.release(acknowledgements_);
}

void Member::turn_ended() {
  if (!round_wanted_) return;
  round_wanted_ = false;
  actions_.emplace_back(AskRound{++round_});
}

bool Member::resumed(const Attachment& attachment, Offset from, Offset reached) {
  if (role_ != Role::kReplica || attachment != Attachment{record_.id, start_.life, epoch_}) return false;
  if (from != history_.offset()) return false;
  attached_ = true;
  if (!whole_at_) whole_at_ = reached;
  return true;
}

bool Member::snapshot_loaded(const Attachment& attachment, History history) {
  if (role_ != Role::kReplica || attachment != Attachment{record_.id, start_.life, epoch_}) return false;
  // One that is behind what this node has already taken from the same master came late.
  if (history.position() < history_.position()) return false;
  history_ = std::move(history);
  attached_ = true;
  if (!whole_at_) whole_at_ = history_.offset();
  return true;
}

bool Member::takes_stream(Epoch epoch, Offset from) const {
  return role_ == Role::kReplica && attached_ && epoch == epoch_ && from == history_.offset();
}

void Member::stream_applied(Acknowledgements::Round round, base::MonoTime now) {
  WEIR_ASSERT(role_ == Role::kReplica && attached_);
  attach_again_ = now + settings_.attach_retry;
  if (whole_at_ && history_.offset() >= *whole_at_) note_whole();
  actions_.emplace_back(SendAcknowledgement{master_, epoch_, {.offset = history_.offset(), .round = round}});
}

void Member::note_whole() {
  if (record_.whole) return;
  MemberRecord record = record_;
  record.whole = true;
  change_record(record);
}

Report Member::report(base::MonoTime now) const {
  const bool is_master = role_ == Role::kMaster;
  return {.member = record_.id,
          .life = start_.life,
          .role = role_,
          .whole = record_.whole,
          .open = is_master && acknowledgements_.open(),
          .priority = settings_.priority,
          .sworn = record_.sworn,
          .epoch = epoch_,
          .position = history_.position(),
          .attached = is_master ? acknowledgements_.caught_up_since(now - settings_.max_lag) : MemberSet()};
}

}  // namespace weir::store::replica
