// ReplyWriter: what a server answers, in the client's protocol version. A command writes one meaning; RESP2 or RESP3
// decides the shape, as Redis 7.0 decides it:
//
//                     RESP2                          RESP3
//   null              $-1                            _
//   null_array        *-1                            _
//   map(n)            *2n                            %n
//   set(n)            *n                             ~n
//   push(n)           *n                             >n
//   boolean           :1 :0                          #t #f
//   number (double)   a bulk of its text             ,text
//   big_number        a bulk of its digits           (digits
//   verbatim          a bulk of its text             =size txt:text
//
// Appends to a string that the connection owns; holds only a reference to it, so it is made where it is needed. A
// header promises elements: map(n) is followed by n keys with their values, the others by n elements.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::wire::resp {

enum class Protocol : unsigned char { kResp2 = 2, kResp3 = 3 };

class ReplyWriter {
 public:
  ReplyWriter(std::string& to, Protocol protocol) : to_(to), protocol_(protocol) {}

  Protocol protocol() const { return protocol_; }

  // Requires: no line end in `text`.
  void simple(std::string_view text);
  void ok() { to_ += "+OK\r\n"; }
  // `text` begins with its code, as in "ERR syntax error". Line ends inside are written as spaces and those at the end
  // left out, since the text may quote what a client sent.
  void error(std::string_view text);
  void integer(std::int64_t value);
  void bulk(std::string_view bytes);
  void null();
  void null_array();
  void array(std::size_t elements) { header('*', elements); }
  void map(std::size_t pairs);
  void set(std::size_t elements) { header(protocol_ == Protocol::kResp3 ? '~' : '*', elements); }
  void push(std::size_t elements) { header(protocol_ == Protocol::kResp3 ? '>' : '*', elements); }
  // A map in front of the reply that it speaks about. Requires: RESP3, since RESP2 has nothing like it.
  void attribute(std::size_t pairs);
  void boolean(bool value);
  // Seventeen significant digits, as printf's %.17g.
  void number(double value);
  // A number whose text is the caller's business. Requires: it is a number's.
  void number_text(std::string_view text);
  // Requires: `digits` is an integer's text.
  void big_number(std::string_view digits);
  // `format` names how to show the text: "txt" or "mkd". Requires: three characters.
  void verbatim(std::string_view format, std::string_view text);

 private:
  void header(char type, std::size_t count);

  std::string& to_;
  Protocol protocol_;
};

// A double as Redis 7.0 replies it.
void append_double(std::string& to, double value);

}  // namespace weir::wire::resp
