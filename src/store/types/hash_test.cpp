#include "store/types/hash.h"

#include <array>
#include <cmath>
#include <map>
#include <set>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace weir::store {
namespace {

using Model = std::map<std::string, std::string, std::less<>>;
constexpr Hash::Limits kLimits = {.entries = 8, .text_bytes = 20};

std::string text_of(const Element& element) {
  Element::Digits digits;
  return std::string(element.text(digits));
}

Model contents(const Hash& hash) {
  Model found;
  hash.for_each([&](const Element& field, const Element& value) {
    EXPECT_TRUE(found.emplace(text_of(field), text_of(value)).second) << "twice: " << text_of(field);
  });
  return found;
}

std::string some_text(base::Random& random, std::size_t longest) {
  if (random.chance(0.3)) return fmt::to_string(random.between(-1000, 1'000'000));
  std::string text(random.below(longest), '\0');
  for (char& byte : text) byte = static_cast<char>(random.below(256));
  return text;
}

TEST(Hash, HoldsWhatAModelHoldsThroughAllItsForms) {
  const auto before = Heap::used_bytes();
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    base::Random random(seed);
    Hash hash;
    Model model;
    const std::size_t fields = std::array<std::size_t, 4>{6, 40, 600, 6000}[seed % 4];
    const std::size_t longest = seed % 3 == 0 ? 300 : 24;
    for (int step = 0; step < 12'000; ++step) {
      const std::string field = fmt::format("f{}", random.below(fields));
      if (random.chance(step < 8000 ? 0.75 : 0.3)) {
        const std::string value = some_text(random, longest);
        ASSERT_EQ(hash.set(field, value, kLimits), model.insert_or_assign(field, value).second);
      } else {
        ASSERT_EQ(hash.erase(field), model.erase(field) == 1);
      }
      ASSERT_EQ(hash.size(), model.size());
      const std::string wanted = fmt::format("f{}", random.below(fields));
      const auto found = hash.get(wanted);
      ASSERT_EQ(found.has_value(), model.contains(wanted));
      if (found) {
        ASSERT_EQ(text_of(*found), model.at(wanted));
      }
      if (step % 3000 == 2999) {
        ASSERT_EQ(contents(hash), model);
        ASSERT_EQ(contents(hash.copy()), model);
        ASSERT_EQ(hash.copy().encoding(), hash.encoding());
      }
    }
  }
  EXPECT_EQ(Heap::used_bytes(), before);
}

TEST(Hash, IsAListpackUpToItsLimitsAndNeverAgain) {
  Hash by_count;
  for (int i = 0; i < 8; ++i) by_count.set(fmt::to_string(i), "v", kLimits);
  EXPECT_EQ(by_count.encoding(), "listpack");
  by_count.set("9", "v", kLimits);
  EXPECT_EQ(by_count.encoding(), "hashtable");
  by_count.erase("9");
  EXPECT_EQ(by_count.encoding(), "hashtable");
  EXPECT_EQ(by_count.size(), 8u);

  Hash by_value;
  by_value.set("f", std::string(20, 'v'), kLimits);
  EXPECT_EQ(by_value.encoding(), "listpack");
  by_value.set("f", std::string(21, 'v'), kLimits);
  EXPECT_EQ(by_value.encoding(), "hashtable");
  EXPECT_EQ(text_of(by_value.get("f").value()), std::string(21, 'v'));

  Hash by_field;
  by_field.set(std::string(21, 'f'), "", kLimits);
  EXPECT_EQ(by_field.encoding(), "hashtable");
}

TEST(Hash, ALowerLimitActsOnTheNextChange) {
  Hash hash;
  for (int i = 0; i < 5; ++i) hash.set(fmt::to_string(i), "v", kLimits);
  hash.set("0", "w", {.entries = 4, .text_bytes = 20});
  EXPECT_EQ(hash.encoding(), "hashtable");
  EXPECT_EQ(hash.size(), 5u);
}

TEST(Hash, TakesOverASavedListpackWithinItsLimit) {
  Listpack pairs;
  for (int i = 0; i < 9; ++i) pairs.append({EncodedEntry(fmt::to_string(i)), EncodedEntry("value")});
  const std::string blob(pairs.view().blob());
  const Hash packed(Listpack(blob), {.entries = 9, .text_bytes = 1});
  ASSERT_NE(packed.packed(), nullptr);
  EXPECT_EQ(packed.packed()->view().blob(), blob);
  const Hash large(Listpack(blob), kLimits);
  EXPECT_EQ(large.packed(), nullptr);
  EXPECT_EQ(contents(large), contents(packed));

  Hash expecting;
  expecting.expect(8, kLimits);
  EXPECT_EQ(expecting.encoding(), "listpack");
  expecting.expect(9, kLimits);
  EXPECT_EQ(expecting.encoding(), "hashtable");
}

TEST(Hash, AnUpdateOfTheSameSizeStaysWhereItIs) {
  Hash hash;
  hash.expect(9, kLimits);
  hash.set("field", std::string(30, 'a'), kLimits);
  const char* const there = hash.get("field")->bytes.data();
  hash.set("field", std::string(30, 'b'), kLimits);
  EXPECT_EQ(hash.get("field")->bytes.data(), there);
  EXPECT_EQ(hash.get("field")->bytes, std::string(30, 'b'));
  hash.set("field", std::string(300, 'c'), kLimits);
  EXPECT_EQ(hash.get("field")->bytes, std::string(300, 'c'));
}

TEST(Hash, AScanSeesEveryFieldThatStaysWhateverElseChanges) {
  base::Random random(7);
  Hash hash;
  Model staying;
  for (int i = 0; i < 3000; ++i) {
    const std::string field = fmt::format("stays{}", i);
    hash.set(field, "v", kLimits);
    staying.emplace(field, "v");
  }
  Model seen;
  std::uint64_t cursor = 0;
  do {
    cursor = hash.scan(cursor, [&](const Element& field, const Element& value) {
      seen.insert_or_assign(text_of(field), text_of(value));
    });
    for (int i = 0; i < 5; ++i) {
      const std::string passing = fmt::format("passes{}", random.below(20'000));
      if (!hash.set(passing, "w", kLimits)) hash.erase(passing);
    }
  } while (cursor != 0);
  for (const auto& [field, value] : staying) EXPECT_TRUE(seen.contains(field)) << field;
}

TEST(Hash, SamplesAreDistinctAndEveryFieldHasItsShare) {
  for (const std::size_t size : {5u, 40u}) {
    base::Random random(11);
    Hash hash;
    for (std::size_t i = 0; i < size; ++i) hash.set(fmt::to_string(i), fmt::format("v{}", i), kLimits);
    for (const std::size_t count : {std::size_t{2}, size / 2, size}) {
      std::map<std::string, int> times, single;
      constexpr int kRounds = 4000;
      for (int round = 0; round < kRounds; ++round) {
        std::set<std::string> drawn;
        hash.sample(count, random, [&](const Element& field, const Element& value) {
          EXPECT_TRUE(drawn.insert(text_of(field)).second);
          EXPECT_EQ(text_of(value), "v" + text_of(field));
          ++times[text_of(field)];
        });
        ASSERT_EQ(drawn.size(), count);
        const Hash::Pair one = hash.random(random);
        EXPECT_EQ(text_of(one.value), "v" + text_of(one.field));
        ++single[text_of(one.field)];
      }
      // Six standard deviations of a binomial count.
      const auto expect_share = [&](const std::map<std::string, int>& counts, double share) {
        EXPECT_EQ(counts.size(), size);
        for (const auto& [field, count_of_field] : counts) {
          const double mean = kRounds * share;
          EXPECT_NEAR(count_of_field, mean, 6 * std::sqrt(mean * (1 - share)) + 1e-9) << field;
        }
      };
      expect_share(times, static_cast<double>(count) / static_cast<double>(size));
      expect_share(single, 1 / static_cast<double>(size));
    }
  }
}

TEST(HashField, KeepsFieldsWhoseLengthNeedsMoreThanItsBits) {
  for (const std::size_t length : {(std::size_t{1} << 24) - 2, (std::size_t{1} << 24) - 1, std::size_t{1} << 24}) {
    Hash hash;
    const std::string field(length, 'f');
    EXPECT_TRUE(hash.set(field, "first", kLimits));
    EXPECT_FALSE(hash.set(field, "other", kLimits));
    EXPECT_FALSE(hash.set(field, std::string(100, 'x'), kLimits));
    EXPECT_EQ(contents(hash), (Model{{field, std::string(100, 'x')}}));
    EXPECT_TRUE(hash.erase(field));
  }
}

TEST(Hash, CountsTheMemoryThatItHolds) {
  for (const int fields : {5, 300, 20'000}) {
    const auto before = Heap::used_bytes();
    Hash hash;
    for (int i = 0; i < fields; ++i) hash.set(fmt::format("field{:08}", i), std::string(32, 'v'), kLimits);
    const auto used = static_cast<double>(Heap::used_bytes() - before);
    EXPECT_NEAR(static_cast<double>(hash.footprint(0)), used, used * 0.001);
    // Usable sizes of equal requests differ a little.
    EXPECT_NEAR(static_cast<double>(hash.footprint(5)), used, used * 0.05);
  }
}

TEST(Hash, AFieldOfSixteenAndAValueOf32BytesTakeAtMost72) {
  const auto before = Heap::used_bytes();
  Hash hash;
  for (int i = 0; i < 200'000; ++i) hash.set(fmt::format("field:{:010}", i), std::string(32, 'v'), kLimits);
  EXPECT_LE((Heap::used_bytes() - before) / 200'000, 72);
}

}  // namespace
}  // namespace weir::store
