// Observations: what a sentinel last heard of each member and of each other sentinel, and what that says.
//
// Subjectively down is a member that this sentinel has not heard for `down_after`; the master is objectively down when
// `quorum` sentinels see it so, as Redis Sentinel has it.
// A core, one owner.
#pragma once

#include <vector>

#include "base/time.h"
#include "wire/failover/messages.h"

namespace weir::sentinel {

using wire::failover::Configuration;
using wire::failover::Epoch;
using wire::failover::Hello;
using wire::failover::Life;
using wire::failover::MemberId;
using wire::failover::MemberSet;
using wire::failover::Oath;
using wire::failover::Position;
using wire::failover::Report;
using wire::failover::Role;
using wire::failover::Roster;
using wire::failover::SentinelId;

class Observations {
 public:
  // Beyond these the one that was silent for the longest is forgotten.
  static constexpr std::size_t kMaxMembers = 64;

  struct MemberView {
    Report report;
    base::MonoTime heard;
  };

  // Everything counts as heard at `start`: who starts has no right to call anyone down yet.
  Observations(base::Duration down_after, base::MonoTime start) : down_after_(down_after), start_(start) {}

  void note(const Report& report, base::MonoTime now);
  void note(const Hello& hello, base::MonoTime now);

  // Null: never heard.
  const MemberView* find(MemberId member) const;
  const std::vector<MemberView>& members() const { return members_; }

  // Not heard for so long.
  bool silent_for(MemberId member, base::Duration time, base::MonoTime now) const;
  bool is_down(MemberId member, base::MonoTime now) const { return silent_for(member, down_after_, now); }
  // How many other sentinels said lately that the master of this epoch is down.
  std::size_t others_see_master_down(Epoch epoch, base::MonoTime now) const;

 private:
  struct Opinion {
    SentinelId sentinel;
    Epoch epoch;
    bool master_down;
    base::MonoTime heard;
  };

  const base::Duration down_after_;
  const base::MonoTime start_;
  std::vector<MemberView> members_;
  std::vector<Opinion> opinions_;
};

}  // namespace weir::sentinel
