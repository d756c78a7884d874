// What list commands do beside their replies, which tests/differential holds against Redis: effects, events, how much
// has changed, whom they wake, and what the settings decide.
#include <gmock/gmock.h>

#include "store/commands/commands_fixture.h"

namespace weir::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using ListCommands = CommandsFixture;

constexpr std::string_view kNone = "*-1\r\n";

TEST_F(ListCommands, WhatChoosesAmongKeysIsReplicatedAsWhatItChose) {
  run("RPUSH k 1 2 3 4 5 6 7 8 9");
  EXPECT_THAT(effects_of("LMPOP 2 absent k LEFT COUNT 2"), ElementsAre("LPOP k 2"));
  EXPECT_THAT(effects_of("LMPOP 1 k RIGHT"), ElementsAre("RPOP k 1"));
  EXPECT_THAT(effects_of("BLPOP absent k 0"), ElementsAre("LPOP k"));
  EXPECT_THAT(effects_of("BRPOP absent k 0"), ElementsAre("RPOP k"));
  EXPECT_THAT(effects_of("BLMOVE k d LEFT right 0"), ElementsAre("LMOVE k d LEFT right"));
  EXPECT_THAT(effects_of("BRPOPLPUSH k d 0"), ElementsAre("RPOPLPUSH k d"));
  EXPECT_THAT(effects_of("LMOVE k d RIGHT LEFT"), ElementsAre("LMOVE k d RIGHT LEFT"));
  EXPECT_THAT(effects_of("BLMPOP 0 2 absent k LEFT COUNT 9"), ElementsAre("LPOP k 1"));
  EXPECT_THAT(effects_of("LMPOP 1 k LEFT"), IsEmpty());
}

TEST_F(ListCommands, WhatChangesNothingHasNoEffect) {
  run("RPUSH k a b c");
  for (const std::string_view line :
       {"LPUSHX absent a", "LPOP k 0", "LPOP absent", "LREM k 0 x", "LTRIM k 0 -1", "LTRIM absent 0 1", "LSET k 9 x",
        "LINSERT k BEFORE x y", "LINSERT absent BEFORE x y", "LMOVE absent k LEFT LEFT", "RPOPLPUSH absent k",
        "LRANGE k 0 -1", "LPOS k a", "LINDEX k 0"}) {
    EXPECT_THAT(effects_of(line), IsEmpty()) << line;
    EXPECT_EQ(changes_of(line), 0u) << line;
  }
}

TEST_F(ListCommands, EventsAreRedis) {
  EXPECT_THAT(events_of("RPUSH k a b c d e f"), ElementsAre("rpush k"));
  EXPECT_THAT(events_of("LPUSHX k a"), ElementsAre("lpush k"));
  EXPECT_THAT(events_of("LINSERT k AFTER c x"), ElementsAre("linsert k"));
  EXPECT_THAT(events_of("LSET k 0 y"), ElementsAre("lset k"));
  EXPECT_THAT(events_of("LREM k 0 x"), ElementsAre("lrem k"));
  EXPECT_THAT(events_of("LTRIM k 0 -1"), ElementsAre("ltrim k"));
  EXPECT_THAT(events_of("LPOP k"), ElementsAre("lpop k"));
  EXPECT_THAT(events_of("RPOP k 2"), ElementsAre("rpop k"));
  EXPECT_THAT(events_of("LMOVE k k LEFT RIGHT"), ElementsAre("rpush k", "lpop k"));
  EXPECT_THAT(events_of("RPOPLPUSH k d"), ElementsAre("lpush d", "rpop k"));
  EXPECT_THAT(events_of("LMPOP 1 k LEFT COUNT 9"), ElementsAre("lpop k", "del k"));
  EXPECT_THAT(events_of("BLMOVE d k LEFT LEFT 0"), ElementsAre("lpush k", "lpop d", "del d"));
  EXPECT_THAT(events_of("LTRIM k 5 9"), ElementsAre("ltrim k", "del k"));
  run("RPUSH k a a");
  EXPECT_THAT(events_of("LREM k -2 a"), ElementsAre("lrem k", "del k"));
}

TEST_F(ListCommands, ChangesAreCountedAsRedisCounts) {
  EXPECT_EQ(changes_of("RPUSH k a b c a b c"), 6u);
  EXPECT_EQ(changes_of("LREM k 0 a"), 2u);
  EXPECT_EQ(changes_of("LTRIM k 1 2"), 2u);
  EXPECT_EQ(changes_of("LMOVE k d LEFT LEFT"), 1u);
  EXPECT_EQ(changes_of("LPUSH k a b"), 2u);
  EXPECT_EQ(changes_of("LPOP k 9"), 3u);
}

TEST_F(ListCommands, WhoWaitsIsServedFromTheKeyThatCame) {
  run(other_, "BRPOP first second 0");
  EXPECT_EQ(other_.received, "");
  run("SET first text");
  EXPECT_EQ(other_.received, "");
  // What the other key holds is not looked at.
  EXPECT_THAT(effects_of("RPUSH second a b"), ElementsAre("RPUSH second a b", "RPOP second"));
  EXPECT_EQ(other_.received, "*2\r\n$6\r\nsecond\r\n$1\r\nb\r\n");
  EXPECT_EQ(run("LLEN second"), ":1\r\n");
}

TEST_F(ListCommands, OneWhoIsServedMayServeTheNext) {
  run(subscriber_, "BLMPOP 0 1 last LEFT COUNT 5");
  run(other_, "BLMOVE first last LEFT LEFT 0");
  EXPECT_THAT(effects_of("RPUSH first x"), ElementsAre("RPUSH first x", "LMOVE first last LEFT LEFT", "LPOP last 1"));
  EXPECT_EQ(other_.received, "$1\r\nx\r\n");
  EXPECT_EQ(subscriber_.received, "*2\r\n$4\r\nlast\r\n*1\r\n$1\r\nx\r\n");
  EXPECT_EQ(run("EXISTS first last"), ":0\r\n");
}

TEST_F(ListCommands, AMoveToWhatIsNoListEndsTheWaitAndLeavesTheElement) {
  run("SET text t");
  run(other_, "BRPOPLPUSH k text 0");
  run("RPUSH k a");
  EXPECT_EQ(other_.received, "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n");
  EXPECT_EQ(run("LRANGE k 0 -1"), "*1\r\n$1\r\na\r\n");
}

TEST_F(ListCommands, NobodyWaitsInATransaction) {
  run("MULTI");
  for (const std::string_view line : {"BLPOP k 0", "BLMPOP 0 1 k LEFT", "BLMOVE k d LEFT LEFT 0", "BRPOPLPUSH k d 0"}) {
    run(line);
  }
  EXPECT_EQ(run("EXEC"), "*4\r\n" + std::string(kNone) + std::string(kNone) + "$-1\r\n$-1\r\n");
}

TEST_F(ListCommands, TheSettingDecidesWhatANodeHolds) {
  const auto nodes_of = [&](std::string_view key) {
    return node_.keyspace.database(0).peek(key, 0)->as<List>().node_count();
  };
  const std::string_view push = " 1 2 3 4 5 6 7 8 9 10";
  run("RPUSH one" + std::string(push));
  EXPECT_EQ(nodes_of("one"), 1u);
  run("CONFIG SET list-max-ziplist-size 4");
  run("RPUSH three" + std::string(push));
  EXPECT_EQ(nodes_of("three"), 3u);
  // A list keeps what it was made with; a new one obeys.
  run("RPUSH one" + std::string(push));
  EXPECT_EQ(nodes_of("one"), 1u);
  for (int i = 0; i < 8; ++i) run("RPOPLPUSH three moved");
  EXPECT_EQ(nodes_of("moved"), 2u);
}

}  // namespace
}  // namespace weir::store
