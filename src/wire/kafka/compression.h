// The codecs that a record batch may be compressed with, behind one pair of functions.
//
//   gzip    RFC 1952, one or more members
//   snappy  one raw block, or the framing of Java's clients: 82 "SNAPPY" 0, two numbers i32, then blocks, each behind
//   its
//           size i32
//   lz4     the LZ4 frame format, one or more frames
//   zstd    RFC 8878, one or more frames
//
// What a peer compressed may be a bomb: who decompresses says how much it may become. Debian's libraries do the work.
// Pure functions, any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace weir::wire::kafka {

// As the lowest three bits of a batch's attributes number them.
enum class Compression : std::uint8_t { kNone = 0, kGzip = 1, kSnappy = 2, kLz4 = 3, kZstd = 4 };

inline constexpr Compression kCompressions[] = {Compression::kNone, Compression::kGzip, Compression::kSnappy,
                                                Compression::kLz4, Compression::kZstd};

// As Kafka's compression.type names them.
std::string_view to_string(Compression compression);
std::optional<Compression> parse_compression(std::string_view name);

// Appends to `to`, each at its library's default level.
void compress(Compression compression, std::string_view bytes, std::string& to);

// Appends to `to` at most `max_bytes`. An error when `bytes` are not, exactly and as a whole, what the codec makes, or
// when they become more; `to` then holds anything behind what it held.
base::Result<void> decompress(Compression compression, std::string_view bytes, std::size_t max_bytes, std::string& to);

}  // namespace weir::wire::kafka
