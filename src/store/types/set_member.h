// SetMember: a member of a large set, in one allocation of whole 8-byte steps.
//
//   0        1                   +8
//   | length | long member's     | bytes | rest |
//   |        | length, if 255    |
//
// Owned by a MemberTable. All lengths are in bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <string_view>

#include "store/table/key_hash.h"

namespace weir::store {

class SetMember {
 public:
  static std::size_t bytes_for(std::size_t length) { return (text_offset(length) + length + 7) & ~std::size_t{7}; }
  // Into memory of bytes_for() it.
  static SetMember* construct(void* memory, std::string_view text) {
    auto* member = new (memory) SetMember();
    const std::uint64_t length = text.size();
    if (length < kLong) {
      member->length_ = static_cast<std::uint8_t>(length);
    } else {
      member->length_ = kLong;
      std::memcpy(member->bytes() + sizeof(SetMember), &length, sizeof length);
    }
    std::memcpy(member->bytes() + text_offset(text.size()), text.data(), text.size());
    return member;
  }

  SetMember(const SetMember&) = delete;
  SetMember& operator=(const SetMember&) = delete;

  std::string_view text() const {
    const std::size_t length = this->length();
    return {bytes() + text_offset(length), length};
  }
  // Of the allocation.
  std::size_t size_bytes() const { return bytes_for(length()); }

 private:
  static constexpr std::uint8_t kLong = 255;

  SetMember() = default;

  static std::size_t text_offset(std::size_t length) {
    return sizeof(SetMember) + (length >= kLong ? sizeof(std::uint64_t) : 0);
  }
  char* bytes() { return reinterpret_cast<char*>(this); }
  const char* bytes() const { return reinterpret_cast<const char*>(this); }
  std::size_t length() const {
    if (length_ != kLong) [[likely]] {
      return length_;
    }
    std::uint64_t long_length = 0;
    std::memcpy(&long_length, bytes() + sizeof(SetMember), sizeof long_length);
    return long_length;
  }

  std::uint8_t length_ = 0;
};
static_assert(sizeof(SetMember) == 1);

struct SetMemberTraits {
  using Item = SetMember;
  static std::uint64_t hash(const SetMember& item) { return hash_key(item.text()); }
  static std::size_t bytes(const SetMember& item) { return item.size_bytes(); }
};

}  // namespace weir::store
