#include "sentinel/core/sentinel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::sentinel {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::IsEmpty;
using testing::SizeIs;
using wire::failover::Accept;
using wire::failover::AskOath;
using wire::failover::AskVote;
using wire::failover::Confirm;
using wire::failover::Follow;
using wire::failover::Propose;
using wire::failover::Vote;

constexpr SentinelId kSelf{11};
constexpr SentinelId kSecond{12};
constexpr SentinelId kThird{13};
constexpr MemberId kA{1};
constexpr MemberId kB{2};
constexpr MemberId kC{3};
constexpr base::MonoTime kStart(seconds(1000));

Configuration configuration(Epoch epoch) {
  return {.epoch = epoch, .master = kA, .roster = {.members = {kA, kB, kC}, .acks = 1}};
}

Hello master_down(SentinelId sentinel, Epoch promised) {
  return {.sentinel = sentinel, .promised = promised, .accepted = configuration(5), .open = true, .master_down = true};
}

struct Node {
  explicit Node(const SentinelRecord& stored = {.promised = 5, .accepted = configuration(5), .open = true})
      : sentinel({.self = kSelf, .others = {kSecond, kThird}, .quorum = 2}, stored, base::Random(1), kStart) {}

  void advance(base::Duration by) {
    for (const base::MonoTime until = now + by; now < until;) {
      now += milliseconds(100);
      sentinel.tick(now);
    }
  }
  // Syncs what is to be, and what follows from that.
  void sync() {
    for (bool again = true; again;) {
      again = false;
      for (const SentinelAction& action : sentinel.take_actions()) {
        if (const auto* const store = std::get_if<Store>(&action)) {
          sentinel.stored(store->version, now);
          again = true;
        } else {
          sent.push_back(action);
        }
      }
    }
  }
  // Of the messages since the last call those of one kind, with their receivers.
  template <class Message>
  std::vector<Message> take() {
    sync();
    std::vector<Message> found;
    for (const SentinelAction& action : std::exchange(sent, {})) {
      if (const auto* const to = std::get_if<ToSentinel>(&action)) collect(to->message, found);
      if (const auto* const to = std::get_if<ToMember>(&action)) collect(to->message, found);
    }
    return found;
  }
  template <class Variant, class Message>
  static void collect(const Variant& from, std::vector<Message>& into) {
    std::visit(
        [&](const auto& message) {
          if constexpr (std::is_same_v<std::decay_t<decltype(message)>, Message>) into.push_back(message);
        },
        from);
  }
  void report(MemberId member, Role role, Epoch epoch, Epoch sworn) {
    sentinel.received(Report{.member = member,
                             .life = Life{1},
                             .role = role,
                             .whole = true,
                             .open = role == Role::kMaster,
                             .priority = 100,
                             .sworn = sworn,
                             .epoch = epoch,
                             .position = {epoch, 10},
                             .attached = {}},
                      now);
  }
  // Everybody sees the master down, and this one stands for election; its epoch.
  Epoch stand() {
    advance(milliseconds(900));
    sentinel.received(master_down(kSecond, 5), now);
    advance(milliseconds(400));
    const std::vector<AskVote> asked = take<AskVote>();
    return asked.empty() ? 0 : asked.at(0).epoch;
  }
  void vote(Epoch epoch, const Configuration& accepted, bool open = true) {
    sentinel.received(Vote{.voter = kSecond, .epoch = epoch, .granted = true, .accepted = accepted, .open = open}, now);
  }
  void oath(MemberId member, Epoch epoch, Position position, bool whole = true) {
    sentinel.received(Oath{.member = member,
                           .life = Life{1},
                           .epoch = epoch,
                           .sworn = true,
                           .whole = whole,
                           .priority = 100,
                           .position = position},
                      now);
  }

  Sentinel sentinel;
  base::MonoTime now = kStart;
  std::vector<SentinelAction> sent;
};

TEST(Sentinel, AVoteLeavesOnlyWhenItIsSynced) {
  Node node;
  node.sentinel.received(AskVote{6, kSecond}, node.now);
  const std::vector<SentinelAction> actions = node.sentinel.take_actions();
  ASSERT_THAT(actions, SizeIs(1));
  node.sentinel.stored(std::get<Store>(actions[0]).version, node.now);
  const std::vector<Vote> votes = node.take<Vote>();
  ASSERT_THAT(votes, SizeIs(1));
  EXPECT_TRUE(votes[0].granted);
  EXPECT_EQ(votes[0].accepted, configuration(5));
}

TEST(Sentinel, HasOneVoteAnEpoch) {
  Node node;
  node.sentinel.received(AskVote{6, kSecond}, node.now);
  EXPECT_TRUE(node.take<Vote>().at(0).granted);
  node.sentinel.received(AskVote{6, kThird}, node.now);
  EXPECT_FALSE(node.take<Vote>().at(0).granted);
  node.sentinel.received(AskVote{6, kSecond}, node.now);
  EXPECT_TRUE(node.take<Vote>().at(0).granted) << "the answer may have been lost";
  node.sentinel.received(AskVote{5, kThird}, node.now);
  EXPECT_FALSE(node.take<Vote>().at(0).granted);
}

TEST(Sentinel, AcceptsNothingBelowItsPromise) {
  Node node;
  node.sentinel.received(AskVote{8, kThird}, node.now);
  node.sync();
  node.sentinel.received(Propose{kSecond, configuration(7)}, node.now);
  EXPECT_THAT(node.take<Accept>(), IsEmpty());
  EXPECT_EQ(node.sentinel.record().accepted.epoch, 5U);
  node.sentinel.received(Propose{kThird, configuration(8)}, node.now);
  EXPECT_THAT(node.take<Accept>(), SizeIs(1));
}

TEST(Sentinel, WhatItLearnedBelowItsPromiseItDoesNotAccept) {
  Node node;
  node.sentinel.received(AskVote{8, kThird}, node.now);
  node.sync();
  node.sentinel.received(Hello{.sentinel = kSecond, .promised = 7, .accepted = configuration(7), .open = false},
                         node.now);
  EXPECT_EQ(node.sentinel.record().accepted.epoch, 7U);
  node.sentinel.received(Propose{kSecond, configuration(7)}, node.now);
  EXPECT_THAT(node.take<Accept>(), IsEmpty());
}

TEST(Sentinel, StandsOnlyWhenAQuorumSeesTheMasterDown) {
  Node node;
  node.advance(seconds(5));
  EXPECT_THAT(node.take<AskVote>(), IsEmpty());
  EXPECT_EQ(Node().stand(), 6U);
}

TEST(Sentinel, StandsWhenTheMasterIsNoMasterOfTheEpochOrAMemberIsAhead) {
  Node restarted;
  Node ahead;
  for (int i = 0; i < 20; ++i) {
    restarted.report(kA, Role::kApart, 0, 5);
    restarted.advance(milliseconds(100));
    ahead.report(kA, Role::kMaster, 5, 5);
    ahead.report(kB, Role::kApart, 0, 7);
    ahead.advance(milliseconds(100));
  }
  EXPECT_THAT(restarted.take<AskVote>(), testing::Not(IsEmpty()));
  EXPECT_EQ(ahead.take<AskVote>().at(0).epoch, 8U) << "above all that was sworn";
}

TEST(Sentinel, LeavesThePlaceToWhomItVotedFor) {
  Node node;
  node.advance(milliseconds(900));
  node.sentinel.received(AskVote{6, kSecond}, node.now);
  node.sentinel.received(master_down(kSecond, 6), node.now);
  node.sync();
  node.sent.clear();
  node.advance(milliseconds(800));
  EXPECT_THAT(node.take<AskVote>(), IsEmpty());
}

TEST(Sentinel, AsksForVotesOnlyWhenItsOwnIsSynced) {
  Node node;
  node.advance(milliseconds(900));
  node.sentinel.received(master_down(kSecond, 5), node.now);
  node.advance(milliseconds(400));
  const std::vector<SentinelAction> actions = node.sentinel.take_actions();
  ASSERT_THAT(actions, SizeIs(1));
  node.sentinel.stored(std::get<Store>(actions[0]).version, node.now);
  EXPECT_THAT(node.take<AskVote>(), SizeIs(2));
}

TEST(Sentinel, ConfirmsTheMostAdvancedAfterAMajorityAccepted) {
  Node node;
  const Epoch epoch = node.stand();
  node.vote(epoch, configuration(5));
  EXPECT_THAT(node.take<AskOath>(), SizeIs(3));
  node.oath(kB, epoch, {5, 20});
  EXPECT_THAT(node.take<Propose>(), IsEmpty()) << "one of three is not enough with N = 1";
  node.oath(kC, epoch, {5, 21});
  node.advance(milliseconds(200));
  const std::vector<Propose> proposed = node.take<Propose>();
  ASSERT_THAT(proposed, testing::Not(IsEmpty()));
  EXPECT_EQ(proposed[0].configuration.master, kC);
  EXPECT_THAT(node.take<Confirm>(), IsEmpty());
  node.sentinel.received(Accept{kSecond, epoch});
  const std::vector<Confirm> confirms = node.take<Confirm>();
  ASSERT_THAT(confirms, SizeIs(1));
  EXPECT_EQ(confirms[0].position, (Position{5, 21}));

  node.report(kC, Role::kMaster, epoch, epoch);
  EXPECT_EQ(node.sentinel.leads(), std::nullopt);
  node.report(kB, Role::kApart, 0, epoch);
  EXPECT_EQ(node.take<Follow>().at(0).master, kC);
}

TEST(Sentinel, AnAcceptanceLeavesOnlyWhenItIsSynced) {
  Node node;
  node.sentinel.received(Propose{kSecond, configuration(6)}, node.now);
  const std::vector<SentinelAction> actions = node.sentinel.take_actions();
  ASSERT_THAT(actions, SizeIs(1));
  const auto& store = std::get<Store>(actions[0]);
  EXPECT_EQ(store.record.accepted, configuration(6));
  node.sentinel.stored(store.version, node.now);
  EXPECT_THAT(node.take<Accept>(), SizeIs(1));
}

TEST(Sentinel, ItsOwnAcceptanceCountsOnlyWhenItIsSynced) {
  Node node;
  const Epoch epoch = node.stand();
  node.vote(epoch, configuration(5));
  node.sync();
  for (const MemberId member : {kA, kB, kC}) node.oath(member, epoch, {5, 20});
  // The other one has accepted before our disk is done.
  node.sentinel.received(Accept{kSecond, epoch});
  bool confirms = false;
  std::vector<std::uint64_t> versions;
  for (const SentinelAction& action : node.sentinel.take_actions()) {
    if (const auto* const store = std::get_if<Store>(&action)) versions.push_back(store->version);
    if (const auto* const to = std::get_if<ToMember>(&action)) confirms |= std::holds_alternative<Confirm>(to->message);
  }
  EXPECT_FALSE(confirms);
  for (const std::uint64_t version : versions) node.sentinel.stored(version, node.now);
  EXPECT_THAT(node.take<Confirm>(), SizeIs(1));
}

TEST(Sentinel, StartsFromTheHighestConfigurationAmongItsVoters) {
  Node node;
  const Epoch epoch = node.stand();
  // The voter knows more than we do, of an epoch that nobody knows to be open: both rosters are asked.
  Configuration later = configuration(6);
  later.earlier.add(later.roster);
  later.roster.members.replace(kC, MemberId{4});
  node.vote(epoch, later, false);
  EXPECT_THAT(node.take<AskOath>(), SizeIs(4));
}

TEST(Sentinel, EndsWhenAMemberHasSwornAHigherEpoch) {
  Node node;
  const Epoch epoch = node.stand();
  node.vote(epoch, configuration(5));
  node.sync();
  node.sentinel.received(Oath{.member = kB,
                              .life = Life{1},
                              .epoch = epoch + 3,
                              .sworn = false,
                              .whole = true,
                              .priority = 100,
                              .position = {}},
                         node.now);
  EXPECT_EQ(node.sentinel.leads(), std::nullopt);
}

TEST(Sentinel, FoundsNothingOverHistoryThatExists) {
  Node node{SentinelRecord{}};
  node.sentinel.found({.epoch = 0, .master = kA, .roster = {.members = {kA, kB, kC}, .acks = 1}});
  node.advance(milliseconds(400));
  const Epoch epoch = node.take<AskVote>().at(0).epoch;
  node.vote(epoch, {}, false);
  node.oath(kA, epoch, {});
  node.oath(kB, epoch, {});
  node.oath(kC, epoch, {3, 70});
  EXPECT_EQ(node.sentinel.leads(), std::nullopt);
  EXPECT_EQ(node.sentinel.record().accepted.epoch, 0U);
}

}  // namespace
}  // namespace weir::sentinel
