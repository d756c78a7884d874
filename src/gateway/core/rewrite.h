// The heads that the gateway sends, made from those it received (RFC 9110, 7.6): what concerned one hop is left out,
// what a proxy must add is added, and how the body is framed is said anew.
//
// A core: bytes in, bytes out.
#pragma once

#include <string>
#include <string_view>

#include "wire/http1/head.h"
#include "wire/http1/writer.h"

namespace weir::gateway {

// The name by which the gateway calls itself in Via.
inline constexpr std::string_view kViaName = "weir";

struct ForwardedRequest {
  std::string_view client_address;  // Without port: what X-Forwarded-For is told.
  std::string_view request_id;      // Used when the client sent none.
};

// What the upstream is sent. X-Forwarded-For grows by the client's address; X-Forwarded-Proto and -Host are ours; Host
// is the authority that the client asked for. Requires: the form of the target is not kAuthority, and Max-Forwards
// is not 0 on TRACE or OPTIONS.
void append_upstream_request(std::string& to, const wire::http1::RequestHead& head, const ForwardedRequest& forwarded);

// How the body of a response goes to a client.
enum class Delivery : unsigned char { kNone, kLength, kChunked, kUntilClose };

struct ClientSide {
  int minor_version;
  bool is_head;     // The request's method was HEAD.
  bool keep_alive;  // The connection stays open behind this response; kUntilClose overrules it.
};

// Says whether the connection stays open, unless it goes without saying in the client's version.
void write_connection(wire::http1::HeadWriter& writer, const ClientSide& client);

// What the client is sent, and how the body must follow. For interim (1xx) responses kNone.
Delivery append_client_response(std::string& to, const wire::http1::ResponseHead& head, const ClientSide& client);

// The value of X-Request-Id if it is one that we pass on: at most 64 token characters. Else empty.
std::string_view usable_request_id(const wire::http1::RequestHead& head);

// What RFC 9110 7.6.2 says of TRACE and OPTIONS: 0 must be answered here.
bool forwards_exhausted(const wire::http1::RequestHead& head);

// Whether the same request may be sent twice: by its method (RFC 9110, 9.2.2) or because it carries an Idempotency-Key.
bool is_repeatable(const wire::http1::RequestHead& head);

}  // namespace weir::gateway
