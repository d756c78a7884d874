#include "base/checksum.h"

#include <array>

#include "base/bytes.h"

namespace weir::base {

namespace {

// Reflected CRCs, eight bytes a step ("slicing-by-8", Kounavis and Berry 2005).
template <class Word, Word kReflectedPolynomial>
struct SlicedCrc {
  using Table = std::array<std::array<Word, 256>, 8>;

  static constexpr Table make_table() {
    Table table{};
    for (unsigned i = 0; i < 256; ++i) {
      Word crc = static_cast<Word>(i);
      for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) ? (crc >> 1) ^ kReflectedPolynomial : crc >> 1;
      table[0][i] = crc;
    }
    for (unsigned i = 0; i < 256; ++i) {
      for (unsigned slice = 1; slice < 8; ++slice) {
        const Word before = table[slice - 1][i];
        table[slice][i] = (before >> 8) ^ table[0][before & 0xff];
      }
    }
    return table;
  }
  static constexpr Table kTable = make_table();

  static Word run(std::string_view bytes, Word crc) {
    const char* at = bytes.data();
    std::size_t left = bytes.size();
    for (; left >= 8; at += 8, left -= 8) {
      const std::uint64_t word = load_little_endian<std::uint64_t>(at) ^ crc;
      crc = kTable[7][word & 0xff] ^ kTable[6][(word >> 8) & 0xff] ^ kTable[5][(word >> 16) & 0xff] ^
            kTable[4][(word >> 24) & 0xff] ^ kTable[3][(word >> 32) & 0xff] ^ kTable[2][(word >> 40) & 0xff] ^
            kTable[1][(word >> 48) & 0xff] ^ kTable[0][word >> 56];
    }
    for (; left > 0; ++at, --left) crc = (crc >> 8) ^ kTable[0][(crc ^ static_cast<unsigned char>(*at)) & 0xff];
    return crc;
  }
};

using Crc32c = SlicedCrc<std::uint32_t, 0x82f63b78>;
using Crc64 = SlicedCrc<std::uint64_t, 0x95ac9329ac4bc9b5>;

constexpr std::array<std::uint16_t, 256> kCrc16Table = [] {
  std::array<std::uint16_t, 256> table{};
  for (unsigned i = 0; i < 256; ++i) {
    unsigned crc = i << 8;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 0x8000) ? (crc << 1) ^ 0x1021 : crc << 1;
    table[i] = static_cast<std::uint16_t>(crc);
  }
  return table;
}();

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t crc32c_by_instruction(std::string_view bytes, std::uint32_t crc) {
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  std::uint64_t wide = crc;
  for (; left >= 8; at += 8, left -= 8) wide = __builtin_ia32_crc32di(wide, load_little_endian<std::uint64_t>(at));
  crc = static_cast<std::uint32_t>(wide);
  for (; left > 0; ++at, --left) crc = __builtin_ia32_crc32qi(crc, static_cast<unsigned char>(*at));
  return crc;
}
bool has_crc32c_instruction() {
  static const bool has = __builtin_cpu_supports("sse4.2");
  return has;
}
#endif

}  // namespace

std::uint16_t crc16(std::string_view bytes, std::uint16_t previous) {
  unsigned crc = previous;
  for (const char c : bytes) {
    crc = ((crc << 8) & 0xffff) ^ kCrc16Table[((crc >> 8) ^ static_cast<unsigned char>(c)) & 0xff];
  }
  return static_cast<std::uint16_t>(crc);
}

std::uint32_t crc32c(std::string_view bytes, std::uint32_t previous) {
#if defined(__x86_64__)
  if (has_crc32c_instruction()) return ~crc32c_by_instruction(bytes, ~previous);
#endif
  return ~Crc32c::run(bytes, ~previous);
}

std::uint64_t crc64(std::string_view bytes, std::uint64_t previous) { return Crc64::run(bytes, previous); }

}  // namespace weir::base
