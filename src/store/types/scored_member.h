// ScoredMember: a member of a large sorted set with its score, in one allocation of whole 8-byte steps.
//
//   0            8               12                +8
//   | score      | member_length | long member's   | member bytes | rest |
//   | (a double) | (32 bits)     | length, if 2^32-1 |
//
// The score can be changed in place. Owned by a MemberTable. All lengths are in bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <string_view>

#include "store/table/key_hash.h"

namespace weir::store {

class ScoredMember {
 public:
  static std::size_t bytes_for(std::size_t member_length) {
    return (text_offset(member_length) + member_length + 7) & ~std::size_t{7};
  }
  // Into memory of bytes_for() the member.
  static ScoredMember* construct(void* memory, std::string_view member, double score) {
    auto* item = new (memory) ScoredMember();
    const bool is_long = member.size() >= kLong;
    item->score_ = score;
    item->length_ = is_long ? kLong : static_cast<std::uint32_t>(member.size());
    if (is_long) {
      const std::uint64_t length = member.size();
      std::memcpy(item->bytes() + kLengthEnd, &length, sizeof length);
    }
    std::memcpy(item->bytes() + text_offset(member.size()), member.data(), member.size());
    return item;
  }

  ScoredMember(const ScoredMember&) = delete;
  ScoredMember& operator=(const ScoredMember&) = delete;

  double score() const { return score_; }
  void set_score(double score) { score_ = score; }
  std::string_view member() const {
    const std::size_t length = member_length();
    return {bytes() + text_offset(length), length};
  }
  // Of the allocation.
  std::size_t size_bytes() const { return bytes_for(member_length()); }

 private:
  static constexpr std::size_t kLengthEnd = 12;
  static constexpr std::uint32_t kLong = 0xffff'ffff;

  ScoredMember() = default;

  static std::size_t text_offset(std::size_t member_length) {
    return kLengthEnd + (member_length >= kLong ? sizeof(std::uint64_t) : 0);
  }
  char* bytes() { return reinterpret_cast<char*>(this); }
  const char* bytes() const { return reinterpret_cast<const char*>(this); }
  std::size_t member_length() const {
    if (length_ != kLong) [[likely]] {
      return length_;
    }
    std::uint64_t length = 0;
    std::memcpy(&length, bytes() + kLengthEnd, sizeof length);
    return length;
  }

  double score_ = 0;
  std::uint32_t length_ = 0;
};
static_assert(sizeof(ScoredMember) == 16);

struct ScoredMemberTraits {
  using Item = ScoredMember;
  static std::uint64_t hash(const ScoredMember& item) { return hash_key(item.member()); }
  static std::size_t bytes(const ScoredMember& item) { return item.size_bytes(); }
};

}  // namespace weir::store
