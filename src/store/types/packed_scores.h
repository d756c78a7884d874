// PackedScores: a small sorted set in one listpack, as Redis keeps and saves it: member, score, member, score, ... in
// order. A score that is whole is an integer, another one the text that replies show.
//
// Everything walks, so it is for sets of some hundred members at most. An object of one pointer, relocatable as bytes.
// Texts that are passed in must not be borrowed from it. One owner, one thread.
#pragma once

#include <cstddef>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

#include "store/types/listpack.h"
#include "store/types/score_order.h"

namespace weir::store {

class PackedScores {
 public:
  // Where a member stands; false: it does not. Valid until the next change.
  class Place {
   public:
    explicit operator bool() const { return at_ != Listpack::Cursor(); }

   private:
    friend class PackedScores;
    Listpack::Cursor at_;  // Of the member.
  };

  PackedScores() = default;
  // Requires: are_valid(pairs.view()).
  explicit PackedScores(Listpack&& pairs) : pairs_(std::move(pairs)) {}

  // Whether a whole listpack, from whom nobody vouches for, is a sorted set: members with numbers, in order, none
  // twice.
  static bool are_valid(ListpackView pairs);

  const Listpack& pairs() const { return pairs_; }
  std::size_t size() const { return pairs_.count() / 2; }
  bool empty() const { return pairs_.view().empty(); }
  bool has_room_for(std::string_view member) const { return pairs_.has_room_for(member.size() + kMostOverhead); }
  // Whether a new one may hold so many members of so many bytes together.
  static bool can_hold(std::size_t members, std::size_t bytes) {
    return bytes + members * kMostOverhead <= Listpack::kMaxBytes - kMostOverhead;
  }

  Place find(std::string_view member) const;
  double score(Place place) const { return score_at(std::next(place.at_)); }
  std::size_t rank(Place place) const;
  // Each a run of ranks.
  RankRange within(const ScoreRange& range) const;
  RankRange within(const MemberRange& range) const;

  // Requires: it is not there, and has_room_for() it.
  void insert(std::string_view member, double score);
  // Requires: has_room_for() it, and it belongs behind all others.
  void append(std::string_view member, double score);
  // Requires: `member` stands at the place.
  void set_score(Place place, std::string_view member, double score);
  void erase(Place place) { pairs_.erase(place.at_, 2); }
  void erase_range(RankRange range);

  // Calls `visit(const Element& member, double score)` until it returns false. Requires: the range is of this set.
  template <typename Visit>
  void walk(RankRange range, Direction direction, Visit&& visit) const {
    if (range.empty()) return;
    if (direction == Direction::kAscending) {
      auto at = pairs_.view().at(range.first * 2);
      for (std::size_t left = range.size(); left > 0; --left) {
        const Element member = *at++;
        if (!visit(member, score_at(at++))) return;
      }
    } else {
      auto behind = range.last == size() ? pairs_.end() : pairs_.view().at(range.last * 2);
      for (std::size_t left = range.size(); left > 0; --left) {
        const auto score = --behind;
        if (!visit(*--behind, score_at(score))) return;
      }
    }
  }

 private:
  // What two entries of a listpack take at most beyond the member: a score has 24 characters.
  static constexpr std::size_t kMostOverhead = 48;

  static double score_at(Listpack::Cursor at);
  // The first pair that is to stand behind a new one.
  Listpack::Cursor behind(std::string_view member, double score) const;

  Listpack pairs_;
};

}  // namespace weir::store
