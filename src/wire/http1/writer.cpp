#include "wire/http1/writer.h"

#include <charconv>

#include "base/assert.h"
#include "base/bytes.h"
#include "wire/http1/grammar.h"

namespace weir::wire::http1 {

void HeadWriter::request(std::string_view method, std::string_view target) {
  WEIR_ASSERT(is_token(method) && !target.empty() && all(target, character::kTarget));
  to_ += method;
  to_ += ' ';
  to_ += target;
  to_ += " HTTP/1.1\r\n";
}

void HeadWriter::response(int status, std::string_view reason) {
  WEIR_ASSERT(status >= 100 && status <= 999 && all(reason, character::kValue));
  to_ += "HTTP/1.1 ";
  base::append_decimal(to_, status);
  to_ += ' ';
  to_ += reason.empty() ? reason_phrase(status) : reason;
  to_ += "\r\n";
}

void HeadWriter::field(std::string_view name, std::string_view value) {
  WEIR_ASSERT(is_token(name) && all(value, character::kValue));
  to_ += name;
  to_ += ": ";
  to_ += value;
  to_ += "\r\n";
}

void HeadWriter::end_to_end_fields(const Fields& fields) {
  for (const Field& each : fields) {
    if (!each.hop_by_hop && each.known != FieldName::kContentLength) field(each.name, each.value);
  }
}

void HeadWriter::framing(const Body& body) {
  switch (body.framing) {
    case Framing::kNone: break;
    case Framing::kLength:
      to_ += "Content-Length: ";
      base::append_decimal(to_, body.length);
      to_ += "\r\n";
      break;
    case Framing::kChunked: to_ += "Transfer-Encoding: chunked\r\n"; break;
    case Framing::kUntilClose: to_ += "Connection: close\r\n"; break;
  }
}

void HeadWriter::finish() { to_ += "\r\n"; }

void append_chunk_start(std::string& to, std::uint64_t bytes) {
  WEIR_ASSERT(bytes > 0);
  char digits[16];
  const auto [end, code] = std::to_chars(digits, digits + sizeof digits, bytes, 16);
  to.append(digits, static_cast<std::size_t>(end - digits));
  to += "\r\n";
}

void append_chunk(std::string& to, std::string_view data) {
  append_chunk_start(to, data.size());
  to += data;
  to += kChunkEnd;
}

void append_last_chunk(std::string& to, const Fields& trailers) {
  to += "0\r\n";
  HeadWriter writer(to);
  writer.end_to_end_fields(trailers);
  writer.finish();
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 100: return "Continue";
    case 101: return "Switching Protocols";
    case 103: return "Early Hints";
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 206: return "Partial Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 411: return "Length Required";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 416: return "Range Not Satisfiable";
    case 417: return "Expectation Failed";
    case 421: return "Misdirected Request";
    case 422: return "Unprocessable Content";
    case 426: return "Upgrade Required";
    case 428: return "Precondition Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    default: return {};
  }
}

}  // namespace weir::wire::http1
