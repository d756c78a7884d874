// HyperLogLog: the number of distinct elements that were added, within 0.81 %, in at most 12 KB. A value is a string
// that GET shows and replicas compare, so every byte is as Redis 7.0 writes it.
//
//   "HYLL" | encoding: 0 dense, 1 sparse | 3 bytes of zero | count, 8 bytes, little endian | registers
//
// The count is the one that was last computed; the highest bit of its last byte says that the registers have changed
// since. There are 16,384 registers of 6 bits. Dense, they are packed from the lowest bit of the first byte on. Sparse,
// they are runs:
//
//   00llllll             l + 1 registers of 0
//   01llllll llllllll    l + 1 registers of 0
//   1vvvvvll             l + 1 registers of v + 1
//
// A value becomes dense, and stays so, when a run cannot hold a register's value or the string would grow beyond
// hll-sparse-max-bytes.
//
// Hash and layout are Redis's; the estimator is Ertl's ("New cardinality estimation algorithms for HyperLogLog
// sketches", arXiv:1702.01284). Core, pure. Values may come from anybody (SET, RESTORE): whatever is in them, nothing
// outside of them is touched.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace weir::store::hyperloglog {

inline constexpr std::size_t kRegisters = 1 << 14;
inline constexpr std::size_t kHeaderBytes = 16;
inline constexpr std::size_t kDenseBytes = kHeaderBytes + kRegisters * 6 / 8;

enum class Outcome : unsigned char {
  kUnchanged,
  kChanged,
  kCorrupt,  // The registers of a sparse value do not add up. Redis's INVALIDOBJ.
};

// Whether the string can be one at all. Everything below requires this. Redis's WRONGTYPE otherwise.
bool has_valid_header(std::string_view value);
bool is_dense(std::string_view value);

// All registers 0, sparse, the count still to be computed.
std::string create();

// kChanged marks the cached count as outdated.
Outcome add(std::string& value, std::string_view element, std::size_t sparse_max_bytes);
// In place. Requires: is_dense(value).
Outcome add_dense(std::span<char> value, std::string_view element);
// False when it is corrupt.
bool make_dense(std::string& value);

std::optional<std::uint64_t> cached_count(std::string_view value);
void cache_count(std::span<char> value, std::uint64_t count);
// From the registers; nothing when they are corrupt.
std::optional<std::uint64_t> count(std::string_view value);

// The union of several.
class Union {
 public:
  // False when it is corrupt.
  bool add(std::string_view value);
  std::uint64_t count() const;
  // Raises the registers of `value`, which becomes dense if one that was added is. False when it is corrupt.
  bool store_in(std::string& value, std::size_t sparse_max_bytes) const;

 private:
  std::array<std::uint8_t, kRegisters> registers_{};
  bool any_dense_ = false;
};

}  // namespace weir::store::hyperloglog
