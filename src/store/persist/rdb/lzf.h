// LZF: the compression that RDB files use for strings (Marc Lehmann's liblzf, its format).
//
//   000nnnnn                      n + 1 literal bytes follow, 1 to 32
//   lllooooo oooooooo             copy l + 2 bytes (l of 1 to 6) from o + 1 bytes back
//   111ooooo llllllll oooooooo    copy l + 9 bytes, up to 264
//
// The choices of the compressor (its hash, its greed) are those of the library as Redis builds it, so that a DUMP
// payload here equals one there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace weir::store::rdb {

// A compressed input cannot grow beyond this factor: three bytes give 264.
inline constexpr std::size_t kLzfMaxExpansion = 88;

// Writes exactly `size` bytes to `to`. False if the input is no LZF, or is that of more or fewer bytes; what was
// written until then is worthless.
bool lzf_decompress(std::string_view compressed, char* to, std::size_t size);

// Holds the table of positions (256 KB) that successive calls share without clearing it. One owner.
class LzfCompressor {
 public:
  // The size of what was written to `to`, or 0 if it does not fit there.
  std::size_t compress(std::string_view bytes, char* to, std::size_t room);

 private:
  static constexpr int kHashBits = 16;

  // The position of the last three bytes with this hash, counted from the beginning of all inputs, so that what an
  // earlier input left is recognised as out of reach.
  std::unique_ptr<std::uint32_t[]> positions_;
  std::uint32_t base_ = 0;
};

}  // namespace weir::store::rdb
