// SORT where tests/differential does not look: orders that a set or a table leaves open, effects and events.
#include <gmock/gmock.h>

#include "store/commands/commands_fixture.h"

namespace weir::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Sort : public CommandsFixture {
 protected:
  // The elements of the reply to a line, which has no nulls and no line ends in them.
  std::vector<std::string> sorted(std::string_view line) {
    const std::string reply = run(line);
    EXPECT_EQ(reply.front(), '*') << reply;
    std::vector<std::string> elements;
    for (std::size_t at = reply.find('$'); at != std::string::npos;) {
      const std::size_t begin = reply.find("\r\n", at) + 2;
      const std::size_t size = std::stoul(reply.substr(at + 1));
      elements.push_back(reply.substr(begin, size));
      at = begin + size + 2 < reply.size() ? begin + size + 2 : std::string::npos;
    }
    return elements;
  }
};

TEST_F(Sort, WithoutSortingAListIsInItsOrderAndDescBackwards) {
  run("RPUSH l c a b d");
  EXPECT_THAT(sorted("SORT l BY nosort"), ElementsAre("c", "a", "b", "d"));
  EXPECT_THAT(sorted("SORT l BY nosort DESC LIMIT 1 2"), ElementsAre("b", "a"));
  EXPECT_THAT(sorted("SORT l BY nosort LIMIT 2 9"), ElementsAre("b", "d"));
  EXPECT_THAT(sorted("SORT l BY nosort LIMIT -5 1"), ElementsAre("c"));
  EXPECT_THAT(sorted("SORT l BY nosort LIMIT 3 -1"), ElementsAre("d"));
  EXPECT_THAT(sorted("SORT l BY nosort LIMIT 4 1"), IsEmpty());
  EXPECT_THAT(sorted("SORT l BY nosort LIMIT 0 0"), IsEmpty());
}

TEST_F(Sort, WithoutSortingASortedSetIsInItsOrder) {
  run("ZADD z 3 a 1 b 2 c");
  EXPECT_THAT(sorted("SORT z BY nosort"), ElementsAre("b", "c", "a"));
  EXPECT_THAT(sorted("SORT_RO z BY nosort DESC LIMIT 0 2"), ElementsAre("a", "c"));
  // As Redis does.
  EXPECT_EQ(run("OBJECT ENCODING z"), "$8\r\nskiplist\r\n");
}

TEST_F(Sort, ASetIsSortedWhenItIsStored) {
  run("SADD s d b a c");
  EXPECT_EQ(run("SORT s BY nosort STORE l"), ":4\r\n");
  EXPECT_THAT(sorted("LRANGE l 0 -1"), ElementsAre("a", "b", "c", "d"));
}

TEST_F(Sort, EqualWeightsAreInTheOrderOfTheTextsAndEqualTextsInTheirOwn) {
  run("RPUSH l b a c");
  EXPECT_THAT(sorted("SORT l BY absent_*"), ElementsAre("a", "b", "c"));
  EXPECT_THAT(sorted("SORT l BY absent_* DESC"), ElementsAre("c", "b", "a"));
  EXPECT_THAT(sorted("SORT l BY absent_* ALPHA"), ElementsAre("b", "a", "c"));
  run("SET w_c x");
  run("SET w_b w");
  EXPECT_THAT(sorted("SORT l BY w_* ALPHA"), ElementsAre("a", "b", "c"));
}

TEST_F(Sort, WhatIsRepliedIsComparedUpToANulAndWhatIsStoredWhole) {
  run(R"(RPUSH l "x\x00b" "x\x00a")");
  EXPECT_THAT(sorted("SORT l ALPHA"), ElementsAre(std::string("x\0b", 3), std::string("x\0a", 3)));
  run("SORT l ALPHA STORE d");
  EXPECT_THAT(sorted("LRANGE d 0 -1"), ElementsAre(std::string("x\0a", 3), std::string("x\0b", 3)));
}

TEST_F(Sort, PatternsNameKeysAndFieldsOfHashes) {
  run("RPUSH l 1 2");
  run("MSET w_1 20 w_2 10 v1x one v2x two");
  run("HSET h1 f first");
  run("HSET h2 f second");
  EXPECT_THAT(sorted("SORT l BY w_* GET # GET v*x GET h*->f GET w_*"),
              ElementsAre("2", "two", "second", "10", "1", "one", "first", "20"));
  // An arrow with nothing behind it belongs to the key, and without a star there is no key.
  run("SET v1-> arrow");
  EXPECT_EQ(run("SORT l GET v*-> GET v1x LIMIT 0 1"), "*2\r\n$5\r\narrow\r\n$-1\r\n");
  run("SORT l GET h*->f GET absent_* STORE d");
  EXPECT_THAT(sorted("LRANGE d 0 -1"), ElementsAre("first", "", "second", ""));
}

TEST_F(Sort, ALargeListIsSortedTheSameWholeAndInPieces) {
  std::string push = "RPUSH l";
  for (int i = 0; i < 700; ++i) push += " " + std::to_string(i * 7919 % 700 - 300);
  run(push);
  const std::vector<std::string> whole = sorted("SORT l");
  ASSERT_EQ(whole.size(), 700u);
  for (std::size_t i = 0; i < 700; ++i) EXPECT_EQ(whole[i], std::to_string(static_cast<int>(i) - 300));
  for (std::size_t from = 0; from < 700; from += 90) {
    const std::vector<std::string> piece = sorted("SORT l LIMIT " + std::to_string(from) + " 90");
    const std::size_t to = std::min<std::size_t>(from + 90, 700);
    EXPECT_EQ(piece, std::vector<std::string>(whole.begin() + static_cast<std::ptrdiff_t>(from),
                                              whole.begin() + static_cast<std::ptrdiff_t>(to)));
  }
}

TEST_F(Sort, OnlyStoringIsAChange) {
  run("RPUSH l 2 1 3");
  run("SET old x");
  EXPECT_THAT(effects_of("SORT l"), IsEmpty());
  EXPECT_THAT(effects_of("SORT l STORE d"), ElementsAre("SORT l STORE d"));
  EXPECT_THAT(events_of("SORT l STORE d"), ElementsAre("sortstore d"));
  EXPECT_EQ(changes_of("SORT l GET # GET # STORE d"), 6u);
  EXPECT_THAT(events_of("SORT absent STORE old"), ElementsAre("del old"));
  EXPECT_EQ(changes_of("SORT l LIMIT 5 1 STORE d"), 1u);
  EXPECT_EQ(changes_of("SORT l LIMIT 5 1 STORE d"), 0u);
}

TEST_F(Sort, WhatIsNoNumberIsRefusedAndLeavesTheTarget) {
  run("RPUSH l 1 x");
  run("RPUSH d kept");
  EXPECT_EQ(run("SORT l STORE d"), "-ERR One or more scores can't be converted into double\r\n");
  EXPECT_THAT(sorted("LRANGE d 0 -1"), ElementsAre("kept"));
  EXPECT_EQ(run("SORT_RO l STORE d"), "-ERR syntax error\r\n");
}

}  // namespace
}  // namespace weir::store
