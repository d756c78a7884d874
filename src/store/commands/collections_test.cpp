// What the commands of hashes and sets tell those who follow the data, and the settings that they obey. Replies,
// events and counts are compared with Redis's own in tests/differential and tests/system/collections_test.py.
#include <ranges>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/commands/commands_fixture.h"

namespace weir::store {
namespace {

using testing::AnyOf;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

class Collections : public CommandsFixture {
 protected:
  // Members in batches: one command has not room for all.
  void fill_set(std::string_view key, int members) {
    std::string line;
    for (int i = 0; i < members; ++i) {
      if (line.empty()) line = "SADD " + std::string(key);
      line += " m" + std::to_string(i);
      if (i % 500 != 499 && i + 1 != members) continue;
      run(line);
      line.clear();
    }
  }
};

TEST_F(Collections, FloatsOfHashesAreReplicatedAsTheirSum) {
  EXPECT_THAT(effects_of("HINCRBYFLOAT h f 1.5"), ElementsAre("HSET h f 1.5"));
  EXPECT_THAT(effects_of("HINCRBYFLOAT h f 1e1"), ElementsAre("HSET h f 11.5"));
  EXPECT_THAT(effects_of("HINCRBY h n 5"), ElementsAre("HINCRBY h n 5"));
  EXPECT_THAT(effects_of("HINCRBYFLOAT h f x"), IsEmpty());
}

TEST_F(Collections, WhatChangesNothingHasNoEffect) {
  run("HSET h f v");
  run("SADD s m");
  for (const char* line : {"HSETNX h f w", "HDEL h other", "HGETALL h", "HRANDFIELD h", "SADD s m", "SREM s other",
                           "SMOVE s t other", "SPOP s 0", "SPOP none", "SRANDMEMBER s", "SINTERSTORE none x y"}) {
    EXPECT_THAT(effects_of(line), IsEmpty()) << line;
  }
}

TEST_F(Collections, PopsAreReplicatedAsRemovals) {
  run("SADD s a b");
  EXPECT_THAT(effects_of("SPOP s"), ElementsAre(AnyOf("SREM s a", "SREM s b")));
  EXPECT_THAT(effects_of("SPOP s"), ElementsAre(AnyOf("SREM s a", "SREM s b")));
  run("SADD s 1 2 3");
  EXPECT_THAT(effects_of("SPOP s 3"), ElementsAre("DEL s"));
}

TEST_F(Collections, ManyPopsAreReplicatedInBatchesThatRemoveTheSame) {
  fill_set("s", 3000);
  fill_set("copy", 3000);
  const std::vector<std::string> groups = effects_of("SPOP s 2500");
  ASSERT_EQ(groups.size(), 1u);
  std::vector<std::string> effects;
  for (const auto effect : std::views::split(groups[0], std::string_view(", "))) {
    effects.emplace_back(effect.begin(), effect.end());
  }
  ASSERT_EQ(effects.size(), 5u);  // MULTI, 1,024, 1,024 and 452 members, EXEC.
  for (std::size_t i = 1; i < 4; ++i) {
    EXPECT_THAT(effects[i], StartsWith("SREM s "));
    run("SREM copy " + effects[i].substr(7));
  }
  EXPECT_EQ(run("SCARD copy"), ":500\r\n");
  EXPECT_EQ(run("SINTERCARD 2 s copy"), ":500\r\n");
}

TEST_F(Collections, PopsReplyWhatTheyRemoveAndNothingElse) {
  for (const int count : {1, 50, 400, 999}) {
    fill_set("s", 1000);
    fill_set("copy", 1000);
    const std::string reply = run("SPOP s " + std::to_string(count));
    std::string removal = "SREM copy";
    for (std::size_t at = reply.find("\r\nm"); at != std::string::npos; at = reply.find("\r\nm", at + 1)) {
      removal += " " + reply.substr(at + 2, reply.find("\r\n", at + 2) - at - 2);
    }
    EXPECT_EQ(run(removal), ":" + std::to_string(count) + "\r\n");
    const std::string left = ":" + std::to_string(1000 - count) + "\r\n";
    EXPECT_EQ(run("SCARD s"), left);
    EXPECT_EQ(run("SINTERCARD 2 s copy"), left);
    run("DEL s copy");
  }
}

TEST_F(Collections, WhatAPopOfMostMembersLeavesMayBeAnIntsetAgain) {
  run("SADD s x 1 2 3 4 5 6 7 8 9 10 11");
  run("SREM s x");
  EXPECT_EQ(run("OBJECT ENCODING s"), "$9\r\nhashtable\r\n");
  run("SPOP s 8");
  EXPECT_EQ(run("OBJECT ENCODING s"), "$9\r\nhashtable\r\n") << "three of eleven: drawn one by one";
  run("SADD s 12 13 14 15 16 17 18 19");
  run("SPOP s 10");
  EXPECT_EQ(run("OBJECT ENCODING s"), "$6\r\nintset\r\n");
  EXPECT_EQ(run("SCARD s"), ":1\r\n");
}

TEST_F(Collections, HashesStayPackedAsFarAsTheSettingsSay) {
  node_.settings.hash_max_listpack_entries = 2;
  node_.settings.hash_max_listpack_value_bytes = 5;
  run("HSET small a 12345 b 2");
  run("HSET many a 1 b 2 c 3");
  run("HSET long a 123456");
  EXPECT_EQ(run("OBJECT ENCODING small"), "$8\r\nlistpack\r\n");
  EXPECT_EQ(run("OBJECT ENCODING many"), "$9\r\nhashtable\r\n");
  EXPECT_EQ(run("OBJECT ENCODING long"), "$9\r\nhashtable\r\n");
}

TEST_F(Collections, SetsAreIntsetsAsFarAsTheSettingSays) {
  node_.settings.set_max_intset_entries = 2;
  run("SADD small 1 2");
  run("SADD many 1 2 3");
  run("SUNIONSTORE union small many");
  run("SDIFFSTORE difference many small");
  EXPECT_EQ(run("OBJECT ENCODING small"), "$6\r\nintset\r\n");
  EXPECT_EQ(run("OBJECT ENCODING many"), "$9\r\nhashtable\r\n");
  EXPECT_EQ(run("OBJECT ENCODING union"), "$9\r\nhashtable\r\n");
  EXPECT_EQ(run("OBJECT ENCODING difference"), "$6\r\nintset\r\n");
}

TEST_F(Collections, DrawsWithoutEndAreRefusedAndNotKept) {
  node_.settings.client_query_buffer_limit = 1 << 20;
  run("HSET h field value");
  run("SADD s member");
  const std::string_view refused = "-ERR the reply would be longer than client-query-buffer-limit\r\n";
  EXPECT_EQ(run("HRANDFIELD h -9223372036854775807"), refused);
  EXPECT_EQ(run("HRANDFIELD h -4000000000000000000 WITHVALUES"), refused);
  EXPECT_EQ(run("SRANDMEMBER s -9223372036854775807"), refused);
  EXPECT_EQ(run("SRANDMEMBER s -2"), "*2\r\n$6\r\nmember\r\n$6\r\nmember\r\n");
}

TEST_F(Collections, AScanByCountSeesAboutSoManyAndInTheEndAll) {
  fill_set("s", 2000);
  std::string cursor = "0";
  int calls = 0;
  std::size_t members = 0;
  do {
    const std::string reply = run("SSCAN s " + cursor + " COUNT 100");
    std::size_t at = reply.find("\r\n", 4) + 2;
    cursor = reply.substr(at, reply.find("\r\n", at) - at);
    at = reply.find('*', at) + 1;
    const std::size_t here = std::stoul(reply.substr(at));
    EXPECT_LE(here, 150u);
    members += here;
    ++calls;
  } while (cursor != "0");
  EXPECT_EQ(members, 2000u);
  EXPECT_GE(calls, 14);
  // What matches nothing costs as many steps, not ten times as many.
  EXPECT_NE(run("SSCAN s 0 COUNT 100 MATCH nothing").find("\r\n*0\r\n"), std::string::npos);
}

}  // namespace
}  // namespace weir::store
