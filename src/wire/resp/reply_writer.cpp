#include "wire/resp/reply_writer.h"

#include <charconv>
#include <cmath>

#include "base/assert.h"
#include "base/bytes.h"

namespace weir::wire::resp {

void ReplyWriter::header(char type, std::size_t count) {
  to_ += type;
  base::append_decimal(to_, count);
  to_ += "\r\n";
}

void ReplyWriter::simple(std::string_view text) {
  WEIR_ASSERT(text.find_first_of("\r\n") == std::string_view::npos);
  to_ += '+';
  to_ += text;
  to_ += "\r\n";
}

void ReplyWriter::error(std::string_view text) {
  while (text.ends_with('\r') || text.ends_with('\n')) text.remove_suffix(1);
  to_ += '-';
  for (const char c : text) to_ += c == '\r' || c == '\n' ? ' ' : c;
  to_ += "\r\n";
}

void ReplyWriter::integer(std::int64_t value) {
  to_ += ':';
  base::append_decimal(to_, value);
  to_ += "\r\n";
}

void ReplyWriter::bulk(std::string_view bytes) {
  // Most are short, and a reply may have many of them: those are written in one go, their length in two digits at most.
  if (bytes.size() < 100) {
    const std::size_t before = to_.size(), length = bytes.size();
    const std::size_t after = before + (length < 10 ? 4 : 5) + length + 2;
    to_.resize_and_overwrite(after, [&](char* to, std::size_t) {
      to += before;
      *to++ = '$';
      if (length >= 10) *to++ = static_cast<char>('0' + length / 10);
      *to++ = static_cast<char>('0' + length % 10);
      *to++ = '\r';
      *to++ = '\n';
      to += bytes.copy(to, length);
      *to++ = '\r';
      *to = '\n';
      return after;
    });
    return;
  }
  header('$', bytes.size());
  to_ += bytes;
  to_ += "\r\n";
}

void ReplyWriter::null() { to_ += protocol_ == Protocol::kResp3 ? "_\r\n" : "$-1\r\n"; }

void ReplyWriter::null_array() { to_ += protocol_ == Protocol::kResp3 ? "_\r\n" : "*-1\r\n"; }

void ReplyWriter::map(std::size_t pairs) {
  if (protocol_ == Protocol::kResp3) {
    header('%', pairs);
  } else {
    header('*', 2 * pairs);
  }
}

void ReplyWriter::attribute(std::size_t pairs) {
  WEIR_ASSERT(protocol_ == Protocol::kResp3);
  header('|', pairs);
}

void ReplyWriter::boolean(bool value) {
  if (protocol_ == Protocol::kResp3) {
    to_ += value ? "#t\r\n" : "#f\r\n";
  } else {
    to_ += value ? ":1\r\n" : ":0\r\n";
  }
}

void ReplyWriter::number(double value) {
  std::string text;  // At most 24 bytes.
  append_double(text, value);
  number_text(text);
}

void ReplyWriter::number_text(std::string_view text) {
  if (protocol_ == Protocol::kResp3) {
    to_ += ',';
    to_ += text;
    to_ += "\r\n";
  } else {
    bulk(text);
  }
}

void ReplyWriter::big_number(std::string_view digits) {
  if (protocol_ == Protocol::kResp3) {
    WEIR_ASSERT(digits.find_first_not_of("+-0123456789") == std::string_view::npos);
    to_ += '(';
    to_ += digits;
    to_ += "\r\n";
  } else {
    bulk(digits);
  }
}

void ReplyWriter::verbatim(std::string_view format, std::string_view text) {
  WEIR_ASSERT(format.size() == 3);
  if (protocol_ == Protocol::kResp3) {
    header('=', format.size() + 1 + text.size());
    to_ += format;
    to_ += ':';
    to_ += text;
    to_ += "\r\n";
  } else {
    bulk(text);
  }
}

void append_double(std::string& to, double value) {
  char text[32];
  const auto [end, code] = std::to_chars(text, text + sizeof text, value, std::chars_format::general, 17);
  WEIR_ASSERT(code == std::errc());
  to.append(text, static_cast<std::size_t>(end - text));
}

}  // namespace weir::wire::resp
