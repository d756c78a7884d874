// RESP requests, both directions: RequestParser takes commands out of the bytes that a server received, append_command
// writes one for a client to send.
//
//   *2\r\n $3\r\nGET\r\n $1\r\nk\r\n      a multibulk: a count, then so many bulks
//   GET "k"\r\n                           an inline command: words with Redis's quoting (sdssplitargs)
//
// The judgement is Redis 7.0.15's, byte for byte, and tests/protocol_oracle holds it against a real one. That includes
// what Redis does not look at: the byte after a length's CR, and the two bytes that end a bulk.
//
// The connection owns the buffer. A command's arguments are views into it, so nothing is copied; only inline words are,
// because quoting changes them. What was seen of an incomplete command is remembered as offsets, so the buffer may move
// between calls, and no byte is looked at twice however small the pieces are.
//
// Specification: https://redis.io/docs/reference/protocol-spec. One owner, one thread.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir::wire::resp {

struct RequestLimits {
  // Redis's proto-max-bulk-len. A link from a master has none.
  std::uint64_t max_bulk_bytes = 512ull << 20;
  // Redis 7.0 counts to INT_MAX (before 7.0 it was 1,048,576); memory is used only as arguments arrive, and the owner
  // of the buffer bounds that.
  std::int64_t max_arguments = 2147483647;
  // The longest line without its end: an inline command, a count or a length.
  std::size_t max_line_bytes = 64 << 10;
  // Before authentication.
  std::int64_t max_unauthenticated_arguments = 10;
  std::uint64_t max_unauthenticated_bulk_bytes = 16 << 10;
};

class RequestParser {
 public:
  enum class Status : unsigned char {
    kNeedMore,  // Call again with more bytes behind these.
    kCommand,   // arguments() holds a command of at least one word.
    kError,     // The stream cannot be read on: send "-ERR " + error(), then close.
  };
  struct Step {
    Status status;
    // How many bytes at the front are done with. Whatever the status, drop them before the next call; arguments() of
    // a command stay valid as long as those bytes do.
    std::size_t consumed;
  };

  explicit RequestParser(RequestLimits limits = {}) : limits_(limits) {}

  // Takes the next command. Requires: `received` holds what the last call was given, without what it consumed, and
  // what arrived since.
  Step parse(std::string_view received);

  // Of the last kCommand, until the next parse().
  std::span<const std::string_view> arguments() const { return arguments_; }
  // Whether those are not in what was received, but the parser's own: of an inline command.
  bool owns_arguments() const { return !inline_words_.empty(); }
  // Of the last kError: Redis's words, without "-ERR " and line end.
  const std::string& error() const { return error_; }

  // Forgets the command that is being read, and a failure: the next call gets it from its first byte.
  void rewind();

  // Until true is said here, the limits of unauthenticated clients hold.
  void set_authenticated(bool authenticated) { authenticated_ = authenticated; }
  // Takes effect with the next length that is read.
  void set_max_bulk_bytes(std::uint64_t bytes) { limits_.max_bulk_bytes = bytes; }
  // The length that `received` must at least have for the next call to get anywhere, or 0 when it is not known: what to
  // make room for while a large bulk arrives.
  std::size_t expected_bytes() const { return expected_bytes_; }

 private:
  enum class Line : unsigned char { kWhole, kPartial, kTooLong };
  struct Extent {
    std::size_t offset;
    std::size_t size;
  };

  Step parse_multibulk(std::string_view received, std::size_t start);
  Step parse_inline(std::string_view received, std::size_t start);
  Line find_line_end(std::string_view received, std::size_t start, char end, std::size_t& at);
  Step need_more(std::size_t consumed);
  Step fail(std::string text);
  void start_command();

  // Fixed by the owner.
  RequestLimits limits_;
  bool authenticated_ = true;

  // The command being read. Offsets count from its first byte, which is the front of the next `received`.
  bool failed_ = false;
  std::int64_t arguments_left_ = 0;  // Not 0 exactly after a multibulk's count was read.
  std::int64_t bulk_size_ = -1;      // -1 until the current bulk's length was read.
  std::size_t offset_ = 0;           // Everything before it is understood.
  std::size_t scanned_ = 0;          // From offset_ to here there is no line end.
  std::size_t expected_bytes_ = 0;
  std::vector<Extent> extents_;

  std::vector<std::string_view> arguments_;
  std::string inline_words_;
  std::string error_;
};

// Splits one line into words as Redis's sdssplitargs does: blanks part words; "..." knows \n \r \t \b \a \xHH and takes
// any other escaped byte for itself; '...' knows \'. Appends the words' bytes to `bytes` and the length of each to
// `sizes`. False when quotes are unbalanced or a closing quote touches the next word. A NUL ends the line.
bool split_words(std::string_view line, std::string& bytes, std::vector<std::size_t>& sizes);

// Appends the command as a multibulk.
void append_command(std::string& to, std::span<const std::string_view> words);
void append_command(std::string& to, std::initializer_list<std::string_view> words);

}  // namespace weir::wire::resp
