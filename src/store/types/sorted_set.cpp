#include "store/types/sorted_set.h"

#include <algorithm>
#include <cmath>

#include "base/assert.h"
#include "store/types/gathered_members.h"

namespace weir::store {

namespace {

using Outcome = SortedSet::Outcome;

// What becomes of a member that is there.
SortedSet::Added decide(double current, double score, const SortedSet::Addition& addition) {
  if (addition.only_new) return {Outcome::kRefused, current};
  if (addition.increments) {
    score += current;
    if (std::isnan(score)) return {Outcome::kNotANumber, current};
  }
  if ((addition.only_less && score >= current) || (addition.only_greater && score <= current)) {
    return {Outcome::kRefused, current};
  }
  return {score == current ? Outcome::kSame : Outcome::kUpdated, score};
}

}  // namespace

SortedSet::SortedSet(std::span<const ScoredText> sorted, const Limits& limits) {
  std::size_t longest = 0, bytes = 0;
  for (const ScoredText& pair : sorted) {
    longest = std::max(longest, pair.member.size());
    bytes += pair.member.size();
  }
  if (sorted.size() > limits.entries || longest > limits.text_bytes || !PackedScores::can_hold(sorted.size(), bytes)) {
    form_.become(IndexedScores(sorted));
    return;
  }
  for (const ScoredText& pair : sorted) form_.packed().append(pair.member, pair.score);
}

std::optional<SortedSet> SortedSet::adopt(Listpack&& pairs, const Limits& limits) {
  if (!PackedScores::are_valid(pairs.view())) return std::nullopt;
  SortedSet set;
  set.form_.packed() = PackedScores(std::move(pairs));
  if (set.size() > limits.entries) set.unpack();
  return set;
}

SortedSet SortedSet::to_be_loaded() {
  SortedSet set;
  set.form_.become(IndexedScores());
  return set;
}

void SortedSet::settle(const Limits& limits) {
  if (size() > limits.entries) return;
  GatheredMembers members;
  for_each([&members](const Element& member, double score) { members.add(member, score); });
  *this = SortedSet(members.pairs(), limits);
}

SortedSet SortedSet::copy() const {
  SortedSet copied;
  if (form_.is_packed()) {
    copied.form_.packed() = PackedScores(Listpack(form_.packed().pairs().view().blob()));
  } else {
    copied.form_.become(form_.large().copy());
  }
  return copied;
}

std::size_t SortedSet::footprint(std::size_t samples) const {
  if (form_.is_packed()) return Heap::size_of(form_.packed().pairs().view().blob().data());
  return Heap::size_of(&form_.large()) + form_.large().footprint(samples);
}

std::optional<double> SortedSet::score(std::string_view member) const {
  const auto look_up = [member](const auto& form) {
    const auto place = form.find(member);
    return place ? std::optional(form.score(place)) : std::nullopt;
  };
  return form_.is_packed() ? look_up(form_.packed()) : look_up(form_.large());
}

std::optional<std::size_t> SortedSet::rank(std::string_view member) const {
  const auto look_up = [member](const auto& form) {
    const auto place = form.find(member);
    return place ? std::optional(form.rank(place)) : std::nullopt;
  };
  return form_.is_packed() ? look_up(form_.packed()) : look_up(form_.large());
}

SortedSet::Added SortedSet::add(std::string_view member, double score, const Addition& addition, const Limits& limits) {
  if (form_.is_packed()) {
    PackedScores& packed = form_.packed();
    if (const auto place = packed.find(member)) {
      const Added decided = decide(packed.score(place), score, addition);
      if (decided.outcome == Outcome::kUpdated) packed.set_score(place, member, decided.score);
      return decided;
    }
    if (addition.only_present) return {Outcome::kRefused, score};
    if (packed.size() < limits.entries && member.size() <= limits.text_bytes && packed.has_room_for(member)) {
      packed.insert(member, score);
    } else {
      unpack().insert(member, hash_key(member), score);
    }
    return {Outcome::kAdded, score};
  }
  IndexedScores& large = form_.large();
  const std::uint64_t hash = hash_key(member);
  if (const auto place = large.find(member, hash)) {
    const Added decided = decide(large.score(place), score, addition);
    if (decided.outcome == Outcome::kUpdated) large.set_score(place, decided.score);
    return decided;
  }
  if (addition.only_present) return {Outcome::kRefused, score};
  large.insert(member, hash, score);
  return {Outcome::kAdded, score};
}

bool SortedSet::erase(std::string_view member) {
  const auto take_out = [member](auto& form) {
    const auto place = form.find(member);
    if (place) form.erase(place);
    return static_cast<bool>(place);
  };
  return form_.is_packed() ? take_out(form_.packed()) : take_out(form_.large());
}

void SortedSet::erase_range(RankRange range) {
  if (form_.is_packed()) {
    form_.packed().erase_range(range);
  } else {
    form_.large().erase_range(range);
  }
}

SortedSet::Pair SortedSet::random(base::Random& random) const {
  if (!form_.is_packed()) {
    const ScoredMember* const item = form_.large().table().random(random);
    return {Element::of_bytes(item->member()), item->score()};
  }
  const std::size_t rank = random.below(size());
  Pair drawn{};
  walk({rank, rank + 1}, Direction::kAscending, [&drawn](const Element& member, double score) {
    drawn = {member, score};
    return true;
  });
  return drawn;
}

IndexedScores& SortedSet::unpack() {
  GatheredMembers members;
  members.reserve(size());
  for_each([&members](const Element& member, double score) { members.add(member, score); });
  return form_.become(IndexedScores(members.pairs()));
}

void SortedSet::check() const {
  if (form_.is_packed()) {
    WEIR_ASSERT(PackedScores::are_valid(form_.packed().pairs().view()));
  } else {
    form_.large().check();
  }
}

}  // namespace weir::store
