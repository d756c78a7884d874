#include "wire/resp/reply_parser.h"

#include <algorithm>
#include <charconv>

#include "base/bytes.h"
#include "wire/resp/number.h"

namespace weir::wire::resp {
namespace {

// A count is a promise of the peer, not yet memory: more is reserved only as elements arrive.
constexpr std::uint64_t kReservedElements = 1024;

Type aggregate_type(char type) {
  switch (type) {
    case '%': return Type::kMap;
    case '~': return Type::kSet;
    case '>': return Type::kPush;
    default: return Type::kArray;
  }
}

bool parse_double(std::string_view text, double& value) {
  // from_chars also knows "infinity" and "nan(...)", which are not RESP.
  const std::string_view magnitude = text.starts_with('-') ? text.substr(1) : text;
  const bool numeral = !magnitude.empty() && magnitude[0] >= '0' && magnitude[0] <= '9';
  if (!numeral && magnitude != "inf" && magnitude != "nan") return false;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  return code == std::errc() && end == text.data() + text.size();
}

bool is_big_number(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

ReplyParser::Step ReplyParser::parse(std::string_view received) {
  if (failed_) return {Status::kError, 0};
  std::size_t consumed = 0;
  while (true) {
    const Progress progress = read_one(received.substr(consumed));
    if (progress == Progress::kError) return {Status::kError, consumed};
    if (progress == Progress::kNeedMore) return {Status::kNeedMore, consumed};
    consumed += line_bytes_;
    scanned_ = 0;
    if (progress == Progress::kValue && close_finished()) {
      elements_ = 0;
      return {Status::kValue, consumed};
    }
  }
}

// Reads one line, with the bytes that it announces if it announces some, from the front. kValue leaves a finished value
// in value_; kOpened has pushed an aggregate onto open_.
ReplyParser::Progress ReplyParser::read_one(std::string_view received) {
  expected_bytes_ = 0;
  if (received.empty()) return Progress::kNeedMore;
  // As for requests, the limit's verdict does not depend on how the bytes arrived.
  const std::string_view window = received.substr(0, limits_.max_line_bytes + 1);
  const std::size_t end = window.find('\r', scanned_);
  if (end == std::string_view::npos) {
    scanned_ = window.size();
    if (window.size() > limits_.max_line_bytes) return fail("a line of a reply is too long");
    return Progress::kNeedMore;
  }
  scanned_ = end;
  if (end + 2 > received.size()) return Progress::kNeedMore;
  if (received[end + 1] != '\n') return fail("a line of a reply has a CR without its LF");
  const std::string_view line = received.substr(0, end);
  if (line.empty()) return fail("an empty line where a reply should begin");
  line_bytes_ = end + 2;
  const char type = line[0];
  switch (type) {
    case '$':
    case '=':
    case '!': return read_bulk(type, line.substr(1), received.substr(line_bytes_));
    case '*':
    case '%':
    case '~':
    case '>':
    case '|': return open(type, line.substr(1));
    default: return read_line_value(type, line.substr(1));
  }
}

ReplyParser::Progress ReplyParser::read_line_value(char type, std::string_view line) {
  value_ = Value();
  switch (type) {
    case '+':
    case '-':
      if (line.find('\n') != std::string_view::npos) return fail("a line of a reply has an LF without its CR");
      value_.type = type == '+' ? Type::kSimple : Type::kError;
      value_.text = line;
      return Progress::kValue;
    case ':': {
      const auto integer = base::parse_decimal<std::int64_t>(line.starts_with('+') ? line.substr(1) : line);
      if (!integer || line.starts_with("+-")) break;
      value_.type = Type::kInteger;
      value_.integer = *integer;
      return Progress::kValue;
    }
    case '_':
      if (!line.empty()) break;
      return Progress::kValue;
    case '#':
      if (line != "t" && line != "f") break;
      value_.type = Type::kBoolean;
      value_.integer = line == "t";
      return Progress::kValue;
    case ',':
      if (!parse_double(line, value_.number)) break;
      value_.type = Type::kDouble;
      return Progress::kValue;
    case '(':
      if (!is_big_number(line)) break;
      value_.type = Type::kBigNumber;
      value_.text = line;
      return Progress::kValue;
    default: return fail("a reply begins with '" + base::printable({&type, 1}) + "', which is no type");
  }
  return fail(std::string("'") + type + base::printable(line) + "' is no value of its type");
}

ReplyParser::Progress ReplyParser::read_bulk(char type, std::string_view line, std::string_view rest) {
  std::int64_t length = 0;
  if (!parse_length(line, length) || length < -1 || (length == -1 && type != '$')) {
    return fail("invalid bulk length '" + base::printable(line) + "' in a reply");
  }
  if (length == -1) {
    value_ = Value();
    return Progress::kValue;
  }
  if (static_cast<std::uint64_t>(length) > limits_.max_bulk_bytes) {
    return fail("a bulk of " + std::to_string(length) + " bytes in a reply is over the limit");
  }
  const auto size = static_cast<std::size_t>(length);
  if (rest.size() < size + 2) {
    expected_bytes_ = line_bytes_ + size + 2;
    return Progress::kNeedMore;
  }
  if (rest.substr(size, 2) != "\r\n") return fail("a bulk in a reply does not end where it should");
  std::string_view text = rest.substr(0, size);
  value_ = Value();
  if (type == '=') {
    if (size < 4 || text[3] != ':') return fail("a verbatim string without its format");
    value_.format = text.substr(0, 3);
    text.remove_prefix(4);
  }
  value_.type = type == '$' ? Type::kBulk : type == '=' ? Type::kVerbatim : Type::kError;
  value_.text = text;
  line_bytes_ += size + 2;
  return Progress::kValue;
}

ReplyParser::Progress ReplyParser::open(char type, std::string_view line) {
  std::int64_t count = 0;
  if (!parse_length(line, count) || count < -1 || (count == -1 && type != '*')) {
    return fail("invalid count '" + base::printable(line) + "' in a reply");
  }
  // A push stands between replies, never inside one, and has no attributes.
  if (type == '>' && (!open_.empty() || !pending_attributes_.empty())) return fail("a push inside a reply");
  if (count == -1) {
    value_ = Value();
    return Progress::kValue;
  }
  const bool pairs = type == '%' || type == '|';
  const auto promised = static_cast<std::uint64_t>(count);
  if (promised > (limits_.max_elements - elements_) / (pairs ? 2 : 1)) return fail("a reply has too many elements");
  if (open_.size() >= limits_.max_depth) return fail("a reply is nested too deeply");
  const std::uint64_t left = pairs ? 2 * promised : promised;
  elements_ += left;

  Open& opened = open_.emplace_back(Open{Value(), left, type == '|'});
  opened.value.type = aggregate_type(type);
  opened.value.elements.reserve(std::min(left, kReservedElements));
  if (!opened.attribute) {
    opened.value.attributes = std::move(pending_attributes_);
    pending_attributes_.clear();
  } else if (!pending_attributes_.empty()) {
    return fail("two attributes for one reply");
  }
  if (left > 0) return Progress::kOpened;

  // Nothing will arrive for it: it is finished like a value, if it is one.
  const bool attribute = opened.attribute;
  value_ = std::move(opened.value);
  open_.pop_back();
  return attribute ? Progress::kOpened : Progress::kValue;
}

// Puts value_ where it belongs and closes what it completes. True when value_ is the whole reply.
bool ReplyParser::close_finished() {
  if (!pending_attributes_.empty()) {
    value_.attributes = std::move(pending_attributes_);
    pending_attributes_.clear();
  }
  while (!open_.empty()) {
    Open& parent = open_.back();
    parent.value.elements.push_back(std::move(value_));
    if (--parent.left > 0) return false;
    const bool attribute = parent.attribute;
    value_ = std::move(parent.value);
    open_.pop_back();
    if (attribute) {
      pending_attributes_ = std::move(value_.elements);
      return false;
    }
  }
  return true;
}

ReplyParser::Progress ReplyParser::fail(std::string text) {
  failed_ = true;
  error_ = std::move(text);
  return Progress::kError;
}

}  // namespace weir::wire::resp
