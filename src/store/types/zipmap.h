// Zipmap: what Redis kept small hashes in before 2.6. Old RDB files hold it; Weir only reads it.
//
//   +------------+--------+-------+--------+------+-------+-------+-----+------+
//   | count (u8) | length | field | length | free | value | (gap) | ... | 0xff |     count 254 and 255 mean
//   +------------+--------+-------+--------+------+-------+-------+-----+------+     "count them"
//
//   length: one byte below 254, or 0xfe and four little-endian ones; free: the bytes of the gap behind the value
//
// Reads borrowed bytes, allocates nothing.
#pragma once

#include <cstddef>
#include <string_view>

namespace weir::store {

class ZipmapView {
 public:
  struct Pair {
    std::string_view field;
    std::string_view value;
  };

  // Whether these bytes are a whole zipmap. O(n).
  static bool valid(std::string_view blob);

  // Walks the pairs: `for (ZipmapView pairs(blob); !pairs.done();) use(pairs.next())`. Requires: valid(blob).
  explicit ZipmapView(std::string_view blob) : at_(blob.data() + 1) {}
  bool done() const;
  // Requires: not done().
  Pair next();

 private:
  const char* at_;
};

}  // namespace weir::store
