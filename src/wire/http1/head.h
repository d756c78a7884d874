// Heads of HTTP/1.1 messages (RFC 9112), read strictly, because a gateway that reads a message otherwise than the
// server behind it can be made to smuggle one. Nothing here is repaired: what is not plainly well formed is rejected,
// and the connection closed.
//
//   received bytes --HeadScanner--> where the head ends --parse_request_head--> RequestHead: views, and decisions
//                                                       --parse_response_head-> ResponseHead
//
// Decided here, once, for everybody behind: how the body is framed, whether the connection stays open, which fields
// belong to this hop only. No allocation: fields stand in a table of fixed size as views into the caller's buffer,
// valid as long as its bytes are. A head object is made once a connection and used again for each message.
//
// One owner, one thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "wire/http1/limits.h"

namespace weir::wire::http1 {

// The fields that the codec itself, or any gateway, looks at.
enum class FieldName : unsigned char {
  kOther,
  kConnection,
  kContentLength,
  kExpect,
  kHost,
  kKeepAlive,
  kProxyConnection,
  kTe,
  kTrailer,
  kTransferEncoding,
  kUpgrade,
};

FieldName field_name(std::string_view name);

struct Field {
  std::string_view name;   // As it was written; compare without case.
  std::string_view value;  // Without the spaces around it.
  FieldName known;
  // Means this connection and must not be forwarded: Connection and what it names (but never Host or Content-Length),
  // Keep-Alive, Proxy-Connection, Transfer-Encoding, Upgrade, and TE unless it is just "trailers".
  bool hop_by_hop;
};

class Fields {
 public:
  std::span<const Field> all() const { return {fields_.data(), count_}; }
  const Field* begin() const { return fields_.data(); }
  const Field* end() const { return fields_.data() + count_; }
  std::size_t size() const { return count_; }
  // The first of that name, or null.
  const Field* find(FieldName name) const;
  const Field* find(std::string_view name) const;

 private:
  friend class HeadParser;
  std::array<Field, kMaxFields> fields_;  // Only the first count_ mean anything.
  std::size_t count_ = 0;
};

enum class Framing : unsigned char {
  kNone,        // The message ends with its head.
  kLength,      // Content-Length bytes follow, possibly none.
  kChunked,     // Chunks follow, and trailers perhaps.
  kUntilClose,  // Responses only: everything until the server closes.
};

struct Body {
  Framing framing = Framing::kNone;
  std::uint64_t length = 0;  // Of kLength.

  friend bool operator==(const Body&, const Body&) = default;
};

enum class TargetForm : unsigned char {
  kOrigin,     // /path?query
  kAbsolute,   // http://authority/path?query
  kAuthority,  // host:port, of CONNECT
  kAsterisk,   // *, of OPTIONS
};

struct RequestHead {
  std::string_view method;
  std::string_view target;  // As it was written.
  TargetForm form;
  // Path and query: the target without scheme and authority. Empty for kAuthority. An absolute target may leave the
  // path out: "" then stands for "/", and "?q" for "/?q".
  std::string_view path;
  // Whom the request is for: the target's authority if it has one (which then overrules Host), else Host's value, else
  // empty. A valid host with an optional port.
  std::string_view authority;
  int minor_version;  // HTTP/1.0 or HTTP/1.1
  Fields fields;
  Body body;
  bool keep_alive;           // The client wants to send another request on this connection.
  bool expects_continue;     // It waits for 100 (Continue) before it sends the body.
  bool accepts_trailers;     // TE lists "trailers".
  std::string_view upgrade;  // The protocols of Upgrade when Connection names it too, else empty.
};

struct ResponseHead {
  int status;  // 100 to 999
  std::string_view reason;
  int minor_version;
  Fields fields;
  Body body;
  bool keep_alive;  // The connection can be used again, once the body was read.
  bool tunnel;      // What follows is no longer HTTP: 101, or 2xx to CONNECT.
};

// Finds the end of a head in bytes that arrive in pieces, looking at each byte once. Rejects what is known to be wrong
// before the head is complete: a line that ends in LF alone, and a head over its limits.
class HeadScanner {
 public:
  enum class Status : unsigned char { kNeedMore, kComplete, kRejected };

  // Empty lines in front of a request are passed over (RFC 9112, 2.2), in front of a response they end it.
  explicit HeadScanner(Message message, const Limits& limits = {}) : limits_(limits), message_(message) {}

  // Requires: `received` begins with the same bytes as at the last call.
  Status scan(std::string_view received);
  // After kComplete: the size of the head at the front, with its last empty line.
  std::size_t head_bytes() const { return scanned_; }
  Rejection rejection() const { return rejection_; }
  // Rejected because a limit was reached, not because of what the bytes are.
  bool too_large() const { return too_large_; }
  // For the next head of this connection.
  void restart();

 private:
  Status reject(std::string_view received);

  Limits limits_;
  Message message_;
  bool in_head_ = false;  // A line that is not empty was seen.
  std::size_t line_start_ = 0;
  std::size_t scanned_ = 0;
  bool too_large_ = false;
  Rejection rejection_;
};

// Reads a whole head into `head`, which holds nothing of use if it is rejected. Requires: `bytes` is what HeadScanner
// found, from its front.
std::optional<Rejection> parse_request_head(std::string_view bytes, const Limits& limits, RequestHead& head);

// `request_method` is what is being answered: there is no body in the answer to HEAD, nor in a 2xx to CONNECT.
std::optional<Rejection> parse_response_head(std::string_view bytes, std::string_view request_method,
                                             const Limits& limits, ResponseHead& head);

// The field lines of a trailer section: `bytes` are lines and the empty one that ends them. Fields that frame or route
// a message are refused there (RFC 9110, 6.5.1).
std::optional<Rejection> parse_trailers(std::string_view bytes, Message message, const Limits& limits,
                                        Fields& trailers);

// A host with an optional port, as Host and an authority hold it; an empty one is not.
bool is_authority(std::string_view text);

}  // namespace weir::wire::http1
