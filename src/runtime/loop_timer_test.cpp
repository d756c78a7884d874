#include "runtime/loop_timer.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "base/random.h"

namespace weir::runtime {
namespace {

using base::MonoTime;
using std::chrono::milliseconds;

MonoTime at(int ms) { return MonoTime(milliseconds(ms)); }

TEST(Timer, FiresOnceAtItsMoment) {
  TimerHeap heap;
  int fired = 0;
  Timer timer(heap, [&] { ++fired; });
  timer.arm(at(10));
  EXPECT_EQ(heap.next(), at(10));
  heap.fire(at(9));
  EXPECT_EQ(fired, 0);
  EXPECT_TRUE(timer.armed());
  heap.fire(at(10));
  heap.fire(at(11));
  EXPECT_EQ(fired, 1);
  EXPECT_FALSE(timer.armed());
  EXPECT_EQ(heap.next(), std::nullopt);
}

TEST(Timer, ArmingAgainMovesItBothWays) {
  TimerHeap heap;
  int fired = 0;
  Timer timer(heap, [&] { ++fired; });
  timer.arm(at(10));
  timer.arm(at(30));
  heap.fire(at(20));
  EXPECT_EQ(fired, 0);
  EXPECT_EQ(heap.next(), at(30));
  timer.arm(at(25));
  EXPECT_EQ(heap.next(), at(25));
  heap.fire(at(25));
  EXPECT_EQ(fired, 1);
  heap.fire(at(40));
  EXPECT_EQ(fired, 1);
  EXPECT_EQ(heap.size(), 0U);
}

TEST(Timer, MovedBackAndForthKeepsTheLastMoment) {
  TimerHeap heap;
  int fired = 0;
  Timer timer(heap, [&] { ++fired; });
  timer.arm(at(10));
  timer.arm(at(50));
  timer.arm(at(20));
  heap.fire(at(19));
  EXPECT_EQ(fired, 0);
  heap.fire(at(20));
  EXPECT_EQ(fired, 1);
}

TEST(Timer, DestroyingCancels) {
  TimerHeap heap;
  auto timer = std::make_unique<Timer>(heap, [] { FAIL() << "a destroyed timer fired"; });
  timer->arm(at(1));
  timer.reset();
  EXPECT_EQ(heap.size(), 0U);
  heap.fire(at(2));
}

TEST(Timer, FunctionMayCancelDestroyAndArm) {
  TimerHeap heap;
  int fired = 0;
  auto doomed = std::make_unique<Timer>(heap, [&] { ++fired; });
  std::unique_ptr<Timer> suicidal;
  suicidal = std::make_unique<Timer>(heap, [&] {
    ++fired;
    suicidal.reset();
  });
  Timer again(heap, [] {});
  Timer killer(heap, [&] {
    doomed.reset();
    again.arm(at(0));
  });
  killer.arm(at(1));
  heap.fire(at(1));
  EXPECT_EQ(doomed, nullptr);
  // Armed for a moment that had passed already, and yet it waits for the next call.
  EXPECT_TRUE(again.armed());
  suicidal->arm(at(2));
  heap.fire(at(2));
  EXPECT_FALSE(again.armed());
  EXPECT_EQ(suicidal, nullptr);
  EXPECT_EQ(fired, 1);
}

TEST(Timer, OneThatIsDueTogetherCanBeCancelledByTheOther) {
  TimerHeap heap;
  int fired = 0;
  std::unique_ptr<Timer> first;
  std::unique_ptr<Timer> second;
  first = std::make_unique<Timer>(heap, [&] {
    ++fired;
    second->cancel();
  });
  second = std::make_unique<Timer>(heap, [&] {
    ++fired;
    first->cancel();
  });
  first->arm(at(1));
  second->arm(at(1));
  heap.fire(at(1));
  EXPECT_EQ(fired, 1);
}

// Against the obvious model: a moment for each timer, everything at or before `now` fires.
TEST(Timer, TenThousandAgreeWithTheModelUnderRandomOrders) {
  constexpr std::uint64_t kSeed = 20240607;
  SCOPED_TRACE(kSeed);
  constexpr std::size_t kTimers = 10'000;
  base::Random random(kSeed);
  TimerHeap heap;
  std::vector<std::optional<MonoTime>> model(kTimers);
  std::vector<std::unique_ptr<Timer>> timers;
  MonoTime now = at(0);
  for (std::size_t i = 0; i < kTimers; ++i) {
    timers.push_back(std::make_unique<Timer>(heap, [&, i] {
      ASSERT_TRUE(model[i].has_value());
      ASSERT_LE(*model[i], now);
      model[i].reset();
    }));
  }
  for (int step = 0; step < 300; ++step) {
    for (int change = 0; change < 200; ++change) {
      const std::size_t i = random.below(kTimers);
      if (random.chance(0.2)) {
        timers[i]->cancel();
        model[i].reset();
      } else {
        const MonoTime due = now + milliseconds(random.between(-5, 2000));
        timers[i]->arm(due);
        model[i] = due;
      }
    }
    now += milliseconds(random.between(0, 20));
    heap.fire(now);
    for (std::size_t i = 0; i < kTimers; ++i) {
      ASSERT_TRUE(!model[i] || *model[i] > now) << i;
      ASSERT_EQ(timers[i]->armed(), model[i].has_value()) << i;
      if (!model[i]) continue;
      ASSERT_EQ(timers[i]->due(), *model[i]);
      ASSERT_LE(*heap.next(), *model[i]);
    }
  }
}

TEST(Timer, ThoseOfOneCallFireInTheOrderOfTheirMoments) {
  TimerHeap heap;
  std::vector<int> order;
  std::vector<std::unique_ptr<Timer>> timers;
  for (const int ms : {40, 10, 30, 20, 60, 50}) {
    timers.push_back(std::make_unique<Timer>(heap, [&order, ms] { order.push_back(ms); }));
    timers.back()->arm(at(ms));
  }
  heap.fire(at(50));
  EXPECT_EQ(order, (std::vector<int>{10, 20, 30, 40, 50}));
  timers.clear();
}

}  // namespace
}  // namespace weir::runtime
