#include "wire/failover/configuration.h"

namespace weir::wire::failover {

bool MemberSet::add(MemberId member) {
  if (contains(member)) return true;
  if (size_ == kMaxMembers) return false;
  members_[size_++] = member;
  return true;
}

void MemberSet::replace(MemberId leaving, MemberId joining) {
  WEIR_ASSERT(contains(leaving) && !contains(joining));
  *std::ranges::find(members_, leaving) = joining;
}

bool RosterList::add(const Roster& roster) {
  if (contains(roster)) return true;
  if (size_ == kMaxRosters) return false;
  rosters_[size_++] = roster;
  return true;
}

void RosterList::remove(const Roster& roster) {
  const auto kept = std::ranges::remove(rosters_.begin(), rosters_.begin() + size_, roster).begin();
  size_ = static_cast<std::uint8_t>(kept - rosters_.begin());
  std::fill(kept, rosters_.end(), Roster{});
}

bool Configuration::counts(MemberId member) const {
  return roster.contains(member) ||
         std::ranges::any_of(earlier, [&](const Roster& other) { return other.contains(member); });
}

}  // namespace weir::wire::failover
