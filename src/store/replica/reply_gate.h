// ReplyGate: replies that were computed and may not leave before what they saw is acknowledged.
//
//   hold(token, offset, round, deadline)  --->  waits  ---> release(): acknowledged      kSend
//                                                     \---> expire(): deadline passed    kUnknown
//                                                      \--> fail_all(): another is master  kUnknown
//
// A token is whatever the driver knows the reply by. Replies that want equally much are released in the order in which
// they were held; the order on one connection, where a client changes its mind between two requests, is the driver's.
// A core, one owner.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

#include "base/time.h"
#include "store/replica/acknowledgements.h"

namespace weir::store::replica {

enum class Outcome : unsigned char { kSend, kUnknown };

class ReplyGate {
 public:
  using Token = std::uint64_t;
  using Round = Acknowledgements::Round;

  struct Waiting {
    Token token;
    Offset offset;  // What the reply saw: all before it.
    Round round;    // 0: any.
    base::MonoTime deadline;
  };
  struct Release {
    Token token;
    Outcome outcome;
  };

  explicit ReplyGate(std::size_t limit) : limit_(limit) {}

  bool full() const { return size_ >= limit_; }
  std::size_t size() const { return size_; }

  // Until `acks` members hold the offset. Requires: 0 < acks < MemberSet::kMaxMembers; offset and round are not below
  // those held before.
  void hold(unsigned acks, const Waiting& waiting);

  void release(const Acknowledgements& acknowledgements);
  // Deadlines are taken to rise: one that is shorter than that of a reply before it waits for that one.
  void expire(base::MonoTime now);
  void fail_all();

  // What left since the last call.
  std::vector<Release> take() { return std::exchange(released_, {}); }

 private:
  // Those that wait for a round stand apart, so that others do not wait behind them.
  struct Queues {
    std::deque<Waiting> for_offset;
    std::deque<Waiting> for_round;
  };

  void pop(std::deque<Waiting>& queue, Outcome outcome);

  const std::size_t limit_;
  std::size_t size_ = 0;
  std::array<Queues, MemberSet::kMaxMembers> by_acks_;
  std::vector<Release> released_;
};

}  // namespace weir::store::replica
