// HyperLogLog: the strings that the same PFADD, PFCOUNT and PFMERGE leave in a redis-server.
#include "store/types/hyperloglog.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "tests/types_oracle/oracle.h"

namespace weir::store::hyperloglog {
namespace {

// What the commands do with a value.
class Ours {
 public:
  explicit Ours(std::size_t sparse_max_bytes) : sparse_max_bytes_(sparse_max_bytes) {}

  std::int64_t pfadd(const std::string& key, std::string_view element) {
    const auto [at, created] = values_.try_emplace(key, create());
    return add(at->second, element, sparse_max_bytes_) == Outcome::kChanged || created ? 1 : 0;
  }
  std::int64_t pfcount(const std::string& key) {
    std::string& value = values_.try_emplace(key, create()).first->second;
    const auto cached = cached_count(value);
    const std::uint64_t result = cached ? *cached : count(value).value();
    if (!cached) cache_count(value, result);
    return static_cast<std::int64_t>(result);
  }
  std::int64_t pfcount_of_all(const std::vector<std::string>& keys) {
    Union all;
    for (const std::string& key : keys) EXPECT_TRUE(!values_.contains(key) || all.add(values_.at(key)));
    return static_cast<std::int64_t>(all.count());
  }
  void pfmerge(const std::string& to, const std::string& from) {
    Union all;
    for (const std::string& key : {to, from}) EXPECT_TRUE(!values_.contains(key) || all.add(values_.at(key)));
    EXPECT_TRUE(all.store_in(values_.try_emplace(to, create()).first->second, sparse_max_bytes_));
  }
  const std::string& get(const std::string& key) const { return values_.at(key); }
  bool has(const std::string& key) const { return values_.contains(key); }

 private:
  std::size_t sparse_max_bytes_;
  std::map<std::string, std::string> values_;
};

// The hash decides which register an element raises and how far. Small numbers collide often; long random ones do not.
std::string element(base::Random& random) {
  if (random.chance(0.3)) return std::to_string(random.below(500));
  std::string bytes(random.below(40), '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  return bytes;
}

void compare(std::uint64_t seed, std::size_t sparse_max_bytes, int operations) {
  SCOPED_TRACE(testing::Message() << "seed " << seed << ", hll-sparse-max-bytes " << sparse_max_bytes);
  test::Oracle oracle({"--hll-sparse-max-bytes", std::to_string(sparse_max_bytes)});
  base::Random random(seed);
  Ours ours(sparse_max_bytes);
  const std::vector<std::string> keys = {"a", "b", "c"};
  for (int i = 0; i < operations; ++i) {
    // Most go to one key, so that it passes through all sizes while the others stay small.
    const std::string& key = random.chance(0.7) ? keys[0] : keys[random.below(3)];
    if (const std::uint64_t dice = random.below(1000); dice < 960) {
      std::vector<std::int64_t> expected;
      for (std::uint64_t batch = 1 + random.below(30); batch > 0; --batch) {
        const std::string word = element(random);
        oracle.ask({"PFADD", key, word});
        expected.push_back(ours.pfadd(key, word));
      }
      const auto answers = oracle.answers();
      for (std::size_t k = 0; k < answers.size(); ++k) ASSERT_EQ(answers[k].integer, expected[k]);
    } else if (dice < 980) {
      if (!ours.has(key)) continue;
      ASSERT_EQ(oracle.answer({"PFCOUNT", key}).integer, ours.pfcount(key));
    } else if (dice < 990) {
      ASSERT_EQ(oracle.answer({"PFCOUNT", "a", "b", "c"}).integer, ours.pfcount_of_all(keys));
    } else {
      const std::string& from = keys[random.below(3)];
      oracle.answer({"PFMERGE", key, from});
      ours.pfmerge(key, from);
    }
    if (ours.has(key)) {
      ASSERT_EQ(oracle.answer({"GET", key}).text, ours.get(key)) << "after operation " << i;
    }
  }
}

TEST(HyperLogLogOracle, LeavesTheSameStrings) {
  for (const std::uint64_t seed : {1, 2, 3}) {
    compare(seed, 3000, 200);
    compare(seed + 10, 100, 100);
    compare(seed + 20, 0, 40);
    if (HasFatalFailure()) return;
  }
  // Long enough for neighbouring registers with one value.
  compare(31, 16'000, 1000);
}

// A hash that raises a register to 32 comes once in 2^31, so the string is made by hand.
TEST(HyperLogLogOracle, TheLargestValueThatARunCanHoldStaysSparse) {
  test::Oracle oracle;
  const std::string large = create().substr(0, kHeaderBytes) + "\xfc\x7f\xfe";
  oracle.answer({"SET", "large", large});
  ASSERT_EQ(oracle.answer({"PFCOUNT", "large"}).integer, static_cast<std::int64_t>(*count(large)));
  oracle.answer({"PFMERGE", "merged", "large"});
  Union all;
  ASSERT_TRUE(all.add(large));
  std::string merged = create();
  ASSERT_TRUE(all.store_in(merged, 3000));
  EXPECT_FALSE(is_dense(merged));
  EXPECT_EQ(oracle.answer({"GET", "merged"}).text, merged);
}

// Above a limit that was lowered since, a change that needs no further byte leaves the string sparse.
TEST(HyperLogLogOracle, OutgrowsALimitThatWasLoweredAtTheSameElement) {
  test::Oracle oracle({"--hll-sparse-max-bytes", "100"});
  base::Random random(9);
  std::string large = create();
  for (int i = 0; i < 4000; ++i) ASSERT_NE(add(large, std::to_string(random()), 16'000), Outcome::kCorrupt);
  ASSERT_FALSE(is_dense(large));
  int stayed = 0;
  for (int i = 0; i < 200; ++i) {
    std::string value = large;
    const std::string word = std::to_string(random());
    oracle.ask({"SET", "k", value});
    oracle.ask({"PFADD", "k", word});
    oracle.ask({"GET", "k"});
    const bool changed = add(value, word, 100) == Outcome::kChanged;
    ASSERT_EQ(oracle.answers()[2].text, value) << "seed 9, element " << word;
    stayed += changed && !is_dense(value) ? 1 : 0;
  }
  EXPECT_GT(stayed, 0);
}

// Registers that no hash can give are counted too.
TEST(HyperLogLogOracle, CountsTheSameInAnyDenseString) {
  test::Oracle oracle;
  base::Random random(8);
  for (int i = 0; i < 50; ++i) {
    std::string value = create();
    ASSERT_TRUE(make_dense(value));
    const std::uint64_t damage = random.below(value.size() - kHeaderBytes) + 1;
    for (std::uint64_t k = 0; k < damage; ++k) value[kHeaderBytes + k] = static_cast<char>(random());
    // In every third string all registers are between 48 and 51, at the upper end of what a hash gives.
    for (std::size_t k = 0; i % 3 == 0 && k < value.size() - kHeaderBytes; k += 3) {
      const std::uint64_t bits = random();
      value[kHeaderBytes + k] = static_cast<char>((bits & 0xc3) | 0x30);
      value[kHeaderBytes + k + 1] = static_cast<char>((bits >> 8 & 0x30) | 0x0c);
      value[kHeaderBytes + k + 2] = static_cast<char>((bits >> 16 & 0x0c) | 0xc3);
    }
    oracle.ask({"SET", "k", value});
    oracle.ask({"PFCOUNT", "k"});
    ASSERT_EQ(oracle.answers()[1].integer, static_cast<std::int64_t>(*count(value))) << "seed 8, string " << i;
  }
}

TEST(HyperLogLogOracle, RefusesTheSameStrings) {
  test::Oracle oracle;
  std::string dense = create();
  ASSERT_TRUE(make_dense(dense));
  const std::string sparse = create();
  const std::string header = sparse.substr(0, kHeaderBytes);
  for (const std::string& value :
       {sparse, dense, dense + "x", dense.substr(1), std::string(), header, sparse.substr(0, 17), header + "\x7f\xfe",
        header + "\x7f\xff\x01", "HYLL\x02" + sparse.substr(5), "HELL" + sparse.substr(4), header.substr(0, 15)}) {
    oracle.answer({"SET", "k", value});
    const auto answer = oracle.answer({"PFCOUNT", "k"});
    SCOPED_TRACE(answer.text);
    if (!has_valid_header(value)) {
      ASSERT_EQ(answer.error_code(), "WRONGTYPE");
    } else if (const auto counted = count(value)) {
      ASSERT_EQ(answer.integer, static_cast<std::int64_t>(*counted));
    } else {
      ASSERT_EQ(answer.error_code(), "INVALIDOBJ");
    }
  }
}

}  // namespace
}  // namespace weir::store::hyperloglog
