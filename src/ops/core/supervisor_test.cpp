#include "ops/core/supervisor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::ops {
namespace {

using base::MonoTime;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Kind = SupervisorAction::Kind;
using namespace std::chrono_literals;

// store <- shop <- gateway, as `weir up` has it. Actions are collected as short words: "start store", "probe shop".
class SupervisorTest : public testing::Test {
 protected:
  SupervisorTest() : supervisor_({{"store"}, {"shop", {"store"}}, {"gateway", {"shop"}}}, 1) {}

  std::vector<std::string> actions() {
    std::vector<std::string> words;
    for (const auto& action : supervisor_.take_actions()) {
      const std::string name = supervisor_.view(action.part).name;
      switch (action.kind) {
        case Kind::kStart: words.push_back("start " + name); break;
        case Kind::kProbe: words.push_back("probe " + name); break;
        case Kind::kTerminate: words.push_back("terminate " + name); break;
        case Kind::kKill: words.push_back("kill " + name); break;
        case Kind::kShow: shown_.push_back(name + ": " + action.text); break;
        case Kind::kReady: words.push_back("ready"); break;
        case Kind::kGiveUp: words.push_back("give up: " + action.text); break;
        case Kind::kDone: words.push_back("done"); break;
      }
    }
    return words;
  }

  // Runs time forward to the next tick, answers all probes, and returns what else was asked for.
  std::vector<std::string> step(bool healthy = true) {
    std::vector<std::string> rest;
    const auto next = supervisor_.next_tick();
    if (!next) return rest;
    now_ = std::max(now_, *next);
    supervisor_.tick(now_);
    for (auto& word : actions()) {
      if (word.starts_with("probe ")) {
        for (PartIndex i = 0; i < supervisor_.size(); ++i) {
          if ("probe " + supervisor_.view(i).name == word) supervisor_.probed(i, healthy, now_);
        }
      } else {
        rest.push_back(word);
      }
    }
    for (auto& word : actions()) rest.push_back(word);
    return rest;
  }

  void bring_up() {
    supervisor_.begin(now_);
    ASSERT_THAT(actions(), ElementsAre("start store"));
    ASSERT_THAT(step(), ElementsAre("start shop"));
    ASSERT_THAT(step(), ElementsAre("start gateway"));
    ASSERT_THAT(step(), ElementsAre("ready"));
  }

  Supervisor supervisor_;
  MonoTime now_{100s};
  std::vector<std::string> shown_;
};

TEST_F(SupervisorTest, StartsEachPartWhenItsNeedsAreHealthyAndSaysReadyOnce) {
  bring_up();
  for (int i = 0; i < 10; ++i) EXPECT_THAT(step(), IsEmpty());
}

TEST_F(SupervisorTest, APartThatDiesIsStartedAgainAfterABackoffAndShown) {
  bring_up();
  now_ += 30s;
  supervisor_.exited(0, "signal 9", now_);
  EXPECT_THAT(actions(), IsEmpty());
  EXPECT_EQ(supervisor_.view(0).state, PartState::kBackingOff);
  EXPECT_THAT(shown_, Contains(HasSubstr("store: signal 9; starting again in")));
  std::vector<std::string> seen;
  while (supervisor_.view(0).state != PartState::kHealthy) {
    for (auto& word : step()) seen.push_back(word);
  }
  EXPECT_THAT(seen, ElementsAre("start store"));
  EXPECT_EQ(supervisor_.view(0).restarts, 1u);
}

TEST_F(SupervisorTest, BackoffGrowsWhileAPartKeepsDyingAndIsBounded) {
  bring_up();
  base::Duration longest{};
  for (int i = 0; i < 30; ++i) {
    supervisor_.exited(1, "exit status 1", now_);
    const MonoTime died = now_;
    while (supervisor_.view(1).state != PartState::kStarting) step();
    longest = std::max(longest, now_ - died);
    ASSERT_LE(now_ - died, 10s);
  }
  EXPECT_GT(longest, 1s);
}

TEST_F(SupervisorTest, OthersStayUpWhileWhatTheyNeedIsDown) {
  bring_up();
  supervisor_.exited(0, "signal 9", now_);
  supervisor_.exited(1, "signal 9", now_);
  for (int i = 0; i < 20; ++i) step();
  EXPECT_EQ(supervisor_.view(1).state, PartState::kHealthy);
  EXPECT_EQ(supervisor_.view(2).state, PartState::kHealthy);
}

TEST_F(SupervisorTest, StopsInReverseOrderAndEndsWithDone) {
  bring_up();
  supervisor_.stop(now_);
  EXPECT_THAT(actions(), ElementsAre("terminate gateway"));
  supervisor_.exited(2, "exit status 0", now_);
  EXPECT_THAT(actions(), ElementsAre("terminate shop"));
  supervisor_.exited(1, "exit status 0", now_);
  EXPECT_THAT(actions(), ElementsAre("terminate store"));
  supervisor_.exited(0, "exit status 0", now_);
  EXPECT_THAT(actions(), ElementsAre("done"));
  EXPECT_FALSE(supervisor_.next_tick());
}

TEST_F(SupervisorTest, APartThatIgnoresTerminateIsKilled) {
  bring_up();
  supervisor_.stop(now_);
  (void)actions();
  EXPECT_THAT(step(), ElementsAre("kill gateway"));
}

TEST_F(SupervisorTest, AskedTwiceKillsWhatStillRuns) {
  bring_up();
  supervisor_.stop(now_);
  (void)actions();
  supervisor_.kill_all();
  EXPECT_THAT(actions(), ElementsAre("kill store", "kill shop", "kill gateway"));
}

TEST_F(SupervisorTest, StoppingWhileAPartBacksOffDoesNotStartItAgain) {
  bring_up();
  supervisor_.exited(0, "signal 9", now_);
  supervisor_.stop(now_);
  EXPECT_THAT(actions(), ElementsAre("terminate gateway"));
  supervisor_.exited(2, "exit status 0", now_);
  supervisor_.exited(1, "exit status 0", now_);
  EXPECT_THAT(actions(), ElementsAre("terminate shop", "done"));
}

TEST_F(SupervisorTest, FirstStartIsGivenUpWhenAPartKeepsExiting) {
  supervisor_.begin(now_);
  std::vector<std::string> seen = actions();
  for (int i = 0; i < 3; ++i) {
    supervisor_.exited(0, "exit status 1", now_);
    for (auto& word : actions()) seen.push_back(word);
    while (supervisor_.view(0).state == PartState::kBackingOff) {
      for (auto& word : step()) seen.push_back(word);
    }
  }
  EXPECT_THAT(seen, ElementsAre("start store", "start store", "start store",
                                "give up: store ended 3 times before it was healthy (last: exit status 1)", "done"));
}

TEST_F(SupervisorTest, FirstStartIsGivenUpWhenAPartNeverAnswers) {
  supervisor_.begin(now_);
  (void)actions();
  std::vector<std::string> seen;
  for (int i = 0; i < 1000 && seen.empty(); ++i) seen = step(false);
  EXPECT_THAT(seen, ElementsAre("give up: store did not become healthy within 10 s", "terminate store"));
}

TEST_F(SupervisorTest, ASilentPartIsShownButNotKilledAndMayAnswerAgain) {
  bring_up();
  for (int i = 0; i < 12; ++i) EXPECT_THAT(step(false), IsEmpty());
  EXPECT_EQ(supervisor_.view(0).state, PartState::kSilent);
  for (int i = 0; i < 3; ++i) step();
  EXPECT_EQ(supervisor_.view(0).state, PartState::kHealthy);
  EXPECT_THAT(shown_, Contains("store: answers again"));
}

TEST_F(SupervisorTest, AnAnswerThatComesAfterTheProcessDiedChangesNothing) {
  bring_up();
  supervisor_.exited(0, "signal 9", now_);
  supervisor_.probed(0, true, now_);
  EXPECT_EQ(supervisor_.view(0).state, PartState::kBackingOff);
}

}  // namespace
}  // namespace weir::ops
