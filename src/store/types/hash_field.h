// HashField: a field of a large hash with its value, in one allocation of whole 8-byte steps.
//
//   0              5              8                   +8
//   | value_length | field_length | long field's      | field bytes | value bytes | rest |
//   | (40 bits)    | (24 bits)    | length, if 2^24-1 |
//
// A value can be replaced in place by one that needs as many steps. Owned by a MemberTable. All lengths are in bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <string_view>

#include "base/assert.h"
#include "store/table/key_hash.h"

namespace weir::store {

class HashField {
 public:
  static std::size_t bytes_for(std::size_t field_length, std::size_t value_length) {
    return (text_offset(field_length) + field_length + value_length + 7) & ~std::size_t{7};
  }
  // Into memory of bytes_for() the two.
  static HashField* construct(void* memory, std::string_view field, std::string_view value) {
    auto* item = new (memory) HashField();
    const bool is_long = field.size() >= kLongField;
    item->lengths_ = (is_long ? kLongField : field.size()) << kValueBits;
    if (is_long) {
      const std::uint64_t length = field.size();
      std::memcpy(item->bytes() + sizeof(HashField), &length, sizeof length);
    }
    std::memcpy(item->bytes() + text_offset(field.size()), field.data(), field.size());
    item->write_value(value);
    return item;
  }

  HashField(const HashField&) = delete;
  HashField& operator=(const HashField&) = delete;

  std::string_view field() const {
    const std::size_t length = field_length();
    return {bytes() + text_offset(length), length};
  }
  std::string_view value() const {
    const std::size_t length = field_length();
    return {bytes() + text_offset(length) + length, value_length()};
  }
  // Of the allocation.
  std::size_t size_bytes() const { return bytes_for(field_length(), value_length()); }

  bool has_room_for(std::size_t value_length) const { return bytes_for(field_length(), value_length) == size_bytes(); }
  // Requires: has_room_for() it.
  void write_value(std::string_view value) {
    WEIR_ASSERT(value.size() <= kMaxValue);
    lengths_ = (lengths_ & ~kMaxValue) | value.size();
    const std::size_t length = field_length();
    std::memcpy(bytes() + text_offset(length) + length, value.data(), value.size());
  }

 private:
  static constexpr unsigned kValueBits = 40;
  static constexpr std::uint64_t kMaxValue = (std::uint64_t{1} << kValueBits) - 1;
  static constexpr std::uint64_t kLongField = (1u << 24) - 1;

  HashField() = default;

  static std::size_t text_offset(std::size_t field_length) {
    return sizeof(HashField) + (field_length >= kLongField ? sizeof(std::uint64_t) : 0);
  }
  char* bytes() { return reinterpret_cast<char*>(this); }
  const char* bytes() const { return reinterpret_cast<const char*>(this); }
  std::size_t value_length() const { return lengths_ & kMaxValue; }
  std::size_t field_length() const {
    const std::uint64_t length = lengths_ >> kValueBits;
    if (length != kLongField) [[likely]] {
      return length;
    }
    std::uint64_t long_length = 0;
    std::memcpy(&long_length, bytes() + sizeof(HashField), sizeof long_length);
    return long_length;
  }

  std::uint64_t lengths_ = 0;
};
static_assert(sizeof(HashField) == 8);

struct HashFieldTraits {
  using Item = HashField;
  static std::uint64_t hash(const HashField& item) { return hash_key(item.field()); }
  static std::size_t bytes(const HashField& item) { return item.size_bytes(); }
};

}  // namespace weir::store
