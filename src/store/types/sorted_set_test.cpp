#include "store/types/sorted_set.h"

#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace weir::store {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr SortedSet::Limits kLimits = {.entries = 12, .text_bytes = 20};
constexpr SortedSet::Addition kPlain = {};

std::string text_of(const Element& element) {
  Element::Digits digits;
  return std::string(element.text(digits));
}

struct Model {
  using Ordered = std::vector<std::pair<double, std::string>>;

  Ordered ordered() const {
    Ordered pairs;
    for (const auto& [member, score] : scores) pairs.emplace_back(score, member);
    std::ranges::sort(pairs);
    return pairs;
  }

  std::map<std::string, double, std::less<>> scores;
};

Model::Ordered walked(const SortedSet& set, RankRange range, Direction direction = Direction::kAscending) {
  Model::Ordered pairs;
  set.walk(range, direction, [&](const Element& member, double score) {
    pairs.emplace_back(score, text_of(member));
    return true;
  });
  return pairs;
}

std::string some_member(base::Random& random, std::size_t longest) {
  if (random.chance(0.4)) return fmt::to_string(random.between(-20, 2000));
  std::string text(random.below(longest), '\0');
  for (char& byte : text) byte = static_cast<char>('a' + random.below(4));
  return text;
}

double some_score(base::Random& random) {
  constexpr std::array kSpecial = {0.0,  1.0,  -1.0,  0.1,       1e17,       -1e17,   123456789.25,
                                   1e-7, 1e40, -1e40, kInfinity, -kInfinity, 99.0 / 7};
  if (random.chance(0.2)) return kSpecial[random.below(kSpecial.size())];
  return static_cast<double>(random.between(-15, 15)) / (random.chance(0.5) ? 1.0 : 3.0);
}

void expect_equal(const SortedSet& set, const Model& model) {
  set.check();
  const auto ordered = model.ordered();
  ASSERT_EQ(set.size(), ordered.size());
  EXPECT_EQ(set.empty(), ordered.empty());
  ASSERT_EQ(walked(set, set.all()), ordered);
}

// The ranks that a range of the model has, by looking at every pair.
template <typename Below, typename Above>
RankRange ranks(const Model::Ordered& pairs, Below&& below_min, Above&& above_max) {
  const auto count = [&pairs](auto&& test) { return static_cast<std::size_t>(std::ranges::count_if(pairs, test)); };
  return RankRange::between(count(below_min), pairs.size() - count(above_max));
}

void expect_ranges_equal(const SortedSet& set, const Model& model, base::Random& random) {
  const auto ordered = model.ordered();
  const ScoreRange range{{some_score(random), random.chance(0.5)}, {some_score(random), random.chance(0.5)}};
  const RankRange expected = ranks(
      ordered,
      [&](const auto& pair) {
        return range.min.exclusive ? pair.first <= range.min.value : pair.first < range.min.value;
      },
      [&](const auto& pair) {
        return range.max.exclusive ? pair.first >= range.max.value : pair.first > range.max.value;
      });
  const RankRange found = set.within(range);
  ASSERT_EQ(found.size(), expected.size());
  ASSERT_TRUE(expected.empty() || found == expected);

  const std::size_t first = random.below(set.size() + 1);
  const RankRange part{first, first + random.below(set.size() - first + 1)};
  const auto begin = ordered.begin();
  const Model::Ordered there(begin + static_cast<std::ptrdiff_t>(part.first),
                             begin + static_cast<std::ptrdiff_t>(part.last));
  ASSERT_EQ(walked(set, part), there);
  ASSERT_EQ(walked(set, part, Direction::kDescending), Model::Ordered(there.rbegin(), there.rend()));
}

TEST(SortedSet, HoldsWhatAModelHoldsThroughAllItsForms) {
  const auto before = Heap::used_bytes();
  for (std::uint64_t seed = 1; seed <= 24; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    base::Random random(seed);
    SortedSet set;
    Model model;
    const bool small = seed % 2 == 0;
    const SortedSet::Limits limits = small ? SortedSet::Limits{.entries = 1000, .text_bytes = 1000} : kLimits;
    for (int step = 0; step < 600; ++step) {
      const std::string member = some_member(random, 30);
      const double score = some_score(random);
      const auto known = model.scores.find(member);
      if (random.chance(0.25)) {
        ASSERT_EQ(set.erase(member), known != model.scores.end());
        model.scores.erase(member);
      } else if (known == model.scores.end()) {
        const auto added = set.add(member, score, kPlain, limits);
        ASSERT_EQ(added.outcome, SortedSet::Outcome::kAdded);
        ASSERT_EQ(added.score, score);
        model.scores[member] = score;
      } else {
        const auto added = set.add(member, score, kPlain, limits);
        ASSERT_EQ(added.outcome, known->second == score ? SortedSet::Outcome::kSame : SortedSet::Outcome::kUpdated);
        known->second = score;
      }
      if (step % 10 == 0) expect_equal(set, model);
      expect_ranges_equal(set, model, random);
      const auto ordered = model.ordered();
      if (!ordered.empty()) {
        const std::size_t rank = random.below(ordered.size());
        ASSERT_EQ(set.rank(ordered[rank].second), rank);
        ASSERT_EQ(set.score(ordered[rank].second), ordered[rank].first);
      }
      ASSERT_EQ(set.rank("not there"), std::nullopt);
      if (random.chance(0.01)) {
        const std::size_t first = random.below(set.size() + 1);
        const RankRange range{first, first + random.below(set.size() - first + 1)};
        for (const auto& [gone_score, gone] : walked(set, range)) model.scores.erase(gone);
        set.erase_range(range);
        expect_equal(set, model);
      }
    }
    EXPECT_EQ(set.encoding(), small ? "listpack" : "skiplist");
    const SortedSet copied = set.copy();
    expect_equal(copied, model);
    EXPECT_EQ(copied.encoding(), set.encoding());
  }
  EXPECT_EQ(Heap::used_bytes(), before);
}

TEST(SortedSet, RangesOfMembersAreThoseOfTheirBytes) {
  base::Random random(7);
  for (const bool small : {true, false}) {
    SortedSet set;
    Model model;
    const SortedSet::Limits limits = {.entries = small ? 1000u : 0u, .text_bytes = 64};
    for (int i = 0; i < 200; ++i) {
      const std::string member = some_member(random, 6);
      set.add(member, 3, kPlain, limits);
      model.scores[member] = 3;
    }
    const auto ordered = model.ordered();
    using Kind = MemberBound::Kind;
    const auto bound = [&](std::string_view text) {
      return MemberBound{std::array{Kind::kLowest, Kind::kIncluded, Kind::kExcluded, Kind::kHighest}[random.below(4)],
                         text};
    };
    for (int i = 0; i < 1000; ++i) {
      const std::string low = some_member(random, 6), high = some_member(random, 6);
      const MemberRange range{bound(low), bound(high)};
      const RankRange expected = ranks(
          ordered,
          [&](const auto& pair) {
            return range.min.kind == Kind::kHighest || (range.min.kind == Kind::kIncluded && pair.second < low) ||
                   (range.min.kind == Kind::kExcluded && pair.second <= low);
          },
          [&](const auto& pair) {
            return range.max.kind == Kind::kLowest || (range.max.kind == Kind::kIncluded && pair.second > high) ||
                   (range.max.kind == Kind::kExcluded && pair.second >= high);
          });
      const RankRange found = set.within(range);
      ASSERT_EQ(found.size(), expected.size());
      ASSERT_TRUE(expected.empty() || found == expected);
    }
  }
}

TEST(SortedSet, ConditionsDecideWhatIsAddedAndUpdated) {
  using Addition = SortedSet::Addition;
  using Outcome = SortedSet::Outcome;
  for (const std::size_t entries : {100, 0}) {
    const SortedSet::Limits limits = {.entries = entries, .text_bytes = 64};
    SortedSet set;
    const auto add = [&](double score, const Addition& addition) { return set.add("m", score, addition, limits); };
    EXPECT_EQ(add(1, {.only_present = true}).outcome, Outcome::kRefused);
    EXPECT_TRUE(set.empty());
    EXPECT_EQ(add(5, {.only_greater = true}).outcome, Outcome::kAdded);
    EXPECT_EQ(add(7, {.only_new = true}).outcome, Outcome::kRefused);
    EXPECT_EQ(add(5, {.only_greater = true}).outcome, Outcome::kRefused);
    EXPECT_EQ(add(5, {.only_less = true}).outcome, Outcome::kRefused);
    EXPECT_EQ(add(5, {.only_present = true}).outcome, Outcome::kSame);
    EXPECT_EQ(add(6, {.only_greater = true}).outcome, Outcome::kUpdated);
    EXPECT_EQ(add(4, {.only_less = true}).outcome, Outcome::kUpdated);
    EXPECT_EQ(add(-1, {.only_greater = true, .increments = true}).outcome, Outcome::kRefused);
    EXPECT_EQ(add(-1, {.increments = true}).score, 3);
    EXPECT_EQ(add(0, {.increments = true}).outcome, Outcome::kSame);
    EXPECT_EQ(add(kInfinity, {.increments = true}).score, kInfinity);
    EXPECT_EQ(add(-kInfinity, {.increments = true}).outcome, Outcome::kNotANumber);
    EXPECT_EQ(set.score("m"), kInfinity);
    set.check();
  }
}

TEST(SortedSet, IsPackedUpToItsLimitsAndNeverAgain) {
  SortedSet set;
  for (std::size_t i = 0; i < kLimits.entries; ++i) set.add(fmt::format("{}", i), 1, kPlain, kLimits);
  EXPECT_EQ(set.encoding(), "listpack");
  set.add("3", 2, kPlain, kLimits);
  EXPECT_EQ(set.encoding(), "listpack");
  set.add("one more", 1, kPlain, kLimits);
  EXPECT_EQ(set.encoding(), "skiplist");
  while (set.size() > 1) set.erase_range({0, 1});
  EXPECT_EQ(set.encoding(), "skiplist");

  SortedSet other;
  other.add(std::string(kLimits.text_bytes, 'x'), 1, kPlain, kLimits);
  EXPECT_EQ(other.encoding(), "listpack");
  other.add(std::string(kLimits.text_bytes + 1, 'x'), 1, kPlain, kLimits);
  EXPECT_EQ(other.encoding(), "skiplist");
}

TEST(SortedSet, IsMadeOfManyAtOnceInTheFormThatFits) {
  base::Random random(3);
  for (const std::size_t count : {0, 1, 12, 13, 500, 9000}) {
    Model model;
    while (model.scores.size() < count)
      model.scores.emplace(fmt::format("m{}", random.below(100'000)), some_score(random));
    const auto ordered = model.ordered();
    std::vector<ScoredText> sorted;
    for (const auto& [score, member] : ordered) sorted.push_back({member, score});
    SortedSet set(sorted, kLimits);
    EXPECT_EQ(set.encoding(), count <= kLimits.entries ? "listpack" : "skiplist");
    expect_equal(set, model);
    set.add("another", 0, kPlain, kLimits);
    model.scores["another"] = 0;
    expect_equal(set, model);
  }
  const std::string longer(kLimits.text_bytes + 1, 'x');
  const ScoredText pair{longer, 1};
  EXPECT_EQ(SortedSet(std::span(&pair, 1), kLimits).encoding(), "skiplist");
}

TEST(SortedSet, LoadedMemberByMemberIsPackedWhenItFitsAndElseKeepsTheSignOfZero) {
  const auto load = [](std::size_t members, std::size_t longest) {
    SortedSet set = SortedSet::to_be_loaded();
    for (std::size_t i = 1; i < members; ++i) set.add(fmt::format("m{}", i), 1, kPlain, kLimits);
    set.add(std::string(longest, 'x'), -0.0, kPlain, kLimits);
    set.settle(kLimits);
    EXPECT_EQ(set.size(), members);
    set.check();
    return fmt::format("{} {}", set.encoding(), *set.score(std::string(longest, 'x')));
  };
  EXPECT_EQ(load(kLimits.entries, kLimits.text_bytes), "listpack 0");
  EXPECT_EQ(load(kLimits.entries + 1, kLimits.text_bytes), "skiplist -0");
  EXPECT_EQ(load(kLimits.entries, kLimits.text_bytes + 1), "skiplist -0");
}

TEST(SortedSet, PacksScoresAsRedisWritesThem) {
  SortedSet set;
  for (const double score : {3.0, 1e16, 1e17, 0.1, -0.0, -2.5, kInfinity, -kInfinity, 3.1e-200}) {
    set.add(fmt::format("m{}", set.size()), score, kPlain, {});
  }
  std::vector<std::string> texts;
  for (const Element& element : std::vector<Element>(set.packed()->begin(), set.packed()->end())) {
    texts.push_back(fmt::format("{}{}", text_of(element), element.is_integer ? "#" : ""));
  }
  EXPECT_EQ(texts, (std::vector<std::string>{"m7", "-inf", "m5", "-2.5", "m4", "0#", "m8", "3.0999999999999999e-200",
                                             "m3", "0.10000000000000001", "m0", "3#", "m1", "10000000000000000#", "m2",
                                             "100000000000000000#", "m6", "inf"}));
}

TEST(SortedSet, AdoptsOnlyListpacksThatAreSortedSets) {
  const auto adopts = [](std::initializer_list<std::string_view> texts) {
    Listpack pairs;
    for (const std::string_view text : texts) pairs.append(text);
    return SortedSet::adopt(std::move(pairs), kLimits).has_value();
  };
  EXPECT_TRUE(adopts({}));
  EXPECT_TRUE(adopts({"a", "1", "b", "1", "9", "1.5", "a9", "inf"}));
  EXPECT_FALSE(adopts({"a", "1", "b"}));
  EXPECT_FALSE(adopts({"a", "one"}));
  EXPECT_FALSE(adopts({"a", "nan"}));
  EXPECT_FALSE(adopts({"a", "2", "b", "1"}));
  EXPECT_FALSE(adopts({"b", "1", "a", "1"}));
  EXPECT_FALSE(adopts({"a", "1", "a", "2"}));

  Listpack many;
  for (int i = 0; i < 13; ++i) many.append({EncodedEntry(std::int64_t{100 + i}), EncodedEntry(std::int64_t{i})});
  auto set = SortedSet::adopt(std::move(many), kLimits);
  ASSERT_TRUE(set);
  EXPECT_EQ(set->encoding(), "skiplist");
  EXPECT_EQ(set->score("107"), 7);
  set->check();
}

TEST(SortedSet, MovesIntoAnArenaAndKeepsItsOrder) {
  const auto before = Heap::used_bytes();
  {
    SortedSet set;
    Model model;
    base::Random random(11);
    for (int i = 0; i < 12'000; ++i) {
      const std::string member = fmt::format("member:{}", random.below(9000));
      const double score = static_cast<double>(random.below(50));
      set.add(member, score, kPlain, {});
      model.scores[member] = score;
    }
    expect_equal(set, model);
    expect_equal(set.copy(), model);
    const auto held = static_cast<double>(Heap::used_bytes() - before);
    EXPECT_NEAR(static_cast<double>(set.footprint(0)), held, held / 20);
    EXPECT_NEAR(static_cast<double>(set.footprint(50)), held, held / 10);
  }
  EXPECT_EQ(Heap::used_bytes(), before);
}

TEST(SortedSet, ScanSeesEveryMemberOnceWhileNothingChanges) {
  for (const int size : {10, 1000}) {
    SortedSet set;
    for (int i = 0; i < size; ++i) set.add(fmt::to_string(i), i, kPlain, {});
    std::map<std::string, double> seen;
    std::uint64_t cursor = 0;
    do {
      cursor = set.scan(cursor, [&](const Element& member, double score) {
        EXPECT_TRUE(seen.emplace(text_of(member), score).second);
      });
    } while (cursor != 0);
    EXPECT_EQ(seen.size(), static_cast<std::size_t>(size));
    EXPECT_EQ(seen["7"], 7);
  }
}

TEST(SortedSet, DrawsAreFairAndSamplesAreDifferentMembers) {
  for (const int size : {20, 600}) {
    SortedSet set;
    for (int i = 0; i < size; ++i) set.add(fmt::to_string(i), i, kPlain, {});
    base::Random random(5);
    std::map<std::string, int> drawn;
    constexpr int kDraws = 200;
    for (int i = 0; i < size * kDraws; ++i) {
      const SortedSet::Pair pair = set.random(random);
      EXPECT_EQ(text_of(pair.member), fmt::format("{:g}", pair.score));
      ++drawn[text_of(pair.member)];
    }
    EXPECT_EQ(drawn.size(), static_cast<std::size_t>(size));
    // Five standard deviations of a fair draw.
    for (const auto& [member, times] : drawn) EXPECT_NEAR(times, kDraws, 5 * std::sqrt(kDraws)) << member;
    for (const std::size_t count : {0, 1, 7, size - 1, size}) {
      std::set<std::string> sample;
      set.sample(count, random, [&](const Element& member, double) { sample.insert(text_of(member)); });
      EXPECT_EQ(sample.size(), count);
    }
  }
}

TEST(SortedSet, HoldsManyInLittleMemory) {
  const auto before = Heap::used_bytes();
  constexpr int kMembers = 300'000;
  SortedSet set;
  base::Random random(1);
  for (int i = 0; i < kMembers; ++i) set.add(fmt::format("member:{:09}", i), random.unit(), kPlain, {});
  EXPECT_LE((Heap::used_bytes() - before) / kMembers, 74);
}

}  // namespace
}  // namespace weir::store
