// StringBuffer: a string that grows in place: what APPEND, SETRANGE and SETBIT work on, and any string that is too long
// to stand beside its key. Owns its bytes; relocatable as bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "store/memory/heap.h"

namespace weir::store {

class StringBuffer {
 public:
  // As much room again as is used, up to this much: appending a byte at a time is linear.
  static constexpr std::size_t kMaxSlackBytes = 1u << 20;

  explicit StringBuffer(std::string_view bytes);
  // Of `size` zero bytes.
  static StringBuffer zeros(std::size_t size);
  StringBuffer(StringBuffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  StringBuffer& operator=(StringBuffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~StringBuffer() { Heap::release(data_); }

  std::string_view view() const { return {data_, size_}; }
  char* data() { return data_; }
  std::size_t size() const { return size_; }

  // As every kind of value (keyspace/value.h).
  StringBuffer copy() const { return StringBuffer(view()); }
  std::string_view encoding() const { return "raw"; }
  std::size_t free_effort() const { return 1; }
  std::size_t footprint(std::size_t /*samples*/) const { return capacity(); }

  void append(std::string_view bytes);
  // What is added is zero. Never gives memory back.
  void resize(std::size_t size);

 private:
  std::size_t capacity() const { return data_ == nullptr ? 0 : Heap::size_of(data_); }
  void reserve(std::size_t size);

  char* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace weir::store
