// What sentinels and data nodes say to each other in a change of epoch (docs/design/003-availability.md). Every message
// may be lost, repeated or late; each says by its epoch what it belongs to.
//
//   sentinel -> sentinel    AskVote, Vote, Propose, Accept, Hello
//   sentinel -> member      AskOath, Confirm, Follow
//   member -> sentinel      Oath, Report
//
// A core: values only. What data nodes say to each other stays in their room (store/replica/member.h).
#pragma once

#include "wire/failover/configuration.h"

namespace weir::wire::failover {

struct AskVote {
  Epoch epoch;
  SentinelId candidate;
};

struct Vote {
  SentinelId voter;
  Epoch epoch;  // Granted: the one that was asked for. Else the higher one that the voter has promised.
  bool granted;
  // The last configuration that the voter accepted, and whether it knows that it is open.
  Configuration accepted;
  bool open;
};

struct Propose {
  SentinelId leader;
  Configuration configuration;
};

struct Accept {
  SentinelId acceptor;
  Epoch epoch;
};

struct Hello {
  SentinelId sentinel;
  Epoch promised;
  Configuration accepted;
  bool open;
  bool master_down;  // Of the accepted configuration, as this sentinel alone sees it.
};

struct AskOath {
  Epoch epoch;
};

struct Oath {
  MemberId member;
  Life life;
  Epoch epoch;  // Sworn: the one that was asked for. Else the higher one that the member has sworn.
  bool sworn;
  bool whole;
  unsigned priority;
  Position position;
};

struct Confirm {
  Configuration configuration;
  // What the member said when it swore: if it says anything else by now, it is not who was chosen.
  Position position;
  Life life;
};

struct Follow {
  Epoch epoch;
  MemberId master;
};

enum class Role : unsigned char { kApart, kReplica, kMaster };

struct Report {
  MemberId member;
  Life life;
  Role role;
  bool whole;
  bool open;  // Of a master: its epoch is.
  unsigned priority;
  Epoch sworn;
  Epoch epoch;  // Of which it is master or replica; 0: apart.
  Position position;
  MemberSet attached;  // Of a master: those who have caught up and were heard lately.
};

}  // namespace weir::wire::failover
