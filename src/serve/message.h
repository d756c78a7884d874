// Request and Response as handlers see them: whole messages that own their bytes, because a handler is a coroutine and
// the connection's buffer moves on.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/time.h"

namespace weir::serve {

using Field = std::pair<std::string, std::string>;

struct Request {
  std::string method;
  std::string path;   // As it was sent, without the query.
  std::string query;  // As it was sent, without the question mark.
  std::vector<Field> fields;
  std::string body;
  // What the braces of the route's pattern matched, percent-decoded.
  std::vector<Field> parameters;
  // When the server gives up on the handler. Whatever it waits for should end by then.
  base::MonoTime deadline = base::MonoTime::max();

  // The first field of that name, whatever its case.
  std::optional<std::string_view> field(std::string_view name) const;
  // Requires: the route's pattern has {name}.
  const std::string& parameter(std::string_view name) const;
  // The first `name=value` of the query, percent-decoded, with + for a space; nothing if there is none, or if it is
  // malformed.
  std::optional<std::string> query_value(std::string_view name) const;
};

struct Response {
  int status = 200;
  std::string body = {};
  // Empty: no Content-Type.
  std::string content_type = {};
  // Beside Content-Type, Content-Length, Date and Connection, which the server writes.
  std::vector<Field> fields = {};
};

Response text(std::string body);
Response json(std::string body);

// An error as application/problem+json (RFC 9457). `detail` is for whoever reads the response: what was wrong.
Response problem(int status, std::string_view detail);
// The same for a failure below: kReject is the caller's fault (400), everything else ours (503, try again), except
// an unknown outcome, which must not look as if nothing had been done (504).
Response problem(const base::Error& error);

// `text` as a JSON string with its quotes. Bytes that are no UTF-8 become U+FFFD.
void append_json_string(std::string& to, std::string_view text);

// %41 -> A. Nothing if a % is not followed by two hexadecimal digits.
std::optional<std::string> percent_decode(std::string_view text);

}  // namespace weir::serve
