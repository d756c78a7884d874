#include "runtime/deadline.h"

#include <stdexcept>

#include <gtest/gtest.h>
#include <boost/asio/this_coro.hpp>

#include "runtime/event.h"
#include "runtime/gate.h"
#include "runtime/io_thread.h"

namespace weir::runtime {
namespace {

namespace asio = boost::asio;

Task<int> give(int value) { co_return value; }

Task<int> give_when(Event& event, int value) {
  co_await event.wait();
  co_return value;
}

// Finishes its work although it was asked to stop, as a step that must not be torn does.
Task<int> give_in_spite_of_cancellation(Event& event, int value) {
  try {
    co_await event.wait();
  } catch (const boost::system::system_error&) {
  }
  co_return value;
}

Task<int> throw_error() {
  co_await sleep_for(base::Duration::zero());
  throw std::runtime_error("a bug");
}

TEST(WithDeadline, GivesTheValueOfATaskThatEndsInTime) {
  const auto outcome = run(with_deadline(give(7), kNever));
  EXPECT_EQ(outcome.ending, Ending::kCompleted);
  EXPECT_EQ(outcome.value, 7);
}

TEST(WithDeadline, DeadlineEndsATaskThatWaits) {
  Event never;
  const auto outcome = run(with_deadline(give_when(never, 7), base::Duration::zero()));
  EXPECT_EQ(outcome.ending, Ending::kDeadline);
  EXPECT_FALSE(outcome.value);
}

TEST(WithDeadline, ValueOfATaskThatFinishesNeverthelessIsKept) {
  Event never;
  const auto outcome = run(with_deadline(give_in_spite_of_cancellation(never, 7), base::Duration::zero()));
  EXPECT_EQ(outcome.ending, Ending::kDeadline);
  EXPECT_EQ(outcome.value, 7);
}

TEST(WithDeadline, ValueSurvivesARaceWithTheDeadline) {
  // The task needs no wait, and the deadline has passed before it begins: whoever is first, the value is there.
  for (int i = 0; i < 1000; ++i) {
    const auto outcome = run(with_deadline(give(i), mono_now() - std::chrono::seconds(1)));
    ASSERT_EQ(outcome.value, i);
  }
}

TEST(WithDeadline, OtherExceptionsPassThrough) {
  EXPECT_THROW((void)run(with_deadline(throw_error(), kNever)), std::runtime_error);
}

Task<void> record(Event& event, std::optional<Outcome<int>>* outcome) {
  Task<int> task = give_when(event, 7);
  *outcome = co_await with_deadline(std::move(task), kNever);
}

Task<void> cancel_from_outside(Gate& gate, Event& event, std::optional<Outcome<int>>* outcome) {
  const Executor executor = co_await asio::this_coro::executor;
  spawn(gate, executor, record(event, outcome), "record");
  co_await sleep_for(base::Duration::zero());
  co_await gate.stop(mono_now());
}

TEST(WithDeadline, CancellationFromOutsideIsNotADeadline) {
  Gate gate;
  Event never;
  std::optional<Outcome<int>> outcome;
  run(cancel_from_outside(gate, never, &outcome));
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->ending, Ending::kCancelled);
  EXPECT_FALSE(outcome->value);
}

Task<int> nested(Event& never, Ending* inner) {
  Task<int> task = give_when(never, 7);
  const auto outcome = co_await with_deadline(std::move(task), kNever);
  *inner = outcome.ending;
  co_return 1;
}

TEST(WithDeadline, OuterDeadlineReachesThroughAnInnerOne) {
  Event never;
  Ending inner = Ending::kCompleted;
  const auto outcome = run(with_deadline(nested(never, &inner), base::Duration::zero()));
  EXPECT_EQ(outcome.ending, Ending::kDeadline);
  EXPECT_EQ(inner, Ending::kCancelled);
}

Task<void> nothing() { co_return; }

TEST(WithDeadline, VoidTaskHasAValueWhenItEnded) {
  EXPECT_TRUE(run(with_deadline(nothing(), kNever)).value.has_value());
}

}  // namespace
}  // namespace weir::runtime
