// The numbers of the RDB format (github.com/redis/redis, src/rdb.h), versions 1 to 12.
//
//   "REDIS" version(4 digits)
//   [AUX name value]... [FUNCTION2 library]...
//   per database:  SELECTDB number, RESIZEDB keys expiries,
//     per key:     [EXPIRETIME_MS time] [IDLE seconds | FREQ count]  type  key  value
//   EOF checksum(8, from version 5 on)
//
// A length is of 1, 2, 5 or 9 bytes; where a string is expected, four of its values announce an integer or an LZF
// block:
//
//   00xxxxxx                6 bits                  11000000 +1    integer of 8 bits
//   01xxxxxx +1             14 bits, big-endian     11000001 +2    16 bits, little-endian
//   10000000 +4             32 bits, big-endian     11000010 +4    32 bits
//   10000001 +8             64 bits, big-endian     11000011       compressed length, length, LZF
#pragma once

#include <cstdint>
#include <string_view>

namespace weir::store::rdb {

inline constexpr std::string_view kMagic = "REDIS";
inline constexpr int kVersionDigits = 4;
inline constexpr int kOldestVersion = 1;
inline constexpr int kNewestVersion = 12;
// What is written: Redis 7.0 and every later one reads it.
inline constexpr int kWrittenVersion = 10;
// From here on a file ends with a checksum.
inline constexpr int kFirstVersionWithChecksum = 5;

enum class Type : std::uint8_t {
  kString = 0,
  kList = 1,
  kSet = 2,
  kZsetText = 3,  // Scores as text.
  kHash = 4,
  kZset = 5,  // Scores as binary doubles.
  kModuleUnmarked = 6,
  kModule = 7,
  kHashZipmap = 9,
  kListZiplist = 10,
  kSetIntset = 11,
  kZsetZiplist = 12,
  kHashZiplist = 13,
  kListOfZiplists = 14,
  kStream = 15,
  kHashListpack = 16,
  kZsetListpack = 17,
  kListOfNodes = 18,  // Listpacks, or single large elements.
  kStream2 = 19,
  kSetListpack = 20,
  kStream3 = 21,
  kHashExpiriesEarly = 22,          // Fields with their absolute expiry (7.4's release candidates).
  kHashListpackExpiriesEarly = 23,  // Triples of field, value, expiry.
  kHashExpiries = 24,               // The same, led by the soonest expiry, to which the others are relative.
  kHashListpackExpiries = 25,
};

enum class Opcode : std::uint8_t {
  kSlotInfo = 244,
  kFunction = 245,
  kFunctionEarly = 246,  // Of 7.0's release candidates.
  kModuleAux = 247,
  kIdle = 248,
  kFrequency = 249,
  kAux = 250,
  kResize = 251,
  kExpiryMs = 252,
  kExpirySeconds = 253,
  kSelectDatabase = 254,
  kEnd = 255,
};

// The values of a length's first byte that announce more.
inline constexpr std::uint8_t kLength32 = 0x80;
inline constexpr std::uint8_t kLength64 = 0x81;
inline constexpr std::uint8_t kInteger8 = 0xc0;
inline constexpr std::uint8_t kInteger16 = 0xc1;
inline constexpr std::uint8_t kInteger32 = 0xc2;
inline constexpr std::uint8_t kCompressed = 0xc3;

// How a node of kListOfNodes is kept.
inline constexpr std::uint64_t kPlainNode = 1;
inline constexpr std::uint64_t kPackedNode = 2;

// A DUMP payload: type, value, version (2, little-endian), checksum (8) of all before it.
inline constexpr std::size_t kDumpFooterBytes = 10;

}  // namespace weir::store::rdb
