// IndexedScores: a large sorted set: a table of its members with their scores, and an index that keeps them in order.
//
//   ScoredMember  <-- MemberTable   by member: its score, whether it is there
//        ^
//        `------- ScoreIndex        by score and rank; points to the same items
//
// Always: table and index hold the same items, and an item's score is the one of its entry. One owner, one thread.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "base/random.h"
#include "store/types/listpack_entry.h"
#include "store/types/member_table.h"
#include "store/types/sampling.h"
#include "store/types/score_index.h"
#include "store/types/score_order.h"
#include "store/types/scored_member.h"

namespace weir::store {

class IndexedScores {
 public:
  using Place = MemberTable<ScoredMemberTraits>::Place;

  IndexedScores() : order_(member_of) {}
  // Of many at once. Requires: in strict order, no member twice.
  explicit IndexedScores(std::span<const ScoredText> sorted);

  IndexedScores copy() const;
  // In bytes, with the items estimated from `samples` of them (0: all).
  std::size_t footprint(std::size_t samples) const {
    return members_.footprint() + members_.items_footprint(samples) + order_.bytes();
  }
  std::size_t free_effort() const { return members_.free_effort() + order_.size() / kEntriesPerNode; }

  std::size_t size() const { return members_.size(); }
  const Table<ScoredMemberTraits>& table() const { return members_.table(); }

  Place find(std::string_view member) const { return find(member, hash_key(member)); }
  Place find(std::string_view member, std::uint64_t hash) const {
    return members_.find(hash, [member](const ScoredMember& item) { return item.member() == member; });
  }
  double score(Place place) const { return place.item()->score(); }
  std::size_t rank(Place place) const { return order_.rank(place.item()->score(), place.item()); }
  // Each a run of ranks.
  RankRange within(const ScoreRange& range) const;
  RankRange within(const MemberRange& range) const;

  // Requires: it is not there; `hash` is its hash_key().
  void insert(std::string_view member, std::uint64_t hash, double score);
  void set_score(Place place, double score);
  void erase(Place place);
  void erase_range(RankRange range);

  // Calls `visit(const Element& member, double score)` until it returns false. Requires: the range is of this set.
  template <typename Visit>
  void walk(RankRange range, Direction direction, Visit&& visit) const {
    if (range.empty()) return;
    const bool ascending = direction == Direction::kAscending;
    const auto advance = [ascending](ScoreIndex::Position& at) { ascending ? at.next() : at.previous(); };
    auto at = order_.at(ascending ? range.first : range.last - 1);
    // Items lie all over the memory, so some are fetched side by side.
    auto ahead = at;
    std::size_t to_fetch = range.size();
    const auto fetch = [&](std::size_t items) {
      for (; items > 0 && to_fetch > 0; --items, --to_fetch, advance(ahead)) prefetch(ahead->item);
    };
    fetch(kAhead);
    for (std::size_t left = range.size(); left > 0; --left, advance(at)) {
      fetch(1);
      if (!visit(Element::of_bytes(item_of(at->item).member()), at->score)) return;
    }
  }

  // Asserts what "Always" says above. For tests.
  void check() const;

 private:
  static constexpr std::size_t kAhead = 6;
  static constexpr std::size_t kEntriesPerNode = 50;

  static const ScoredMember& item_of(const void* item) { return *static_cast<const ScoredMember*>(item); }
  static std::string_view member_of(const void* item) { return item_of(item).member(); }
  ScoredMember* add_to_table(std::string_view member, std::uint64_t hash, double score);

  MemberTable<ScoredMemberTraits> members_;
  ScoreIndex order_;
};

}  // namespace weir::store
