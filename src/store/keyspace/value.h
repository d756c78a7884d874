// The kinds of values, and what every kind can do: the one place that lists them all.
//
// A kind is how a value is held; several kinds may be one type to the user (a string is an integer, inline, or a
// buffer; what a list, set, hash or sorted set does inside is its own). To add a kind: its row in kValueKinds
// (value.cpp), its size in kObjectBytes and its class in kKindOf; the class must be relocatable as bytes, free itself
// in its destructor, and have copy(), free_effort(), footprint() and encoding().
#pragma once

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "store/types/hash.h"
#include "store/types/list.h"
#include "store/types/set.h"
#include "store/types/sorted_set.h"
#include "store/types/string_buffer.h"

namespace weir::store {

enum class ValueKind : std::uint8_t { kInteger, kInline, kBuffer, kList, kSet, kHash, kSortedSet, kStream };
inline constexpr std::size_t kValueKindCount = 8;

enum class ValueType : std::uint8_t { kString, kList, kSet, kHash, kSortedSet, kStream };

// The kind whose object is a T.
template <typename T>
inline constexpr ValueKind kKindOf = ValueKind::kInline;
template <>
inline constexpr ValueKind kKindOf<StringBuffer> = ValueKind::kBuffer;
template <>
inline constexpr ValueKind kKindOf<List> = ValueKind::kList;
template <>
inline constexpr ValueKind kKindOf<Set> = ValueKind::kSet;
template <>
inline constexpr ValueKind kKindOf<Hash> = ValueKind::kHash;
template <>
inline constexpr ValueKind kKindOf<SortedSet> = ValueKind::kSortedSet;

// As TYPE says it: "string", "list", "set", "hash", "zset", "stream".
std::string_view type_name(ValueType type);

constexpr ValueType type_of(ValueKind kind) {
  return kind <= ValueKind::kBuffer
             ? ValueType::kString
             : static_cast<ValueType>(static_cast<int>(kind) - static_cast<int>(ValueKind::kList) + 1);
}

// What the entry holds itself; value.cpp holds it against the classes.
inline constexpr std::array<std::uint8_t, kValueKindCount> kObjectBytes = {8, 0, 16, 32, 8, 8, 8, 0};
inline std::size_t object_bytes(ValueKind kind) { return kObjectBytes[static_cast<std::size_t>(kind)]; }

// As OBJECT ENCODING says it: "listpack", "hashtable". Not for strings that are in the entry itself.
std::string_view encoding_name(ValueKind kind, const void* object);
// Frees what the object holds; the bytes of the object itself are the entry's.
void destroy_object(ValueKind kind, void* object);
// How much work that is, about one for each allocation: what decides whether another thread does it.
std::size_t free_effort(ValueKind kind, const void* object);

// Makes a value equal to `from` in `to`, raw memory of object_bytes(kind).
void copy_object(ValueKind kind, const void* from, void* to);
// What it holds outside of the entry, in bytes; of large collections an estimate from `samples` elements (0: all).
std::size_t object_footprint(ValueKind kind, const void* object, std::size_t samples);

// Two steps ahead of looking for the field or member that has this hash_key(); nothing for other kinds.
void prefetch_member_bucket(ValueKind kind, const void* object, std::uint64_t hash);
void prefetch_member(ValueKind kind, const void* object, std::uint64_t hash);

// Room for the text of a 64-bit integer.
class NumberText {
 public:
  std::string_view write(std::int64_t value) {
    const auto [end, error] = std::to_chars(buffer_.data(), buffer_.data() + buffer_.size(), value);
    return {buffer_.data(), static_cast<std::size_t>(end - buffer_.data())};
  }

 private:
  std::array<char, 24> buffer_;
};

}  // namespace weir::store
