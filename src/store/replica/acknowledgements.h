// Acknowledgements: what the replicas of a master have told it in its epoch, and what that makes acknowledged.
//
// Counted are the members of the roster besides the master, each once, however many more are attached. Nothing is
// acknowledged before N of them have passed the mark of the epoch (rule 5 of docs/design/003-availability.md): an older
// offset, held under an older epoch, may still be beaten by an epoch between.
// A core, one owner.
#pragma once

#include <vector>

#include "base/time.h"
#include "wire/failover/configuration.h"

namespace weir::store::replica {

using wire::failover::MemberId;
using wire::failover::MemberSet;
using wire::failover::Offset;
using wire::failover::Roster;

class Acknowledgements {
 public:
  // Replicas beyond these are not noted; a roster has fewer.
  static constexpr std::size_t kMaxReplicas = 64;
  using Round = std::uint64_t;

  struct Acknowledged {
    Offset offset;
    Round round;
  };

  // Of nobody.
  Acknowledgements() = default;
  // `mark_end`: where the mark of the epoch ends.
  Acknowledgements(MemberId master, const Roster& roster, Offset mark_end);

  // False: there is no room.
  bool attach(MemberId replica, base::MonoTime now);
  // The replica holds everything up to `offset` and has answered `round`. Older news changes nothing.
  void note(MemberId replica, Acknowledged acknowledged, base::MonoTime now);

  // Up to where `count` members, or N if that is more, hold the history, and the newest round that so many answered.
  // {0, 0}: the epoch is not open yet, or there are fewer members.
  Acknowledged by(unsigned count) const;
  // N members hold the mark.
  bool open() const { return by_acks_.offset >= mark_end_; }
  // What N members hold; kept up to date, since every reply asks for it.
  Acknowledged by_acks() const { return by_acks_; }

  // Members of the roster that were heard since.
  std::size_t heard_since(base::MonoTime time) const;
  // All who hold the mark and were heard since, in the roster or not: as far as a set has room for them.
  MemberSet caught_up_since(base::MonoTime time) const;

 private:
  struct Replica {
    MemberId id;
    bool counts;  // It is of the roster.
    Acknowledged acknowledged;
    base::MonoTime heard;
  };

  Replica* find(MemberId replica);

  MemberId master_ = MemberId::kNobody;
  Roster roster_;
  Offset mark_end_ = ~Offset{0};
  std::vector<Replica> replicas_;
  Acknowledged by_acks_{};
};

}  // namespace weir::store::replica
