// Choice: whether enough members have sworn, and who of them becomes master among whom (rules 10 to 13 of
// docs/design/003-availability.md). Functions of what was said, without state.
// A core.
#pragma once

#include <optional>
#include <span>

#include "wire/failover/messages.h"

namespace weir::sentinel {

// What a change of epoch starts from.
struct Base {
  wire::failover::Configuration configuration;
  bool open = false;
  // Nobody has a configuration yet: all must swear, and none may have history under an epoch.
  bool founding = false;
};

// A member of the roster that is away for good, and who takes its place.
struct Replacement {
  wire::failover::MemberId leaving;
  wire::failover::MemberId joining;
};

struct Choice {
  wire::failover::Configuration configuration;
  wire::failover::Position position;  // Of the new master when it swore.
  wire::failover::Life life;
};

// Whether enough members of every roster have sworn in which something may have been acknowledged: of that of the base,
// and unless the base is known to be open of the earlier ones.
bool enough(const Base& base, std::span<const wire::failover::Oath> oaths);
// Who must be asked for that.
bool is_asked(const Base& base, wire::failover::MemberId member);

// Requires: enough().
Choice choose(const Base& base, wire::failover::Epoch epoch, std::span<const wire::failover::Oath> oaths,
              std::optional<Replacement> replacement);

}  // namespace weir::sentinel
