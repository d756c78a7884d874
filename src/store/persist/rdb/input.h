// Input: a cursor over the bytes that have arrived of an RDB file, reading the format's primitives.
//
// Every read either succeeds or leaves the reason in trouble(): kShort, the window ends before the item does and the
// item has to be read again from its beginning when there is more; kBad, no bytes that can still come would make it
// whole. A length is believed only as far as what remains, so nothing is allocated or waited for on a file's word
// alone. Lives for one call of a reader. Views that it gives borrow the window or the scratch that was passed.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/error.h"
#include "store/persist/rdb/format.h"
#include "store/types/listpack_entry.h"

namespace weir::store::rdb {

class Input {
 public:
  enum class Trouble : std::uint8_t { kNone, kShort, kBad };

  // How many bytes can still follow a window, when nobody knows.
  static constexpr std::uint64_t kUnknown = std::numeric_limits<std::uint64_t>::max();
  // Longer strings than this are refused wherever they come from. The store keeps none.
  static constexpr std::uint64_t kMaxStringBytes = (std::uint64_t{1} << 32) - 64;

  // `behind` is how many bytes can follow the window at most; `offset` is where the window begins in the file.
  Input(std::string_view window, std::uint64_t behind, std::uint64_t offset)
      : begin_(window.data()),
        at_(begin_),
        item_(begin_),
        end_(begin_ + window.size()),
        behind_(behind),
        offset_(offset) {}

  // An item is done: it will not be read again.
  void commit() { item_ = at_; }
  std::size_t committed() const { return static_cast<std::size_t>(item_ - begin_); }
  // The bytes of the item so far.
  std::string_view item() const { return {item_, static_cast<std::size_t>(at_ - item_)}; }

  Trouble trouble() const { return trouble_; }
  // Of kShort: the size that the window must at least have, counted from the item's beginning.
  std::size_t needed() const { return needed_; }
  // Of kBad.
  const base::Error& error() const { return error_; }

  // Says why the item is refused, naming where the last read began. Always false, to be returned.
  bool fail(std::string_view why);

  bool bytes(std::uint64_t count, std::string_view& to, std::string_view what);
  bool byte(std::uint8_t& to);
  template <std::integral T>
  bool little_endian(T& to) {
    std::string_view raw;
    if (!bytes(sizeof(T), raw, "a number")) return false;
    const char* const from = raw.data();
    to = base::load_little_endian<T>(from);
    return true;
  }
  bool length(std::uint64_t& to);
  // A count of `what`, each of at least `least_bytes`: refused if what remains cannot hold so many.
  bool count(std::uint64_t& to, std::uint64_t least_bytes, std::string_view what);
  // `count`, or how many things of at least `least_bytes` what remains can hold, or what hint() allows.
  std::uint64_t at_most_remaining(std::uint64_t count, std::uint64_t least_bytes) const;
  // What is sensible to reserve for `count` things, whatever the file says.
  static std::uint64_t hint(std::uint64_t count) { return count < kMaxHint ? count : kMaxHint; }

  // A string that may be an integer.
  bool element(Element& to, std::string& scratch);
  // A string as bytes, whatever form it has.
  bool string(std::string_view& to, std::string& scratch);

 private:
  static constexpr std::uint64_t kMaxHint = 1 << 20;

  std::uint64_t remaining() const { return behind_ > kUnknown - left() ? kUnknown : left() + behind_; }
  // As bytes(), in the middle of what is being read.
  bool take(std::uint64_t count, std::string_view& to, std::string_view what);
  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }
  bool encoded(std::uint8_t first, Element& to, std::string& scratch);
  bool compressed(Element& to, std::string& scratch);
  bool missing(std::uint64_t count, std::string_view what);

  const char* begin_;
  const char* at_;
  const char* item_;
  const char* end_;
  const char* read_at_ = nullptr;  // Where the last read began, for the error.
  std::uint64_t behind_;
  std::uint64_t offset_;

  Trouble trouble_ = Trouble::kNone;
  std::size_t needed_ = 0;
  base::Error error_ = base::reject({});
};

}  // namespace weir::store::rdb
