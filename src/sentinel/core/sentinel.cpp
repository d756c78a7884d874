#include "sentinel/core/sentinel.h"

#include <utility>

namespace weir::sentinel {

using wire::failover::Accept;
using wire::failover::AskOath;
using wire::failover::AskVote;
using wire::failover::Confirm;
using wire::failover::Follow;
using wire::failover::Propose;
using wire::failover::Vote;

namespace {

bool has(const std::vector<SentinelId>& sentinels, SentinelId sentinel) {
  return std::ranges::find(sentinels, sentinel) != sentinels.end();
}

bool has_sworn(const std::vector<Oath>& oaths, MemberId member) {
  return std::ranges::find(oaths, member, &Oath::member) != oaths.end();
}

}  // namespace

Sentinel::Sentinel(Settings settings, const SentinelRecord& stored, base::Random random, base::MonoTime now)
    : settings_(std::move(settings)),
      random_(random),
      record_(stored),
      observations_(settings_.down_after, now),
      highest_epoch_(stored.promised) {}

void Sentinel::found(const Configuration& configuration) {
  WEIR_ASSERT(configuration.epoch == 0 && configuration.roster.acks > 0);
  founding_ = configuration;
}

std::optional<Epoch> Sentinel::leads() const {
  if (!campaign_ || campaign_->phase == Campaign::Phase::kVotes) return std::nullopt;
  return campaign_->epoch;
}

Hello Sentinel::hello(base::MonoTime now) const {
  return {.sentinel = settings_.self,
          .promised = record_.promised,
          .accepted = record_.accepted,
          .open = record_.open,
          .master_down = sees_master_down(now)};
}

// The record.

void Sentinel::change_record(const SentinelRecord& record) {
  if (record == record_) return;
  record_ = record;
  highest_epoch_ = std::max(highest_epoch_, record_.promised);
  actions_.emplace_back(Store{record_, ++version_});
}

void Sentinel::after_stored(const Consequence& consequence, base::MonoTime now) {
  if (stored_version_ >= version_) return perform(consequence, now);
  after_stored_.push_back({version_, consequence});
}

void Sentinel::stored(std::uint64_t version, base::MonoTime now) {
  stored_version_ = std::max(stored_version_, version);
  // What is performed may wait for a further record.
  for (const AfterStored& after : std::exchange(after_stored_, {})) {
    if (after.version <= stored_version_) {
      perform(after.consequence, now);
    } else {
      after_stored_.push_back(after);
    }
  }
}

void Sentinel::perform(const Consequence& consequence, base::MonoTime now) {
  if (const auto* const message = std::get_if<ToSentinel>(&consequence)) {
    actions_.emplace_back(*message);
  } else if (const auto* const vote = std::get_if<OwnVote>(&consequence)) {
    if (campaign_ && campaign_->epoch == vote->epoch) count_vote(settings_.self, record_.accepted, record_.open, now);
  } else if (campaign_ && campaign_->epoch == std::get<OwnAcceptance>(consequence).epoch) {
    count_acceptance(settings_.self);
  }
}

void Sentinel::adopt(const Configuration& configuration) {
  SentinelRecord record = record_;
  record.accepted = configuration;
  record.open = false;
  if (configuration.epoch > record.promised) {
    record.promised = configuration.epoch;
    record.promised_to = SentinelId::kNobody;
  }
  change_record(record);
}

// As acceptor.

void Sentinel::received(const AskVote& ask, base::MonoTime now) {
  const bool granted =
      ask.epoch > record_.promised || (ask.epoch == record_.promised && ask.candidate == record_.promised_to);
  if (ask.epoch > record_.promised) {
    campaign_.reset();
    quiet_until_ = now + settings_.failover_timeout / 2;
    SentinelRecord record = record_;
    record.promised = ask.epoch;
    record.promised_to = ask.candidate;
    change_record(record);
  }
  const Vote vote{.voter = settings_.self,
                  .epoch = record_.promised,
                  .granted = granted,
                  .accepted = record_.accepted,
                  .open = record_.open};
  after_stored(ToSentinel{ask.candidate, vote}, now);
}

void Sentinel::received(const Propose& propose, base::MonoTime now) {
  const Configuration& configuration = propose.configuration;
  if (configuration.epoch < record_.promised) return;
  if (campaign_ && campaign_->epoch < configuration.epoch) campaign_.reset();
  if (configuration.epoch > record_.accepted.epoch) adopt(configuration);
  const Accept accept{.acceptor = settings_.self, .epoch = configuration.epoch};
  after_stored(ToSentinel{propose.leader, accept}, now);
}

void Sentinel::received(const Hello& hello, base::MonoTime now) {
  observations_.note(hello, now);
  highest_epoch_ = std::max(highest_epoch_, hello.promised);
  // Learned, not accepted: nobody is told, so it counts towards no majority.
  if (hello.accepted.epoch > record_.accepted.epoch) adopt(hello.accepted);
  if (hello.open && hello.accepted.epoch == record_.accepted.epoch && !record_.open) {
    SentinelRecord record = record_;
    record.open = true;
    change_record(record);
  }
}

// As observer.

bool Sentinel::sees_master_down(base::MonoTime now) const {
  return record_.accepted.epoch > 0 && observations_.is_down(record_.accepted.master, now);
}

void Sentinel::received(const Report& report, base::MonoTime now) {
  observations_.note(report, now);
  highest_epoch_ = std::max(highest_epoch_, report.sworn);
  const Configuration& accepted = record_.accepted;
  if (report.member == accepted.master && report.role == Role::kMaster && report.epoch == accepted.epoch) {
    if (report.open && !record_.open) {
      SentinelRecord record = record_;
      record.open = true;
      change_record(record);
    }
    if (campaign_ && campaign_->phase == Campaign::Phase::kConfirm && campaign_->epoch == report.epoch) {
      campaign_.reset();
      for (const Observations::MemberView& view : observations_.members()) repoint(view.report, now);
    }
  }
  repoint(report, now);
}

// Whoever does not follow the confirmed master is told to.
void Sentinel::repoint(const Report& report, base::MonoTime now) {
  const Configuration& accepted = record_.accepted;
  if (campaign_ || report.member == accepted.master || report.sworn > accepted.epoch ||
      report.epoch == accepted.epoch) {
    return;
  }
  const Observations::MemberView* const master = observations_.find(accepted.master);
  const bool is_confirmed = master != nullptr && !observations_.is_down(accepted.master, now) &&
                            master->report.role == Role::kMaster && master->report.epoch == accepted.epoch;
  if (is_confirmed) send(report.member, Follow{accepted.epoch, accepted.master});
}

// As candidate and leader.

std::optional<Replacement> Sentinel::replacement(base::MonoTime now) const {
  const Configuration& accepted = record_.accepted;
  const Observations::MemberView* const master = observations_.find(accepted.master);
  if (master == nullptr) return std::nullopt;
  // The roster of an epoch that is not open yet is changed only if too few are there to open it: each change before
  // that is one more roster to ask.
  const auto present = [&](MemberId member) { return !observations_.is_down(member, now); };
  const auto count = static_cast<std::size_t>(std::ranges::count_if(accepted.roster.members, present));
  const bool has_room = accepted.earlier.size() < wire::failover::RosterList::kMaxRosters;
  if (!record_.open && (count > accepted.roster.acks || !has_room)) return std::nullopt;
  for (const MemberId member : accepted.roster.members) {
    if (!observations_.silent_for(member, settings_.replace_after, now)) continue;
    for (const MemberId spare : master->report.attached) {
      const Observations::MemberView* const view = observations_.find(spare);
      if (accepted.roster.contains(spare) || view == nullptr || observations_.is_down(spare, now)) continue;
      if (view->report.epoch == accepted.epoch && view->report.whole) return Replacement{member, spare};
    }
  }
  return std::nullopt;
}

std::optional<Sentinel::Reason> Sentinel::reason(base::MonoTime now) const {
  const Configuration& accepted = record_.accepted;
  if (accepted.epoch == 0) return founding_ ? std::optional(Reason::kFounding) : std::nullopt;
  if (sees_master_down(now)) {
    const std::size_t agreed = 1 + observations_.others_see_master_down(accepted.epoch, now);
    return agreed >= settings_.quorum ? std::optional(Reason::kMasterDown) : std::nullopt;
  }
  const Observations::MemberView* const master = observations_.find(accepted.master);
  if (master == nullptr) return std::nullopt;
  if (master->report.role != Role::kMaster || master->report.epoch != accepted.epoch) return Reason::kMasterUnconfirmed;
  for (const Observations::MemberView& view : observations_.members()) {
    if (view.report.sworn > accepted.epoch && !observations_.is_down(view.report.member, now))
      return Reason::kMemberAhead;
  }
  return replacement(now) ? std::optional(Reason::kMemberGone) : std::nullopt;
}

void Sentinel::consider(base::MonoTime now) {
  const std::optional<Reason> found = reason(now);
  if (!found) {
    reason_since_.reset();
    return;
  }
  if (!reason_since_) {
    reason_since_ = now;
    patience_ = base::Duration(random_.between(0, settings_.spread.count()));
  }
  const bool others_may_be_at_it = *found == Reason::kMasterUnconfirmed || *found == Reason::kMemberAhead;
  if (now < *reason_since_ + patience_ + (others_may_be_at_it ? settings_.grace : base::Duration(0))) return;
  if (now >= quiet_until_) stand(now);
}

void Sentinel::stand(base::MonoTime now) {
  reason_since_.reset();
  campaign_ = Campaign{.epoch = highest_epoch_ + 1, .began = now};
  SentinelRecord record = record_;
  record.promised = campaign_->epoch;
  record.promised_to = settings_.self;
  change_record(record);
  // Nobody is asked before: after a restart we would stand for the same epoch again, and be voted for again.
  after_stored(OwnVote{campaign_->epoch}, now);
}

void Sentinel::abandon(base::MonoTime now) {
  campaign_.reset();
  // Others get a chance first: who failed may be the one who cannot reach enough.
  quiet_until_ = now + base::Duration(random_.between(0, settings_.failover_timeout.count() / 2));
}

void Sentinel::received(const Vote& vote, base::MonoTime now) {
  highest_epoch_ = std::max(highest_epoch_, vote.epoch);
  if (!campaign_) return;
  if (!vote.granted && vote.epoch > campaign_->epoch) return abandon(now);
  if (vote.granted && vote.epoch == campaign_->epoch) count_vote(vote.voter, vote.accepted, vote.open, now);
}

void Sentinel::count_vote(SentinelId voter, const Configuration& accepted, bool open, base::MonoTime now) {
  Campaign& campaign = *campaign_;
  if (campaign.phase != Campaign::Phase::kVotes || has(campaign.voters, voter)) return;
  campaign.voters.push_back(voter);
  Base& base = campaign.base;
  if (accepted.epoch > base.configuration.epoch) base = {.configuration = accepted, .open = open};
  if (accepted.epoch == base.configuration.epoch) base.open |= open;
  if (!is_majority(campaign.voters.size())) {
    if (voter == settings_.self) send_again();
    return;
  }
  if (base.configuration.epoch == 0) {
    if (!founding_) return abandon(now);
    base = {.configuration = *founding_, .open = false, .founding = true};
  }
  campaign.phase = Campaign::Phase::kOaths;
  send_again();
}

void Sentinel::received(const Oath& oath, base::MonoTime now) {
  highest_epoch_ = std::max(highest_epoch_, oath.epoch);
  if (!campaign_ || campaign_->phase != Campaign::Phase::kOaths) return;
  if (!oath.sworn) {
    if (oath.epoch > campaign_->epoch) abandon(now);
    return;
  }
  if (oath.epoch != campaign_->epoch) return;
  if (campaign_->base.founding && oath.position.epoch > 0) return abandon(now);
  // Who swears again in another life may have less than before.
  std::erase_if(campaign_->oaths, [&](const Oath& other) { return other.member == oath.member; });
  campaign_->oaths.push_back(oath);
  decide(now);
}

void Sentinel::decide(base::MonoTime now) {
  Campaign& campaign = *campaign_;
  if (!enough(campaign.base, campaign.oaths)) {
    campaign.enough_since.reset();
    return;
  }
  if (!campaign.enough_since) campaign.enough_since = now;
  const bool more_to_come = std::ranges::any_of(observations_.members(), [&](const Observations::MemberView& view) {
    const MemberId member = view.report.member;
    return is_asked(campaign.base, member) && !has_sworn(campaign.oaths, member) && !observations_.is_down(member, now);
  });
  if (more_to_come && now < *campaign.enough_since + settings_.oath_wait) return;

  // Only as long as our own record is the base is what we observed about it.
  const bool is_ours = campaign.base.configuration.epoch == record_.accepted.epoch;
  campaign.choice = choose(campaign.base, campaign.epoch, campaign.oaths, is_ours ? replacement(now) : std::nullopt);
  campaign.phase = Campaign::Phase::kRecord;
  adopt(campaign.choice->configuration);
  after_stored(OwnAcceptance{campaign.epoch}, now);
  send_again();
}

void Sentinel::received(const Accept& accept) {
  if (campaign_ && accept.epoch == campaign_->epoch) count_acceptance(accept.acceptor);
}

void Sentinel::count_acceptance(SentinelId acceptor) {
  Campaign& campaign = *campaign_;
  if (campaign.phase != Campaign::Phase::kRecord || has(campaign.acceptors, acceptor)) return;
  campaign.acceptors.push_back(acceptor);
  if (!is_majority(campaign.acceptors.size())) return;
  campaign.phase = Campaign::Phase::kConfirm;
  send_again();
}

// Whatever the present phase waits for is asked of those who have not answered.
void Sentinel::send_again() {
  const Campaign& campaign = *campaign_;
  switch (campaign.phase) {
    case Campaign::Phase::kVotes:
      if (!has(campaign.voters, settings_.self)) break;
      for (const SentinelId other : settings_.others) {
        if (!has(campaign.voters, other)) send(other, AskVote{campaign.epoch, settings_.self});
      }
      break;
    case Campaign::Phase::kOaths: {
      const Configuration& base = campaign.base.configuration;
      std::vector<MemberId> asked(base.roster.members.begin(), base.roster.members.end());
      if (!campaign.base.open) {
        for (const Roster& roster : base.earlier)
          asked.insert(asked.end(), roster.members.begin(), roster.members.end());
      }
      std::ranges::sort(asked);
      const auto repeated = std::ranges::unique(asked);
      asked.erase(repeated.begin(), repeated.end());
      for (const MemberId member : asked) {
        if (!has_sworn(campaign.oaths, member)) send(member, AskOath{campaign.epoch});
      }
      break;
    }
    case Campaign::Phase::kRecord:
      for (const SentinelId other : settings_.others) {
        if (!has(campaign.acceptors, other)) send(other, Propose{settings_.self, campaign.choice->configuration});
      }
      break;
    case Campaign::Phase::kConfirm: {
      const Choice& choice = *campaign.choice;
      send(choice.configuration.master, Confirm{choice.configuration, choice.position, choice.life});
      break;
    }
  }
}

void Sentinel::tick(base::MonoTime now) {
  if (!campaign_) return consider(now);
  if (now >= campaign_->began + settings_.failover_timeout) return abandon(now);
  if (campaign_->phase == Campaign::Phase::kOaths && campaign_->enough_since) decide(now);
  if (campaign_) send_again();
}

}  // namespace weir::sentinel
