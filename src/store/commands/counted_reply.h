// CountedReply: elements whose number is known only when the last was found. They are written where the reply begins,
// and the header is put in front of them at the end, which moves them once and needs no memory of its own.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "store/commands/call.h"
#include "store/types/listpack_entry.h"

namespace weir::store {

// An element of a collection, as a bulk string.
inline void reply_element(Call& call, const Element& element) {
  Element::Digits digits;
  call.reply.bulk(element.text(digits));
}

class CountedReply {
 public:
  // Nothing else is replied until send().
  explicit CountedReply(Call& call) : call_(call), begin_(call.output.size()) {}

  void add(const Element& element) {
    reply_element(call_, element);
    ++size_;
  }
  void add(std::string_view text) {
    call_.reply.bulk(text);
    ++size_;
  }
  void add(std::int64_t integer) {
    call_.reply.integer(integer);
    ++size_;
  }
  std::size_t size() const { return size_; }
  // `write(wire::resp::ReplyWriter&)` writes the header. Once.
  template <typename Write>
  void send(Write&& write) {
    std::string header;
    wire::resp::ReplyWriter writer(header, call_.reply.protocol());
    write(writer);
    call_.output.insert(begin_, header);
  }
  void send_array() {
    send([this](wire::resp::ReplyWriter& header) { header.array(size_); });
  }
  void send_set() {
    send([this](wire::resp::ReplyWriter& header) { header.set(size_); });
  }

 private:
  Call& call_;
  std::size_t begin_;
  std::size_t size_ = 0;
};

}  // namespace weir::store
