#include "store/types/packed_scores.h"

#include <string>
#include <unordered_set>

#include "base/assert.h"

namespace weir::store {

namespace {

std::optional<double> number_of(const Element& element) {
  if (element.is_integer) return static_cast<double>(element.integer);
  return parse_double(element.bytes);
}

// As the bytes of the two compare.
int compare(const Element& element, std::string_view text) {
  Element::Digits digits;
  return element.text(digits).compare(text);
}

EncodedEntry encoded(double score, ScoreText& text) {
  if (const auto integer = as_integer(score)) return EncodedEntry(*integer);
  return EncodedEntry(text.write(score));
}

bool is_at_or_above(double score, const ScoreBound& min) {
  return min.exclusive ? score > min.value : score >= min.value;
}
bool is_above(double score, const ScoreBound& max) { return max.exclusive ? score >= max.value : score > max.value; }

bool is_at_or_above(const Element& member, const MemberBound& min) {
  switch (min.kind) {
    case MemberBound::Kind::kLowest: return true;
    case MemberBound::Kind::kIncluded: return compare(member, min.text) >= 0;
    case MemberBound::Kind::kExcluded: return compare(member, min.text) > 0;
    case MemberBound::Kind::kHighest: return false;
  }
  return false;
}
bool is_above(const Element& member, const MemberBound& max) {
  switch (max.kind) {
    case MemberBound::Kind::kLowest: return true;
    case MemberBound::Kind::kIncluded: return compare(member, max.text) > 0;
    case MemberBound::Kind::kExcluded: return compare(member, max.text) >= 0;
    case MemberBound::Kind::kHighest: return false;
  }
  return false;
}

}  // namespace

bool PackedScores::are_valid(ListpackView pairs) {
  if (pairs.count() % 2 != 0) return false;
  std::unordered_set<std::string> seen;
  std::optional<double> before;
  std::string_view member_before;
  for (auto at = pairs.begin(), last = pairs.end(); at != last;) {
    Element::Digits digits;
    const auto [member, is_new] = seen.emplace((*at++).text(digits));
    const auto score = number_of(*at++);
    if (!is_new || !score) return false;
    if (before && (*before > *score || (*before == *score && member_before >= *member))) return false;
    before = score;
    member_before = *member;
  }
  return true;
}

double PackedScores::score_at(Listpack::Cursor at) {
  const auto score = number_of(*at);
  WEIR_ASSERT(score.has_value());
  return *score;
}

PackedScores::Place PackedScores::find(std::string_view member) const {
  Place place;
  const auto at = pairs_.view().find(member, pairs_.begin(), 1);
  if (at != pairs_.end()) place.at_ = at;
  return place;
}

std::size_t PackedScores::rank(Place place) const {
  return static_cast<std::size_t>(std::distance(pairs_.begin(), place.at_)) / 2;
}

RankRange PackedScores::within(const ScoreRange& range) const {
  std::size_t first = 0;
  auto at = std::next(pairs_.begin(), empty() ? 0 : 1);
  const auto last = pairs_.end();
  const auto advance = [&at, last] {
    if (++at != last) ++at;
  };
  for (; at != last && !is_at_or_above(score_at(at), range.min); advance()) ++first;
  std::size_t count = 0;
  for (; at != last && !is_above(score_at(at), range.max); advance()) ++count;
  return {first, first + count};
}

RankRange PackedScores::within(const MemberRange& range) const {
  std::size_t first = 0;
  auto at = pairs_.begin();
  const auto last = pairs_.end();
  for (; at != last && !is_at_or_above(*at, range.min); std::advance(at, 2)) ++first;
  std::size_t count = 0;
  for (; at != last && !is_above(*at, range.max); std::advance(at, 2)) ++count;
  return {first, first + count};
}

Listpack::Cursor PackedScores::behind(std::string_view member, double score) const {
  const auto last = pairs_.end();
  for (auto at = pairs_.begin(); at != last;) {
    const auto pair = at++;
    const double there = score_at(at++);
    if (there > score || (there == score && compare(*pair, member) > 0)) return pair;
  }
  return last;
}

void PackedScores::insert(std::string_view member, double score) {
  ScoreText text;
  pairs_.insert(behind(member, score), {EncodedEntry(member), encoded(score, text)});
}

void PackedScores::append(std::string_view member, double score) {
  ScoreText text;
  pairs_.append({EncodedEntry(member), encoded(score, text)});
}

void PackedScores::set_score(Place place, std::string_view member, double score) {
  pairs_.erase(place.at_, 2);
  insert(member, score);
}

void PackedScores::erase_range(RankRange range) {
  if (!range.empty()) pairs_.erase(pairs_.view().at(range.first * 2), range.size() * 2);
}

}  // namespace weir::store
