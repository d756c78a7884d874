// GatheredMembers: members with scores that were collected from sorted sets, to be sorted, replied or stored. A member
// is borrowed from where it came from; one that is kept there as an integer gets a text of its own.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "store/types/listpack_entry.h"
#include "store/types/score_order.h"

namespace weir::store {

class GatheredMembers {
 public:
  void reserve(std::size_t members) { pairs_.reserve(members); }
  // Valid as long as this object, and as the bytes of the element.
  std::string_view text_of(const Element& member) {
    if (!member.is_integer) return member.bytes;
    Element::Digits digits;
    return texts_.emplace_back(member.text(digits));
  }
  void add(const Element& member, double score) { add(text_of(member), score); }
  void add(std::string_view member, double score) { pairs_.push_back({member, score}); }
  void reverse() { std::ranges::reverse(pairs_); }
  void sort() { std::ranges::sort(pairs_, std::less<>()); }

  std::size_t size() const { return pairs_.size(); }
  std::span<const ScoredText> pairs() const { return pairs_; }
  double& score_at(std::size_t index) { return pairs_[index].score; }

 private:
  std::vector<ScoredText> pairs_;
  std::deque<std::string> texts_;
};

}  // namespace weir::store
