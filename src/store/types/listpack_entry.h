// One entry of a listpack: how it is encoded, read, and stepped over. The listpack itself (listpack.h) adds a header
// and a terminator; who keeps entries in a buffer of its own uses this alone.
//
//   +----------+------------+----------+
//   | encoding | bytes or   | backlen  |      backlen: the size of what stands before it in this entry, 1 to 5 bytes,
//   |          | integer    |          |      read from the right, so that the entry before can be reached
//   +----------+------------+----------+
//
//   0xxxxxxx              integer 0..127               10xxxxxx              string of up to 63 bytes
//   110xxxxx +1           integer of 13 bits           1110xxxx +1           string of up to 4095 bytes
//   f1 +2  f2 +3          integer of 16, 24 bits       f0 +4                 string of up to 2^32-1 bytes
//   f3 +4  f4 +8          integer of 32, 64 bits       ff                    the terminator of a listpack
//
// A text that is the canonical decimal form of a 64-bit integer is kept as that integer, in the smallest form.
// Multi-byte integers of the f-forms are little-endian; the format is Redis's to the byte (github.com/antirez/listpack,
// its specification). Pure functions over borrowed bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace weir::store {

// "0", "-17", but not "017", "+17", "-0" or "17 ": the integer whose decimal form is exactly this text.
std::optional<std::int64_t> canonical_integer(std::string_view text);

// What a packed encoding holds at one place: bytes, or an integer that stands for its decimal text.
struct Element {
  // Room for the decimal form of any 64-bit integer.
  static constexpr std::size_t kMaxDigits = 20;
  using Digits = char[kMaxDigits];

  std::string_view bytes;  // Borrowed. Empty for an integer.
  std::int64_t integer = 0;
  bool is_integer = false;

  static Element of_bytes(std::string_view bytes) { return {bytes, 0, false}; }
  static Element of_integer(std::int64_t integer) { return {{}, integer, true}; }

  // As the client sees it; an integer is written to `digits` first, which the view then borrows.
  std::string_view text(Digits& digits) const;
  // The integer that this is or spells canonically.
  std::optional<std::int64_t> as_integer() const {
    return is_integer ? std::optional(integer) : canonical_integer(bytes);
  }
};

// Equal as texts.
bool operator==(const Element& a, const Element& b);

// An element on its way into a listpack: knows its size before it is written. Borrows the text.
class EncodedEntry {
 public:
  // An integer if the text is a canonical one. Requires: text.size() < 2^32 - 16.
  explicit EncodedEntry(std::string_view text);
  explicit EncodedEntry(std::int64_t integer) { set_integer(integer); }
  explicit EncodedEntry(const Element& element);

  // Of the whole entry, with its backlen.
  std::size_t size() const { return body_size_ + backlen_size_; }
  // Requires: room for size() bytes. Returns the end of what was written.
  char* write(char* to) const;

 private:
  void set_integer(std::int64_t integer);
  void set_bytes(std::string_view bytes);

  std::string_view bytes_;
  std::int64_t integer_ = 0;
  std::size_t body_size_ = 0;
  std::uint8_t head_size_ = 0;  // Before the string's bytes; 0 for an integer.
  std::uint8_t backlen_size_ = 0;
};

namespace listpack_entry {

inline constexpr unsigned char kTerminator = 0xff;

// The two forms of one byte, which most entries have, are read in place; the others out of line.
inline constexpr unsigned char kFirstShortString = 0x80;
inline constexpr unsigned char kFirstLongForm = 0xc0;
inline std::string_view short_string(const char* at) { return {at + 1, static_cast<std::size_t>(*at & 0x3f)}; }
Element decode_long(const char* at);
const char* next_long(const char* at);
bool equals_long(const char* at, std::string_view text, const std::optional<std::int64_t>& text_as_integer);

// Each requires `at` to be the first byte of an entry in bytes that were validated or written here.
inline Element decode(const char* at) {
  const auto first = static_cast<unsigned char>(*at);
  if (first < kFirstShortString) return Element::of_integer(first);
  return first < kFirstLongForm ? Element::of_bytes(short_string(at)) : decode_long(at);
}
inline const char* next(const char* at) {
  const auto first = static_cast<unsigned char>(*at);
  if (first < kFirstShortString) return at + 2;
  return first < kFirstLongForm ? at + 2 + (first & 0x3f) : next_long(at);
}
inline bool equals(const char* at, std::string_view text, const std::optional<std::int64_t>& text_as_integer) {
  const auto first = static_cast<unsigned char>(*at);
  if (first < kFirstShortString) return text_as_integer == first;
  if (first >= kFirstLongForm) return equals_long(at, text, text_as_integer);
  const std::string_view there = short_string(at);
  // Texts of one length are mostly told apart by their last byte: names that are numbered. So most need no call.
  return there.size() == text.size() && (text.empty() || there.back() == text.back()) && there == text;
}
// Requires: not the first entry. `at` may be just behind the last entry (at the terminator).
const char* previous(const char* at);
inline std::size_t size(const char* at) { return static_cast<std::size_t>(next(at) - at); }

// For bytes that nobody vouches for: the end of the entry that begins at `at` and ends at or before `end`, or null if
// there is none. Both lengths are checked against each other.
const char* checked_next(const char* at, const char* end);

}  // namespace listpack_entry

}  // namespace weir::store
