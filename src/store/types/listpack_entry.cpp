#include "store/types/listpack_entry.h"

#include <charconv>
#include <cstring>

#include "base/assert.h"
#include "base/bytes.h"

namespace weir::store {

namespace {

using base::load_little_endian;

constexpr unsigned char kInteger13 = 0xc0;
constexpr unsigned char kString12 = 0xe0;
constexpr unsigned char kString32 = 0xf0;
constexpr unsigned char kInteger16 = 0xf1;
constexpr unsigned char kInteger24 = 0xf2;
constexpr unsigned char kInteger32 = 0xf3;
constexpr unsigned char kInteger64 = 0xf4;

unsigned char byte_at(const char* at) { return static_cast<unsigned char>(*at); }

// Redis gives the greatest value of two and more bytes one byte more than it needs; so do we, or a blob would differ.
std::uint8_t backlen_size(std::size_t body) {
  if (body <= 127) return 1;
  if (body < 16383) return 2;
  if (body < 2097151) return 3;
  if (body < 268435455) return 4;
  return 5;
}

char* write_backlen(char* to, std::size_t body, std::uint8_t size) {
  for (int shift = 7 * (size - 1), first = 0; shift >= 0; shift -= 7, first = 0x80) {
    *to++ = static_cast<char>(((body >> shift) & 0x7f) | static_cast<unsigned>(first));
  }
  return to;
}

void store_little_endian(char* to, std::uint64_t value, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i) to[i] = static_cast<char>(value >> (8 * i));
}

// Where an entry's parts are.
struct Layout {
  std::size_t head;   // Before the string's bytes; the whole body of an integer.
  std::size_t bytes;  // Of the string; 0 for an integer.
};

// Requires: head_size(first byte) bytes are there, and the byte is not the terminator nor a reserved one.
Layout layout(const char* at) {
  const unsigned char first = byte_at(at);
  if (first < 0x80) return {1, 0};
  if (first < kInteger13) return {1, first & 0x3fu};
  if (first < kString12) return {2, 0};
  if (first < kString32) return {2, (first & 0x0fu) << 8 | byte_at(at + 1)};
  switch (first) {
    case kString32: return {5, load_little_endian<std::uint32_t>(at + 1)};
    case kInteger16: return {3, 0};
    case kInteger24: return {4, 0};
    case kInteger32: return {5, 0};
    default: return {9, 0};
  }
}

// What must be there before layout() may look; 0 for a byte that begins no entry.
std::size_t head_size(unsigned char first) {
  if (first < kInteger13) return 1;
  if (first < kString32) return 2;
  switch (first) {
    case kString32: return 5;
    case kInteger16: return 3;
    case kInteger24: return 4;
    case kInteger32: return 5;
    case kInteger64: return 9;
    default: return 0;
  }
}

std::int64_t integer_at(const char* at) {
  const unsigned char first = byte_at(at);
  if (first < 0x80) return first;
  if (first < kString12) {
    const std::int64_t value = (first & 0x1f) << 8 | byte_at(at + 1);
    return value < 4096 ? value : value - 8192;
  }
  switch (first) {
    case kInteger16: return load_little_endian<std::int16_t>(at + 1);
    case kInteger24: {
      const std::int32_t value = byte_at(at + 1) | byte_at(at + 2) << 8 | byte_at(at + 3) << 16;
      return value < 0x800000 ? value : value - 0x1000000;
    }
    case kInteger32: return load_little_endian<std::int32_t>(at + 1);
    default: return load_little_endian<std::int64_t>(at + 1);
  }
}

bool holds_string(unsigned char first) {
  return (first & 0xc0) == 0x80 || (first & 0xf0) == kString12 || first == kString32;
}

}  // namespace

std::optional<std::int64_t> canonical_integer(std::string_view text) {
  const char* at = text.data();
  const char* const end = at + text.size();
  if (text.empty() || text.size() > Element::kMaxDigits) return std::nullopt;
  const bool negative = *at == '-';
  at += negative;
  // Most texts end here: their first byte begins no number.
  if (at == end || static_cast<unsigned char>(*at - '1') > 8) {
    return text == "0" ? std::optional<std::int64_t>(0) : std::nullopt;
  }
  std::uint64_t value = 0;  // 20 digits at most: overflow shows below, since 19 digits never wrap.
  const char* const safe_end = end - at > 19 ? at + 19 : end;
  for (; at < safe_end; ++at) {
    const unsigned digit = static_cast<unsigned char>(*at - '0');
    if (digit > 9) return std::nullopt;
    value = value * 10 + digit;
  }
  const std::uint64_t limit = std::uint64_t{1} << 63;  // The magnitude of the smallest.
  if (at != end || value > limit - !negative) return std::nullopt;
  return static_cast<std::int64_t>(negative ? 0 - value : value);
}

std::string_view Element::text(Digits& digits) const {
  if (!is_integer) return bytes;
  const auto [end, code] = std::to_chars(digits, digits + kMaxDigits, integer);
  return {digits, static_cast<std::size_t>(end - digits)};
}

bool operator==(const Element& a, const Element& b) {
  if (a.is_integer == b.is_integer) return a.is_integer ? a.integer == b.integer : a.bytes == b.bytes;
  return a.as_integer() == b.as_integer();
}

EncodedEntry::EncodedEntry(std::string_view text) {
  if (const auto integer = canonical_integer(text)) {
    set_integer(*integer);
  } else {
    set_bytes(text);
  }
}

EncodedEntry::EncodedEntry(const Element& element) : EncodedEntry(element.bytes) {
  if (element.is_integer) set_integer(element.integer);
}

void EncodedEntry::set_integer(std::int64_t integer) {
  integer_ = integer;
  head_size_ = 0;
  backlen_size_ = 1;
  const auto fits = [integer](int bits) {
    const std::int64_t half = std::int64_t{1} << (bits - 1);
    return integer >= -half && integer < half;
  };
  if (integer >= 0 && integer <= 127) {
    body_size_ = 1;
  } else if (fits(13)) {
    body_size_ = 2;
  } else if (fits(16)) {
    body_size_ = 3;
  } else if (fits(24)) {
    body_size_ = 4;
  } else {
    body_size_ = fits(32) ? 5 : 9;
  }
}

void EncodedEntry::set_bytes(std::string_view bytes) {
  WEIR_ASSERT(bytes.size() < (std::uint64_t{1} << 32) - 16);
  bytes_ = bytes;
  head_size_ = bytes.size() < 64 ? 1 : bytes.size() < 4096 ? 2 : 5;
  body_size_ = head_size_ + bytes.size();
  backlen_size_ = backlen_size(body_size_);
}

char* EncodedEntry::write(char* to) const {
  const auto bits = static_cast<std::uint64_t>(integer_);
  switch (head_size_) {
    case 0:
      switch (body_size_) {
        case 1: *to = static_cast<char>(bits); break;
        case 2:
          to[0] = static_cast<char>(kInteger13 | (bits >> 8 & 0x1f));
          to[1] = static_cast<char>(bits);
          break;
        default:
          // 3, 4, 5 and 9 bytes are f1, f2, f3 and f4.
          *to = static_cast<char>(body_size_ == 9 ? kInteger64 : kInteger16 + (body_size_ - 3));
          store_little_endian(to + 1, bits, body_size_ - 1);
          break;
      }
      break;
    case 1: *to = static_cast<char>(0x80 | bytes_.size()); break;
    case 2:
      to[0] = static_cast<char>(kString12 | bytes_.size() >> 8);
      to[1] = static_cast<char>(bytes_.size());
      break;
    default:
      *to = static_cast<char>(kString32);
      store_little_endian(to + 1, bytes_.size(), 4);
      break;
  }
  if (!bytes_.empty()) std::memcpy(to + head_size_, bytes_.data(), bytes_.size());
  return write_backlen(to + body_size_, body_size_, backlen_size_);
}

namespace listpack_entry {

Element decode_long(const char* at) {
  if (!holds_string(byte_at(at))) return Element::of_integer(integer_at(at));
  const Layout parts = layout(at);
  return Element::of_bytes({at + parts.head, parts.bytes});
}

const char* next_long(const char* at) {
  const Layout parts = layout(at);
  const std::size_t body = parts.head + parts.bytes;
  return at + body + backlen_size(body);
}

const char* previous(const char* at) {
  // The byte just before `at` is the last of a backlen; those before it follow as long as the high bit is set.
  std::size_t body = 0;
  std::size_t size = 0;
  while (true) {
    const unsigned char byte = byte_at(at - 1 - size);
    body |= static_cast<std::size_t>(byte & 0x7f) << (7 * size);
    ++size;
    if (byte < 0x80) break;
  }
  return at - size - body;
}

bool equals_long(const char* at, std::string_view text, const std::optional<std::int64_t>& text_as_integer) {
  if (!holds_string(byte_at(at))) return text_as_integer.has_value() && integer_at(at) == *text_as_integer;
  const Layout parts = layout(at);
  return std::string_view(at + parts.head, parts.bytes) == text;
}

const char* checked_next(const char* at, const char* end) {
  const auto left = static_cast<std::size_t>(end - at);
  if (left == 0) return nullptr;
  const std::size_t head = head_size(byte_at(at));
  if (head == 0 || head > left) return nullptr;
  const Layout parts = layout(at);
  const std::size_t body = parts.head + parts.bytes;  // Less than 2^33.
  const std::uint8_t size = backlen_size(body);
  if (body + size > left) return nullptr;
  char expected[5];
  write_backlen(expected, body, size);
  if (std::memcmp(at + body, expected, size) != 0) return nullptr;
  return at + body + size;
}

}  // namespace listpack_entry

}  // namespace weir::store
