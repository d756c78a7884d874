#include "store/commands/element_scan.h"

namespace weir::store {

void ScanReply::add(const Element& element) {
  Element::Digits digits;
  add(element.text(digits));
}

void ScanReply::add(std::string_view text) {
  writer_.bulk(text);
  ++size_;
}

void ScanReply::send(std::uint64_t cursor) {
  NumberText text;
  call_.reply.array(2);
  call_.reply.bulk(text.write(static_cast<std::int64_t>(cursor)));
  call_.reply.array(size_);
  call_.output += elements_;
}

}  // namespace weir::store
