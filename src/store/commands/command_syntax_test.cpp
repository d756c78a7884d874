#include "store/commands/command_syntax.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "store/commands/command_table.h"

namespace weir::store {
namespace {

using testing::HasSubstr;
using Type = Argument::Type;

std::vector<Argument> parsed(std::string_view text) {
  auto arguments = parse_syntax(text);
  EXPECT_TRUE(arguments) << (arguments ? "" : arguments.error().text());
  return arguments ? *std::move(arguments) : std::vector<Argument>();
}

TEST(CommandSyntax, NamesSayTheTypeUnlessItIsSaid) {
  const auto arguments = parsed("key pattern count start:integer ip:port unix-time-seconds value");
  ASSERT_EQ(arguments.size(), 7u);
  const std::vector<std::pair<std::string, Type>> expected = {
      {"key", Type::kKey},       {"pattern", Type::kPattern}, {"count", Type::kInteger},
      {"start", Type::kInteger}, {"ip:port", Type::kString},  {"unix-time-seconds", Type::kUnixTime},
      {"value", Type::kString}};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(arguments[i].name, expected[i].first);
    EXPECT_EQ(arguments[i].type, expected[i].second) << arguments[i].name;
  }
  EXPECT_EQ(arguments[0].key_spec, 0);
  EXPECT_EQ(arguments[1].key_spec, std::nullopt);
}

TEST(CommandSyntax, ATokenBelongsToWhatFollowsOrStandsAlone) {
  const auto arguments = parsed("[EX seconds@6.0.0] [GET] change=CH [LIMIT (offset count)] none=\"\" A B");
  ASSERT_EQ(arguments.size(), 7u);
  EXPECT_EQ(arguments[0].token, "EX");
  EXPECT_EQ(arguments[0].name, "seconds");
  EXPECT_EQ(arguments[0].since, "6.0.0");
  EXPECT_TRUE(arguments[0].optional);
  EXPECT_EQ(arguments[1].type, Type::kPureToken);
  EXPECT_EQ(arguments[1].name, "get");
  EXPECT_EQ(arguments[2].name, "change");
  EXPECT_EQ(arguments[2].token, "CH");
  EXPECT_EQ(arguments[3].token, "LIMIT");
  EXPECT_EQ(arguments[3].type, Type::kBlock);
  EXPECT_EQ(arguments[3].name, "offset_count");
  EXPECT_EQ(arguments[4].type, Type::kPureToken);
  EXPECT_EQ(arguments[4].token, "");
  EXPECT_EQ(arguments[5].type, Type::kPureToken);
  EXPECT_EQ(arguments[6].token, "B");
}

TEST(CommandSyntax, GroupsNest) {
  const auto arguments = parsed("by=(FROM member|box=(width height unit=(M|KM)))");
  ASSERT_EQ(arguments.size(), 1u);
  EXPECT_EQ(arguments[0].type, Type::kOneOf);
  ASSERT_EQ(arguments[0].arguments.size(), 2u);
  EXPECT_EQ(arguments[0].arguments[0].token, "FROM");
  const Argument& box = arguments[0].arguments[1];
  EXPECT_EQ(box.type, Type::kBlock);
  EXPECT_EQ(box.arguments[2].name, "unit");
  EXPECT_EQ(box.arguments[2].type, Type::kOneOf);
}

TEST(CommandSyntax, RepeatsAndOtherKeys) {
  const auto arguments = parsed("source#1... [GET pattern#2]... [key...] old~2.8.12");
  ASSERT_EQ(arguments.size(), 4u);
  EXPECT_EQ(arguments[0].key_spec, 1);
  EXPECT_TRUE(arguments[0].repeated && !arguments[0].repeated_with_token && !arguments[0].optional);
  EXPECT_EQ(arguments[1].key_spec, 2);
  EXPECT_TRUE(arguments[1].repeated && arguments[1].repeated_with_token && arguments[1].optional);
  EXPECT_TRUE(arguments[2].repeated && !arguments[2].repeated_with_token && arguments[2].optional);
  EXPECT_EQ(arguments[3].deprecated_since, "2.8.12");
}

TEST(CommandSyntax, WhatIsMalformedIsNamedWithItsPlace) {
  for (const std::string_view text :
       {"(a", "[a", "a b)", "(a|b c)", "name=", "a  b", "key#x", "(", "\"x", "[]", "a "}) {
    const auto arguments = parse_syntax(text);
    ASSERT_FALSE(arguments) << text;
    EXPECT_THAT(arguments.error().text(), HasSubstr(text));
    EXPECT_THAT(arguments.error().text(), HasSubstr("at byte"));
  }
}

// How many words a request has at least, by its syntax.
std::size_t least(std::span<const Argument> arguments);

std::size_t least(const Argument& one) {
  if (one.optional) return 0;
  const std::size_t token = one.token.empty() ? 0 : 1;
  if (one.type == Type::kPureToken) return 1;
  if (one.type == Type::kBlock) return token + least(one.arguments);
  if (one.type != Type::kOneOf) return token + 1;
  std::size_t fewest = ~std::size_t{0};
  for (const Argument& choice : one.arguments) fewest = std::min(fewest, least(choice));
  return token + fewest;
}

std::size_t least(std::span<const Argument> arguments) {
  std::size_t sum = 0;
  for (const Argument& one : arguments) sum += least(one);
  return sum;
}

TEST(CommandSyntax, EveryRowAgreesWithItsArity) {
  const CommandTable& table = command_table();
  // Of these Redis tells no arguments, or ones that its arity does not demand.
  const std::set<std::string_view> untold = {
      "client|kill", "command|getkeys", "command|getkeysandflags", "debug", "geohash", "geopos", "pfmerge"};
  for (std::size_t id = 0; id < table.ids(); ++id) {
    const CommandSpec& row = table.row(id);
    EXPECT_TRUE(!row.complexity.empty() || row.name == "monitor" || row.name == "psync" || row.name == "sync")
        << row.name;
    if (!row.subcommands.empty() || untold.contains(row.name)) continue;
    const std::size_t name_words = row.name.contains('|') ? 2 : 1;
    EXPECT_EQ(name_words + least(table.arguments(row)), static_cast<std::size_t>(std::abs(row.arity))) << row.name;
  }
}

}  // namespace
}  // namespace weir::store
