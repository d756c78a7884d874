#include "wire/resp/request.h"

#include "base/bytes.h"
#include "wire/resp/number.h"

namespace weir::wire::resp {
namespace {

// A vector that once held more than this gives its memory back when the command is over.
constexpr std::size_t kKeptArguments = 1024;
constexpr std::size_t kKeptInlineBytes = 16 << 10;

// isspace() of the C locale.
constexpr bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

constexpr int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = base::ascii_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

}  // namespace

RequestParser::Step RequestParser::parse(std::string_view received) {
  if (failed_) return {Status::kError, 0};
  if (arguments_left_ > 0) return parse_multibulk(received, 0);
  std::size_t start = 0;
  // Empty lines and counts of zero or less are no commands: they are passed over here.
  while (start < received.size()) {
    const Step step = received[start] == '*' ? parse_multibulk(received, start) : parse_inline(received, start);
    if (step.status != Status::kCommand || !arguments_.empty()) return step;
    start = step.consumed;
  }
  return {Status::kNeedMore, start};
}

void RequestParser::rewind() {
  failed_ = false;
  arguments_left_ = 0;
  bulk_size_ = -1;
  offset_ = 0;
  scanned_ = 0;
  expected_bytes_ = 0;
}

// Requires: with arguments_left_ > 0, start == 0.
RequestParser::Step RequestParser::parse_multibulk(std::string_view received, std::size_t start) {
  const char* const bytes = received.data() + start;
  const std::size_t size = received.size() - start;

  if (arguments_left_ == 0) {
    std::int64_t count = 0;
    std::size_t end = 1;
    if (!read_short_length(bytes, size, end, count)) {
      const Line line = find_line_end(received, start, '\r', end);
      if (line == Line::kTooLong) return fail("Protocol error: too big mbulk count string");
      // One more byte must be there, but Redis does not ask which.
      if (line == Line::kPartial || end + 2 > size) return need_more(start);
      if (!parse_length({bytes + 1, end - 1}, count)) return fail("Protocol error: invalid multibulk length");
    }
    if (count > limits_.max_arguments) return fail("Protocol error: invalid multibulk length");
    if (!authenticated_ && count > limits_.max_unauthenticated_arguments) {
      return fail("Protocol error: unauthenticated multibulk length");
    }
    start_command();
    if (count <= 0) return {Status::kCommand, start + end + 2};
    offset_ = end + 2;
    arguments_left_ = count;
  }

  do {
    if (bulk_size_ < 0) {
      std::size_t end = offset_ + 1;
      std::int64_t length = 0;
      if (offset_ >= size || bytes[offset_] != '$' || !read_short_length(bytes, size, end, length)) {
        const Line line = find_line_end(received, start, '\r', end);
        if (line == Line::kTooLong) return fail("Protocol error: too big bulk count string");
        if (line == Line::kPartial || end + 2 > size) return need_more(start);
        if (bytes[offset_] != '$') {
          // A line end inside the text would end the error reply early; Redis writes a space for it.
          const char got = bytes[offset_] == '\r' || bytes[offset_] == '\n' ? ' ' : bytes[offset_];
          return fail(std::string("Protocol error: expected '$', got '") + got + "'");
        }
        if (!parse_length({bytes + offset_ + 1, end - offset_ - 1}, length)) {
          return fail("Protocol error: invalid bulk length");
        }
      }
      if (length < 0 || static_cast<std::uint64_t>(length) > limits_.max_bulk_bytes) {
        return fail("Protocol error: invalid bulk length");
      }
      if (!authenticated_ && static_cast<std::uint64_t>(length) > limits_.max_unauthenticated_bulk_bytes) {
        return fail("Protocol error: unauthenticated bulk length");
      }
      offset_ = end + 2;
      scanned_ = 0;
      bulk_size_ = length;
    }
    const auto bulk_bytes = static_cast<std::size_t>(bulk_size_);
    if (size - offset_ < bulk_bytes + 2) {
      expected_bytes_ = offset_ + bulk_bytes + 2;
      return {Status::kNeedMore, start};
    }
    extents_.push_back({offset_, bulk_bytes});
    offset_ += bulk_bytes + 2;
    bulk_size_ = -1;
  } while (--arguments_left_ > 0);

  arguments_.resize(extents_.size());
  for (std::size_t i = 0; i < extents_.size(); ++i) arguments_[i] = {bytes + extents_[i].offset, extents_[i].size};
  const std::size_t consumed = start + offset_;
  offset_ = 0;
  return {Status::kCommand, consumed};
}

RequestParser::Step RequestParser::parse_inline(std::string_view received, std::size_t start) {
  std::size_t end = 0;
  const Line found = find_line_end(received, start, '\n', end);
  if (found == Line::kTooLong) return fail("Protocol error: too big inline request");
  if (found == Line::kPartial) return need_more(start);
  std::string_view line = received.substr(start, end);
  if (line.ends_with('\r')) line.remove_suffix(1);

  start_command();
  std::vector<std::size_t> sizes;
  if (!split_words(line, inline_words_, sizes)) return fail("Protocol error: unbalanced quotes in request");
  const char* word = inline_words_.data();
  for (const std::size_t size : sizes) {
    arguments_.emplace_back(word, size);
    word += size;
  }
  return {Status::kCommand, start + end + 1};
}

// Looks for `end` from offset_ on; `at` counts from `start`. As in Redis, which searches with strchr, a NUL hides
// everything behind it: such a line never ends and becomes too long.
RequestParser::Line RequestParser::find_line_end(std::string_view received, std::size_t start, char end,
                                                 std::size_t& at) {
  // One byte beyond the limit decides that the line is too long, however much has arrived: the verdict must not depend
  // on how the bytes were cut into reads.
  const std::string_view window = received.substr(start).substr(offset_, limits_.max_line_bytes + 1);
  if (scanned_ <= window.size()) {
    const std::string_view unseen = window.substr(scanned_);
    const std::size_t found = unseen.find(end);
    const std::size_t nul = unseen.substr(0, found).find('\0');
    if (nul != std::string_view::npos) {
      scanned_ += nul;  // Finds the same NUL again at once, next time.
    } else if (found != std::string_view::npos) {
      at = offset_ + scanned_ + found;
      scanned_ += found;  // Should the byte behind it be missing, the end is found again at once.
      return Line::kWhole;
    } else {
      scanned_ = window.size();
    }
  }
  return window.size() > limits_.max_line_bytes ? Line::kTooLong : Line::kPartial;
}

RequestParser::Step RequestParser::need_more(std::size_t consumed) {
  expected_bytes_ = 0;
  return {Status::kNeedMore, consumed};
}

RequestParser::Step RequestParser::fail(std::string text) {
  failed_ = true;
  error_ = std::move(text);
  return {Status::kError, 0};
}

void RequestParser::start_command() {
  offset_ = 0;
  scanned_ = 0;
  expected_bytes_ = 0;
  extents_.clear();
  arguments_.clear();
  inline_words_.clear();
  if (extents_.capacity() > kKeptArguments) {
    extents_ = {};
    arguments_ = {};
  }
  if (inline_words_.capacity() > kKeptInlineBytes) inline_words_ = {};
}

bool split_words(std::string_view line, std::string& bytes, std::vector<std::size_t>& sizes) {
  // One NUL follows the line, as in the C string that Redis splits: no branch below has to ask for the end.
  const auto at = [line](std::size_t i) { return i < line.size() ? line[i] : '\0'; };
  std::size_t i = 0;
  while (true) {
    while (is_blank(at(i))) ++i;
    if (at(i) == '\0') return true;

    const std::size_t word_start = bytes.size();
    char quote = '\0';
    for (bool in_word = true; in_word; ++i) {
      const char c = at(i);
      if (quote != '\0') {
        if (c == '\0') return false;
        if (c == quote) {
          if (at(i + 1) != '\0' && !is_blank(at(i + 1))) return false;
          in_word = false;
        } else if (quote == '"' && c == '\\' && at(i + 1) == 'x' && hex_value(at(i + 2)) >= 0 &&
                   hex_value(at(i + 3)) >= 0) {
          bytes += static_cast<char>(hex_value(at(i + 2)) * 16 + hex_value(at(i + 3)));
          i += 3;
        } else if (quote == '"' && c == '\\' && at(i + 1) != '\0') {
          switch (at(++i)) {
            case 'n': bytes += '\n'; break;
            case 'r': bytes += '\r'; break;
            case 't': bytes += '\t'; break;
            case 'b': bytes += '\b'; break;
            case 'a': bytes += '\a'; break;
            default: bytes += at(i); break;
          }
        } else if (quote == '\'' && c == '\\' && at(i + 1) == '\'') {
          bytes += '\'';
          ++i;
        } else {
          bytes += c;
        }
      } else if (c == '\0' || c == ' ' || c == '\n' || c == '\r' || c == '\t') {
        // Not is_blank(): a vertical tab or form feed parts words only in front of one.
        in_word = false;
      } else if (c == '"' || c == '\'') {
        quote = c;
      } else {
        bytes += c;
      }
    }
    sizes.push_back(bytes.size() - word_start);
  }
}

namespace {

// "$12\r\n"
constexpr std::size_t kMostNumberBytes = 1 + 20 + 2;

char* write_number(char* to, char type, std::size_t number) {
  *to++ = type;
  if (number < 10) {
    *to++ = static_cast<char>('0' + number);
  } else if (number < 100) {
    *to++ = static_cast<char>('0' + number / 10);
    *to++ = static_cast<char>('0' + number % 10);
  } else {
    to = std::to_chars(to, to + 20, number).ptr;
  }
  *to++ = '\r';
  *to++ = '\n';
  return to;
}

}  // namespace

// In one piece, since every write command of a store that has a file or replicas comes through here.
void append_command(std::string& to, std::span<const std::string_view> words) {
  std::size_t most = to.size() + kMostNumberBytes;
  for (const std::string_view word : words) most += kMostNumberBytes + word.size() + 2;
  to.resize_and_overwrite(most, [&, begin = to.size()](char* bytes, std::size_t) {
    char* at = write_number(bytes + begin, '*', words.size());
    for (const std::string_view word : words) {
      at = write_number(at, '$', word.size());
      at += word.copy(at, word.size());
      *at++ = '\r';
      *at++ = '\n';
    }
    return static_cast<std::size_t>(at - bytes);
  });
}

void append_command(std::string& to, std::initializer_list<std::string_view> words) {
  append_command(to, std::span<const std::string_view>(words.begin(), words.size()));
}

}  // namespace weir::wire::resp
