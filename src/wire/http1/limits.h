// What one peer may make us hold or read, and what it is told when it asks for more. The defaults are those
// of a gateway that faces the internet.
#pragma once

#include <cstdint>
#include <string_view>

namespace weir::wire::http1 {

// The table of fields has room for this many; Limits may allow fewer.
inline constexpr std::size_t kMaxFields = 100;

struct Limits {
  std::size_t head_bytes = 16 << 10;      // 431. Empty lines in front of a request count.
  std::size_t fields = kMaxFields;        // 431.
  std::size_t method_bytes = 32;          // 501.
  std::size_t target_bytes = 8 << 10;     // 414.
  std::uint64_t body_bytes = 1ull << 20;  // 413.
  // The extensions of all chunks of a body together, which nobody reads. 400.
  std::size_t chunk_extension_bytes = 4 << 10;
  std::size_t trailer_bytes = 4 << 10;  // 431.
};

// Which side sent the message.
enum class Message : unsigned char { kRequest, kResponse };

// Why a message cannot be taken, and the status to answer it with before the connection is closed. What a server sent
// cannot be answered: there the status is always 502, for the client that waits behind.
struct Rejection {
  int status = 0;
  std::string_view reason;  // A literal.
};

}  // namespace weir::wire::http1
