// The promises of docs/design/003-availability.md: ordered scenarios, and the mutants, each of which the seeds must
// catch.
#include "sim/cluster.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace weir::sim {
namespace {

constexpr std::int64_t kSecondUs = 1'000'000;

// Three data nodes, three sentinels, R = 2, N = 1, and no faults but those that the test orders.
Plan ordered(Lie lie) {
  return {.seed = 1, .lie = lie, .data_nodes = {3, 3}, .replicas = 2, .acks = 1, .sentinels = 3, .draw_faults = false};
}

// A cluster that serves. Master, replica and other are its data nodes.
struct Serving {
  explicit Serving(Lie lie) : cluster(ordered(lie)) {
    EXPECT_TRUE(cluster.run_for(2 * kSecondUs)) << cluster.violation();
    master = cluster.master().value();
    replica = static_cast<Address>((master + 1) % 3);
    other = static_cast<Address>((master + 2) % 3);
    EXPECT_GT(writes_done(), 0);
  }

  std::ptrdiff_t writes_done() const {
    return std::ranges::count_if(cluster.operations(), [](const Operation& operation) {
      return operation.kind == Operation::Kind::kWrite && operation.outcome == Operation::Outcome::kDone;
    });
  }
  // Faults are over: the cluster must serve again, and have kept everything.
  std::string end() {
    cluster.heal();
    cluster.run_for(3 * kSecondUs);
    const std::ptrdiff_t before = writes_done();
    cluster.run_for(2 * kSecondUs);
    EXPECT_TRUE(!cluster.violation().empty() || writes_done() > before) << "it does not serve any more";
    return cluster.violation();
  }

  Cluster cluster;
  Address master;
  Address replica;
  Address other;
};

// Master and a replica on one side go on acknowledging, while most sentinels have the other replica on theirs.
std::string counterexample(Lie lie) {
  Serving serving(lie);
  Cluster& cluster = serving.cluster;
  cluster.isolate({serving.master, serving.replica, cluster.sentinel(0), cluster.client(0), cluster.client(1)});
  const std::ptrdiff_t before = serving.writes_done();
  cluster.run_for(4 * kSecondUs);
  if (lie == Lie::kNone) {
    EXPECT_GT(serving.writes_done(), before + 10) << "two of three members are enough to go on";
    EXPECT_EQ(cluster.master(), serving.master) << "one of three is not enough for a promotion";
  }
  return serving.end();
}

TEST(Scenario, NaiveAcknowledgementLosesWhatOneSideAcknowledged) {
  EXPECT_NE(counterexample(Lie::kRosterOfAttached), "");
}

TEST(Scenario, OathsOfTheRosterLoseNothing) { EXPECT_EQ(counterexample(Lie::kNone), ""); }

// A replica swears for the promotion of the other one, is restarted, and finds itself on the side of the old master.
std::string forgotten_oath(Lie lie) {
  Serving serving(lie);
  Cluster& cluster = serving.cluster;
  const failover::Epoch epoch = cluster.node(serving.master).member().epoch();
  cluster.isolate({serving.master, cluster.sentinel(0), cluster.client(0), cluster.client(1)});
  for (int i = 0; i < 300 && cluster.node(serving.replica).member().sworn() == epoch; ++i) cluster.run_for(1'000);
  EXPECT_GT(cluster.node(serving.replica).member().sworn(), epoch);
  // The oath is answered by then, the answer on its way.
  cluster.run_for(12'000);
  cluster.stop(serving.replica, DataNode::Death::kKilled);
  cluster.heal();
  cluster.isolate({serving.master, serving.replica, cluster.sentinel(0), cluster.client(0), cluster.client(1)});
  cluster.restart(serving.replica);
  for (std::size_t client : {0, 1}) cluster.aim(client, serving.master);
  cluster.run_for(4 * kSecondUs);
  return serving.end();
}

TEST(Scenario, AnOathThatIsNotSyncedIsAcknowledgedOver) { EXPECT_NE(forgotten_oath(Lie::kOathNotSynced), ""); }

TEST(Scenario, AnOathOutlivesItsProcess) { EXPECT_EQ(forgotten_oath(Lie::kNone), ""); }

TEST(Scenario, AMasterThatLostItsTailAndIsRestartedAtOnceLosesNothing) {
  for (int i = 0; i < 5; ++i) {
    Serving serving(Lie::kNone);
    serving.cluster.run_for(i * 200'000);
    serving.cluster.stop(serving.master, DataNode::Death::kPower);
    serving.cluster.restart(serving.master);
    EXPECT_EQ(serving.end(), "");
  }
}

TEST(Scenario, AMasterThatWasStoppedAcknowledgesNothingMore) {
  Serving serving(Lie::kNone);
  serving.cluster.pause(serving.master, 3 * kSecondUs);
  serving.cluster.run_for(2 * kSecondUs);
  EXPECT_NE(serving.cluster.master(), serving.master);
  EXPECT_EQ(serving.end(), "");
}

TEST(Scenario, OneOfThreeMembersStopsRatherThanLoses) {
  Serving serving(Lie::kNone);
  serving.cluster.stop(serving.master, DataNode::Death::kKilled);
  serving.cluster.stop(serving.replica, DataNode::Death::kKilled);
  // What was asked before may still be answered.
  serving.cluster.run_for(100'000);
  const std::ptrdiff_t before = serving.writes_done();
  serving.cluster.run_for(5 * kSecondUs);
  EXPECT_EQ(serving.writes_done(), before);
  serving.cluster.restart(serving.replica);
  EXPECT_EQ(serving.end(), "");
}

TEST(Scenario, WhoLostItsDiskIsReplacedByItsNewSelf) {
  Serving serving(Lie::kNone);
  const failover::MemberId before = serving.cluster.node(serving.replica).id();
  serving.cluster.stop(serving.replica, DataNode::Death::kWiped);
  serving.cluster.restart(serving.replica);
  serving.cluster.run_for(6 * kSecondUs);
  const failover::MemberId now = serving.cluster.node(serving.replica).id();
  EXPECT_NE(before, now);
  // The new one is of the roster: with it alone the master goes on.
  serving.cluster.stop(serving.other, DataNode::Death::kKilled);
  serving.cluster.run_for(3 * kSecondUs);
  const std::ptrdiff_t writes = serving.writes_done();
  serving.cluster.run_for(kSecondUs);
  EXPECT_GT(serving.writes_done(), writes);
  serving.cluster.restart(serving.other);
  EXPECT_EQ(serving.end(), "");
}

TEST(Seeds, TheSameSeedIsTheSameRun) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const Result first = Cluster({.seed = seed}).run();
    const Result second = Cluster({.seed = seed}).run();
    EXPECT_EQ(first.events, second.events);
    EXPECT_EQ(first.writes_done, second.writes_done);
  }
}

// A checker that never fails checks nothing: each of these has to be noticed within the seeds of the test.
class Mutant : public testing::TestWithParam<Lie> {};

TEST_P(Mutant, IsCaught) {
  std::uint64_t seed = 1;
  std::string violation;
  for (; violation.empty() && seed <= 20'000; ++seed)
    violation = Cluster({.seed = seed, .lie = GetParam()}).run().violation;
  ASSERT_NE(violation, "") << name_of(GetParam());
  RecordProperty("caught", violation);
}

std::string test_name(const testing::TestParamInfo<Lie>& parameter) {
  std::string name(name_of(parameter.param));
  std::ranges::replace(name, '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(, Mutant,
                         testing::Values(Lie::kVoteNotSynced, Lie::kOathNotSynced, Lie::kOffsetIgnored,
                                         Lie::kEpochReused, Lie::kAckCountedTwice, Lie::kRosterOfAttached,
                                         Lie::kForgottenIsWhole, Lie::kAnswerBeforeAcked, Lie::kReadWithoutRound),
                         test_name);

}  // namespace
}  // namespace weir::sim
