// What the two forms of a sorted set are asked: ranges of scores, of members and of ranks.
//
// A sorted set is ordered by score and then by the bytes of the member. Every range of it, however it was named, is a
// run of ranks: what lies in it is counted, walked, cut by LIMIT and erased as such.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "store/types/number_text.h"

namespace weir::store {

// A member with its score. The member is borrowed.
struct ScoredText {
  std::string_view member;
  double score;

  friend bool operator<(const ScoredText& a, const ScoredText& b) {
    return a.score != b.score ? a.score < b.score : a.member < b.member;
  }
};

// The ranks from `first` to before `last`.
struct RankRange {
  std::size_t first = 0;
  std::size_t last = 0;

  // Two ends, of which the second may lie before the first: then nothing is in between.
  static RankRange between(std::size_t first, std::size_t last) { return {first, std::max(first, last)}; }

  std::size_t size() const { return last - first; }
  bool empty() const { return first == last; }
  friend bool operator==(const RankRange&, const RankRange&) = default;
};

enum class Direction : std::uint8_t { kAscending, kDescending };

struct ScoreRange {
  ScoreBound min;
  ScoreBound max;
};

// The end of a range of members: "-", "+", "[text", "(text".
struct MemberBound {
  enum class Kind : std::uint8_t { kLowest, kIncluded, kExcluded, kHighest };

  Kind kind = Kind::kLowest;
  std::string_view text = {};
};

// Means something only while all scores are equal.
struct MemberRange {
  MemberBound min;
  MemberBound max;
};

}  // namespace weir::store
