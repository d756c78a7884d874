// Message: what travels through the simulated network. Sentinels and members say what src/wire/failover/ defines; what
// data nodes and clients say to each other has, in the shipped store, the form of PSYNC and RESP, and here only its
// meaning.
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "store/replica/member.h"
#include "wire/failover/messages.h"

namespace weir::sim {

namespace failover = wire::failover;

// Data nodes, then sentinels, then clients.
using Address = std::uint8_t;
constexpr std::size_t kMaxAddresses = 32;

// One step of a history: the mark of an epoch, or the effect of one write. It counts as one byte of the stream.
struct Entry {
  std::uint64_t id;  // The epoch of a mark; else the number of the operation, which is also the value written.
  std::uint8_t key;
  bool is_mark;

  friend bool operator==(const Entry&, const Entry&) = default;
};
using Log = std::vector<Entry>;

struct Probe {};  // Answered by a Report: PING and INFO.
struct AttachRequest {
  store::replica::Attachment attachment;
  failover::Position position;
};
struct Resume {
  store::replica::Attachment attachment;
  failover::Offset from;
  failover::Offset reached;
};
struct Snapshot {
  store::replica::Attachment attachment;
  store::replica::History history;
  Log log;
};
struct Stream {
  failover::Epoch epoch;
  failover::Offset from;
  std::uint64_t round;
  Log entries;
};
struct Acknowledge {
  failover::MemberId replica;
  failover::Epoch epoch;
  store::replica::Acknowledgements::Acknowledged acknowledged;
};
struct Request {
  std::uint32_t operation;
};
struct Response {
  enum class Kind : unsigned char { kDone, kUnknown, kNotRun };

  std::uint32_t operation;
  Kind kind;
  std::uint64_t value;  // Of a read: the operation that wrote it; 0: nobody.
};

using Body = std::variant<failover::AskVote, failover::Vote, failover::Propose, failover::Accept, failover::Hello,
                          failover::AskOath, failover::Oath, failover::Confirm, failover::Follow, failover::Report,
                          Probe, AttachRequest, Resume, Snapshot, Stream, Acknowledge, Request, Response>;

struct Message {
  Address from;
  Address to;
  Body body;
  // For whom at that address: who has another id by now does not get it. kNobody: for whoever is there.
  failover::MemberId member = failover::MemberId::kNobody;
};

}  // namespace weir::sim
