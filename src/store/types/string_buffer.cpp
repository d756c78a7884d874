#include "store/types/string_buffer.h"

#include <algorithm>
#include <cstring>

namespace weir::store {

StringBuffer::StringBuffer(std::string_view bytes)
    : data_(static_cast<char*>(Heap::allocate(bytes.size()))), size_(bytes.size()) {
  if (!bytes.empty()) std::memcpy(data_, bytes.data(), bytes.size());
}

StringBuffer StringBuffer::zeros(std::size_t size) {
  StringBuffer result{std::string_view()};
  result.resize(size);
  return result;
}

void StringBuffer::append(std::string_view bytes) {
  reserve(size_ + bytes.size());
  if (!bytes.empty()) std::memcpy(data_ + size_, bytes.data(), bytes.size());
  size_ += bytes.size();
}

void StringBuffer::resize(std::size_t size) {
  if (size > size_) {
    reserve(size);
    std::memset(data_ + size_, 0, size - size_);
  }
  size_ = size;
}

void StringBuffer::reserve(std::size_t size) {
  if (size <= capacity()) return;
  const std::size_t slack = size_ == 0 ? 0 : std::min(size, kMaxSlackBytes);
  data_ = static_cast<char*>(Heap::reallocate(data_, size + slack));
}

}  // namespace weir::store
