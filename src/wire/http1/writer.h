// Messages written anew: a gateway sends what it understood, never the bytes that it received, so that whatever a peer
// hid between them stays behind.
//
// A head is written front to back: request() or response(), fields, one framing, finish(). What a caller passes was
// parsed, or is our own; a line end inside it would be a second message, so it asserts rather than trusts. Appends to a
// string that the connection owns.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "wire/http1/head.h"

namespace weir::wire::http1 {

class HeadWriter {
 public:
  explicit HeadWriter(std::string& to) : to_(to) {}

  void request(std::string_view method, std::string_view target);
  // With the standard phrase if `reason` is empty.
  void response(int status, std::string_view reason = {});
  // Requires: a token and a value without control characters, as parsed fields are.
  void field(std::string_view name, std::string_view value);
  // All fields that are neither of this hop only nor about framing: Content-Length is left to framing().
  void end_to_end_fields(const Fields& fields);
  // Says how the body is framed. kNone writes nothing: a request without a body needs no field, and a response that has
  // none by its status may keep the Content-Length of what it would be, as field().
  void framing(const Body& body);
  void finish();

 private:
  std::string& to_;
};

// One chunk. Requires: `data` is not empty, because an empty chunk ends the body.
void append_chunk(std::string& to, std::string_view data);
// The two ends of a chunk whose data is sent from elsewhere.
void append_chunk_start(std::string& to, std::uint64_t bytes);
inline constexpr std::string_view kChunkEnd = "\r\n";
// The end of a chunked body, with those of `trailers` that are end-to-end.
void append_last_chunk(std::string& to, const Fields& trailers);
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

// "Not Found" of 404; of a status without a standard phrase, empty.
std::string_view reason_phrase(int status);

}  // namespace weir::wire::http1
