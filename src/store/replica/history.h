// History: which masters' epochs the data of a node went through, and how far. The bytes themselves are the driver's.
//
//   offset      0        120               300       410
//               |--------|-----------------|---------|
//   branch        0       3 (its mark,      5         position: (5, 410)
//                          then effects)
//
// A branch begins with the mark of its epoch in the stream, so a node that reads its own file again finds its branches.
// Offsets of the same branch are comparable, and a position determines all bytes before it.
// A core, one owner.
#pragma once

#include <vector>

#include "wire/failover/configuration.h"

namespace weir::store::replica {

using wire::failover::Epoch;
using wire::failover::Offset;
using wire::failover::Position;

class History {
 public:
  // The oldest branches beyond these are forgotten: whoever stands there gets a snapshot.
  static constexpr std::size_t kMaxBranches = 64;

  History() = default;
  // Data of before the founding.
  explicit History(Offset offset) : offset_(offset) {}

  Position position() const { return {branches_.empty() ? 0 : branches_.back().epoch, offset_}; }
  Offset offset() const { return offset_; }

  // The mark of the epoch was appended; it ends at `mark_end`. Requires: epoch is above that of the position, and
  // mark_end above the offset.
  void begin(Epoch epoch, Offset mark_end);
  // Effects were appended. Requires: end is not below the offset.
  void advance(Offset end);

  // Whether who stands there has the beginning of this history, so that it can be continued from there. An empty node
  // has; data of epoch 0 says nothing about itself.
  bool contains(Position position) const;

  friend bool operator==(const History&, const History&) = default;

 private:
  struct Branch {
    Epoch epoch;
    Offset begin;

    friend bool operator==(const Branch&, const Branch&) = default;
  };

  std::vector<Branch> branches_;  // By rising epoch and begin.
  Offset offset_ = 0;
};

}  // namespace weir::store::replica
