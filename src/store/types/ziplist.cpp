#include "store/types/ziplist.h"

#include <cstdint>

#include "base/bytes.h"

namespace weir::store {

namespace {

using base::load_big_endian;
using base::load_little_endian;

constexpr std::size_t kHeaderBytes = 10;
constexpr std::size_t kTailAt = 4;
constexpr std::size_t kCountAt = 8;
constexpr std::uint16_t kUncounted = 65535;
constexpr unsigned char kTerminator = 0xff;
constexpr unsigned char kWideSize = 0xfe;

constexpr unsigned char kString32 = 0x80;
constexpr unsigned char kInteger16 = 0xc0;
constexpr unsigned char kInteger32 = 0xd0;
constexpr unsigned char kInteger64 = 0xe0;
constexpr unsigned char kInteger24 = 0xf0;
constexpr unsigned char kInteger8 = 0xfe;
constexpr unsigned char kFirstImmediate = 0xf1;  // The integer 0; the last is 0xfd, 12.

unsigned char byte_at(const char* at) { return static_cast<unsigned char>(*at); }

bool is_string(unsigned char encoding) { return encoding < 0xc0; }

// Of the encoding at `at` and what follows it.
struct Parts {
  std::size_t head;  // Up to the string's or the integer's bytes.
  std::size_t bytes;
};

// The size of the encoding itself; 0 for a byte that is none.
std::size_t head_size(unsigned char encoding) {
  if (encoding < 0x40) return 1;
  if (encoding < 0x80) return 2;
  if (encoding < 0xc0) return encoding == kString32 ? 5 : 0;
  if (encoding >= kFirstImmediate && encoding <= kInteger8) return 1;
  const bool known =
      encoding == kInteger16 || encoding == kInteger32 || encoding == kInteger64 || encoding == kInteger24;
  return known ? 1 : 0;
}

// Requires: head_size() bytes are there.
Parts parts(const char* at) {
  const unsigned char encoding = byte_at(at);
  if (encoding < 0x40) return {1, encoding};
  if (encoding < 0x80) return {2, (encoding & 0x3fu) << 8 | byte_at(at + 1)};
  switch (encoding) {
    case kString32: return {5, load_big_endian<std::uint32_t>(at + 1)};
    case kInteger16: return {1, 2};
    case kInteger24: return {1, 3};
    case kInteger32: return {1, 4};
    case kInteger64: return {1, 8};
    case kInteger8: return {1, 1};
    default: return {1, 0};
  }
}

std::size_t size_field(const char* at) { return byte_at(at) == kWideSize ? 5 : 1; }

}  // namespace

bool ZiplistView::valid(std::string_view blob) {
  const char* const begin = blob.data();
  if (blob.size() < kHeaderBytes + 1 || blob.size() != load_little_endian<std::uint32_t>(begin)) return false;
  const char* at = begin + kHeaderBytes;
  const char* const end = begin + blob.size() - 1;
  if (byte_at(end) != kTerminator) return false;
  const char* last = at;  // An empty ziplist's tail is its terminator.
  std::size_t before = 0;
  std::size_t count = 0;
  for (; at != end; ++count) {
    last = at;
    const auto left = static_cast<std::size_t>(end - at);
    const std::size_t field = size_field(at);
    if (byte_at(at) == kTerminator || field >= left) return false;
    if ((field == 1 ? byte_at(at) : load_little_endian<std::uint32_t>(at + 1)) != before) return false;
    const std::size_t head = head_size(byte_at(at + field));
    if (head == 0 || head > left - field) return false;
    const Parts entry = parts(at + field);
    if (entry.bytes > left - field - entry.head) return false;
    before = field + entry.head + entry.bytes;
    at += before;
  }
  const std::uint16_t claimed = load_little_endian<std::uint16_t>(begin + kCountAt);
  return load_little_endian<std::uint32_t>(begin + kTailAt) == static_cast<std::size_t>(last - begin) &&
         (claimed == kUncounted || claimed == count);
}

ZiplistView::Cursor ZiplistView::begin() const { return Cursor(blob_.data() + kHeaderBytes); }

Element ZiplistView::Cursor::operator*() const {
  const char* const at = at_ + size_field(at_);
  const unsigned char encoding = byte_at(at);
  const Parts entry = parts(at);
  if (is_string(encoding)) return Element::of_bytes({at + entry.head, entry.bytes});
  switch (encoding) {
    case kInteger8: return Element::of_integer(static_cast<signed char>(at[1]));
    case kInteger16: return Element::of_integer(load_little_endian<std::int16_t>(at + 1));
    case kInteger24: {
      const std::int32_t value = byte_at(at + 1) | byte_at(at + 2) << 8 | byte_at(at + 3) << 16;
      return Element::of_integer(value < 0x800000 ? value : value - 0x1000000);
    }
    case kInteger32: return Element::of_integer(load_little_endian<std::int32_t>(at + 1));
    case kInteger64: return Element::of_integer(load_little_endian<std::int64_t>(at + 1));
    default: return Element::of_integer(encoding - kFirstImmediate);
  }
}

ZiplistView::Cursor& ZiplistView::Cursor::operator++() {
  const std::size_t field = size_field(at_);
  const Parts entry = parts(at_ + field);
  at_ += field + entry.head + entry.bytes;
  return *this;
}

}  // namespace weir::store
