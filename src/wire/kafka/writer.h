// Writer: the primitive types of the Kafka protocol, appended to a string that the caller owns.
//
// Record batches are large and stand somewhere already. With a list of splices they are not appended but noted there,
// so that the caller puts them in place while sending, from a segment, or from a file without ever holding them.
//
// Requires everywhere: what is written fits the length's type (32,767 bytes for a STRING, 2 GiB for the rest).
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/assert.h"
#include "base/bytes.h"

namespace weir::wire::kafka {

// `bytes` belong in front of the byte that stands at `offset` of the string. A list of them is in the order of the
// offsets; none is empty.
struct Splice {
  std::size_t offset;
  std::string_view bytes;
};

class Writer {
 public:
  explicit Writer(std::string& to, std::vector<Splice>* splices = nullptr) : to_(to), splices_(splices) {}

  template <std::integral T>
  void integer(T value) {
    base::append_big_endian(to_, value);
  }
  void boolean(bool value) { to_.push_back(value ? '\1' : '\0'); }
  void unsigned_varint(std::uint32_t value) {
    for (; value >= 0x80; value >>= 7) to_.push_back(static_cast<char>(value | 0x80));
    to_.push_back(static_cast<char>(value));
  }

  void short_length(std::size_t length) {
    WEIR_ASSERT(length <= 0x7fff);
    integer(static_cast<std::int16_t>(length));
  }
  void long_length(std::size_t length) {
    WEIR_ASSERT(length <= 0x7fffffff);
    integer(static_cast<std::int32_t>(length));
  }
  void compact_length(std::size_t length) {
    WEIR_ASSERT(length <= 0x7fffffff);
    unsigned_varint(static_cast<std::uint32_t>(length) + 1);
  }

  void bytes(std::string_view bytes) { to_.append(bytes); }
  void records(std::string_view bytes) {
    if (splices_ == nullptr) {
      to_.append(bytes);
    } else if (!bytes.empty()) {
      splices_->push_back({to_.size(), bytes});
      spliced_bytes_ += bytes.size();
    }
  }
  // Of all splices noted by this Writer.
  std::size_t spliced_bytes() const { return spliced_bytes_; }

 private:
  std::string& to_;
  std::vector<Splice>* const splices_;
  std::size_t spliced_bytes_ = 0;
};

}  // namespace weir::wire::kafka
