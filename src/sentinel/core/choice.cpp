#include "sentinel/core/choice.h"

#include <tuple>

namespace weir::sentinel {

using wire::failover::Configuration;
using wire::failover::Epoch;
using wire::failover::MemberId;
using wire::failover::Oath;
using wire::failover::Roster;

namespace {

bool enough_of(const Roster& roster, std::span<const Oath> oaths, bool all_needed) {
  std::size_t sworn = 0;
  std::size_t whole = 0;
  for (const Oath& oath : oaths) {
    if (!roster.contains(oath.member)) continue;
    ++sworn;
    if (oath.whole) ++whole;
  }
  // When all have sworn, nobody else is left who could hold more.
  return sworn == roster.members.size() || (!all_needed && whole >= roster.oaths());
}

}  // namespace

bool is_asked(const Base& base, MemberId member) {
  return base.open ? base.configuration.roster.contains(member) : base.configuration.counts(member);
}

bool enough(const Base& base, std::span<const Oath> oaths) {
  const auto has_enough = [&](const Roster& roster) { return enough_of(roster, oaths, base.founding); };
  return has_enough(base.configuration.roster) &&
         (base.open || std::ranges::all_of(base.configuration.earlier, has_enough));
}

Choice choose(const Base& base, Epoch epoch, std::span<const Oath> oaths, std::optional<Replacement> replacement) {
  WEIR_ASSERT(enough(base, oaths));
  const Configuration& old = base.configuration;
  const auto rank = [&](const Oath& oath) {
    const bool is_master = oath.member == old.master;
    // Of a founding the named master is the data; everybody else takes it over.
    return std::tuple(base.founding && is_master, oath.position, -std::int64_t{oath.priority}, is_master, oath.member);
  };
  const Oath* chosen = nullptr;
  for (const Oath& oath : oaths) {
    if (is_asked(base, oath.member) && (chosen == nullptr || rank(oath) > rank(*chosen))) chosen = &oath;
  }

  Configuration next{.epoch = epoch, .master = chosen->member, .roster = old.roster};
  if (!base.open) next.earlier = old.earlier;
  if (!old.roster.contains(chosen->member)) {
    next.roster =
        *std::ranges::find_if(old.earlier, [&](const Roster& roster) { return roster.contains(chosen->member); });
  } else if (replacement && old.roster.contains(replacement->leaving) && !old.roster.contains(replacement->joining) &&
             replacement->leaving != chosen->member) {
    next.roster.members.replace(replacement->leaving, replacement->joining);
  }
  // None is forgotten before a later one is known to be open; without room for one more there is no change.
  next.earlier.remove(next.roster);
  if (!base.founding && next.roster != old.roster && !next.earlier.add(old.roster)) {
    next.roster = old.roster;
    next.earlier = old.earlier;
  }
  return {.configuration = next, .position = chosen->position, .life = chosen->life};
}

}  // namespace weir::sentinel
