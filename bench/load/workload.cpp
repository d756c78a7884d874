#include "load/workload.h"

namespace weir::load {

RequestTemplate::RequestTemplate(std::string_view text) {
  for (std::size_t found; (found = text.find(kKeyPlaceholder)) != text.npos;) {
    bytes_.append(text.substr(0, found));
    key_offsets_.push_back(bytes_.size());
    bytes_.append(kKeyDigits, '0');
    text.remove_prefix(found + kKeyPlaceholder.size());
  }
  bytes_.append(text);
}

std::size_t RequestTemplate::expanded_size(std::string_view text) { return RequestTemplate(text).bytes_.size(); }

void RequestTemplate::append(std::string& output, KeySource& keys) const {
  const std::size_t begin = output.size();
  output.append(bytes_);
  if (key_offsets_.empty()) return;
  std::uint64_t key = keys.next();
  char digits[kKeyDigits];
  for (std::size_t i = kKeyDigits; i > 0; key /= 10) digits[--i] = static_cast<char>('0' + key % 10);
  for (const std::size_t offset : key_offsets_) output.replace(begin + offset, kKeyDigits, digits, kKeyDigits);
}

}  // namespace weir::load
