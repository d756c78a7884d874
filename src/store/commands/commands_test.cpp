// Commands by their replies. What Debian's redis-server answers is compared byte for byte in
// tests/system/store_replies_test.py; here stands what needs a clock or no second server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/bytes.h"
#include "store/commands/command_table.h"
#include "store/commands/commands_fixture.h"
#include "store/commands/glob.h"

namespace weir::store {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

using Commands = CommandsFixture;

TEST_F(Commands, SetWithExpiryIsGoneInTime) {
  EXPECT_EQ(run("SET k v PX 1500"), "+OK\r\n");
  EXPECT_EQ(run("TTL k"), ":2\r\n");
  now_ += 1499;
  EXPECT_EQ(run("GET k"), "$1\r\nv\r\n");
  EXPECT_EQ(run("TTL k"), ":0\r\n");
  now_ += 1;
  EXPECT_EQ(run("GET k"), "$-1\r\n");
  EXPECT_EQ(run("TTL k"), ":-2\r\n");
}

TEST_F(Commands, SetForgetsTheExpiryUnlessItKeepsIt) {
  run("SET k v EX 10");
  run("SET k w KEEPTTL");
  EXPECT_EQ(run("TTL k"), ":10\r\n");
  run("SET k w");
  EXPECT_EQ(run("TTL k"), ":-1\r\n");
}

TEST_F(Commands, ExpireConditionsCompareWithTheCurrentExpiry) {
  run("SET k v");
  EXPECT_EQ(run("EXPIRE k 10 XX"), ":0\r\n");
  EXPECT_EQ(run("EXPIRE k 10 GT"), ":0\r\n");
  EXPECT_EQ(run("EXPIRE k 10 LT"), ":1\r\n");
  EXPECT_EQ(run("EXPIRE k 20 NX"), ":0\r\n");
  EXPECT_EQ(run("EXPIRE k 20 LT"), ":0\r\n");
  EXPECT_EQ(run("EXPIRE k 20 GT"), ":1\r\n");
  EXPECT_EQ(run("TTL k"), ":20\r\n");
  EXPECT_EQ(run("EXPIRE k -1"), ":1\r\n");
  EXPECT_EQ(run("EXISTS k"), ":0\r\n");
}

TEST_F(Commands, IncrKeepsTheExpiryAndStopsAtTheLargestInteger) {
  run("SET n 9223372036854775806 EX 10");
  EXPECT_EQ(run("INCR n"), ":9223372036854775807\r\n");
  EXPECT_EQ(run("INCR n"), "-ERR increment or decrement would overflow\r\n");
  EXPECT_EQ(run("TTL n"), ":10\r\n");
}

TEST_F(Commands, NothingButTheHandshakeRunsBeforeAuthentication) {
  node_.settings.requirepass = "secret";
  client_.session.authenticated = false;
  EXPECT_EQ(run("GET k"), "-NOAUTH Authentication required.\r\n");
  EXPECT_THAT(run("HELLO 3"), StartsWith("-NOAUTH HELLO must be called"));
  EXPECT_THAT(run("AUTH wrong"), StartsWith("-WRONGPASS"));
  EXPECT_THAT(run("AUTH other secret"), StartsWith("-WRONGPASS"));
  EXPECT_EQ(run("AUTH secret"), "+OK\r\n");
  EXPECT_EQ(run("GET k"), "$-1\r\n");
}

TEST_F(Commands, HelloSwitchesTheProtocolOfItsOwnReply) {
  EXPECT_THAT(run("HELLO 3 SETNAME me"), StartsWith("%7\r\n"));
  EXPECT_EQ(client_.session.name, "me");
  EXPECT_EQ(run("GET k"), "_\r\n");
  EXPECT_THAT(run("HELLO 2"), StartsWith("*14\r\n"));
  EXPECT_EQ(run("GET k"), "$-1\r\n");
}

TEST_F(Commands, ConfigSetIsAllOrNothing) {
  EXPECT_THAT(run("CONFIG SET timeout 5 requirepass x proto-max-bulk-len tiny"), HasSubstr("'proto-max-bulk-len'"));
  EXPECT_EQ(run("CONFIG GET timeout"), "*2\r\n$7\r\ntimeout\r\n$1\r\n0\r\n");
  EXPECT_EQ(node_.settings.requirepass, "");
  EXPECT_EQ(run("CONFIG SET timeout 5 requirepass x"), "+OK\r\n");
  EXPECT_EQ(node_.settings.timeout_s, 5u);
}

TEST_F(Commands, InfoShowsTheKeyspaceAndOnlyWantedSections) {
  run("SET a 1 EX 5");
  run("SET b 1");
  run("GET nothing");
  const std::string all = run("INFO");
  EXPECT_THAT(all, HasSubstr("db0:keys=2,expires=1\r\n"));
  EXPECT_THAT(all, HasSubstr("keyspace_misses:1\r\n"));
  EXPECT_THAT(run("INFO keyspace"), testing::Not(HasSubstr("# Server")));
  EXPECT_EQ(run("INFO nonsense"), "$0\r\n\r\n");
}

TEST_F(Commands, DatabasesAreApartUntilFlushall) {
  run("SET k zero");
  run("SELECT 3");
  EXPECT_EQ(run("EXISTS k"), ":0\r\n");
  run("SET k three");
  EXPECT_EQ(run("DBSIZE"), ":1\r\n");
  run("FLUSHALL");
  run("SELECT 0");
  EXPECT_EQ(run("DBSIZE"), ":0\r\n");
}

TEST(CommandTable, EveryRowIsWholeAndFoundByItsName) {
  const CommandTable& table = command_table();
  for (std::size_t id = 0; id < table.ids(); ++id) {
    const CommandSpec& spec = table.row(id);
    EXPECT_EQ(spec.id, id);
    EXPECT_EQ(table.find_full(spec.name), &spec) << spec.name;
    EXPECT_EQ(table.find_full(base::to_upper(spec.name)), &spec) << spec.name;
    EXPECT_NE(spec.arity, 0) << spec.name;
    EXPECT_TRUE(spec.summary.ends_with('.')) << spec.name;
    EXPECT_FALSE(spec.since.empty()) << spec.name;
    EXPECT_FALSE(spec.group.empty()) << spec.name;
    EXPECT_TRUE(spec.run != nullptr || !spec.subcommands.empty()) << spec.name;
    EXPECT_FALSE(spec.has(kWrite) && spec.has(kReadonly)) << spec.name;
  }
  for (const std::string_view none : {"", "g", "gets", "config|get", "get|x", "\xff\xff\xff\xff\xff\xff\xff\xff",
                                      "ge\x14", "g\x05t", "get ", "flushal", "client\x0cinfo"}) {
    EXPECT_EQ(table.find(none), nullptr) << none;
  }
  EXPECT_EQ(table.find(std::string(100'000, 'x')), nullptr);
}

TEST(Integers, AreReadAsRedisReadsThem) {
  EXPECT_EQ(parse_integer("0"), 0);
  EXPECT_EQ(parse_integer("-9223372036854775808"), INT64_MIN);
  for (const char* bad : {"", "-", "-0", "00", "01", "+1", " 1", "1 ", "9223372036854775808", "0x1", "1.0"}) {
    EXPECT_EQ(parse_integer(bad), std::nullopt) << bad;
  }
}

TEST(Glob, MatchesAsRedisDoes) {
  EXPECT_TRUE(matches_glob("*", ""));
  EXPECT_TRUE(matches_glob("h?llo*", "hello world"));
  EXPECT_TRUE(matches_glob("h[a-e]llo", "hello"));
  EXPECT_FALSE(matches_glob("h[^a-e]llo", "hello"));
  EXPECT_TRUE(matches_glob("h\\*llo", "h*llo"));
  EXPECT_FALSE(matches_glob("h\\*llo", "hello"));
  EXPECT_TRUE(matches_glob("*a*b*c*", "xxaxxbxxcxx"));
  EXPECT_FALSE(matches_glob("*a*b*c*", "xxaxxcxxb"));
  EXPECT_TRUE(matches_glob("PORT", "port", true));
  EXPECT_FALSE(matches_glob("", "a"));
  EXPECT_TRUE(matches_glob("[abc", "b"));
}

TEST(Glob, ManyStarsAreNotExponential) {
  std::string pattern, text(100'000, 'a');
  for (int i = 0; i < 50; ++i) pattern += "a*";
  EXPECT_FALSE(matches_glob(pattern + "b", text));
}

}  // namespace
}  // namespace weir::store
