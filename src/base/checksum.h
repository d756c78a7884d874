// The checksums of the protocols and files that Weir reads and writes. Each continues from an earlier call: feeding
// two halves in turn equals feeding the whole. Pure functions, any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace weir::base {

// CRC-16/XMODEM (polynomial 0x1021): Redis Cluster's key slots.
std::uint16_t crc16(std::string_view bytes, std::uint16_t previous = 0);

// CRC-32C (Castagnoli, RFC 3720 B.4): Kafka's record batches and our journal. Uses the processor's instruction where it
// has one.
std::uint32_t crc32c(std::string_view bytes, std::uint32_t previous = 0);

// CRC-64/Jones (polynomial 0xad93d23594c935a9, reflected): Redis's RDB files and DUMP payloads.
std::uint64_t crc64(std::string_view bytes, std::uint64_t previous = 0);

}  // namespace weir::base
