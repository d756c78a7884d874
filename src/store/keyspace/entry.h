// Entry: a key, its expiry and its value in one allocation.
//
//   0        4            6              8         8+n       +8            +8           +key_length
//   | header | key_length | value_length | value n | expiry? | long key's? | key bytes | inline string's bytes |
//                                                              length
//   header (32 bits)  | 24 bits access: LRU seconds, or LFU minutes and counter | 4 bits kind | 3 flags | free |
//
// The value of n bytes depends on the kind: an integer, or the object of a list, hash, set, ...: a small class whose
// parts are elsewhere. Objects are moved as bytes when their entry is made anew, so they never point into themselves.
// A string of up to kMaxInlineBytes stands behind the key.
//
// An entry does not move by itself; Database replaces it when its shape changes. A const Entry is safe to read from any
// thread while nobody changes it. All lengths are in bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "store/keyspace/value.h"

namespace weir::store {

// Milliseconds since 1970, as the protocol counts expiries.
using UnixMs = std::int64_t;

class Entry {
 public:
  // Longer strings have an allocation of their own (StringBuffer).
  static constexpr std::size_t kMaxInlineBytes = 4096;

  struct Shape {
    ValueKind kind = ValueKind::kInline;
    bool has_expiry = false;
    std::size_t key_length = 0;
    std::size_t inline_length = 0;  // Of kInline only.
  };
  static std::size_t bytes_for(const Shape& shape) {
    return kFixedBytes + object_bytes(shape.kind) + (shape.has_expiry ? 8 : 0) +
           (shape.key_length > kMaxShortKey ? 8 : 0) + shape.key_length + shape.inline_length;
  }
  // Into memory of bytes_for(shape). The object and the inline string are left for the caller to fill, the expiry too.
  static Entry* construct(void* memory, const Shape& shape, std::string_view key);

  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;

  ValueKind kind() const { return static_cast<ValueKind>((header_ >> 24) & 0xf); }
  ValueType type() const { return type_of(kind()); }
  std::string_view key() const {
    const char* at = bytes() + key_offset();
    return {at, key_length()};
  }
  Shape shape() const {
    return {.kind = kind(), .has_expiry = has_expiry(), .key_length = key_length(), .inline_length = value_length_};
  }
  std::size_t footprint() const { return bytes_for(shape()); }

  bool has_expiry() const { return (header_ & kHasExpiry) != 0; }
  std::optional<UnixMs> expires_at() const {
    if (!has_expiry()) return std::nullopt;
    return load<std::int64_t>(kFixedBytes + object_bytes(kind()));
  }
  bool expired(UnixMs now) const { return has_expiry() && load<std::int64_t>(expiry_offset()) <= now; }
  // Requires: has_expiry().
  void set_expires_at(UnixMs at) { store(expiry_offset(), at); }

  // Requires: kind() is kInteger.
  std::int64_t integer() const { return load<std::int64_t>(kFixedBytes); }
  void set_integer(std::int64_t value) { store(kFixedBytes, value); }
  // Requires: kind() is kInline.
  std::string_view inline_string() const { return {bytes() + key_offset() + key_length(), value_length_}; }
  char* inline_bytes() { return bytes() + key_offset() + key_length(); }
  // The object of this kind. Requires: the kind is the one of T (kind_of<T>).
  template <typename T>
  T& as() {
    return *reinterpret_cast<T*>(bytes() + kFixedBytes);
  }
  template <typename T>
  const T& as() const {
    return *reinterpret_cast<const T*>(bytes() + kFixedBytes);
  }
  // The value of a string, whatever its form. `scratch` holds the text of an integer.
  std::string_view string(NumberText& scratch) const;

  // 24 bits, whose meaning is the eviction policy's.
  std::uint32_t access() const { return header_ & kAccessMask; }
  void set_access(std::uint32_t access) { header_ = (header_ & ~kAccessMask) | (access & kAccessMask); }

  // Set while a snapshot is being taken, on entries that it need not visit any more (snapshot.h).
  bool preserved() const { return (header_ & kPreserved) != 0; }
  void set_preserved(bool preserved) { header_ = preserved ? header_ | kPreserved : header_ & ~kPreserved; }

 private:
  static constexpr std::size_t kFixedBytes = 8;
  static constexpr std::size_t kMaxShortKey = 0xffff - 1;
  static constexpr std::uint32_t kAccessMask = (1u << 24) - 1;
  static constexpr std::uint32_t kHasExpiry = 1u << 28;
  static constexpr std::uint32_t kPreserved = 1u << 29;

  Entry() = default;

  char* bytes() { return reinterpret_cast<char*>(this); }
  const char* bytes() const { return reinterpret_cast<const char*>(this); }
  template <typename T>
  T load(std::size_t offset) const {
    T value;
    std::memcpy(&value, bytes() + offset, sizeof value);
    return value;
  }
  template <typename T>
  void store(std::size_t offset, T value) {
    std::memcpy(bytes() + offset, &value, sizeof value);
  }
  bool long_key() const { return key_length_ > kMaxShortKey; }
  std::size_t expiry_offset() const { return kFixedBytes + object_bytes(kind()); }
  std::size_t long_length_offset() const { return expiry_offset() + (has_expiry() ? 8 : 0); }
  std::size_t key_offset() const { return long_length_offset() + (long_key() ? 8 : 0); }
  std::size_t key_length() const {
    return long_key() ? static_cast<std::size_t>(load<std::uint64_t>(long_length_offset())) : key_length_;
  }

  std::uint32_t header_ = 0;
  std::uint16_t key_length_ = 0;
  std::uint16_t value_length_ = 0;
};
static_assert(sizeof(Entry) == 8);

}  // namespace weir::store
