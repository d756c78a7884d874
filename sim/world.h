// World: virtual time, the network, and the randomness of one run. Everything that happens is an event at a moment;
// events of the same moment come in the order in which they were asked for. So a seed determines a run.
//
// The network delays each message, delivers some out of their order, loses and repeats some, and blocks directions
// between addresses.
// Requests and responses of clients travel over connections, which repeat nothing.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "sim/lie.h"
#include "sim/message.h"

namespace weir::sim {

struct Event {
  enum class Kind : unsigned char {
    kDeliver,   // The message in slot `value`.
    kTick,      // Of the process `incarnation` at `address`.
    kStored,    // Its record of version `value` is on the disk.
    kRestart,   // The process at `address` comes back.
    kContinue,  // It was stopped, and goes on.
    kClient,    // The client begins its next operation,
    kTimeout,   // or gives up operation `value`.
    kFault,
  };

  Kind kind;
  Address address = 0;
  std::uint32_t incarnation = 0;
  std::uint64_t value = 0;
};

struct NetworkSettings {
  std::int64_t min_delay_us = 200;
  std::int64_t max_delay_us = 2'000;
  double slow = 0;  // Of the messages, those that take up to slow_us and are overtaken meanwhile.
  std::int64_t slow_us = 400'000;
  double loss = 0;
  double repeat = 0;
};

class World {
 public:
  World(std::uint64_t seed, Lie told, bool trace_wanted) : random(seed), lie(told), tracing(trace_wanted) {}

  std::int64_t now_us() const { return now_us_; }
  void after(std::int64_t delay_us, Event event);
  bool next(Event& event);

  void send(Address from, Address to, Body body, failover::MemberId member = failover::MemberId::kNobody);
  // The message of a kDeliver event; its slot is free afterwards.
  Message take(std::uint64_t slot);

  bool blocked(Address from, Address to) const { return blocked_[from][to]; }
  void block(Address from, Address to) { blocked_[from].set(to); }
  void unblock_all() { blocked_ = {}; }

  // printf's place: a line of the trace, made only when someone reads it.
  template <class Make>
  void trace(Make&& make) const {
    if (tracing) print(make());
  }

  base::Random random;
  NetworkSettings network;
  std::int64_t max_sync_us = 8'000;  // How long a disk takes at most.
  Address last_bound = 0;            // Who bound itself last, by an oath or a vote: a good one to strike.
  const Lie lie;
  const bool tracing;

 private:
  struct Scheduled {
    std::int64_t at_us;
    std::uint64_t order;
    Event event;

    // For a heap whose front is the earliest.
    friend bool operator<(const Scheduled& left, const Scheduled& right) {
      return left.at_us != right.at_us ? left.at_us > right.at_us : left.order > right.order;
    }
  };

  void print(const std::string& line) const;
  void deliver(const Message& message);

  std::int64_t now_us_ = 0;
  std::uint64_t order_ = 0;
  std::vector<Scheduled> events_;
  std::vector<Message> messages_;
  std::vector<std::uint32_t> free_slots_;
  std::array<std::bitset<kMaxAddresses>, kMaxAddresses> blocked_{};
  // When the last message in order from one to the other arrives.
  std::array<std::array<std::int64_t, kMaxAddresses>, kMaxAddresses> last_us_{};
};

}  // namespace weir::sim
