// The character classes of RFC 9110 and 9112, as one table of bits.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace weir::wire::http1 {

namespace character {
inline constexpr std::uint8_t kToken = 1;   // tchar: names, methods
inline constexpr std::uint8_t kValue = 2;   // field-vchar, SP, HTAB: also obs-text, that is every byte from 0x80 on
inline constexpr std::uint8_t kTarget = 4;  // what RFC 3986 lets a path and query hold, and [ ] | { } ^ ` which
                                            // browsers send as they are; no "#": fragments stay with the client
inline constexpr std::uint8_t kHost = 8;    // reg-name and IPv4, without the comma, which lists are made with

inline constexpr auto kTable = [] {
  std::array<std::uint8_t, 256> table{};
  const auto add = [&table](std::string_view characters, std::uint8_t bits) {
    for (const char c : characters) table[static_cast<unsigned char>(c)] |= bits;
  };
  constexpr std::string_view kAlphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  add(kAlphanumeric, kToken | kTarget | kHost);
  add("!#$%&'*+-.^_`|~", kToken);
  add("-._~%!$&'()*+,;=:@/?[]|{}^`", kTarget);
  add("-._~%!$&'()*+;=", kHost);
  for (unsigned c = 0x20; c < 0x100; ++c) table[c] |= kValue;
  table[0x7f] &= static_cast<std::uint8_t>(~kValue);
  table['\t'] |= kValue;
  return table;
}();
}  // namespace character

constexpr bool is(char c, std::uint8_t classes) {
  return (character::kTable[static_cast<unsigned char>(c)] & classes) != 0;
}

// Every byte of `text` is in the class.
constexpr bool all(std::string_view text, std::uint8_t classes) {
  for (const char c : text) {
    if (!is(c, classes)) return false;
  }
  return true;
}

constexpr bool is_token(std::string_view text) { return !text.empty() && all(text, character::kToken); }

// OWS: spaces and tabs around a value or a list's member.
constexpr std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Calls visit(member) for each member of a comma-separated list, trimmed; empty members are passed over. No quoted
// strings: for fields whose members are tokens.
template <class Visit>
void for_each_member(std::string_view list, Visit visit) {
  while (true) {
    const std::size_t comma = list.find(',');
    const std::string_view member = trim(list.substr(0, comma));
    if (!member.empty()) visit(member);
    if (comma == std::string_view::npos) return;
    list.remove_prefix(comma + 1);
  }
}

}  // namespace weir::wire::http1
