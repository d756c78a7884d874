// The values of docs/design/003-availability.md that data nodes and sentinels exchange: who counts (Roster), who is
// master since when (Configuration), and how far a history reaches (Position).
//
// A core: values only.
#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>

#include "base/assert.h"

namespace weir::wire::failover {

using Epoch = std::uint64_t;   // 0: before the first configuration.
using Offset = std::uint64_t;  // Bytes of the stream of effects.

// A data node, by the 64 random bits that it made when its directory was new. The address is the driver's business.
enum class MemberId : std::uint64_t { kNobody = 0 };
enum class SentinelId : std::uint64_t { kNobody = 0 };
// A process from start to end: what Redis calls run id.
enum class Life : std::uint64_t {};

// How far a history reaches: the epoch of its last branch, then the offset. Equal positions are equal histories; of two
// positions the higher one holds whatever of the lower one was acknowledged.
struct Position {
  Epoch epoch = 0;
  Offset offset = 0;

  friend auto operator<=>(const Position&, const Position&) = default;
};

// A few members, each once, without allocation.
class MemberSet {
 public:
  static constexpr std::size_t kMaxMembers = 9;

  MemberSet() = default;
  MemberSet(std::initializer_list<MemberId> members) {
    for (const MemberId member : members) WEIR_ASSERT(add(member));
  }

  // False: there is no room. Adding a member again changes nothing.
  bool add(MemberId member);
  // Requires: contains(leaving), and joining is no member.
  void replace(MemberId leaving, MemberId joining);

  bool contains(MemberId member) const { return std::ranges::find(*this, member) != end(); }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const MemberId* begin() const { return members_.data(); }
  const MemberId* end() const { return members_.data() + size_; }

  friend bool operator==(const MemberSet& left, const MemberSet& right) { return std::ranges::equal(left, right); }

 private:
  std::array<MemberId, kMaxMembers> members_{};
  std::uint8_t size_ = 0;
};

// The R + 1 members among whom acknowledgements and oaths are counted, and N.
struct Roster {
  MemberSet members;
  unsigned acks = 0;  // N: what the master needs besides itself. Below members.size(), unless the roster is empty.

  bool empty() const { return members.empty(); }
  bool contains(MemberId member) const { return members.contains(member); }
  // R + 1 - N: any so many members have one in common with any N + 1. Requires: not empty.
  std::size_t oaths() const { return members.size() - acks; }

  friend bool operator==(const Roster&, const Roster&) = default;
};

// A few rosters, each once.
class RosterList {
 public:
  static constexpr std::size_t kMaxRosters = 3;

  // False: there is no room. Adding a roster again changes nothing.
  bool add(const Roster& roster);
  void remove(const Roster& roster);

  bool contains(const Roster& roster) const { return std::ranges::find(*this, roster) != end(); }
  std::size_t size() const { return size_; }
  const Roster* begin() const { return rosters_.data(); }
  const Roster* end() const { return rosters_.data() + size_; }

  friend bool operator==(const RosterList& left, const RosterList& right) { return std::ranges::equal(left, right); }

 private:
  std::array<Roster, kMaxRosters> rosters_{};
  std::uint8_t size_ = 0;
};

// Who is master of an epoch, and among whom is counted. At most one exists of each epoch.
struct Configuration {
  Epoch epoch = 0;
  MemberId master = MemberId::kNobody;
  Roster roster;
  // The other rosters since the last configuration that was known to be open when this one was made, that one's
  // included: in each of them something may have been acknowledged.
  RosterList earlier;

  // Whether the member is of any of these rosters.
  bool counts(MemberId member) const;

  friend bool operator==(const Configuration&, const Configuration&) = default;
};

}  // namespace weir::wire::failover
