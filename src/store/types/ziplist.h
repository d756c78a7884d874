// Ziplist: what Redis kept small lists, hashes and sorted sets in before the listpack. Old RDB files hold it; Weir only
// reads it.
//
//   +-------------+------------+-------------+-------+-----+------+
//   | bytes (u32) | tail (u32) | count (u16) | entry | ... | 0xff |     little-endian; count 65535 means "count them";
//   +-------------+------------+-------------+-------+-----+------+     tail is the offset of the last entry
//
//   entry: the size of the entry before it (one byte, or 0xfe and four), an encoding, bytes or an integer
//
//   00xxxxxx string of up to 63 bytes      01xxxxxx +1 of up to 16383      80 +4 of any size (both big-endian)
//   c0 +2, f0 +3, d0 +4, e0 +8 integers    fe +1 integer of 8 bits         f1..fd the integers 0..12
//
// Reads borrowed bytes, allocates nothing.
#pragma once

#include <cstddef>
#include <iterator>
#include <string_view>

#include "store/types/listpack_entry.h"

namespace weir::store {

class ZiplistView {
 public:
  class Cursor {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = Element;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    using reference = Element;

    Cursor() = default;
    explicit Cursor(const char* at) : at_(at) {}
    // Requires: not end().
    Element operator*() const;
    Cursor& operator++();
    Cursor operator++(int) {
      const Cursor before = *this;
      ++*this;
      return before;
    }
    friend bool operator==(Cursor, Cursor) = default;

   private:
    const char* at_ = nullptr;
  };

  // Whether these bytes are a whole ziplist: every length against what remains and against its neighbour's, the tail
  // and the count. O(n).
  static bool valid(std::string_view blob);

  // Requires: valid(blob).
  explicit ZiplistView(std::string_view blob) : blob_(blob) {}

  Cursor begin() const;
  Cursor end() const { return Cursor(blob_.data() + blob_.size() - 1); }
  // O(n).
  std::size_t count() const { return static_cast<std::size_t>(std::distance(begin(), end())); }

 private:
  std::string_view blob_;
};

}  // namespace weir::store
