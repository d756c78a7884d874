// Bytes as the codecs see them: borrowed views, numbers in a stated byte order, decimal text in both directions.
// Weir holds bytes in std::string and borrows them as std::string_view; protocols here are bytes, not text, and a view
// is valid only as long as its owner says.
#pragma once

#include <array>
#include <bit>
#include <charconv>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace weir::base {

template <std::integral T>
constexpr T byte_swap(T value) {
  auto bytes = std::bit_cast<std::array<unsigned char, sizeof(T)>>(value);
  for (std::size_t i = 0; i < sizeof(T) / 2; ++i) std::swap(bytes[i], bytes[sizeof(T) - 1 - i]);
  return std::bit_cast<T>(bytes);
}

// Requires: at least sizeof(T) bytes at `from`.
template <std::integral T>
T load_big_endian(const char* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return std::endian::native == std::endian::big ? value : byte_swap(value);
}
template <std::integral T>
T load_little_endian(const char* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return std::endian::native == std::endian::little ? value : byte_swap(value);
}
template <std::integral T>
void append_big_endian(std::string& to, T value) {
  if constexpr (std::endian::native == std::endian::little) value = byte_swap(value);
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  to.append(bytes, sizeof value);
}
template <std::integral T>
void append_little_endian(std::string& to, T value) {
  if constexpr (std::endian::native == std::endian::big) value = byte_swap(value);
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  to.append(bytes, sizeof value);
}

// The whole of `text` as a decimal integer: no sign but '-', no space, no overflow; else nothing.
template <std::integral T>
std::optional<T> parse_decimal(std::string_view text) {
  T value{};
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

template <std::integral T>
void append_decimal(std::string& to, T value) {
  char digits[24];
  const auto [end, code] = std::to_chars(digits, digits + sizeof digits, value);
  to.append(digits, static_cast<std::size_t>(end - digits));
}

// ASCII only, whatever the locale.
constexpr char ascii_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }
constexpr char ascii_upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c & ~0x20) : c; }
constexpr bool equal_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (ascii_lower(a[i]) != ascii_lower(b[i])) return false;
  }
  return true;
}
std::string to_lower(std::string_view text);
std::string to_upper(std::string_view text);

// For error messages and logs: printable ASCII as it is, the rest as \xNN, cut after `limit` bytes with "...".
std::string printable(std::string_view bytes, std::size_t limit = 64);

}  // namespace weir::base
