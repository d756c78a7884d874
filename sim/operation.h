// Operation: what a client asked for and what it was told, for the checks of the history as clients saw it.
#pragma once

#include <cstdint>

#include "sim/message.h"

namespace weir::sim {

constexpr std::size_t kKeys = 3;

struct Operation {
  enum class Kind : unsigned char {
    kWrite,
    kRead,        // Gated by what it saw.
    kStrictRead,  // CLIENT ACKS n READS.
  };
  enum class Outcome : unsigned char {
    kPending,
    kDone,
    kUnknown,  // It may take effect at any time from its begin on, or never.
    kNotRun,   // Refused before execution.
  };

  Kind kind;
  Address client;
  std::uint8_t key;
  Outcome outcome = Outcome::kPending;
  std::int64_t begin_us = 0;
  std::int64_t end_us = 0;
  std::uint64_t value = 0;    // Of a write: the operation's number. Of a read: what it saw.
  failover::Offset seen = 0;  // By the reply: all before it in the history of the node that computed it.
};

}  // namespace weir::sim
