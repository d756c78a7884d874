#include "store/replica/acknowledgements.h"

#include <array>

namespace weir::store::replica {

Acknowledgements::Acknowledgements(MemberId master, const Roster& roster, Offset mark_end)
    : master_(master), roster_(roster), mark_end_(mark_end) {}

Acknowledgements::Replica* Acknowledgements::find(MemberId replica) {
  const auto found = std::ranges::find(replicas_, replica, &Replica::id);
  return found == replicas_.end() ? nullptr : &*found;
}

bool Acknowledgements::attach(MemberId replica, base::MonoTime now) {
  if (Replica* const known = find(replica)) {
    known->heard = now;
    return true;
  }
  if (replicas_.size() == kMaxReplicas) return false;
  const bool counts = replica != master_ && roster_.contains(replica);
  replicas_.push_back({.id = replica, .counts = counts, .acknowledged = {}, .heard = now});
  return true;
}

void Acknowledgements::note(MemberId replica, Acknowledged acknowledged, base::MonoTime now) {
  Replica* const known = find(replica);
  if (known == nullptr) return;
  known->heard = now;
  known->acknowledged.offset = std::max(known->acknowledged.offset, acknowledged.offset);
  known->acknowledged.round = std::max(known->acknowledged.round, acknowledged.round);
  if (known->counts && roster_.acks > 0) by_acks_ = by(roster_.acks);
}

Acknowledgements::Acknowledged Acknowledgements::by(unsigned count) const {
  count = std::max(count, roster_.acks);
  std::array<Offset, MemberSet::kMaxMembers> offsets{};
  std::array<Round, MemberSet::kMaxMembers> rounds{};
  std::size_t members = 0;
  for (const Replica& replica : replicas_) {
    if (!replica.counts) continue;
    offsets[members] = replica.acknowledged.offset;
    rounds[members] = replica.acknowledged.round;
    ++members;
  }
  if (members < count) return {};
  const auto highest = [&](auto& of) {
    const auto nth = of.begin() + (count - 1);
    std::ranges::nth_element(of.begin(), nth, of.begin() + members, std::ranges::greater());
    return *nth;
  };
  const Acknowledged result{.offset = highest(offsets), .round = highest(rounds)};
  return result.offset >= mark_end_ ? result : Acknowledged{};
}

std::size_t Acknowledgements::heard_since(base::MonoTime time) const {
  return std::ranges::count_if(replicas_,
                               [&](const Replica& replica) { return replica.counts && replica.heard >= time; });
}

MemberSet Acknowledgements::caught_up_since(base::MonoTime time) const {
  MemberSet found;
  for (const Replica& replica : replicas_) {
    if (replica.heard >= time && replica.acknowledged.offset >= mark_end_) found.add(replica.id);
  }
  return found;
}

}  // namespace weir::store::replica
