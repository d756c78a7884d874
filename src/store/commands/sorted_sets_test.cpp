// What sorted-set and geo commands do beside their replies, which tests/differential holds against Redis: effects,
// events, how much has changed, whom they wake, and what the settings decide.
#include <gmock/gmock.h>

#include "store/commands/commands_fixture.h"

namespace weir::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using SortedSetCommands = CommandsFixture;

TEST_F(SortedSetCommands, WhatChoosesAmongKeysIsReplicatedAsWhatItChose) {
  run("ZADD k 1 a 2 b 3 c 4 d 5 e 6 f");
  EXPECT_THAT(effects_of("ZMPOP 2 absent k MAX COUNT 2"), ElementsAre("ZPOPMAX k 2"));
  EXPECT_THAT(effects_of("BZPOPMIN absent k 0"), ElementsAre("ZPOPMIN k"));
  EXPECT_THAT(effects_of("BZMPOP 0 2 absent k MIN COUNT 9"), ElementsAre("ZPOPMIN k 3"));
  EXPECT_THAT(effects_of("ZMPOP 1 k MIN"), IsEmpty());
}

TEST_F(SortedSetCommands, PlacesAreReplicatedAsScores) {
  EXPECT_THAT(effects_of("GEOADD g CH 13.361389 38.115556 Palermo 15.087269 37.502669 Catania"),
              ElementsAre("ZADD g CH 3479099956230698 Palermo 3479447370796909 Catania"));
  EXPECT_THAT(effects_of("GEOADD g NX 1 1 Palermo"), IsEmpty());
  EXPECT_THAT(effects_of("GEOSEARCHSTORE d g FROMMEMBER Palermo BYRADIUS 1 km"),
              ElementsAre("GEOSEARCHSTORE d g FROMMEMBER Palermo BYRADIUS 1 km"));
}

TEST_F(SortedSetCommands, WhatChangesNothingHasNoEffect) {
  run("ZADD k 1 a");
  for (const std::string_view line :
       {"ZADD k 1 a", "ZADD k NX 2 a", "ZADD k GT 0 a", "ZINCRBY k 0 a", "ZREM k x", "ZPOPMIN k 0", "ZPOPMIN absent",
        "ZREMRANGEBYSCORE k 5 6", "ZRANGESTORE absent k 5 6", "ZUNIONSTORE absent 1 nothing", "ZADD absent XX 1 a"}) {
    EXPECT_THAT(effects_of(line), IsEmpty()) << line;
    EXPECT_EQ(changes_of(line), 0u) << line;
  }
}

TEST_F(SortedSetCommands, EventsAndChangesAreRedis) {
  EXPECT_THAT(events_of("ZADD k 1 a 2 b 3 c 4 d 5 e 6 f 7 g 8 h"), ElementsAre("zadd k"));
  EXPECT_THAT(events_of("ZINCRBY k 1 a"), ElementsAre("zincr k"));
  EXPECT_THAT(events_of("ZREM k a x"), ElementsAre("zrem k"));
  EXPECT_THAT(events_of("ZPOPMIN k"), ElementsAre("zpopmin k"));
  EXPECT_THAT(events_of("ZREMRANGEBYRANK k 0 0"), ElementsAre("zremrangebyrank k"));
  EXPECT_THAT(events_of("ZREMRANGEBYSCORE k 4 4"), ElementsAre("zremrangebyscore k"));
  EXPECT_THAT(events_of("ZREMRANGEBYLEX k - [e"), ElementsAre("zremrangebylex k"));
  EXPECT_THAT(events_of("ZRANGESTORE d k 0 1"), ElementsAre("zrangestore d"));
  EXPECT_THAT(events_of("ZUNIONSTORE d 1 k"), ElementsAre("zunionstore d"));
  EXPECT_THAT(events_of("ZDIFFSTORE d 2 k k"), ElementsAre("del d"));
  EXPECT_THAT(events_of("ZPOPMAX k 9"), ElementsAre("zpopmax k", "del k"));
  EXPECT_THAT(events_of("GEOADD g 1 1 here 2 2 there"), ElementsAre("zadd g"));
  EXPECT_THAT(events_of("GEOSEARCHSTORE d g FROMMEMBER here BYRADIUS 999 km"), ElementsAre("geosearchstore d"));
  EXPECT_THAT(events_of("GEORADIUS g 1 1 999 km STORE d"), ElementsAre("georadiusstore d"));

  EXPECT_EQ(changes_of("ZADD k 1 a 2 b 3 c 4 d"), 4u);
  EXPECT_EQ(changes_of("ZADD k 5 a 2 b 3 x"), 2u);
  EXPECT_EQ(changes_of("ZREMRANGEBYRANK k 0 1"), 2u);
  EXPECT_EQ(changes_of("ZUNIONSTORE d 1 k"), 1u);
  EXPECT_EQ(changes_of("ZPOPMAX k 9"), 3u);
  EXPECT_EQ(changes_of("GEORADIUS g 1 1 999 km STORE d"), 2u);
}

TEST_F(SortedSetCommands, WhoWaitsIsServedFromTheKeyThatCame) {
  run(other_, "BZPOPMAX first second 0");
  EXPECT_EQ(other_.received, "");
  run("SET first text");
  EXPECT_EQ(other_.received, "");
  // What the other key holds is not looked at.
  EXPECT_THAT(effects_of("ZADD second 1 a 2 b"), ElementsAre("ZADD second 1 a 2 b", "ZPOPMAX second"));
  EXPECT_EQ(other_.received, "*3\r\n$6\r\nsecond\r\n$1\r\nb\r\n$1\r\n2\r\n");
  EXPECT_EQ(run("ZCARD second"), ":1\r\n");

  other_.received.clear();
  run("DEL first");
  run(other_, "BZMPOP 0 2 first third MIN COUNT 5");
  EXPECT_THAT(effects_of("ZUNIONSTORE third 1 second"), ElementsAre("ZUNIONSTORE third 1 second", "ZPOPMIN third 1"));
  EXPECT_EQ(other_.received, "*2\r\n$5\r\nthird\r\n*1\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n");
}

TEST_F(SortedSetCommands, NobodyWaitsInATransaction) {
  run("MULTI");
  run("BZPOPMIN absent 0");
  EXPECT_EQ(run("EXEC"), "*1\r\n*-1\r\n");
}

TEST_F(SortedSetCommands, SettingsDecideTheEncoding) {
  run("CONFIG SET zset-max-listpack-entries 2 zset-max-ziplist-value 3");
  run("ZADD k 1 a 2 bbb");
  EXPECT_EQ(run("OBJECT ENCODING k"), "$8\r\nlistpack\r\n");
  run("ZADD k 3 c");
  EXPECT_EQ(run("OBJECT ENCODING k"), "$8\r\nskiplist\r\n");
  run("ZADD long 1 four");
  EXPECT_EQ(run("OBJECT ENCODING long"), "$8\r\nskiplist\r\n");
  run("ZUNIONSTORE small 1 long AGGREGATE MIN");
  EXPECT_EQ(run("OBJECT ENCODING small"), "$8\r\nskiplist\r\n");
  run("CONFIG SET zset-max-listpack-value 4");
  run("ZUNIONSTORE small 1 long AGGREGATE MIN");
  EXPECT_EQ(run("OBJECT ENCODING small"), "$8\r\nlistpack\r\n");
}

}  // namespace
}  // namespace weir::store
