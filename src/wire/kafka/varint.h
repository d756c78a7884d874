// Zigzag varints, as records use them: seven bits a byte, the lowest first, the sign in the lowest bit.
#pragma once

#include <cstdint>
#include <string>

namespace weir::wire::kafka {

// What it takes at most to write one of 32 or 64 bits.
inline constexpr int kMaxVarintBytes = 5;
inline constexpr int kMaxVarlongBytes = 10;

// Moves `at` behind the varint; false, when it does not end before `end` or has more bits than the type, leaves it.
inline bool read_varlong(const char*& at, const char* end, std::int64_t& value) {
  std::uint64_t read = 0;
  const char* next = at;
  for (int shift = 0; next != end && shift < 7 * kMaxVarlongBytes; shift += 7) {
    const auto byte = static_cast<std::uint64_t>(static_cast<unsigned char>(*next++));
    if (shift == 63 && byte > 1) return false;
    read |= (byte & 0x7f) << shift;
    if (byte < 0x80) {
      value = static_cast<std::int64_t>((read >> 1) ^ (0 - (read & 1)));
      at = next;
      return true;
    }
  }
  return false;
}
inline bool read_varint(const char*& at, const char* end, std::int32_t& value) {
  // The common case: lengths and deltas below 64.
  if (at != end && static_cast<unsigned char>(*at) < 0x80) {
    const std::uint32_t byte = static_cast<unsigned char>(*at++);
    value = static_cast<std::int32_t>((byte >> 1) ^ (0 - (byte & 1)));
    return true;
  }
  const char* next = at;
  std::int64_t wide = 0;
  if (!read_varlong(next, end, wide) || next - at > kMaxVarintBytes || wide != static_cast<std::int32_t>(wide)) {
    return false;
  }
  value = static_cast<std::int32_t>(wide);
  at = next;
  return true;
}

inline void append_varlong(std::string& to, std::int64_t value) {
  auto bits = (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
  for (; bits >= 0x80; bits >>= 7) to.push_back(static_cast<char>(bits | 0x80));
  to.push_back(static_cast<char>(bits));
}
// The same bytes for the same number, whatever its type.
inline void append_varint(std::string& to, std::int32_t value) { append_varlong(to, value); }

}  // namespace weir::wire::kafka
