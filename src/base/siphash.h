// SipHash (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012): a keyed hash of bytes. Who does not know
// the key cannot choose inputs that collide, so a table that hashes what strangers send cannot be flooded.
//
// siphash13 (one round a word, three at the end) is for hash tables, siphash24 is the function as published. Inputs of
// up to 32 bytes, which most keys are, are hashed inline. Pure functions, any thread; the result is the same on every
// machine.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"

namespace weir::base {

struct SipKey {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
};

namespace siphash_detail {

struct State {
  explicit State(const SipKey& key)
      : v0(key.low ^ 0x736f6d6570736575),
        v1(key.high ^ 0x646f72616e646f6d),
        v2(key.low ^ 0x6c7967656e657261),
        v3(key.high ^ 0x7465646279746573) {}

  void round() {
    v0 += v1, v1 = std::rotl(v1, 13) ^ v0, v0 = std::rotl(v0, 32);
    v2 += v3, v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3, v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1, v1 = std::rotl(v1, 17) ^ v2, v2 = std::rotl(v2, 32);
  }
  template <int kRounds>
  void absorb(std::uint64_t word) {
    v3 ^= word;
    for (int i = 0; i < kRounds; ++i) round();
    v0 ^= word;
  }

  std::uint64_t v0, v1, v2, v3;
};

// The bytes after the last whole word, and the size in the highest byte. Reads only bytes of the input, and does not
// loop: a word that overlaps the last whole one, or three overlapping pieces, hold all of the rest.
inline std::uint64_t last_word(std::string_view bytes) {
  const std::size_t rest = bytes.size() & 7;
  const std::uint64_t size = static_cast<std::uint64_t>(bytes.size()) << 56;
  const char* const end = bytes.data() + bytes.size();
  if (rest == 0) return size;
  if (bytes.size() > 8) return size | load_little_endian<std::uint64_t>(end - 8) >> (64 - 8 * rest);
  const char* const begin = end - rest;
  if (rest >= 4) {
    const std::uint64_t head = load_little_endian<std::uint32_t>(begin),
                        tail = load_little_endian<std::uint32_t>(end - 4);
    return size | head | tail << (8 * (rest - 4));
  }
  const auto byte = [begin](std::size_t at) {
    return static_cast<std::uint64_t>(static_cast<unsigned char>(begin[at])) << (8 * at);
  };
  return size | byte(0) | byte(rest / 2) | byte(rest - 1);
}

template <int kWordRounds, int kFinalRounds>
inline std::uint64_t hash(const SipKey& key, std::string_view bytes) {
  State state(key);
  const char* at = bytes.data();
  for (std::size_t words = bytes.size() / 8; words > 0; --words, at += 8) {
    state.absorb<kWordRounds>(load_little_endian<std::uint64_t>(at));
  }
  state.absorb<kWordRounds>(last_word(bytes));
  state.v2 ^= 0xff;
  for (int i = 0; i < kFinalRounds; ++i) state.round();
  return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

std::uint64_t long_siphash13(const SipKey& key, std::string_view bytes);

}  // namespace siphash_detail

inline std::uint64_t siphash13(const SipKey& key, std::string_view bytes) {
  if (bytes.size() > 32) [[unlikely]] {
    return siphash_detail::long_siphash13(key, bytes);
  }
  return siphash_detail::hash<1, 3>(key, bytes);
}

std::uint64_t siphash24(const SipKey& key, std::string_view bytes);

}  // namespace weir::base
