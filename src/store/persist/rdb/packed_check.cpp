#include "store/persist/rdb/packed_check.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>

namespace weir::store::rdb {

namespace {

// Up to here comparing each with each is faster than sorting.
constexpr std::size_t kFew = 8;

std::uint64_t hash_of(const Element& element) {
  Element::Digits digits;
  return std::hash<std::string_view>()(element.text(digits));
}

int compare_texts(const Element& a, const Element& b) {
  Element::Digits a_digits;
  Element::Digits b_digits;
  return a.text(a_digits).compare(b.text(b_digits));
}

}  // namespace

std::optional<double> parse_score(const Element& text) {
  if (text.is_integer) return static_cast<double>(text.integer);
  const char* const begin = text.bytes.data();
  const char* const end = begin + text.bytes.size();
  double score = 0;
  const auto [stop, code] = std::from_chars(begin, end, score);
  if (code != std::errc() || stop != end || std::isnan(score)) return std::nullopt;
  return score;
}

std::string_view PackedCheck::distinct(ListpackView list, std::size_t group) {
  members_.clear();
  std::size_t place = 0;
  for (auto at = list.begin(); at != list.end(); ++at, ++place) {
    if (place % group == 0) members_.push_back({0, *at});
  }
  if (place % group != 0) return "entries that do not come in whole groups";
  if (members_.size() <= kFew) {
    for (auto one = members_.begin(); one != members_.end(); ++one) {
      for (auto other = members_.begin(); other != one; ++other) {
        if (one->element == other->element) return "the same member twice";
      }
    }
    return {};
  }
  // Sorted by hash: however the hashes collide, the work stays n log n.
  for (Member& member : members_) member.hash = hash_of(member.element);
  std::sort(members_.begin(), members_.end(), [](const Member& a, const Member& b) {
    return a.hash != b.hash ? a.hash < b.hash : compare_texts(a.element, b.element) < 0;
  });
  const auto equal = [](const Member& a, const Member& b) { return a.hash == b.hash && a.element == b.element; };
  const bool twice = std::adjacent_find(members_.begin(), members_.end(), equal) != members_.end();
  return twice ? "the same member twice" : std::string_view();
}

PackedCheck::Scores PackedCheck::scores(ListpackView list) {
  Scores result;
  bool first = true;
  Element member_before;
  double score_before = 0;
  for (auto at = list.begin(); at != list.end();) {
    const Element member = *at++;
    const std::optional<double> score = parse_score(*at++);
    if (!score) return {"a score that is no number"};
    if (!first && (*score < score_before || (*score == score_before && compare_texts(member, member_before) <= 0))) {
      result.sorted = false;
    }
    first = false;
    member_before = member;
    score_before = *score;
  }
  return result;
}

}  // namespace weir::store::rdb
