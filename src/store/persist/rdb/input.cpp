#include "store/persist/rdb/input.h"

#include <algorithm>

#include <fmt/format.h>

#include "store/persist/rdb/lzf.h"

namespace weir::store::rdb {

namespace {

// Beyond this a scratch is given back as soon as a small string passes.
constexpr std::size_t kKeptScratchBytes = 1 << 20;

}  // namespace

bool Input::fail(std::string_view why) {
  trouble_ = Trouble::kBad;
  const char* const at = read_at_ != nullptr ? read_at_ : at_;
  error_ = base::reject(fmt::format("offset {}: {}", offset_ + static_cast<std::uint64_t>(at - begin_), why));
  return false;
}

bool Input::missing(std::uint64_t count, std::string_view what) {
  if (count - left() > behind_) {
    return fail(behind_ == 0 && left() == 0 && count == 1
                    ? fmt::format("it ends where {} should be", what)
                    : fmt::format("{} of {} bytes is longer than what remains", what, count));
  }
  trouble_ = Trouble::kShort;
  needed_ = static_cast<std::size_t>(at_ - item_) + static_cast<std::size_t>(count);
  return false;
}

bool Input::bytes(std::uint64_t count, std::string_view& to, std::string_view what) {
  read_at_ = at_;
  return take(count, to, what);
}

bool Input::take(std::uint64_t count, std::string_view& to, std::string_view what) {
  if (count > left()) return missing(count, what);
  to = {at_, static_cast<std::size_t>(count)};
  at_ += count;
  return true;
}

bool Input::byte(std::uint8_t& to) {
  read_at_ = at_;
  if (at_ == end_) return missing(1, "more");
  to = static_cast<std::uint8_t>(*at_++);
  return true;
}

bool Input::length(std::uint64_t& to) {
  std::uint8_t first = 0;
  if (!byte(first)) return false;
  if (first < 0x40) {
    to = first;
    return true;
  }
  const bool wide = first == kLength32 || first == kLength64;
  if (first >= 0x80 && !wide) return fail(fmt::format("byte {:#04x} begins no length", first));
  const std::uint64_t more = first < 0x80 ? 1 : first == kLength32 ? 4 : 8;
  std::string_view raw;
  if (!take(more, raw, "a length")) return false;
  if (first < 0x80) {
    to = (first & 0x3fu) << 8 | static_cast<unsigned char>(raw[0]);
  } else {
    const char* const from = raw.data();
    to = first == kLength32 ? base::load_big_endian<std::uint32_t>(from) : base::load_big_endian<std::uint64_t>(from);
  }
  return true;
}

bool Input::count(std::uint64_t& to, std::uint64_t least_bytes, std::string_view what) {
  if (!length(to)) return false;
  if (to > remaining() / least_bytes) return fail(fmt::format("{} {} are more than what remains can hold", to, what));
  return true;
}

std::uint64_t Input::at_most_remaining(std::uint64_t count, std::uint64_t least_bytes) const {
  if (remaining() == kUnknown) return hint(count);
  return std::min(count, remaining() / least_bytes);
}

bool Input::element(Element& to, std::string& scratch) {
  // The most frequent case in a few instructions: a short string that is there.
  if (at_ != end_ && static_cast<std::uint8_t>(*at_) < 0x40) {
    const std::size_t size = static_cast<std::uint8_t>(*at_);
    if (size < left()) {
      to = Element::of_bytes({at_ + 1, size});
      read_at_ = at_;
      at_ += 1 + size;
      return true;
    }
  }
  if (at_ != end_ && static_cast<std::uint8_t>(*at_) >= kInteger8) {
    std::uint8_t first = 0;
    return byte(first) && encoded(first, to, scratch);
  }
  std::uint64_t size = 0;
  if (!length(size)) return false;
  if (size > kMaxStringBytes) return fail(fmt::format("a string of {} bytes is longer than any that is kept", size));
  std::string_view raw;
  if (!take(size, raw, "a string")) return false;
  to = Element::of_bytes(raw);
  return true;
}

bool Input::encoded(std::uint8_t first, Element& to, std::string& scratch) {
  switch (first) {
    case kInteger8: {
      std::int8_t value = 0;
      if (!little_endian(value)) return false;
      to = Element::of_integer(value);
      return true;
    }
    case kInteger16: {
      std::int16_t value = 0;
      if (!little_endian(value)) return false;
      to = Element::of_integer(value);
      return true;
    }
    case kInteger32: {
      std::int32_t value = 0;
      if (!little_endian(value)) return false;
      to = Element::of_integer(value);
      return true;
    }
    case kCompressed: return compressed(to, scratch);
    default: return fail(fmt::format("byte {:#04x} begins no string", first));
  }
}

bool Input::compressed(Element& to, std::string& scratch) {
  const char* const start = read_at_;
  std::uint64_t packed_size = 0;
  std::uint64_t size = 0;
  if (!length(packed_size) || !length(size)) return false;
  read_at_ = start;
  // The expansion is bounded by what LZF can do, so the allocation is by the bytes that are really there.
  if (size > kMaxStringBytes || (size + kLzfMaxExpansion - 1) / kLzfMaxExpansion > packed_size) {
    return fail(fmt::format("{} bytes of LZF cannot hold {}", packed_size, size));
  }
  std::string_view packed;
  if (!take(packed_size, packed, "a compressed string")) return false;
  if (scratch.capacity() > kKeptScratchBytes && size <= kKeptScratchBytes) scratch = {};
  bool good = false;
  const auto whole = static_cast<std::size_t>(size);
  // libstdc++ 12 tells the function what it reserved, not what was asked for.
  scratch.resize_and_overwrite(whole, [&](char* buffer, std::size_t) {
    good = lzf_decompress(packed, buffer, whole);
    return good ? whole : 0;
  });
  if (!good) return fail(fmt::format("a compressed string is no LZF of {} bytes", size));
  to = Element::of_bytes(scratch);
  return true;
}

bool Input::string(std::string_view& to, std::string& scratch) {
  Element element;
  if (!this->element(element, scratch)) return false;
  to = element.bytes;
  if (element.is_integer) {
    Element::Digits digits;
    scratch = element.text(digits);
    to = scratch;
  }
  return true;
}

}  // namespace weir::store::rdb
