#include "runtime/worker_thread.h"

#include <future>
#include <stdexcept>
#include <thread>

#include <gtest/gtest.h>
#include <boost/asio/this_coro.hpp>

#include "runtime/gate.h"
#include "runtime/io_thread.h"

namespace weir::runtime {
namespace {

namespace asio = boost::asio;
using base::ErrorKind;
using base::Result;

Result<std::thread::id> this_thread() { return std::this_thread::get_id(); }
Result<int> fail() { return base::reject("no"); }
Result<int> throw_error() { throw std::runtime_error("a bug"); }

TEST(WorkerThread, RunsWorkElsewhereAndReturnsItsResult) {
  WorkerThread worker("test", 4);
  const auto ran_on = run(worker.run(this_thread, kNever));
  ASSERT_TRUE(ran_on);
  EXPECT_NE(*ran_on, std::this_thread::get_id());
  EXPECT_EQ(run(worker.run(fail, kNever)).error(), base::reject("no"));
  EXPECT_THROW((void)run(worker.run(throw_error, kNever)), std::runtime_error);
}

// Occupies the worker until it is released.
struct Occupation {
  std::promise<void> begun;
  std::promise<void> release;

  auto work() {
    return [this]() -> Result<int> {
      begun.set_value();
      release.get_future().wait();
      return 1;
    };
  }
};

using Outcome = std::optional<Result<int>>;

Task<void> occupy(WorkerThread& worker, Occupation& occupation, base::MonoTime deadline, Outcome* outcome) {
  auto work = occupation.work();
  *outcome = co_await worker.run(std::move(work), deadline);
}

Task<void> ask(WorkerThread& worker, base::MonoTime deadline, Outcome* outcome) {
  std::function<Result<int>()> work = [] { return 2; };
  *outcome = co_await worker.run(std::move(work), deadline);
}

struct Outcomes {
  Outcome occupying, late, refused, waiting;
};

Task<void> fill_the_queue(WorkerThread& worker, Occupation& occupation, Gate& gate, Outcomes* outcomes) {
  const Executor executor = co_await asio::this_coro::executor;
  spawn(gate, executor, occupy(worker, occupation, kNever, &outcomes->occupying), "occupy");
  co_await sleep_for(base::Duration::zero());
  occupation.begun.get_future().wait();
  co_await ask(worker, mono_now(), &outcomes->late);
  spawn(gate, executor, ask(worker, kNever, &outcomes->waiting), "waiting");
  co_await sleep_for(base::Duration::zero());
  co_await ask(worker, kNever, &outcomes->refused);
  occupation.release.set_value();
  co_await gate.stop(kNever);
}

TEST(WorkerThread, QueueIsBoundedAndADeadlineThatPassesInItMeansNotBegun) {
  WorkerThread worker("test", 1);
  Occupation occupation;
  Gate gate;
  Outcomes outcomes;
  run(fill_the_queue(worker, occupation, gate, &outcomes));
  EXPECT_EQ(outcomes.occupying->value(), 1);
  EXPECT_EQ(outcomes.late->error().kind(), ErrorKind::kRetry);
  EXPECT_EQ(outcomes.refused->error().kind(), ErrorKind::kRetry);
  EXPECT_EQ(outcomes.waiting->value(), 2) << "the one that was given up leaves its room to this one";
}

TEST(WorkerThread, DeadlineWhileTheWorkRunsIsAnUnknownOutcome) {
  IoThread loop("loop");  // Outlives the worker, which reports to it what nobody waits for any more.
  WorkerThread worker("test", 1);
  Outcome outcome;
  // On a busy machine the deadline may pass before the work has begun, and that is told as well: then with more time.
  for (base::Duration time = std::chrono::milliseconds(1);; time *= 2) {
    Occupation occupation;
    loop.run(occupy(worker, occupation, deadline_after(time), &outcome));
    occupation.release.set_value();
    if (outcome->error().kind() == ErrorKind::kUnknownOutcome) {
      worker.stop();  // The work refers to the occupation.
      break;
    }
    ASSERT_EQ(outcome->error().kind(), ErrorKind::kRetry);
  }
}

Task<void> stop_with_one_waiting(WorkerThread& worker, Occupation& occupation, Gate& gate, Outcomes* outcomes) {
  const Executor executor = co_await asio::this_coro::executor;
  spawn(gate, executor, occupy(worker, occupation, kNever, &outcomes->occupying), "occupy");
  spawn(gate, executor, ask(worker, kNever, &outcomes->waiting), "waiting");
  co_await sleep_for(base::Duration::zero());
  occupation.begun.get_future().wait();
  std::thread stopper([&worker] { worker.stop(); });
  occupation.release.set_value();
  stopper.join();
  co_await ask(worker, kNever, &outcomes->refused);
  co_await gate.stop(kNever);
}

TEST(WorkerThread, StopLetsNobodyWaitForever) {
  WorkerThread worker("test", 4);
  Occupation occupation;
  Gate gate;
  Outcomes outcomes;
  run(stop_with_one_waiting(worker, occupation, gate, &outcomes));
  EXPECT_EQ(outcomes.occupying->value(), 1);
  EXPECT_TRUE(outcomes.waiting);
  EXPECT_EQ(outcomes.refused->error().kind(), ErrorKind::kRetry);
}

}  // namespace
}  // namespace weir::runtime
