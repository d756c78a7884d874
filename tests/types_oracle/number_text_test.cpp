// Numbers as text: what a redis-server reads from a text that may or may not be a number, and how it writes it back.
#include "store/types/number_text.h"

#include <bit>
#include <cmath>

#include <gtest/gtest.h>

#include "base/random.h"
#include "tests/types_oracle/oracle.h"
#include "wire/resp/reply_writer.h"

namespace weir::store {
namespace {

using wire::resp::Value;

// Numbers, near numbers and what looks like one, over all magnitudes.
std::vector<std::string> number_texts(std::uint64_t seed, std::size_t count) {
  std::vector<std::string> texts = {"",
                                    "0",
                                    "-0",
                                    "+0",
                                    ".",
                                    "5.",
                                    ".5",
                                    "-.5e3",
                                    "1e",
                                    "1e+",
                                    "e5",
                                    "nan",
                                    "-nan",
                                    "nan(1)",
                                    "NaN",
                                    "inf",
                                    "-inf",
                                    "+inf",
                                    "INFINITY",
                                    "infin",
                                    "-iNf",
                                    "0x",
                                    "0x1p",
                                    "0x1p-3",
                                    "0xA.8",
                                    "-0x1",
                                    "1e308",
                                    "1e309",
                                    "-1e309",
                                    "1e4932",
                                    "1e4933",
                                    "1e-308",
                                    "1e-324",
                                    "1e-400",
                                    "1e-4950",
                                    "1e-5000",
                                    " 1",
                                    "1 ",
                                    "\t1",
                                    "1\n",
                                    "1,5",
                                    "1_0",
                                    "++1",
                                    "--1",
                                    "(",
                                    "(1",
                                    "((1",
                                    "( 1",
                                    "(inf",
                                    "(nan",
                                    "[1",
                                    "-",
                                    "+",
                                    std::string("1\0", 2),
                                    "99999999999999999999",
                                    "9007199254740993",
                                    "4503599627370497",
                                    "99999999999999984",
                                    "100000000000000000",
                                    std::string(400, '9'),
                                    std::string(5118, '0') + "1",
                                    std::string(5119, '0') + "1"};
  base::Random random(seed);
  const std::string_view alphabet = "0123456789012345678901234567890123456789..eE+-xpinfa (";
  while (texts.size() < count) {
    std::string text;
    switch (random.below(6)) {
      case 0: wire::resp::append_double(text, static_cast<double>(random.between(-1'000'000, 1'000'000)) / 1000); break;
      case 1: wire::resp::append_double(text, static_cast<double>(random.between(INT64_MIN, INT64_MAX))); break;
      case 2: append_long_double(text, static_cast<long double>(random.unit()) / 3); break;
      case 3: text = std::to_string(random.between(-1000, 1000)); break;
      default: {
        const double value = std::bit_cast<double>(random());
        if (std::isnan(value)) continue;
        wire::resp::append_double(text, value);
      }
    }
    for (std::uint64_t damage = random.below(4) == 0 ? random.below(3) : 0; damage > 0; --damage) {
      const std::size_t at = random.below(text.size() + 1);
      const char c = alphabet[random.below(alphabet.size())];
      random.chance(0.5) || at == text.size() ? text.insert(at, 1, c) : text.replace(at, 1, 1, c);
    }
    texts.push_back(std::move(text));
  }
  return texts;
}

// Asks `questions(text)` about every text and gives the answers to `check(text, answers)`.
template <typename Questions, typename Check>
void for_all_texts(test::Oracle& oracle, const Questions& questions, const Check& check) {
  constexpr std::uint64_t kSeed = 20;
  for (const std::string& text : number_texts(kSeed, 4000)) {
    SCOPED_TRACE("seed 20, text '" + text + "'");
    questions(text);
    check(text, oracle.answers());
    if (testing::Test::HasFailure()) return;
  }
}

TEST(NumberTextOracle, ScoresOfLargeSortedSets) {
  test::Oracle oracle({"--zset-max-listpack-entries", "0"});
  for_all_texts(
      oracle,
      [&oracle](std::string_view text) {
        oracle.ask({"DEL", "z"});
        oracle.ask({"ZADD", "z", text, "m"});
        oracle.ask({"ZSCORE", "z", "m"});
      },
      [](std::string_view text, const std::vector<Value>& answers) {
        const std::optional<double> ours = parse_double(text);
        ASSERT_EQ(answers[1].is_error(), !ours) << answers[1].text;
        if (!ours) return;
        std::string written;
        wire::resp::append_double(written, *ours);
        ASSERT_EQ(written, answers[2].text);
      });
}

TEST(NumberTextOracle, ScoresOfSmallSortedSets) {
  test::Oracle oracle;
  for_all_texts(
      oracle,
      [&oracle](std::string_view text) {
        oracle.ask({"DEL", "z"});
        oracle.ask({"ZADD", "z", text, "m"});
        // Shows what is stored.
        oracle.ask({"ZSCAN", "z", "0"});
      },
      [](std::string_view text, const std::vector<Value>& answers) {
        const std::optional<double> ours = parse_double(text);
        if (!ours) return;
        std::string written;
        if (const auto integer = as_integer(*ours)) {
          written = std::to_string(*integer);
        } else {
          wire::resp::append_double(written, *ours);
        }
        ASSERT_EQ(written, answers[2].elements[1].elements[1].text);
      });
}

TEST(NumberTextOracle, Increments) {
  test::Oracle oracle;
  for_all_texts(
      oracle,
      [&oracle](std::string_view text) {
        oracle.ask({"SET", "f", text});
        oracle.ask({"INCRBYFLOAT", "f", "0"});
      },
      [](std::string_view text, const std::vector<Value>& answers) {
        const std::optional<long double> ours = parse_long_double(text);
        if (!ours) {
          ASSERT_EQ(answers[1].text, "ERR value is not a valid float");
        } else if (std::isinf(*ours)) {
          ASSERT_EQ(answers[1].text, "ERR increment would produce NaN or Infinity");
        } else {
          std::string written;
          append_long_double(written, *ours + 0);
          ASSERT_EQ(written, answers[1].text);
        }
      });
}

TEST(NumberTextOracle, BoundsOfScores) {
  test::Oracle oracle;
  const std::vector<std::pair<std::string, double>> scores = {
      {"-inf", -INFINITY}, {"-1e5", -1e5}, {"-1", -1}, {"0", 0}, {"1", 1}, {"500", 500}, {"inf", INFINITY}};
  for (const auto& [text, score] : scores) oracle.answer({"ZADD", "z", text, "m" + text});
  for_all_texts(
      oracle, [&oracle](std::string_view text) { oracle.ask({"ZCOUNT", "z", text, "inf"}); },
      [&scores](std::string_view text, const std::vector<Value>& answers) {
        const std::optional<ScoreBound> ours = parse_score_bound(text);
        ASSERT_EQ(answers[0].is_error(), !ours) << answers[0].text;
        if (!ours) return;
        ASSERT_EQ(answers[0].integer, std::count_if(scores.begin(), scores.end(), [&ours](const auto& score) {
                    return ours->exclusive ? score.second > ours->value : score.second >= ours->value;
                  }));
      });
}

}  // namespace
}  // namespace weir::store
