#include "runtime/gate.h"

#include <stdexcept>

#include <gtest/gtest.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>

#include "runtime/io_thread.h"

namespace weir::runtime {
namespace {

namespace asio = boost::asio;

Task<void> wait_for(Event& event, int* woken) {
  co_await event.wait();
  ++*woken;
}

Task<void> set_all_and_stop(Gate& gate, Event& event, int* woken) {
  const Executor executor = co_await asio::this_coro::executor;
  for (int i = 0; i < 3; ++i) spawn(gate, executor, wait_for(event, woken), "waiter");
  EXPECT_EQ(gate.holders(), 3u);
  event.set();
  co_await gate.stop(kNever);
}

TEST(Gate, DrainReturnsWhenTheLastTaskHasEnded) {
  Gate gate;
  Event event;
  int woken = 0;
  run(set_all_and_stop(gate, event, &woken));
  EXPECT_EQ(woken, 3);
  EXPECT_EQ(gate.holders(), 0u);
}

Task<void> refuse_then_enter(Gate& gate, Event& event, int* woken) {
  const Executor executor = co_await asio::this_coro::executor;
  gate.refuse();
  EXPECT_FALSE(gate.enter());
  EXPECT_FALSE(spawn(gate, executor, wait_for(event, woken), "late"));
  co_await gate.drain();
}

TEST(Gate, RefusedTaskNeverBegins) {
  Gate gate;
  Event event;
  event.set();
  int woken = 0;
  run(refuse_then_enter(gate, event, &woken));
  EXPECT_EQ(woken, 0);
}

Task<void> stop_at_once(Gate& gate, Event& event, int* woken) {
  const Executor executor = co_await asio::this_coro::executor;
  for (int i = 0; i < 3; ++i) spawn(gate, executor, wait_for(event, woken), "waiter");
  co_await sleep_for(base::Duration::zero());
  co_await gate.stop(mono_now());
}

TEST(Gate, StopCancelsWhoDoesNotLeaveInTime) {
  Gate gate;  // Ends the process if it takes the cancellation for a failure.
  Event event;
  int woken = 0;
  run(stop_at_once(gate, event, &woken));
  EXPECT_EQ(woken, 0);
  EXPECT_EQ(gate.holders(), 0u);
}

Task<void> throw_error() {
  co_await sleep_for(base::Duration::zero());
  throw std::runtime_error("a bug");
}

Task<void> spawn_thrower(Gate& gate) {
  const Executor executor = co_await asio::this_coro::executor;
  spawn(gate, executor, throw_error(), "thrower");
  co_await gate.stop(kNever);
}

TEST(Gate, ExceptionAtTheEdgeIsReportedAndTheGateStillDrains) {
  std::vector<std::string> reports;
  Gate gate([&reports](std::string_view task, std::string_view what) {
    reports.push_back(std::string(task) + ": " + std::string(what));
  });
  run(spawn_thrower(gate));
  EXPECT_EQ(reports, std::vector<std::string>{"thrower: a bug"});
}

TEST(GateDeathTest, UnreportedExceptionEndsTheProcess) {
  EXPECT_DEATH(
      {
        Gate gate;
        run(spawn_thrower(gate));
      },
      "task 'thrower' ended with an exception: a bug");
}

TEST(GateDeathTest, DestroyingAGateWithSomeoneInsideIsAProgrammersError) {
  EXPECT_DEATH(
      {
        auto gate = std::make_unique<Gate>();
        auto holder = gate->enter();
        gate.reset();
      },
      "holders_ == 0");
}

Task<void> hold_across_drain(Gate& gate, std::vector<std::string>* order) {
  const Executor executor = co_await asio::this_coro::executor;
  auto holder = gate.enter();
  gate.refuse();
  asio::co_spawn(executor, gate.drain(), [order](std::exception_ptr) { order->push_back("drained"); });
  co_await sleep_for(base::Duration::zero());
  order->push_back("left");
  holder.reset();
}

TEST(Gate, HolderKeepsDrainWaiting) {
  Gate gate;
  std::vector<std::string> order;
  run(hold_across_drain(gate, &order));
  EXPECT_EQ(order, (std::vector<std::string>{"left", "drained"}));
}

Task<void> wait_until(Event& event, base::MonoTime deadline, bool* was_set) {
  *was_set = co_await event.wait(deadline);
}

TEST(Event, WaitEndsAtItsDeadline) {
  Event event;
  bool was_set = true;
  run(wait_until(event, mono_now(), &was_set));
  EXPECT_FALSE(was_set);
  event.set();
  run(wait_until(event, mono_now(), &was_set));
  EXPECT_TRUE(was_set);
}

}  // namespace
}  // namespace weir::runtime
