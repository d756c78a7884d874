// What the tester decides without a server: shapes, drawing, comparing, shrinking. That it finds faults of a server is
// mutants_test.py's business.
#include <algorithm>
#include <array>
#include <set>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "tests/differential/comparison.h"
#include "tests/differential/generator.h"
#include "tests/differential/outcomes.h"
#include "tests/differential/shape.h"
#include "tests/differential/shrink.h"
#include "wire/resp/reply_parser.h"

namespace weir::differential {
namespace {

Reply reply(std::string raw) {
  wire::resp::ReplyParser parser;
  EXPECT_EQ(parser.parse(raw).status, wire::resp::ReplyParser::Status::kValue) << raw;
  return {std::move(raw), std::move(parser.value())};
}

GeneratorSettings all_of_it(unsigned protocol = 2) {
  GeneratorSettings settings{.protocol = protocol};
  for (const Row& row : all_rows()) settings.rows.push_back(&row);
  settings.directives.assign(all_directives().begin(), all_directives().end());
  return settings;
}

std::vector<Operation> draw(GeneratorSettings settings, std::uint64_t seed, std::size_t count) {
  Generator generator(std::move(settings), seed);
  std::vector<Operation> operations;
  while (operations.size() < count) generator.draw(operations, {});
  return operations;
}

std::vector<std::string> scripts(std::span<const Operation> operations) {
  std::vector<std::string> lines;
  for (const Operation& operation : operations) lines.push_back(as_script({&operation, 1}));
  return lines;
}

TEST(Shape, ReadsTheManualsNotation) {
  const Shape shape = parse_shape("key {[NX|XX] (EX seconds)...} (member value)...!");
  ASSERT_EQ(shape.parts.size(), 3u);
  EXPECT_EQ(shape.parts[0].kind, find_kind("key"));
  const Shape& options = shape.parts[1];
  ASSERT_EQ(options.form, Shape::Form::kAnyOrder);
  ASSERT_EQ(options.parts.size(), 2u);
  EXPECT_EQ(options.parts[0].form, Shape::Form::kOptional);
  EXPECT_EQ(options.parts[0].parts.size(), 2u);
  EXPECT_EQ(options.parts[1].repeat, Shape::Repeat::kSeveral);
  EXPECT_EQ(options.parts[1].parts[0].parts[0].text, "EX");
  EXPECT_EQ(shape.parts[2].repeat, Shape::Repeat::kMany);
}

TEST(ShapeDeathTest, RefusesAKindThatIsNotThere) {
  EXPECT_DEATH(parse_shape("key nonsense"), "kind != nullptr");
  EXPECT_DEATH(parse_shape("[key"), "take");
}

TEST(Generator, DrawsTheSameFromTheSameSeed) {
  const auto first = draw(all_of_it(), 7, 3000);
  EXPECT_EQ(scripts(first), scripts(draw(all_of_it(), 7, 3000)));
  EXPECT_NE(scripts(first), scripts(draw(all_of_it(), 8, 3000)));
}

TEST(Generator, DrawsEveryRow) {
  std::set<const Row*> seen;
  for (const Operation& operation : draw(all_of_it(), 1, 60'000)) seen.insert(operation.row);
  for (const Row& row : all_rows()) EXPECT_TRUE(seen.contains(&row)) << row.name << " " << row.shape;
}

// An expiry that comes due during a run would be seen by one server and not by the other.
TEST(Generator, GivesNoKeyAnExpiryThatComesDueDuringARun) {
  for (const Operation& operation : draw(all_of_it(), 3, 60'000)) {
    for (std::size_t i = 1; i + 1 < operation.words.size(); ++i) {
      const std::string& word = operation.words[i];
      const bool option = operation.row->name == "SET" && i > 2 && (word == "EX" || word == "PX");
      if (!option && !(i == 1 && (operation.row->name == "EXPIRE" || operation.row->name == "PEXPIRE"))) continue;
      const auto time = base::parse_decimal<std::int64_t>(operation.words[i + 1]);
      EXPECT_TRUE(!time || *time <= 0 || *time >= 1'000'000) << quoted(operation.words);
    }
  }
}

TEST(Generator, AimsAtOutcomesThatAreMissing) {
  const auto* const get = &*std::ranges::find(all_rows(), std::string_view("LCS"), &Row::name);
  const std::array missing = {Outcomes::Cell{get, Outcome::kArity}};
  Generator generator(all_of_it(), 5);
  std::vector<Operation> operations;
  while (operations.size() < 1000) generator.draw(operations, missing);
  const auto aimed = std::ranges::count(operations, get, &Operation::row);
  EXPECT_GT(aimed, 200);
}

TEST(Comparison, ExactIsExact) {
  EXPECT_TRUE(agree(Compare::kExact, reply("$-1\r\n"), reply("$-1\r\n")));
  EXPECT_FALSE(agree(Compare::kExact, reply("$-1\r\n"), reply("*-1\r\n")));
  EXPECT_FALSE(agree(Compare::kExact, reply("$3\r\n1.0\r\n"), reply("$1\r\n1\r\n")));
  EXPECT_FALSE(agree(Compare::kExact, reply(",1\r\n"), reply(",1.0\r\n")));
  EXPECT_FALSE(agree(Compare::kShape, reply("$-1\r\n"), reply("*-1\r\n"))) << "nor is one nil as good as the other";
}

TEST(Comparison, UnorderedIsAMultiset) {
  const Reply abb = reply("*3\r\n:1\r\n:2\r\n:2\r\n");
  EXPECT_TRUE(agree(Compare::kUnordered, abb, reply("*3\r\n:2\r\n:1\r\n:2\r\n")));
  EXPECT_FALSE(agree(Compare::kUnordered, abb, reply("*3\r\n:2\r\n:1\r\n:1\r\n")));
  EXPECT_FALSE(agree(Compare::kUnordered, abb, reply("~3\r\n:2\r\n:1\r\n:2\r\n"))) << "an array is no set";
  EXPECT_FALSE(agree(Compare::kUnordered, reply("-ERR a\r\n"), reply("-ERR b\r\n")));
  EXPECT_FALSE(agree(Compare::kUnordered, reply("+a\r\n"), reply("+b\r\n")));
}

TEST(Comparison, FieldsKeepTheirValues) {
  const Reply fields = reply("*4\r\n+a\r\n+1\r\n+b\r\n+2\r\n");
  EXPECT_TRUE(agree(Compare::kFields, fields, reply("*4\r\n+b\r\n+2\r\n+a\r\n+1\r\n")));
  EXPECT_FALSE(agree(Compare::kFields, fields, reply("*4\r\n+a\r\n+2\r\n+b\r\n+1\r\n")));
  EXPECT_TRUE(
      agree(Compare::kFields, reply("%2\r\n+a\r\n+1\r\n+b\r\n+2\r\n"), reply("%2\r\n+b\r\n+2\r\n+a\r\n+1\r\n")));
}

TEST(Comparison, ClocksMayBeAMomentApart) {
  EXPECT_TRUE(agree(Compare::kSeconds, reply(":100\r\n"), reply(":108\r\n")));
  EXPECT_FALSE(agree(Compare::kSeconds, reply(":100\r\n"), reply(":120\r\n")));
  EXPECT_FALSE(agree(Compare::kSeconds, reply(":-1\r\n"), reply(":-2\r\n")));
  EXPECT_FALSE(agree(Compare::kSeconds, reply(":-1\r\n"), reply(":1\r\n")));
  EXPECT_TRUE(agree(Compare::kMilliseconds, reply(":100\r\n"), reply(":9000\r\n")));
}

TEST(Comparison, ShapeCountsElementsAndReadsErrors) {
  EXPECT_TRUE(agree(Compare::kShape, reply(":1\r\n"), reply(":2\r\n")));
  EXPECT_FALSE(agree(Compare::kShape, reply(":1\r\n"), reply("+1\r\n")));
  EXPECT_FALSE(agree(Compare::kPop, reply("*1\r\n+a\r\n"), reply("*2\r\n+a\r\n+b\r\n")));
  EXPECT_FALSE(agree(Compare::kScan, reply("-ERR a\r\n"), reply("-ERR b\r\n")));
}

TEST(Comparison, HelloMayHaveAnotherId) {
  EXPECT_TRUE(agree(Compare::kHello, reply("*2\r\n+id\r\n:1\r\n"), reply("*2\r\n+id\r\n:2\r\n")));
  EXPECT_FALSE(agree(Compare::kHello, reply("*2\r\n+proto\r\n:2\r\n"), reply("*2\r\n+proto\r\n:3\r\n")));
}

TEST(Comparison, QuotesAsRedisCliDoes) {
  EXPECT_EQ(quoted({"SET", "a b", std::string("\0\"\\\xff", 4), ""}), R"(SET "a b" "\x00\"\\\xff" "")");
}

TEST(Outcomes, TellWhatIsMissingAndWhatShouldNotBe) {
  static constexpr Row kGet{"GET", Family::kString, 1, "key", Compare::kExact, kNoOptions | kNothingElse};
  static constexpr Row kLlen{"LLEN", Family::kList, 1, "key", Compare::kExact, 0xff};
  const std::array<const Row*, 2> rows = {&kGet, &kLlen};
  Outcomes outcomes(rows);
  for (const char* raw : {"+v\r\n", "$-1\r\n", "-WRONGTYPE x\r\n"}) outcomes.count(kGet, outcome_of(reply(raw).value));
  ASSERT_EQ(outcomes.missing().size(), 1u);
  EXPECT_EQ(outcomes.missing()[0].outcome, Outcome::kArity);
  EXPECT_TRUE(outcomes.unexpected().empty());
  outcomes.count(kGet, outcome_of(reply("-ERR wrong number of arguments for 'get' command\r\n").value));
  outcomes.count(kGet, outcome_of(reply("-ERR syntax error\r\n").value));
  EXPECT_TRUE(outcomes.missing().empty());
  ASSERT_EQ(outcomes.unexpected().size(), 1u);
  EXPECT_EQ(outcomes.unexpected()[0].outcome, Outcome::kSyntax);
}

TEST(Outcomes, NeedNoWrongTypeWhereThereIsOneType) {
  static constexpr Row kGet{"GET", Family::kString, 1, "key"};
  const std::array<const Row*, 1> rows = {&kGet};
  for (const Outcomes::Cell& cell : Outcomes(rows).missing()) EXPECT_NE(cell.outcome, Outcome::kWrongType);
}

// A server that fails when "a" came before "c x", the words in any company.
std::optional<Difference> fails_on_a_then_cx(std::span<Operation> operations) {
  bool a = false;
  for (std::size_t i = 0; i < operations.size(); ++i) {
    const std::vector<std::string>& words = operations[i].words;
    if (words[0] == "a") a = true;
    if (a && words[0] == "c" && std::ranges::find(words, "x") != words.end()) return Difference{i, "c", "", ""};
  }
  return std::nullopt;
}

TEST(Shrink, LeavesWhatItTakesAndNoMore) {
  std::vector<Operation> operations;
  for (int i = 0; i < 3000; ++i) operations.push_back({.words = {i == 17 ? "a" : "b", std::string(100, 'v')}});
  operations.push_back({.words = {"c", "1", "2", "x", "3"}});
  operations.push_back({.words = {"b"}});
  const auto shrunk = shrink(operations, fails_on_a_then_cx, 1000);
  ASSERT_TRUE(shrunk);
  EXPECT_EQ(as_script(shrunk->operations), "a\nc x\n");
  EXPECT_EQ(shrunk->difference.operation, 1u);
  EXPECT_LT(shrunk->trials, 100u);
}

TEST(Shrink, KeepsTheFailureWhenItsTrialsEnd) {
  std::vector<Operation> operations(500, Operation{.words = {"b"}});
  operations.insert(operations.begin(), Operation{.words = {"a"}});
  operations.push_back({.words = {"c", "x"}});
  for (const std::size_t trials : {1u, 2u, 5u, 9u}) {
    auto shrunk = shrink(operations, fails_on_a_then_cx, trials);
    ASSERT_TRUE(shrunk);
    EXPECT_TRUE(fails_on_a_then_cx(shrunk->operations));
    EXPECT_LE(shrunk->trials, trials);
  }
}

TEST(Shrink, SaysWhenItDoesNotFailAgain) { EXPECT_FALSE(shrink({{.words = {"b"}}}, fails_on_a_then_cx, 100)); }

}  // namespace
}  // namespace weir::differential
