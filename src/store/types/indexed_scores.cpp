#include "store/types/indexed_scores.h"

#include <utility>
#include <vector>

#include "base/assert.h"

namespace weir::store {

IndexedScores::IndexedScores(std::span<const ScoredText> sorted) : IndexedScores() {
  if (sorted.size() >= MemberTable<ScoredMemberTraits>::kOwnArena) {
    members_.move_to_arena([](const ScoredMember*, const ScoredMember*) {});
  }
  std::vector<ScoreIndex::Entry> entries;
  entries.reserve(sorted.size());
  for (const ScoredText& pair : sorted) {
    entries.push_back({pair.score, add_to_table(pair.member, hash_key(pair.member), pair.score)});
  }
  order_ = ScoreIndex(member_of, entries);
}

IndexedScores IndexedScores::copy() const {
  std::vector<ScoredText> sorted;
  sorted.reserve(size());
  for (auto at = order_.first(); at; at.next()) sorted.push_back({member_of(at->item), at->score});
  return IndexedScores(sorted);
}

RankRange IndexedScores::within(const ScoreRange& range) const {
  using enum ScoreIndex::Side;
  return RankRange::between(order_.by_score(range.min.exclusive ? kAfter : kFrom, range.min.value).rank,
                            order_.by_score(range.max.exclusive ? kFrom : kAfter, range.max.value).rank);
}

RankRange IndexedScores::within(const MemberRange& range) const {
  using enum ScoreIndex::Side;
  const auto rank_of = [this](const MemberBound& bound, ScoreIndex::Side included, ScoreIndex::Side excluded) {
    switch (bound.kind) {
      case MemberBound::Kind::kLowest: return std::size_t{0};
      case MemberBound::Kind::kIncluded: return order_.by_member(included, bound.text).rank;
      case MemberBound::Kind::kExcluded: return order_.by_member(excluded, bound.text).rank;
      case MemberBound::Kind::kHighest: break;
    }
    return size();
  };
  return RankRange::between(rank_of(range.min, kFrom, kAfter), rank_of(range.max, kAfter, kFrom));
}

ScoredMember* IndexedScores::add_to_table(std::string_view member, std::uint64_t hash, double score) {
  void* const memory = members_.allocate(ScoredMember::bytes_for(member.size()));
  auto* const item = ScoredMember::construct(memory, member, score);
  members_.insert(hash, item);
  return item;
}

void IndexedScores::insert(std::string_view member, std::uint64_t hash, double score) {
  order_.insert(score, add_to_table(member, hash, score));
  if (!members_.should_move()) return;
  members_.move_to_arena(
      [this](const ScoredMember* old, const ScoredMember* now) { order_.replace(now->score(), old, now); });
}

void IndexedScores::set_score(Place place, double score) {
  ScoredMember* const item = place.item();
  order_.update(item->score(), item, score);
  item->set_score(score);
}

void IndexedScores::erase(Place place) {
  order_.erase(place.item()->score(), place.item());
  members_.erase(place);
}

void IndexedScores::erase_range(RankRange range) {
  for (std::size_t left = range.size(); left > 0; --left) {
    const ScoredMember& item = item_of(order_.erase_at(range.first).item);
    members_.erase(
        members_.find(ScoredMemberTraits::hash(item), [&item](const ScoredMember& other) { return &other == &item; }));
  }
}

void IndexedScores::check() const {
  order_.check();
  WEIR_ASSERT(order_.size() == members_.size());
  for (auto at = order_.first(); at; at.next()) {
    const auto place = find(member_of(at->item));
    WEIR_ASSERT(place && place.item() == at->item && place.item()->score() == at->score);
  }
}

}  // namespace weir::store
