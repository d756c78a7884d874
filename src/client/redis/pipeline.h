// Pipeline: which reply belongs to which call, and how each call ended. The deciding half of the Redis client: no
// socket, no clock, no thread; client.h does what is decided here.
//
//   add() --> queued --take_output()--> written --a reply--> ended with it
//               |                          |
//               | give_up(): kRetry        | give_up(): kUnknownOutcome, and the place in the row is kept: the reply
//               | lost():    kRetry        |            that still comes is read and thrown away
//               v                          | lost():    kUnknownOutcome
//             ended                        v
//                                        ended
//
// Replies come in the order of the requests (that is all that RESP promises), so the calls stand in one row and a reply
// belongs to the first that was written and not yet answered. "Written" begins when the bytes are handed out, since
// nobody knows what a failed write() has sent. A push is no reply; nobody here has asked for one, and it is counted and
// dropped.
//
// Bounded: calls (all that are in the row, given-up ones too) and the bytes of those that are queued.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "wire/resp/reply_parser.h"
#include "wire/resp/value.h"

namespace weir::client::redis {

struct PipelineLimits {
  std::size_t calls = 10'000;
  std::size_t queued_bytes = 64 << 20;
  // How much one batch takes at least before it stops taking more calls.
  std::size_t batch_bytes = 256 << 10;
  wire::resp::ReplyLimits reply = {};
};

class Pipeline {
 public:
  using CallId = std::uint64_t;
  struct Ended {
    CallId id;
    base::Result<wire::resp::Value> outcome;
  };

  explicit Pipeline(const PipelineLimits& limits) : limits_(limits) { parser_.emplace(limits.reply); }

  // Queues a request. kRetry, and nothing is queued, when a limit is reached.
  base::Result<CallId> add(std::string request);

  // The requests to send next, which are written from now on; empty if none is queued.
  std::string take_output();

  // What the server sent. Appends the calls that ended. An error means that the server broke the protocol: the
  // connection must be closed and lost() called.
  base::Result<void> receive(std::string_view bytes, std::vector<Ended>& ended);

  // The connection is gone: every call in the row ends, and the next connection begins anew.
  void lost(const base::Error& why, std::vector<Ended>& ended);

  // The caller does not wait any longer. Returns how its call ended. Requires: it has not ended.
  base::Error give_up(CallId id);

  // Replies that the server owes.
  std::size_t awaited() const { return awaited_; }
  std::size_t queued_bytes() const { return queued_bytes_; }
  std::uint64_t pushes() const { return pushes_; }

 private:
  enum class State : unsigned char {
    kQueued,
    kWritten,
    kSkipped,  // Written and given up: its reply is still to come.
    kGone,     // Given up before it was written: no reply will come.
  };
  struct Call {
    State state;
    std::string request;  // Of kQueued.
  };

  base::Result<void> take_reply(wire::resp::Value value, std::vector<Ended>& ended);
  void pop_front();

  const PipelineLimits limits_;

  // The row: the first taken_ calls are behind take_output(), the others are not. Ids are consecutive.
  std::deque<Call> calls_;
  CallId first_id_ = 1;
  std::size_t taken_ = 0;
  std::size_t awaited_ = 0;  // kWritten and kSkipped.
  std::size_t queued_bytes_ = 0;

  std::string received_;                           // Not yet parsed: the beginning of a reply.
  std::optional<wire::resp::ReplyParser> parser_;  // Always there; made anew with each connection.
  std::uint64_t pushes_ = 0;
};

}  // namespace weir::client::redis
