#include "gateway/core/problem.h"

#include <fmt/format.h>

namespace weir::gateway {

namespace {

// Details quote what an upstream or a parser said: whatever JSON does not take as it is becomes \u00XX.
std::string json_text(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      escaped += '\\';
      escaped += c;
    } else if (c < 0x20 || c >= 0x7f) {
      escaped += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    } else {
      escaped += c;
    }
  }
  return escaped;
}

}  // namespace

void append_problem(std::string& to, int status, std::string_view detail, const ClientSide& client) {
  const std::string_view title = wire::http1::reason_phrase(status);
  const std::string body =
      fmt::format("{{\"type\":\"about:blank\",\"title\":\"{}\",\"status\":{},\"detail\":\"{}\"}}\n", title, status,
                  json_text(detail));
  wire::http1::HeadWriter writer(to);
  writer.response(status);
  writer.field("Content-Type", "application/problem+json");
  if (status == 503) writer.field("Retry-After", "1");
  write_connection(writer, client);
  writer.framing({.framing = wire::http1::Framing::kLength, .length = body.size()});
  writer.finish();
  if (!client.is_head) to += body;
}

}  // namespace weir::gateway
