// ReplyParser: what a client received, as Values, in either protocol version (the bytes tell which).
//
// Incremental and linear: a finished part of a reply is kept and its bytes consumed at once, so that a reply of a
// million elements needs no buffer of its size, and no byte is looked at twice. Nesting is a stack here, never
// recursion, and bounded like everything else by ReplyLimits. A server that breaks the protocol, or a limit, is an
// error after which the connection has to be closed: what follows cannot be told apart.
//
// Stricter than most clients on purpose, because a reply taken for another one is worse than a lost connection: every
// line ends in CRLF, every bulk in CRLF, and RESP3's streamed strings and aggregates ("$?", "*?"), which Redis never
// sends, are refused.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "wire/resp/value.h"

namespace weir::wire::resp {

struct ReplyLimits {
  std::uint64_t max_bulk_bytes = 512ull << 20;
  // A simple string, an error, a number, a count.
  std::size_t max_line_bytes = 64 << 10;
  // Arrays in arrays. COMMAND DOCS, the deepest that Redis has, stays below 16.
  std::size_t max_depth = 32;
  // Of one reply, all levels together.
  std::uint64_t max_elements = 64ull << 20;
};

class ReplyParser {
 public:
  enum class Status : unsigned char {
    kNeedMore,
    kValue,  // value() is a whole reply, or a push (Type::kPush), which answers nothing.
    kError,  // error() says what is wrong.
  };
  struct Step {
    Status status;
    // How many bytes at the front are done with; drop them before the next call, whatever the status.
    std::size_t consumed;
  };

  explicit ReplyParser(ReplyLimits limits = {}) : limits_(limits) {}

  // Requires: `received` holds what the last call was given, without what it consumed, and what arrived since.
  Step parse(std::string_view received);

  // Of the last kValue; may be moved from.
  Value& value() { return value_; }
  const std::string& error() const { return error_; }
  // See RequestParser::expected_bytes().
  std::size_t expected_bytes() const { return expected_bytes_; }

 private:
  // An aggregate, or an attribute's map, whose elements are still arriving.
  struct Open {
    Value value;
    std::uint64_t left;
    bool attribute;
  };
  enum class Progress : unsigned char { kValue, kOpened, kNeedMore, kError };

  Progress read_one(std::string_view received);
  Progress read_line_value(char type, std::string_view line);
  Progress read_bulk(char type, std::string_view line, std::string_view rest);
  Progress open(char type, std::string_view line);
  bool close_finished();
  Progress fail(std::string text);

  const ReplyLimits limits_;

  bool failed_ = false;
  std::vector<Open> open_;
  std::vector<Value> pending_attributes_;  // For the next value to begin.
  std::uint64_t elements_ = 0;             // Promised by this reply so far.
  std::size_t scanned_ = 0;                // Of the line at the front: no CR before this.
  std::size_t line_bytes_ = 0;             // What read_one() took.
  std::size_t expected_bytes_ = 0;
  Value value_;
  std::string error_;
};

}  // namespace weir::wire::resp
