#include "store/replica/member.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::store::replica {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::IsEmpty;
using testing::SizeIs;
using wire::failover::Confirm;
using wire::failover::Oath;

constexpr MemberId kSelf{1};
constexpr MemberId kFirst{2};
constexpr MemberId kSecond{3};
constexpr MemberId kSpare{4};
constexpr SentinelId kSentinel{9};
constexpr Life kLife{77};
constexpr base::MonoTime kNow(seconds(1000));

Configuration configuration(Epoch epoch, unsigned acks = 1) {
  return {.epoch = epoch, .master = kSelf, .roster = {.members = {kSelf, kFirst, kSecond}, .acks = acks}};
}

struct Node {
  explicit Node(MemberRecord stored = {.id = kSelf, .boot = 5}, History history = {}, std::uint64_t boot = 5,
                bool acknowledges_synced = false)
      : member({.max_lag = seconds(1)}, {.life = kLife, .boot = boot, .acknowledges_synced = acknowledges_synced},
               stored, std::move(history)) {}

  // Of the actions since the last call those of one kind.
  template <class Action>
  std::vector<Action> take() {
    std::vector<Action> found;
    for (const MemberAction& action : member.take_actions()) {
      if (const auto* const one = std::get_if<Action>(&action)) found.push_back(*one);
    }
    return found;
  }
  void sync() {
    for (const Store& store : take<Store>()) member.stored(store.version);
  }
  Oath swear(Epoch epoch) {
    member.asked_oath(kSentinel, epoch);
    sync();
    const std::vector<SendOath> oaths = take<SendOath>();
    EXPECT_THAT(oaths, SizeIs(1));
    return oaths.at(0).oath;
  }
  // Its mark takes one byte.
  void lead(const Configuration& with) {
    const Oath oath = swear(with.epoch);
    member.confirmed({with, oath.position, oath.life});
    ASSERT_THAT(take<BeginEpoch>(), SizeIs(1));
    member.begun(with.epoch, member.history().offset() + 1);
    for (const MemberId replica : {kFirst, kSecond, kSpare}) {
      member.attach_asked({replica, Life{1}, with.epoch}, {}, kNow);
    }
    take<SendResume>();
  }
  void write(ReplyGate::Token token) {
    ASSERT_EQ(member.admit_write(kNow), Admission::kAdmitted);
    member.effects_appended(member.history().offset() + 1);
    member.hold({.token = token, .deadline = kNow + seconds(1)});
    member.turn_ended();
  }
  void acknowledge(MemberId replica, Offset offset, std::uint64_t round = 0) {
    member.acknowledged(replica, member.epoch(), {offset, round}, kNow);
  }
  std::vector<std::pair<ReplyGate::Token, bool>> released() {
    std::vector<std::pair<ReplyGate::Token, bool>> found;
    for (const auto& [token, outcome] : member.take_released()) found.emplace_back(token, outcome == Outcome::kSend);
    return found;
  }

  Member member;
};
using Released = std::vector<std::pair<ReplyGate::Token, bool>>;

// Oaths.

TEST(Member, AnswersAnOathOnlyWhenItIsSynced) {
  Node node;
  node.member.asked_oath(kSentinel, 4);
  const std::vector<MemberAction> actions = node.member.take_actions();
  ASSERT_THAT(actions, SizeIs(1));
  const auto& store = std::get<Store>(actions.at(0));
  EXPECT_EQ(store.record.sworn, 4U);
  node.member.stored(store.version);
  EXPECT_TRUE(node.take<SendOath>().at(0).oath.sworn);
}

TEST(Member, RefusesAnOathBelowTheSwornEpochAndNamesThat) {
  Node node;
  node.swear(4);
  node.member.asked_oath(kSentinel, 3);
  const Oath oath = node.take<SendOath>().at(0).oath;
  EXPECT_FALSE(oath.sworn);
  EXPECT_EQ(oath.epoch, 4U);
}

TEST(Member, AnOathThatWasOvertakenByAHigherOneIsNotAnswered) {
  Node node;
  node.member.asked_oath(kSentinel, 4);
  node.member.asked_oath(kSentinel, 5);
  node.sync();
  const std::vector<SendOath> oaths = node.take<SendOath>();
  ASSERT_THAT(oaths, SizeIs(1));
  EXPECT_EQ(oaths[0].oath.epoch, 5U);
}

TEST(Member, StopsAcknowledgingWhenItIsAskedNotWhenTheOathIsSynced) {
  Node node;
  node.member.told_to_follow({2, kFirst}, kNow);
  node.sync();
  ASSERT_THAT(node.take<SendAttach>(), SizeIs(1));
  ASSERT_TRUE(node.member.resumed({kSelf, kLife, 2}, 0, 0));
  EXPECT_TRUE(node.member.takes_stream(2, 0));
  node.member.asked_oath(kSentinel, 3);
  EXPECT_FALSE(node.member.takes_stream(2, 0));
}

TEST(Member, AMasterThatIsAskedReleasesNothingUntilItIsConfirmedAgain) {
  Node node;
  node.lead(configuration(1));
  node.write(11);
  node.member.asked_oath(kSentinel, 2);
  node.member.acknowledged(kFirst, 1, {2, 0}, kNow);
  EXPECT_THAT(node.released(), IsEmpty());
  EXPECT_EQ(node.member.admit_write(kNow), Admission::kNotMaster);

  node.sync();
  const Oath oath = node.take<SendOath>().at(0).oath;
  node.member.confirmed({configuration(2), oath.position, oath.life});
  node.member.begun(2, 3);
  node.member.attach_asked({kFirst, Life{1}, 2}, {1, 2}, kNow);
  node.acknowledge(kFirst, 3);
  EXPECT_EQ(node.released(), (Released{{11, true}}));
}

// Who becomes master.

TEST(Member, IsConfirmedOnlyForTheEpochLifeAndPositionThatItSwore) {
  Node node;
  const Oath oath = node.swear(4);
  Configuration other_master = configuration(4);
  other_master.master = kFirst;
  for (const Confirm& wrong :
       {Confirm{configuration(3), oath.position, oath.life}, Confirm{configuration(5), oath.position, oath.life},
        Confirm{configuration(4), {1, 9}, oath.life}, Confirm{configuration(4), oath.position, Life{76}},
        Confirm{other_master, oath.position, oath.life}}) {
    node.member.confirmed(wrong);
    EXPECT_THAT(node.take<BeginEpoch>(), IsEmpty());
  }
  node.member.confirmed({configuration(4), oath.position, oath.life});
  EXPECT_THAT(node.take<BeginEpoch>(), SizeIs(1));
}

TEST(Member, ARestartedMasterIsApart) {
  Node before;
  before.lead(configuration(1));
  Node node({.id = kSelf, .sworn = 1, .boot = 5}, before.member.history());
  EXPECT_EQ(node.member.role(), wire::failover::Role::kApart);
  EXPECT_EQ(node.member.admit_write(kNow), Admission::kNotMaster);
  EXPECT_EQ(node.member.admit_read(), Admission::kNotMaster);
}

TEST(Member, FollowsNobodyBelowItsOath) {
  Node node;
  node.swear(4);
  node.member.told_to_follow({3, kFirst}, kNow);
  EXPECT_EQ(node.member.role(), wire::failover::Role::kApart);
  node.member.told_to_follow({4, kFirst}, kNow);
  EXPECT_THAT(node.take<SendAttach>(), SizeIs(1));
}

TEST(Member, RepliesOfADeposedMasterAreUnknown) {
  Node node;
  node.lead(configuration(1));
  node.write(11);
  node.member.told_to_follow({2, kFirst}, kNow);
  EXPECT_EQ(node.released(), (Released{{11, false}}));
}

// What was forgotten.

TEST(Member, IsWholeAfterItsProcessWasKilledButNotAfterTheMachineStopped) {
  const MemberRecord stored{.id = kSelf, .boot = 5};
  EXPECT_TRUE(Node(stored, {}, 5).member.whole());
  EXPECT_FALSE(Node(stored, {}, 6).member.whole());
  EXPECT_TRUE(Node(stored, {}, 6, true).member.whole());
}

TEST(Member, StaysUnwholeThroughALaterRestartInTheSameBoot) {
  Node node({.id = kSelf, .boot = 5}, {}, 6);
  const MemberRecord stored = node.take<Store>().at(0).record;
  EXPECT_FALSE(Node(stored, {}, 6).member.whole());
}

TEST(Member, IsWholeAgainWhenItHasWhatItsMasterHadWhenItAttached) {
  Node node({.id = kSelf, .boot = 5}, {}, 6);
  node.sync();
  node.member.told_to_follow({2, kFirst}, kNow);
  node.sync();
  ASSERT_TRUE(node.member.resumed({kSelf, kLife, 2}, 0, 3));
  node.member.mark_applied(2, 1);
  node.member.stream_applied(0, kNow);
  EXPECT_FALSE(node.member.whole());
  node.member.effects_applied(3);
  node.member.stream_applied(0, kNow);
  EXPECT_TRUE(node.member.whole());
}

TEST(Member, IsWholeAgainWhenItIsConfirmedAsMaster) {
  Node node({.id = kSelf, .boot = 5}, {}, 6);
  node.lead(configuration(1));
  EXPECT_TRUE(node.member.whole());
}

TEST(Member, DropsAnAnswerToItsEarlierLife) {
  Node node({.id = kSelf, .boot = 5}, {}, 6);
  node.member.told_to_follow({2, kFirst}, kNow);
  EXPECT_FALSE(node.member.resumed({kSelf, Life{76}, 2}, 0, 0));
  EXPECT_FALSE(node.member.snapshot_loaded({kSelf, Life{76}, 2}, {}));
  EXPECT_FALSE(node.member.takes_stream(2, 0));
}

TEST(Member, SendsASnapshotToWhoseTailIsNotItsOwn) {
  Node node;
  node.lead(configuration(2));
  node.member.attach_asked({kFirst, Life{1}, 2}, {1, 30}, kNow);
  EXPECT_THAT(node.take<SendSnapshot>(), SizeIs(1));
  node.member.attach_asked({kFirst, Life{1}, 1}, {}, kNow);
  EXPECT_THAT(node.member.take_actions(), IsEmpty()) << "of an older epoch";
}

// The gate.

TEST(Member, AReplyWaitsForNMembersOfTheRoster) {
  Node node;
  node.lead(configuration(1, 2));
  node.write(11);
  node.acknowledge(kSpare, 2);
  node.acknowledge(kFirst, 2);
  node.acknowledge(kFirst, 2);
  node.acknowledge(kSelf, 2);
  EXPECT_THAT(node.released(), IsEmpty());
  node.acknowledge(kSecond, 2);
  EXPECT_EQ(node.released(), (Released{{11, true}}));
}

TEST(Member, AnAcknowledgementOfAnotherEpochOrOfMoreThanThereIsDoesNotCount) {
  Node node;
  node.lead(configuration(2));
  node.write(11);
  node.member.acknowledged(kFirst, 1, {2, 0}, kNow);
  node.acknowledge(kFirst, 99);
  EXPECT_THAT(node.released(), IsEmpty());
}

TEST(Member, NothingIsAcknowledgedBeforeTheMarkOfTheEpochIs) {
  Node node;
  node.lead(configuration(1));
  node.write(11);  // Offset 2.
  const Oath oath = node.swear(2);
  node.member.confirmed({configuration(2), oath.position, oath.life});
  node.member.begun(2, 3);
  node.member.attach_asked({kFirst, Life{1}, 2}, {}, kNow);
  // Under the new epoch, but its position still carries the old one.
  node.acknowledge(kFirst, 2);
  EXPECT_THAT(node.released(), IsEmpty());
  EXPECT_FALSE(node.member.report(kNow).open);
  node.acknowledge(kFirst, 3);
  EXPECT_EQ(node.released(), (Released{{11, true}}));
  EXPECT_TRUE(node.member.report(kNow).open);
}

TEST(Member, AReadLeavesAtOnceWhenAllThatItSawIsAcknowledged) {
  Node node;
  node.lead(configuration(1));
  node.write(11);
  node.acknowledge(kFirst, 2);
  node.released();
  node.member.hold({.token = 12, .deadline = kNow + seconds(1)});
  EXPECT_EQ(node.released(), (Released{{12, true}}));
}

TEST(Member, AStrictReadWaitsForARoundThatBeganAfterIt) {
  Node node;
  node.lead(configuration(1));
  node.acknowledge(kFirst, 1, 0);
  node.member.hold({.token = 11, .reads = true, .deadline = kNow + seconds(1)});
  node.member.turn_ended();
  const std::vector<AskRound> asked = node.take<AskRound>();
  ASSERT_THAT(asked, SizeIs(1));
  node.member.hold({.token = 12, .reads = true, .deadline = kNow + seconds(1)});
  node.acknowledge(kFirst, 1, asked[0].round);
  EXPECT_EQ(node.released(), (Released{{11, true}})) << "the second arrived after the round had begun";
}

TEST(Member, AConnectionMayAskForMoreAcknowledgementsButNotForFewer) {
  Node node;
  node.lead(configuration(1));
  node.acknowledge(kFirst, 1);
  node.member.hold({.token = 11, .acks = 2, .deadline = kNow + seconds(1)});
  EXPECT_THAT(node.released(), IsEmpty());
  node.acknowledge(kSecond, 1);
  EXPECT_EQ(node.released(), (Released{{11, true}}));
}

TEST(Member, AtItsDeadlineAReplyIsUnknown) {
  Node node;
  node.lead(configuration(1));
  node.write(11);
  node.member.tick(kNow + milliseconds(999));
  EXPECT_THAT(node.released(), IsEmpty());
  node.member.tick(kNow + seconds(1));
  EXPECT_EQ(node.released(), (Released{{11, false}}));
}

TEST(Member, RunsNoWriteWhileTooFewMembersAreAttached) {
  Node node;
  node.lead(configuration(1, 2));
  EXPECT_EQ(node.member.admit_write(kNow), Admission::kAdmitted);
  node.member.acknowledged(kFirst, 1, {1, 0}, kNow + seconds(2));
  node.member.acknowledged(kSpare, 1, {1, 0}, kNow + seconds(2));
  EXPECT_EQ(node.member.admit_write(kNow + seconds(2)), Admission::kNoReplicas);
}

TEST(Member, HoldsAtMostItsLimitOfReplies) {
  Member member({.max_waiting_replies = 1}, {.life = kLife, .boot = 5, .acknowledges_synced = false},
                {.id = kSelf, .boot = 5}, {});
  member.asked_oath(kSentinel, 1);
  member.stored(1);
  member.confirmed({configuration(1), {}, kLife});
  member.begun(1, 1);
  member.attach_asked({kFirst, Life{1}, 1}, {}, kNow);
  member.hold({.token = 11, .deadline = kNow});
  EXPECT_EQ(member.admit_read(), Admission::kFull);
  EXPECT_EQ(member.admit_write(kNow), Admission::kFull);
}

}  // namespace
}  // namespace weir::store::replica
