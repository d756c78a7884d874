#include "store/persist/rdb/lzf.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/assert.h"

namespace weir::store::rdb {

namespace {

constexpr std::size_t kMaxLiterals = 32;
constexpr std::size_t kMaxDistance = 8192;
constexpr std::size_t kMaxMatch = 264;
// A match of at least this many bytes takes the long form.
constexpr std::size_t kLongMatch = 9;

unsigned byte_at(const char* at) { return static_cast<unsigned char>(*at); }

unsigned three_bytes(const char* at) { return byte_at(at) << 16 | byte_at(at + 1) << 8 | byte_at(at + 2); }

// The length of the match between `at` and `from`, whose first three bytes are equal. Requires: from < at < end.
std::size_t match_length(const char* at, const char* from, const char* end) {
  const std::size_t limit = std::min<std::size_t>(static_cast<std::size_t>(end - at) - 2, kMaxMatch);
  std::size_t length = 3;
  // The library compares the first sixteen bytes without looking at the limit if that is above sixteen, and so may
  // match two bytes more than the limit at the end of an input.
  const std::size_t reach = limit > 16 ? std::max<std::size_t>(limit, 19) : limit;
  while (length < reach && at[length] == from[length]) ++length;
  return length;
}

}  // namespace

bool lzf_decompress(std::string_view compressed, char* to, std::size_t size) {
  const char* at = compressed.data();
  const char* const end = at + compressed.size();
  char* const begin = to;
  char* const limit = to + size;
  while (at != end) {
    const unsigned control = byte_at(at++);
    if (control < kMaxLiterals) {
      const std::size_t literals = control + 1;
      if (literals > static_cast<std::size_t>(end - at) || literals > static_cast<std::size_t>(limit - to))
        return false;
      std::memcpy(to, at, literals);
      at += literals;
      to += literals;
      continue;
    }
    std::size_t length = (control >> 5) + 2;
    if (length == kLongMatch) {
      if (at == end) return false;
      length += byte_at(at++);
    }
    if (at == end) return false;
    const std::size_t distance = ((control & 0x1f) << 8 | byte_at(at++)) + 1;
    if (distance > static_cast<std::size_t>(to - begin) || length > static_cast<std::size_t>(limit - to)) return false;
    const char* const from = to - distance;
    if (distance >= length) {
      std::memcpy(to, from, length);
    } else {
      // The copy overlaps what it writes: a repetition.
      for (std::size_t i = 0; i < length; ++i) to[i] = from[i];
    }
    to += length;
  }
  return to == limit;
}

std::size_t LzfCompressor::compress(std::string_view bytes, char* to, std::size_t room) {
  WEIR_ASSERT(bytes.size() < std::numeric_limits<std::uint32_t>::max() / 2);
  if (bytes.empty() || room == 0) return 0;
  if (positions_ == nullptr) positions_ = std::make_unique<std::uint32_t[]>(std::size_t{1} << kHashBits);
  // No position of an earlier input reaches base_, and position 0 of this one is taken for "none", as in the library.
  if (bytes.size() >= std::numeric_limits<std::uint32_t>::max() - base_) {
    std::fill_n(positions_.get(), std::size_t{1} << kHashBits, 0);
    base_ = 0;
  }
  const std::uint32_t base = base_;
  base_ += static_cast<std::uint32_t>(bytes.size());

  const char* const begin = bytes.data();
  const char* const end = begin + bytes.size();
  const char* at = begin;
  const char* pending = begin;  // Literals not written yet are [pending, at).
  char* const out_begin = to;
  char* const out_end = to + room;

  // Where the hash of the three bytes at `from` remembers; remembers `from` itself.
  const auto exchange = [&](const char* from) {
    const unsigned value = three_bytes(from);
    std::uint32_t& slot = positions_[((value >> (24 - kHashBits)) - value * 5) & ((1u << kHashBits) - 1)];
    const std::uint32_t before = slot;
    slot = base + static_cast<std::uint32_t>(from - begin);
    return before;
  };
  const auto write_literals = [&] {
    while (pending != at) {
      const std::size_t run = std::min<std::size_t>(static_cast<std::size_t>(at - pending), kMaxLiterals);
      if (run + 1 > static_cast<std::size_t>(out_end - to)) return false;
      *to++ = static_cast<char>(run - 1);
      std::memcpy(to, pending, run);
      to += run;
      pending += run;
    }
    return true;
  };

  while (end - at > 2) {
    const std::uint32_t position = exchange(at);
    const char* const from = position > base ? begin + (position - base) : nullptr;
    const bool matches = from != nullptr && static_cast<std::size_t>(at - from) <= kMaxDistance && at[0] == from[0] &&
                         at[1] == from[1] && at[2] == from[2];
    if (!matches) {
      ++at;
      continue;
    }
    if (!write_literals()) return 0;
    const std::size_t length = match_length(at, from, end);
    const std::size_t distance = static_cast<std::size_t>(at - from) - 1;
    if (out_end - to <= 4) return 0;  // More than a match takes: the library wants room for what follows.
    if (length < kLongMatch) {
      *to++ = static_cast<char>((length - 2) << 5 | distance >> 8);
    } else {
      *to++ = static_cast<char>(7u << 5 | distance >> 8);
      *to++ = static_cast<char>(length - kLongMatch);
    }
    *to++ = static_cast<char>(distance);
    at += length;
    pending = at;
    if (end - at <= 2) break;
    // Of what the match passed over, the two last positions are remembered.
    exchange(at - 2);
    exchange(at - 1);
  }
  // So it does here: the literals so far, the byte in front of the next, and three.
  const auto waiting = static_cast<std::size_t>(at - pending);
  if (waiting + waiting / kMaxLiterals + 4 > static_cast<std::size_t>(out_end - to)) return 0;
  at = end;
  if (!write_literals()) return 0;
  return static_cast<std::size_t>(to - out_begin);
}

}  // namespace weir::store::rdb
