// BodyDecoder: the payload of one message out of the bytes that follow its head.
//
//   chunked:  1a;ext=1 CRLF  26 bytes CRLF  ...  0 CRLF  [trailer fields]  CRLF
//             size and extensions are consumed byte by byte, so that nothing has to be waited for or looked at twice;
//             extensions are checked, counted and dropped; the trailer section is taken when it is whole
//
// Strict where a lenient reader can be deceived: exactly CRLF ends each line and each chunk's data, a size is plain
// hexadecimal digits, and no space stands anywhere in a chunk's line outside quotes. One decoder a message, one owner.
#pragma once

#include <cstdint>
#include <string_view>

#include "wire/http1/head.h"
#include "wire/http1/limits.h"

namespace weir::wire::http1 {

class BodyDecoder {
 public:
  enum class Status : unsigned char {
    kNeedMore,
    kData,      // data() is the next piece of payload: views into `received`.
    kDone,      // The body is over; the bytes not consumed belong to the next message.
    kRejected,  // See rejection(). No byte that follows can be trusted.
  };
  struct Step {
    Status status;
    // How many bytes at the front are done with; drop them before the next call, whatever the status.
    std::size_t consumed;
    std::string_view data;  // Of kData; inside the consumed bytes, never empty.
  };

  // Requires: `body` came with an accepted head of `message`.
  BodyDecoder(Body body, Message message, const Limits& limits);

  // Requires: `received` holds what the last call was given, without what it consumed, and what arrived since.
  Step decode(std::string_view received);

  // The peer has closed: true if the message was whole all the same. Otherwise it was cut off and must not be passed on
  // as if it were complete.
  bool whole_at_close() const { return state_ == State::kDone || state_ == State::kUntilClose; }
  bool done() const { return state_ == State::kDone; }
  // After kDone: the trailer section, checked, for parse_trailers() to read; empty if there were no trailers. Valid as
  // long as the bytes which that call consumed.
  std::string_view trailer_section() const { return trailer_section_; }
  Rejection rejection() const { return rejection_; }
  // Payload given out so far.
  std::uint64_t payload_bytes() const { return payload_bytes_; }

 private:
  enum class State : unsigned char {
    kLength,
    kUntilClose,
    kSizeFirst,  // The first digit of a chunk's size.
    kSize,
    kExtensionNameFirst,  // Behind a semicolon.
    kExtensionName,
    kExtensionValueFirst,  // Behind an equals sign.
    kExtensionValue,
    kExtensionQuoted,
    kExtensionEscape,    // Behind a backslash in quotes.
    kExtensionUnquoted,  // Behind the closing quote.
    kSizeLf,
    kData,
    kDataCr,
    kDataLf,
    kTrailers,
    kDone,
    kRejected,
  };

  Step give(std::string_view received, std::size_t from);
  Step reject(int status, std::string_view reason);
  bool take_size_digit(char c);
  bool take_extension(char c);
  State behind_extension(char c) const;
  Step take_trailers(std::string_view received, std::size_t from);

  const Limits limits_;
  const Message message_;
  State state_;
  std::uint64_t left_ = 0;  // Of the chunk, or of the whole by length.
  std::uint64_t payload_bytes_ = 0;
  std::size_t size_digits_ = 0;
  std::size_t extension_bytes_ = 0;
  HeadScanner trailer_scanner_;
  std::string_view trailer_section_;
  Rejection rejection_;
};

}  // namespace weir::wire::http1
