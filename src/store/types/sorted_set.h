// SortedSet: the value of a sorted set: members, each with a score, in the order of score and then of the members'
// bytes. A listpack while it is small ("listpack"), a table with an index when it is not ("skiplist", which is what
// clients know; there is none); never back.
//
// Texts that are passed in must not be borrowed from this set. Elements that come out are valid until its next change.
// A score is never NaN. A small set keeps -0 as 0, as Redis's does. One word, relocatable as bytes, all memory from
// Heap and arenas. One owner, one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/random.h"
#include "store/types/indexed_scores.h"
#include "store/types/packed_or.h"
#include "store/types/packed_scores.h"
#include "store/types/sampling.h"

namespace weir::store {

class SortedSet {
 public:
  // How far it stays packed: zset-max-listpack-entries and zset-max-listpack-value.
  struct Limits {
    std::size_t entries = 128;
    std::size_t text_bytes = 64;
  };
  struct Pair {
    Element member;
    double score;
  };
  // When a member is added or its score changed, and to what.
  struct Addition {
    bool only_new = false;
    bool only_present = false;
    bool only_greater = false;  // These two do not keep what is new out.
    bool only_less = false;
    bool increments = false;  // By the given score.
  };
  enum class Outcome : std::uint8_t {
    kAdded,
    kUpdated,
    kSame,        // It has this score already.
    kRefused,     // By one of the conditions.
    kNotANumber,  // inf - inf; nothing was changed.
  };
  struct Added {
    Outcome outcome;
    double score;  // That the member has now. Means nothing after the last two.
  };

  SortedSet() = default;
  // Of many members at once. Requires: in strict order, no member twice.
  SortedSet(std::span<const ScoredText> sorted, const Limits& limits);
  // Of what was saved as a listpack. Nothing: it is a whole listpack, but not a sorted set.
  static std::optional<SortedSet> adopt(Listpack&& pairs, const Limits& limits);
  // Whose members come one by one from a file, and which is packed by settle(), if it fits, when all of them are there:
  // a packed one would lose the sign of -0.
  static SortedSet to_be_loaded();
  void settle(const Limits& limits);
  SortedSet(SortedSet&&) = default;
  SortedSet& operator=(SortedSet&&) = default;

  std::size_t size() const { return form_.is_packed() ? form_.packed().size() : form_.large().size(); }
  bool empty() const { return form_.is_packed() ? form_.packed().empty() : form_.large().size() == 0; }

  // As every kind of value (keyspace/value.h).
  SortedSet copy() const;
  std::string_view encoding() const { return form_.is_packed() ? "listpack" : "skiplist"; }
  std::size_t free_effort() const { return form_.is_packed() ? 1 : form_.large().free_effort() + 1; }
  std::size_t footprint(std::size_t samples) const;
  // Two steps ahead of looking for what has this hash_key(); nothing while packed.
  void prefetch_bucket(std::uint64_t hash) const {
    if (!form_.is_packed()) form_.large().table().prefetch_bucket(hash);
  }
  void prefetch_item(std::uint64_t hash) const {
    if (!form_.is_packed()) form_.large().table().prefetch_item(hash);
  }

  std::optional<double> score(std::string_view member) const;
  bool contains(std::string_view member) const { return score(member).has_value(); }
  std::optional<std::size_t> rank(std::string_view member) const;

  // Requires: score is not NaN.
  Added add(std::string_view member, double score, const Addition& addition, const Limits& limits);
  // False: it was not there.
  bool erase(std::string_view member);
  // Requires: the range is of this set.
  void erase_range(RankRange range);

  // Takes the large form whatever its size, as Redis does before it sorts one.
  void enlarge() {
    if (form_.is_packed()) unpack();
  }

  RankRange all() const { return {0, size()}; }
  RankRange within(const ScoreRange& range) const {
    return form_.is_packed() ? form_.packed().within(range) : form_.large().within(range);
  }
  RankRange within(const MemberRange& range) const {
    return form_.is_packed() ? form_.packed().within(range) : form_.large().within(range);
  }

  // Calls `visit(const Element& member, double score)` in order until it returns false. It must not change the set.
  // Requires: the range is of this set.
  template <typename Visit>
  void walk(RankRange range, Direction direction, Visit&& visit) const {
    if (form_.is_packed()) {
      form_.packed().walk(range, direction, visit);
    } else {
      form_.large().walk(range, direction, visit);
    }
  }
  // All of them, ascending.
  template <typename Visit>
  void for_each(Visit&& visit) const {
    walk(all(), Direction::kAscending, [&visit](const Element& member, double score) {
      visit(member, score);
      return true;
    });
  }
  // A step of ZSCAN: visits some in no order; the next cursor, 0 at the end. All of a listpack is one step.
  template <typename Visit>
  std::uint64_t scan(std::uint64_t cursor, Visit&& visit) const {
    if (!form_.is_packed()) {
      return form_.large().table().scan(cursor, [&](const ScoredMember& item) { visit_item(item, visit); });
    }
    for_each(visit);
    return 0;
  }
  // Each with the same probability. Requires: not empty.
  Pair random(base::Random& random) const;
  // `count` different ones. Requires: count <= size().
  template <typename Visit>
  void sample(std::size_t count, base::Random& random, Visit&& visit) const {
    if (!form_.is_packed()) {
      store::sample(form_.large().table(), count, random, [&](const ScoredMember& item) { visit_item(item, visit); });
      return;
    }
    Selection selection(count, size());
    for_each([&](const Element& member, double score) {
      if (selection.takes_next(random)) visit(member, score);
    });
  }

  // To be saved as it is. Null: it is not packed.
  const Listpack* packed() const { return form_.is_packed() ? &form_.packed().pairs() : nullptr; }

  // Asserts that it is in order, in all its parts. For tests.
  void check() const;

 private:
  template <typename Visit>
  static void visit_item(const ScoredMember& item, Visit& visit) {
    visit(Element::of_bytes(item.member()), item.score());
  }
  IndexedScores& unpack();

  PackedOr<PackedScores, IndexedScores> form_;
};

}  // namespace weir::store
