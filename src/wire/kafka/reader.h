// Reader: the primitive types of the Kafka protocol out of the bytes of one frame, each held against what is left.
//
// Views that it gives point into those bytes. The first failure is kept, with its offset; whoever reads a field of a
// message names the field on the way out, from the innermost outwards, so that nothing is paid for it until something
// is wrong: "topics[0].partitions[2].records at offset 93: 4000 bytes announced, 12 left".
//
// Every read returns whether it succeeded; after a failure the Reader is of no use but for its error. One owner.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/error.h"

namespace weir::wire::kafka {

struct ReadLimits {
  // The elements of all arrays of a message together: what bounds the memory that a frame of small elements takes.
  std::size_t max_elements = 256 << 10;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes, ReadLimits limits = {})
      : begin_(bytes.data()), at_(begin_), end_(begin_ + bytes.size()), elements_left_(limits.max_elements) {}

  std::size_t offset() const { return static_cast<std::size_t>(at_ - begin_); }
  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }
  std::string_view rest() const { return {at_, left()}; }

  template <std::integral T>
  bool integer(T& value) {
    if (left() < sizeof(T)) return too_short(sizeof(T));
    value = base::load_big_endian<T>(at_);
    at_ += sizeof(T);
    return true;
  }
  // Any byte but 0 is true, as Kafka reads it.
  bool boolean(bool& value) {
    std::int8_t byte = 0;
    if (!integer(byte)) return false;
    value = byte != 0;
    return true;
  }
  // At most five bytes, seven bits in each, the lowest first.
  bool unsigned_varint(std::uint32_t& value);

  // A length, where -1 (in compact form 0) means null. Kafka's STRING has two bytes of it, all others four.
  enum class Width : unsigned char { kTwo, kFour, kCompact };
  static constexpr std::int64_t kNull = -1;
  // kNull, or at least 0; nothing else is given.
  bool length(Width width, bool nullable, std::int64_t& value);
  // So many bytes from here.
  bool bytes(std::int64_t length, std::string_view& value);
  // An array's count, held against what is left, where an element takes `element_bytes` at least, and the limit.
  bool count(Width width, bool nullable, std::size_t element_bytes, std::int64_t& value);

  // Hides what follows the next `length` bytes until widen() is called with what was returned.
  bool narrow(std::uint32_t length, const char*& outer_end);
  // False if the bytes that were narrowed to were not all read.
  bool widen(const char* outer_end);

  bool fail(std::string why);
  void within(std::string_view field);
  void within(std::size_t index);
  // Requires: something failed.
  base::Error error(std::string_view reading) const;

 private:
  bool too_short(std::size_t wanted);

  const char* begin_;
  const char* at_;
  const char* end_;
  std::size_t elements_left_;

  std::string why_;
  std::string path_;
};

}  // namespace weir::wire::kafka
