#include "serve/message.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/assert.h"
#include "base/bytes.h"
#include "wire/http1/writer.h"

namespace weir::serve {

std::optional<std::string_view> Request::field(std::string_view name) const {
  for (const auto& [key, value] : fields) {
    if (base::equal_ignoring_case(key, name)) return value;
  }
  return std::nullopt;
}

const std::string& Request::parameter(std::string_view name) const {
  const auto found = std::ranges::find(parameters, name, &Field::first);
  WEIR_ASSERT(found != parameters.end());
  return found->second;
}

std::optional<std::string> Request::query_value(std::string_view name) const {
  std::string_view rest = query;
  while (!rest.empty()) {
    const std::size_t end = rest.find('&');
    const std::string_view pair = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    const std::size_t equals = pair.find('=');
    if (percent_decode(pair.substr(0, equals)) != name) continue;
    if (equals == std::string_view::npos) return std::string();
    std::string value(pair.substr(equals + 1));
    std::ranges::replace(value, '+', ' ');
    return percent_decode(value);
  }
  return std::nullopt;
}

Response text(std::string body) { return {.body = std::move(body), .content_type = "text/plain; charset=utf-8"}; }
Response json(std::string body) { return {.body = std::move(body), .content_type = "application/json"}; }

Response problem(int status, std::string_view detail) {
  Response response{.status = status, .content_type = "application/problem+json"};
  response.body = R"({"type":"about:blank","title":)";
  append_json_string(response.body, wire::http1::reason_phrase(status));
  response.body += fmt::format(R"(,"status":{},"detail":)", status);
  append_json_string(response.body, detail);
  response.body += "}\n";
  return response;
}

Response problem(const base::Error& error) {
  switch (error.kind()) {
    case base::ErrorKind::kReject: return problem(400, error.text());
    case base::ErrorKind::kUnknownOutcome: return problem(504, error.text());
    case base::ErrorKind::kRetry:
    case base::ErrorKind::kRedirect:
    case base::ErrorKind::kFatal: break;
  }
  return problem(503, error.text());
}

namespace {

// The size of the UTF-8 sequence at the front of `text`, or 0 if there is none (RFC 3629: no overlong form, no
// surrogate, nothing above U+10FFFF).
std::size_t utf8_sequence(std::string_view text) {
  const auto byte = [text](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const auto continues = [byte](std::size_t i) { return (byte(i) & 0xc0) == 0x80; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf && continues(1)) return 2;
  if (first >= 0xe0 && first <= 0xef && continues(1) && continues(2)) {
    const bool overlong = first == 0xe0 && byte(1) < 0xa0;
    const bool surrogate = first == 0xed && byte(1) >= 0xa0;
    return overlong || surrogate ? 0 : 3;
  }
  if (first >= 0xf0 && first <= 0xf4 && continues(1) && continues(2) && continues(3)) {
    const bool overlong = first == 0xf0 && byte(1) < 0x90;
    const bool too_high = first == 0xf4 && byte(1) >= 0x90;
    return overlong || too_high ? 0 : 4;
  }
  return 0;
}

int hexadecimal(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = base::ascii_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

}  // namespace

void append_json_string(std::string& to, std::string_view text) {
  to += '"';
  while (!text.empty()) {
    const char c = text.front();
    const std::size_t size = utf8_sequence(text);
    if (size == 0) {
      to += "\xef\xbf\xbd";
    } else if (c == '"' || c == '\\') {
      to += '\\';
      to += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      fmt::format_to(std::back_inserter(to), "\\u{:04x}", static_cast<unsigned>(c));
    } else {
      to += text.substr(0, size);
    }
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  to += '"';
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hexadecimal(text[i + 1]);
    const int low = hexadecimal(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return decoded;
}

}  // namespace weir::serve
