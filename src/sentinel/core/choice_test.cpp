#include "sentinel/core/choice.h"

#include <gtest/gtest.h>

namespace weir::sentinel {
namespace {

using wire::failover::Configuration;
using wire::failover::Life;
using wire::failover::MemberId;
using wire::failover::Oath;
using wire::failover::Position;
using wire::failover::Roster;

constexpr MemberId kA{1};
constexpr MemberId kB{2};
constexpr MemberId kC{3};
constexpr MemberId kD{4};

Base base_of(unsigned acks) {
  return {.configuration = {.epoch = 5, .master = kA, .roster = {.members = {kA, kB, kC}, .acks = acks}}, .open = true};
}

Oath oath(MemberId member, Position position, bool whole = true, unsigned priority = 100) {
  return {.member = member,
          .life = Life{1},
          .epoch = 6,
          .sworn = true,
          .whole = whole,
          .priority = priority,
          .position = position};
}

MemberId chosen(const Base& base, const std::vector<Oath>& oaths) {
  return choose(base, 6, oaths, std::nullopt).configuration.master;
}

TEST(Choice, NeedsAsManyOathsAsMeetEveryAcknowledgement) {
  EXPECT_FALSE(enough(base_of(1), std::vector{oath(kB, {})}));
  EXPECT_TRUE(enough(base_of(1), std::vector{oath(kB, {}), oath(kC, {})}));
  EXPECT_TRUE(enough(base_of(2), std::vector{oath(kB, {})}));
}

TEST(Choice, StrangersDoNotCount) { EXPECT_FALSE(enough(base_of(1), std::vector{oath(kB, {}), oath(kD, {})})); }

TEST(Choice, WhoHasForgottenCountsOnlyWhenAllHaveSworn) {
  EXPECT_FALSE(enough(base_of(1), std::vector{oath(kA, {}, false), oath(kB, {})}));
  EXPECT_TRUE(enough(base_of(1), std::vector{oath(kA, {}, false), oath(kB, {}, false), oath(kC, {})}));
}

TEST(Choice, BeforeAnEpochIsOpenTheEarlierRosterIsAskedToo) {
  Base base = base_of(1);
  base.configuration.roster = {.members = {kA, kB, kD}, .acks = 1};
  base.configuration.earlier.add({.members = {kA, kB, kC}, .acks = 2});
  const std::vector<Oath> oaths{oath(kA, {}), oath(kD, {})};
  EXPECT_TRUE(enough(base, oaths));
  base.open = false;
  EXPECT_TRUE(enough(base, oaths)) << "of the earlier one A is enough";
  EXPECT_FALSE(enough(base, std::vector{oath(kC, {}), oath(kD, {})}));
  EXPECT_TRUE(is_asked(base, kC));
}

TEST(Choice, TheHighestPositionWinsByEpochThenOffset) {
  EXPECT_EQ(chosen(base_of(1), {oath(kA, {4, 900}), oath(kB, {5, 100}), oath(kC, {5, 99})}), kB);
}

TEST(Choice, PriorityDecidesOnlyBetweenEqualPositions) {
  EXPECT_EQ(chosen(base_of(1), {oath(kB, {5, 100}, true, 100), oath(kC, {5, 100}, true, 10)}), kC);
  EXPECT_EQ(chosen(base_of(1), {oath(kB, {5, 101}, true, 100), oath(kC, {5, 100}, true, 10)}), kB);
}

TEST(Choice, TheOldMasterStaysAmongEquals) {
  EXPECT_EQ(chosen(base_of(1), {oath(kA, {5, 100}), oath(kC, {5, 100})}), kA);
}

TEST(Choice, AReplacementKeepsTheOldRosterUntilTheNewOneIsOpen) {
  const Base base = base_of(1);
  const std::vector<Oath> oaths{oath(kA, {5, 100}), oath(kB, {5, 100})};
  const Configuration next = choose(base, 6, oaths, Replacement{kC, kD}).configuration;
  EXPECT_EQ(next.roster, (Roster{.members = {kA, kB, kD}, .acks = 1}));
  ASSERT_EQ(next.earlier.size(), 1U);
  EXPECT_EQ(*next.earlier.begin(), base.configuration.roster);
  // From there on nothing is forgotten before that epoch, or a later one, is known to be open.
  const Configuration unopened = choose({.configuration = next}, 7, oaths, std::nullopt).configuration;
  EXPECT_EQ(unopened.earlier, next.earlier);
  const Configuration opened = choose({.configuration = next, .open = true}, 7, oaths, std::nullopt).configuration;
  EXPECT_EQ(opened.earlier.size(), 0U);
}

TEST(Choice, AMasterOfAnEarlierRosterBringsThatBack) {
  Base base = base_of(1);
  const Roster before = base.configuration.roster;
  base.open = false;
  base.configuration.roster = {.members = {kA, kB, kD}, .acks = 1};
  base.configuration.earlier.add(before);
  const Configuration next =
      choose(base, 6, std::vector{oath(kC, {5, 100}), oath(kB, {4, 7}), oath(kD, {})}, std::nullopt).configuration;
  EXPECT_EQ(next.master, kC);
  EXPECT_EQ(next.roster, before);
  EXPECT_TRUE(next.earlier.contains(base.configuration.roster));
}

TEST(Choice, WithoutRoomForAnotherRosterNothingIsReplaced) {
  Base base = base_of(1);
  base.open = false;
  for (std::uint64_t other = 5; base.configuration.earlier.size() < wire::failover::RosterList::kMaxRosters; ++other) {
    base.configuration.earlier.add({.members = {kA, kB, MemberId{other}}, .acks = 1});
  }
  std::vector<Oath> oaths{oath(kA, {5, 100}), oath(kB, {5, 100})};
  const Configuration next = choose(base, 6, oaths, Replacement{kC, kD}).configuration;
  EXPECT_EQ(next.roster, base.configuration.roster);
  EXPECT_EQ(next.earlier, base.configuration.earlier);
}

TEST(Choice, AFoundingTakesTheNamedMasterAndNeedsAll) {
  Base base = base_of(1);
  base.configuration.epoch = 0;
  base.open = false;
  base.founding = true;
  std::vector<Oath> oaths{oath(kA, {0, 10}), oath(kB, {0, 500})};
  EXPECT_FALSE(enough(base, oaths));
  oaths.push_back(oath(kC, {}));
  EXPECT_EQ(chosen(base, oaths), kA);
}

}  // namespace
}  // namespace weir::sentinel
