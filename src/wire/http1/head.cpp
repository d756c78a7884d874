#include "wire/http1/head.h"

#include <algorithm>
#include <limits>

#include "base/bytes.h"
#include "wire/http1/grammar.h"

namespace weir::wire::http1 {

using base::equal_ignoring_case;

FieldName field_name(std::string_view name) {
  const auto known_as = [name](std::string_view candidate, FieldName known) {
    return equal_ignoring_case(name, candidate) ? known : FieldName::kOther;
  };
  switch (name.size()) {
    case 2: return known_as("te", FieldName::kTe);
    case 4: return known_as("host", FieldName::kHost);
    case 6: return known_as("expect", FieldName::kExpect);
    case 7: {
      const FieldName known = known_as("upgrade", FieldName::kUpgrade);
      return known == FieldName::kOther ? known_as("trailer", FieldName::kTrailer) : known;
    }
    case 10: {
      const FieldName known = known_as("connection", FieldName::kConnection);
      return known == FieldName::kOther ? known_as("keep-alive", FieldName::kKeepAlive) : known;
    }
    case 14: return known_as("content-length", FieldName::kContentLength);
    case 16: return known_as("proxy-connection", FieldName::kProxyConnection);
    case 17: return known_as("transfer-encoding", FieldName::kTransferEncoding);
    default: return FieldName::kOther;
  }
}

const Field* Fields::find(FieldName name) const {
  const Field* const found = std::find_if(begin(), end(), [name](const Field& field) { return field.known == name; });
  return found == end() ? nullptr : found;
}

const Field* Fields::find(std::string_view name) const {
  const Field* const found =
      std::find_if(begin(), end(), [name](const Field& field) { return equal_ignoring_case(field.name, name); });
  return found == end() ? nullptr : found;
}

bool is_authority(std::string_view text) {
  std::string_view port;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos || close < 3) return false;
    if (text.substr(1, close - 1).find_first_not_of("0123456789abcdefABCDEF:.") != std::string_view::npos) return false;
    port = text.substr(close + 1);
  } else {
    const std::size_t colon = text.find(':');
    const std::string_view host = text.substr(0, colon);
    if (host.empty() || !all(host, character::kHost)) return false;
    if (colon != std::string_view::npos) port = text.substr(colon);
  }
  if (port.empty() || port == ":") return true;
  return port[0] == ':' && port.size() <= 6 && base::parse_decimal<std::uint16_t>(port.substr(1)).has_value();
}

HeadScanner::Status HeadScanner::scan(std::string_view received) {
  if (rejection_.status != 0) return Status::kRejected;
  // The limit's verdict must not depend on how much arrived behind it.
  const std::string_view window = received.substr(0, limits_.head_bytes);
  while (true) {
    const std::size_t line_end = window.find('\n', scanned_);
    if (line_end == std::string_view::npos) break;
    scanned_ = line_end + 1;
    if (line_end == line_start_ || window[line_end - 1] != '\r') {
      rejection_ = {400, "a line ends without CR"};
      return reject(received);
    }
    const bool empty = line_end - line_start_ == 1;
    line_start_ = scanned_;
    if (!empty) in_head_ = true;
    if (empty && (in_head_ || message_ == Message::kResponse)) return Status::kComplete;
  }
  scanned_ = window.size();
  if (received.size() < limits_.head_bytes) return Status::kNeedMore;
  too_large_ = true;
  rejection_ = {431, "the head is too large"};
  return reject(received);
}

void HeadScanner::restart() {
  in_head_ = false;
  line_start_ = 0;
  scanned_ = 0;
  too_large_ = false;
  rejection_ = {};
}

HeadScanner::Status HeadScanner::reject(std::string_view received) {
  if (message_ == Message::kResponse) {
    rejection_.status = 502;
  } else if (too_large_) {
    // When the request line is what filled it, that is what to say.
    std::string_view head = received.substr(0, limits_.head_bytes);
    while (head.starts_with("\r\n")) head.remove_prefix(2);
    head = head.substr(0, head.find('\r'));
    head.remove_prefix(std::min(head.find(' '), head.size() - 1) + 1);
    if (std::min(head.find(' '), head.size()) > limits_.target_bytes) rejection_ = {414, "the target is too long"};
  }
  return Status::kRejected;
}

// One head, front to back. Every step returns false after reject().
class HeadParser {
 public:
  HeadParser(std::string_view bytes, Message message, const Limits& limits, Fields& fields)
      : at_(bytes.data()), end_(bytes.data() + bytes.size()), message_(message), limits_(limits), fields_(fields) {
    fields_.count_ = 0;
  }

  bool request(RequestHead& head);
  bool response(ResponseHead& head, std::string_view request_method);
  bool trailers();
  Rejection rejection() const { return rejection_; }

 private:
  // What the fields said about the message as a whole.
  struct Seen {
    bool host = false;
    bool content_length = false;
    bool transfer_encoding = false;
    bool chunked = false;       // As the last coding.
    bool other_coding = false;  // Before it.
    bool connection = false;
    bool close = false;
    bool keep_alive = false;
    bool connection_upgrade = false;
    bool te_trailers = false;
    bool expects_continue = false;
    std::uint64_t length = 0;
    std::string_view upgrade;
    std::string_view host_value;
  };

  bool reject(int status, std::string_view reason);
  bool line_end(std::string_view reason);
  bool version(int& minor);
  bool request_line(RequestHead& head);
  bool read_target(RequestHead& head);
  bool status_line(ResponseHead& head);
  bool field_lines();
  bool field_line(Field& field);
  bool note(Field& field);
  bool note_content_length(std::string_view value);
  bool note_transfer_encoding(std::string_view value);
  bool check_transfer_encoding(int minor_version);
  void mark_nominated();

  const char* at_;
  const char* const end_;
  const Message message_;
  const Limits& limits_;
  Fields& fields_;
  Seen seen_;
  Rejection rejection_;
};

bool HeadParser::reject(int status, std::string_view reason) {
  rejection_ = {message_ == Message::kResponse ? 502 : status, reason};
  return false;
}

bool HeadParser::line_end(std::string_view reason) {
  if (end_ - at_ < 2 || at_[0] != '\r' || at_[1] != '\n') return reject(400, reason);
  at_ += 2;
  return true;
}

bool HeadParser::version(int& minor) {
  const std::string_view rest(at_, static_cast<std::size_t>(end_ - at_));
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (rest.size() < 8 || !rest.starts_with("HTTP/") || !digit(rest[5]) || rest[6] != '.' || !digit(rest[7])) {
    return reject(400, "malformed HTTP version");
  }
  if (rest[5] != '1' || rest[7] > '1') return reject(505, "HTTP version not supported");
  minor = rest[7] - '0';
  at_ += 8;
  return true;
}

bool HeadParser::request_line(RequestHead& head) {
  while (end_ - at_ >= 2 && at_[0] == '\r' && at_[1] == '\n') at_ += 2;
  const char* const method = at_;
  while (at_ != end_ && is(*at_, character::kToken)) ++at_;
  head.method = {method, at_};
  if (head.method.empty() || at_ == end_ || *at_ != ' ') return reject(400, "malformed method");
  if (head.method.size() > limits_.method_bytes) return reject(501, "method not known");
  ++at_;
  const char* const target = at_;
  while (at_ != end_ && is(*at_, character::kTarget)) ++at_;
  head.target = {target, at_};
  // Judged before what stands behind it, so that a too long target of whatever characters is 414.
  if (head.target.size() > limits_.target_bytes) return reject(414, "the target is too long");
  if (head.target.empty() || at_ == end_ || *at_ != ' ') return reject(400, "malformed target");
  ++at_;
  return version(head.minor_version) && line_end("malformed request line") && read_target(head);
}

bool HeadParser::read_target(RequestHead& head) {
  const std::string_view target = head.target;
  head.authority = {};
  if (head.method == "CONNECT") {
    head.form = TargetForm::kAuthority;
    head.path = {};
    head.authority = target;
    // A port is required here, unlike in Host.
    const std::size_t colon = target.rfind(':');
    if (!is_authority(target) || colon == std::string_view::npos || colon + 1 == target.size() ||
        target.find(']', colon) != std::string_view::npos) {
      return reject(400, "CONNECT needs host:port as its target");
    }
    return true;
  }
  head.path = target;
  if (target[0] == '/') {
    head.form = TargetForm::kOrigin;
    return true;
  }
  if (target == "*") {
    head.form = TargetForm::kAsterisk;
    return head.method == "OPTIONS" || reject(400, "only OPTIONS may have * as its target");
  }
  head.form = TargetForm::kAbsolute;
  const std::size_t colon = target.find("://");
  if (colon == std::string_view::npos) return reject(400, "malformed target");
  const std::string_view scheme = target.substr(0, colon);
  if (!equal_ignoring_case(scheme, "http") && !equal_ignoring_case(scheme, "https")) {
    return reject(400, "the target's scheme is not http or https");
  }
  const std::string_view rest = target.substr(colon + 3);
  const std::size_t authority_end = std::min(rest.find_first_of("/?"), rest.size());
  head.authority = rest.substr(0, authority_end);
  head.path = rest.substr(authority_end);
  return is_authority(head.authority) || reject(400, "malformed authority in the target");
}

bool HeadParser::status_line(ResponseHead& head) {
  if (!version(head.minor_version)) return false;
  const auto digit = [this](int i) { return at_[i] >= '0' && at_[i] <= '9'; };
  if (end_ - at_ < 4 || at_[0] != ' ' || at_[1] == '0' || !digit(1) || !digit(2) || !digit(3)) {
    return reject(502, "malformed status");
  }
  head.status = (at_[1] - '0') * 100 + (at_[2] - '0') * 10 + (at_[3] - '0');
  at_ += 4;
  head.reason = {};
  // RFC 9112 wants the space even before an empty reason; many servers leave it out, and nothing depends on it.
  if (at_ != end_ && *at_ == ' ') {
    const char* const reason = ++at_;
    while (at_ != end_ && is(*at_, character::kValue)) ++at_;
    head.reason = {reason, at_};
  }
  return line_end("malformed status line");
}

// All lines up to the empty one, which must be the last of the bytes.
bool HeadParser::field_lines() {
  const std::size_t limit = std::min(limits_.fields, kMaxFields);
  while (at_ != end_ && *at_ != '\r') {
    if (fields_.count_ == limit) return reject(431, "too many fields");
    Field& field = fields_.fields_[fields_.count_];
    if (!field_line(field) || !note(field)) return false;
    ++fields_.count_;
  }
  if (!line_end("a CR stands alone")) return false;
  if (at_ != end_) return reject(400, "the head goes on behind its end");
  if (seen_.connection) mark_nominated();
  return true;
}

bool HeadParser::field_line(Field& field) {
  const char* const name = at_;
  while (at_ != end_ && is(*at_, character::kToken)) ++at_;
  field.name = {name, at_};
  if (at_ == end_ || *at_ != ':' || field.name.empty()) {
    if (at_ != end_ && (*at_ == ' ' || *at_ == '\t')) {
      return reject(400, field.name.empty() ? "a field is folded over lines" : "a space before a field's colon");
    }
    return reject(400, "malformed field name");
  }
  ++at_;
  const char* const value = at_;
  while (at_ != end_ && is(*at_, character::kValue)) ++at_;
  field.value = trim({value, at_});
  return line_end("a field's value holds a control character");
}

bool HeadParser::note(Field& field) {
  field.known = field_name(field.name);
  field.hop_by_hop = false;
  switch (field.known) {
    case FieldName::kOther:
    case FieldName::kTrailer: return true;
    case FieldName::kHost:
      if (message_ == Message::kResponse) return true;
      if (seen_.host) return reject(400, "more than one Host");
      if (!field.value.empty() && !is_authority(field.value)) return reject(400, "malformed Host");
      seen_.host = true;
      seen_.host_value = field.value;
      return true;
    case FieldName::kContentLength: return note_content_length(field.value);
    case FieldName::kTransferEncoding: field.hop_by_hop = true; return note_transfer_encoding(field.value);
    case FieldName::kConnection:
      field.hop_by_hop = true;
      seen_.connection = true;
      for_each_member(field.value, [this](std::string_view option) {
        seen_.close |= equal_ignoring_case(option, "close");
        seen_.keep_alive |= equal_ignoring_case(option, "keep-alive");
        seen_.connection_upgrade |= equal_ignoring_case(option, "upgrade");
      });
      return true;
    case FieldName::kKeepAlive:
    case FieldName::kProxyConnection: field.hop_by_hop = true; return true;
    case FieldName::kUpgrade:
      field.hop_by_hop = true;
      if (!seen_.upgrade.empty()) return reject(400, "more than one Upgrade");
      seen_.upgrade = field.value;
      return true;
    case FieldName::kTe:
      field.hop_by_hop = !equal_ignoring_case(field.value, "trailers");
      for_each_member(field.value, [this](std::string_view coding) {
        seen_.te_trailers |= equal_ignoring_case(coding, "trailers");
      });
      return true;
    case FieldName::kExpect:
      if (message_ == Message::kResponse) return true;
      if (!equal_ignoring_case(field.value, "100-continue")) return reject(417, "an expectation that is not known");
      seen_.expects_continue = true;
      return true;
  }
  return true;
}

bool HeadParser::note_content_length(std::string_view value) {
  // Repeated ones are refused even when they agree: somebody on the way may have seen only one.
  if (seen_.content_length) return reject(400, "more than one Content-Length");
  seen_.content_length = true;
  if (value.empty() || value.find_first_not_of("0123456789") != std::string_view::npos) {
    return reject(400, "malformed Content-Length");
  }
  const auto length = base::parse_decimal<std::uint64_t>(value);
  // Servers that count in signed numbers must not read a smaller one.
  if (!length || *length > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    return reject(400, "Content-Length overflows");
  }
  seen_.length = *length;
  return true;
}

bool HeadParser::note_transfer_encoding(std::string_view value) {
  seen_.transfer_encoding = true;
  // Not for_each_member(): here an empty member is no oversight but a disguise.
  while (true) {
    const std::size_t comma = value.find(',');
    const std::string_view coding = trim(value.substr(0, comma));
    if (seen_.chunked) return reject(400, "chunked is not the last transfer coding");
    if (!is_token(coding)) return reject(400, "malformed Transfer-Encoding");
    if (equal_ignoring_case(coding, "chunked")) {
      seen_.chunked = true;
    } else {
      seen_.other_coding = true;
    }
    if (comma == std::string_view::npos) return true;
    value.remove_prefix(comma + 1);
  }
}

bool HeadParser::check_transfer_encoding(int minor_version) {
  if (!seen_.transfer_encoding) return true;
  if (seen_.content_length) return reject(400, "Transfer-Encoding together with Content-Length");
  if (minor_version == 0) return reject(400, "Transfer-Encoding in HTTP/1.0");
  if (!seen_.chunked) return reject(400, "the last transfer coding is not chunked");
  if (seen_.other_coding) return reject(501, "transfer coding not known");
  return true;
}

void HeadParser::mark_nominated() {
  for (const Field& connection : fields_) {
    if (connection.known != FieldName::kConnection) continue;
    for_each_member(connection.value, [this](std::string_view option) {
      for (std::size_t i = 0; i < fields_.count_; ++i) {
        Field& field = fields_.fields_[i];
        const bool kept = field.known == FieldName::kHost || field.known == FieldName::kContentLength ||
                          field.known == FieldName::kTe;  // note() has judged it.
        if (!kept && equal_ignoring_case(field.name, option)) field.hop_by_hop = true;
      }
    });
  }
}

bool HeadParser::request(RequestHead& head) {
  if (!request_line(head) || !field_lines() || !check_transfer_encoding(head.minor_version)) return false;
  if (!seen_.host && head.minor_version >= 1) return reject(400, "Host is missing");
  if (head.authority.empty()) head.authority = seen_.host_value;

  const bool connect = head.form == TargetForm::kAuthority;
  if (connect && (seen_.content_length || seen_.transfer_encoding)) return reject(400, "CONNECT with a body");
  if (seen_.length > limits_.body_bytes) return reject(413, "the body is too large");
  if (seen_.transfer_encoding) {
    head.body = {Framing::kChunked, 0};
  } else if (seen_.content_length) {
    head.body = {Framing::kLength, seen_.length};
  } else {
    head.body = {Framing::kNone, 0};
  }
  head.keep_alive = !seen_.close && !connect && (head.minor_version >= 1 || seen_.keep_alive);
  head.expects_continue = seen_.expects_continue && head.minor_version >= 1;
  head.accepts_trailers = seen_.te_trailers;
  head.upgrade = seen_.connection_upgrade && head.minor_version >= 1 ? seen_.upgrade : std::string_view();
  return true;
}

bool HeadParser::response(ResponseHead& head, std::string_view request_method) {
  if (!status_line(head) || !field_lines() || !check_transfer_encoding(head.minor_version)) return false;
  const bool connected = request_method == "CONNECT" && head.status / 100 == 2;
  const bool bodiless = head.status < 200 || head.status == 204 || head.status == 304 || request_method == "HEAD";
  if (bodiless || connected) {
    head.body = {Framing::kNone, 0};
  } else if (seen_.transfer_encoding) {
    head.body = {Framing::kChunked, 0};
  } else if (seen_.content_length) {
    if (seen_.length > limits_.body_bytes) return reject(502, "the body is too large");
    head.body = {Framing::kLength, seen_.length};
  } else {
    head.body = {Framing::kUntilClose, 0};
  }
  head.tunnel = head.status == 101 || connected;
  head.keep_alive = !seen_.close && !head.tunnel && head.body.framing != Framing::kUntilClose &&
                    (head.minor_version >= 1 || seen_.keep_alive);
  return true;
}

bool HeadParser::trailers() {
  if (!field_lines()) return false;
  for (const Field& field : fields_) {
    // All that the codec knows by name frames, routes or governs the connection.
    if (field.known != FieldName::kOther) return reject(400, "a field that must not be a trailer");
  }
  return true;
}

std::optional<Rejection> parse_request_head(std::string_view bytes, const Limits& limits, RequestHead& head) {
  HeadParser parser(bytes, Message::kRequest, limits, head.fields);
  if (!parser.request(head)) return parser.rejection();
  return std::nullopt;
}

std::optional<Rejection> parse_response_head(std::string_view bytes, std::string_view request_method,
                                             const Limits& limits, ResponseHead& head) {
  HeadParser parser(bytes, Message::kResponse, limits, head.fields);
  if (!parser.response(head, request_method)) return parser.rejection();
  return std::nullopt;
}

std::optional<Rejection> parse_trailers(std::string_view bytes, Message message, const Limits& limits,
                                        Fields& trailers) {
  HeadParser parser(bytes, message, limits, trailers);
  if (!parser.trailers()) return parser.rejection();
  return std::nullopt;
}

}  // namespace weir::wire::http1
