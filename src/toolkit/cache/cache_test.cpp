// The cache against a real redis-server, which the tests pause, kill and start again, and a loader that they hold.
#include "toolkit/cache/cache.h"

#include <ranges>
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/asio/this_coro.hpp>

#include "base/bytes.h"
#include "client/redis/testing/redis_server.h"
#include "runtime/event.h"
#include "runtime/io_thread.h"

namespace weir::toolkit {
namespace {

namespace asio = boost::asio;
using base::ErrorKind;
using base::MonoTime;
using base::Result;
using client::redis::Client;
using client::redis::Command;
using client::redis::testing::RedisServer;
using runtime::kNever;
using runtime::run;
using runtime::Task;
using std::chrono::milliseconds;
using testing::HasSubstr;

// What is behind the cache.
struct Origin {
  Cache::Loaded value = "value";
  // Loads wait here.
  runtime::Event open;
  int loads = 0;
  bool throws = false;

  Task<Cache::Loaded> load() {
    ++loads;
    // As a database that is asked answers with what it has at that moment.
    Cache::Loaded seen = value;
    co_await open.wait();
    if (throws) throw std::runtime_error("a bug");
    co_return seen;
  }
  Cache::Loader loader() {
    return [this](MonoTime) { return load(); };
  }
};

// "hit value", "miss absent", or the error's kind.
std::string shown(const Result<Cache::Answer>& answer) {
  if (!answer) return std::string(to_string(answer.error().kind()));
  return fmt::format("{} {}", to_string(answer->source), answer->value.value_or("absent"));
}

class Scenario {
 public:
  explicit Scenario(runtime::Executor executor, CacheOptions options = {})
      : executor_(executor),
        server(executor),
        client(executor, client_options(server.address()), base::Random(1)),
        cache(executor, client, named(std::move(options)), base::Random(1), metrics) {
    origin.open.set();
    client.start();
  }

  Task<std::string> get(std::string key, MonoTime deadline = kNever) {
    const auto answer = co_await cache.get(std::move(key), origin.loader(), deadline);
    co_return shown(answer);
  }
  // Beside the caller; the answer is kept.
  void begin_get(std::string key, std::string* answer, MonoTime deadline = kNever) {
    runtime::spawn(gate, executor_, keep_answer(std::move(key), answer, deadline), "get");
  }
  // Until `count` loads have begun. What was begun before is then inside, or waits for the store.
  Task<void> loads_begun(int count) {
    while (origin.loads < count) co_await turn();
  }
  // All that was asked of the store so far has been answered.
  Task<void> store_settled() {
    Command ping{"PING"};
    const auto pong = co_await client.call(std::move(ping), kNever);
    EXPECT_TRUE(pong);
    co_await turn();
  }
  // `words` are separated by spaces.
  Task<std::string> ask(std::string words) {
    Command command{};
    for (const auto word : std::views::split(words, ' ')) command.add(std::string_view(word));
    const auto reply = co_await client.call(std::move(command), kNever);
    if (!reply) co_return reply.error().text();
    co_return reply->type == wire::resp::Type::kInteger ? std::to_string(reply->integer) : reply->text;
  }
  Task<std::string> invalidate(std::string key) {
    const auto done = co_await cache.invalidate(std::move(key), kNever);
    co_return done ? "done" : std::string(to_string(done.error().kind()));
  }
  Task<void> end() {
    co_await gate.drain_until(kNever);
    co_await cache.stop(kNever);
    co_await client.stop(runtime::mono_now());
  }
  static Task<void> turn() { return runtime::sleep_for(base::Duration::zero()); }

 private:
  static client::redis::ClientOptions client_options(std::string address) {
    client::redis::ClientOptions options;
    options.address = std::move(address);
    options.backoff = {.first = milliseconds(1), .limit = milliseconds(20), .settle = milliseconds(1)};
    return options;
  }
  // Long enough for any machine, unless the test is about its passing.
  static CacheOptions named(CacheOptions options) {
    options.name = "test";
    if (options.store_timeout == CacheOptions().store_timeout) options.store_timeout = std::chrono::seconds(20);
    return options;
  }
  Task<void> keep_answer(std::string key, std::string* answer, MonoTime deadline) {
    *answer = co_await get(std::move(key), deadline);
  }

  runtime::Executor executor_;

 public:
  base::Metrics metrics;
  RedisServer server;
  Client client;
  Cache cache;
  Origin origin;
  runtime::Gate gate;
};

// Awaits each into a name first, as g++ 12 wants it.
#define EXPECT_ANSWER(task, expected)          \
  do {                                         \
    const std::string answer_ = co_await task; \
    EXPECT_EQ(answer_, expected);              \
  } while (false)

Task<void> miss_then_hit() {
  const runtime::Executor executor = co_await asio::this_coro::executor;
  CacheOptions options;
  options.expiry = std::chrono::seconds(100);
  options.jitter = 0.5;
  Scenario scenario(executor, options);
  co_await scenario.client.wait_until_up(kNever);
  EXPECT_ANSWER(scenario.get("k"), "miss value");
  EXPECT_ANSWER(scenario.get("k"), "hit value");
  EXPECT_EQ(scenario.origin.loads, 1);
  const std::string left = co_await scenario.ask("PTTL k");
  EXPECT_GT(base::parse_decimal<int>(left).value_or(0), 20'000);
  EXPECT_LE(base::parse_decimal<int>(left).value_or(0), 100'000);
  co_await scenario.end();
  const std::string metrics = scenario.metrics.prometheus_text();
  EXPECT_THAT(metrics, HasSubstr("weir_cache_gets_total{cache=\"test\",answer=\"hit\"} 1\n"));
  EXPECT_THAT(metrics, HasSubstr("weir_cache_gets_total{cache=\"test\",answer=\"miss\"} 1\n"));
  EXPECT_THAT(metrics, HasSubstr("weir_cache_loads_total{cache=\"test\"} 1\n"));
  EXPECT_THAT(metrics, HasSubstr("weir_limit_held{limit=\"cache_test_loads\"} 0\n"));
}

TEST(Cache, MissIsLoadedAndThenAHitWithAnExpiry) { run(miss_then_hit()); }

Task<void> absent() {
  const runtime::Executor executor = co_await asio::this_coro::executor;
  CacheOptions options;
  options.negative_expiry = std::chrono::seconds(30);
  Scenario scenario(executor, options);
  co_await scenario.client.wait_until_up(kNever);
  scenario.origin.value = std::nullopt;
  EXPECT_ANSWER(scenario.get("k"), "miss absent");
  EXPECT_ANSWER(scenario.get("k"), "hit absent");
  EXPECT_EQ(scenario.origin.loads, 1);
  const std::string left = co_await scenario.ask("PTTL k");
  EXPECT_GT(base::parse_decimal<int>(left).value_or(0), 0);
  EXPECT_LE(base::parse_decimal<int>(left).value_or(0), 30'000);
  co_await scenario.end();
}

TEST(Cache, AbsenceIsKeptForTheNegativeExpiry) { run(absent()); }

Task<void> foreign_entry() {
  const runtime::Executor executor = co_await asio::this_coro::executor;
  Scenario scenario(executor);
  co_await scenario.client.wait_until_up(kNever);
  co_await scenario.ask("SET k whatever");
  EXPECT_ANSWER(scenario.get("k"), "miss value");
  EXPECT_ANSWER(scenario.get("k"), "hit value");
  co_await scenario.end();
}

TEST(Cache, EntryThatNobodyOfUsWroteIsOverwritten) { run(foreign_entry()); }

Task<void> crowd() {
  const runtime::Executor executor = co_await asio::this_coro::executor;
  Scenario scenario(executor);
  co_await scenario.client.wait_until_up(kNever);
  scenario.origin.open.reset();
  std::vector<std::string> answers(500);
  for (std::string& answer : answers) scenario.begin_get("k", &answer);
  co_await scenario.loads_begun(1);
  co_await scenario.store_settled();
  scenario.origin.open.set();
  co_await scenario.gate.drain_until(kNever);
  EXPECT_THAT(answers, testing::Each("miss value"));
  EXPECT_EQ(scenario.origin.loads, 1);
  co_await scenario.end();
}

TEST(Cache, ManyCallersOfOneKeyLoadOnce) { run(crowd()); }

// A crowd whose misses come in while the flight's SET is under way.
Task<void> crowd_during_set() {
  const runtime::Executor executor = co_await asio::this_coro::executor;
  Scenario scenario(executor);
  co_await scenario.client.wait_until_up(kNever);
  scenario.origin.open.reset();
  std::string first;
  scenario.begin_get("k", &first);
  co_await scenario.loads_begun(1);
  std::vector<std::string> late(50);
  for (std::string& answer : late) scenario.begin_get("k", &answer);
  // The late ones' GETs are in the row, before the SET.
  co_await Scenario::turn();
  scenario.origin.open.set();
  co_await scenario.gate.drain_until(kNever);
  EXPECT_EQ(first, "miss value");
  EXPECT_THAT(late, testing::Each("miss value"));
  EXPECT_EQ(scenario.origin.loads, 1);
  co_await scenario.end();
}

TEST(Cache, MissThatIsLearntAfterTheLoadDoesNotLoadAgain) { run(crowd_during_set()); }

Task<void> loader_error() {
  const runtime::Executor executor = co_await asio::this_coro::executor;
  Scenario scenario(executor);
  co_await scenario.client.wait_until_up(kNever);
  scenario.origin.open.reset();
  scenario.origin.value = base::unknown_outcome("the database is slow");
  std::string first, second;
  scenario.begin_get("k", &first);
  scenario.begin_get("k", &second);
  co_await scenario.loads_begun(1);
  co_await scenario.store_settled();
  scenario.origin.open.set();
  co_await scenario.gate.drain_until(kNever);
  EXPECT_EQ(first, "unknown outcome");
  EXPECT_EQ(second, "unknown outcome");
  EXPECT_EQ(scenario.origin.loads, 1);
  scenario.origin.value = "value";
  EXPECT_ANSWER(scenario.get("k"), "miss value");
  co_await scenario.end();
  EXPECT_THAT(scenario.metrics.prometheus_text(), HasSubstr("weir_cache_load_failures_total{cache=\"test\"} 1\n"));
}

TEST(Cache, LoadersErrorGoesToAllInTheFlightAndIsNotKept) { run(loader_error()); }

Task<void> loader_throws() {
  const runtime::Executor executor = co_await asio::this_coro::executor;
  Scenario scenario(executor);
  co_await scenario.client.wait_until_up(kNever);
  scenario.origin.throws = true;
  EXPECT_ANSWER(scenario.get("k"), "fatal");
  scenario.origin.throws = false;
  EXPECT_ANSWER(scenario.get("k"), "miss value");
  co_await scenario.end();
}

TEST(Cache, LoaderThatThrowsIsAnErrorToItsCallers) { run(loader_throws()); }

Task<void> cancelled_leader() {
  const runtime::Executor executor = co_await asio::this_coro::executor;
  Scenario scenario(executor);
  co_await scenario.client.wait_until_up(kNever);
  scenario.origin.open.reset();
  runtime::Gate leaders;
  const auto lead = [](Scenario* one) -> Task<void> { co_await one->get("k"); };
  runtime::spawn(leaders, executor, lead(&scenario), "leader");
  co_await scenario.loads_begun(1);
  std::string follower;
  scenario.begin_get("k", &follower);
  co_await leaders.stop(runtime::mono_now());
  EXPECT_EQ(leaders.holders(), 0u);
  scenario.origin.open.set();
  co_await scenario.gate.drain_until(kNever);
  EXPECT_EQ(follower, "miss value");
  EXPECT_EQ(scenario.origin.loads, 1);
  co_await scenario.end();
}

TEST(Cache, CancelledLeaderTakesNothingFromItsFollowers) { run(cancelled_leader()); }

Task<void> impatient_leader() {
  const runtime::Executor executor = co_await asio::this_coro::executor;
  Scenario scenario(executor);
  co_await scenario.client.wait_until_up(kNever);
  scenario.origin.open.reset();
  std::string leader, follower;
  scenario.begin_get("k", &leader, runtime::deadline_after(milliseconds(100)));
  co_await scenario.store_settled();
  scenario.begin_get("k", &follower);
  while (leader.empty()) co_await Scenario::turn();
  EXPECT_EQ(leader, "retry");
  scenario.origin.open.set();
  co_await scenario.gate.drain_until(kNever);
  EXPECT_EQ(follower, "miss value");
  EXPECT_LE(scenario.origin.loads, 1);
  co_await scenario.end();
}

TEST(Cache, DeadlineOfTheLeaderIsNotTheFollowers) { run(impatient_leader()); }

Task<void> late_get() {
  const runtime::Executor executor = co_await asio::this_coro::executor;
  Scenario scenario(executor);
  co_await scenario.client.wait_until_up(kNever);
  EXPECT_ANSWER(scenario.get("k", runtime::mono_now()), "retry");
  co_await Scenario::turn();
  EXPECT_EQ(scenario.origin.loads, 0);
  co_await scenario.end();
}

TEST(Cache, NothingIsLoadedForWhoseDeadlineHasPassed) { run(late_get()); }

Task<void> endless_load() {
  const runtime::Executor executor = co_await asio::this_coro::executor;
  CacheOptions options;
  options.load_timeout = milliseconds(5);
  Scenario scenario(executor, options);
  co_await scenario.client.wait_until_up(kNever);
  scenario.origin.open.reset();
  EXPECT_ANSWER(scenario.get("k"), "retry");
  scenario.origin.open.set();
  EXPECT_ANSWER(scenario.get("k"), "miss value");
  co_await scenario.end();
}

TEST(Cache, LoadEndsAtItsOwnDeadlineAndTheNextOneBegins) { run(endless_load()); }

Task<void> too_many_loads() {
  const runtime::Executor executor = co_await asio::this_coro::executor;
  CacheOptions options;
  options.max_loads = 2;
  Scenario scenario(executor, options);
  co_await scenario.client.wait_until_up(kNever);
  scenario.origin.open.reset();
  std::string first, second, again;
  scenario.begin_get("a", &first);
  scenario.begin_get("b", &second);
  co_await scenario.loads_begun(2);
  EXPECT_ANSWER(scenario.get("c"), "retry");
  scenario.begin_get("a", &again);
  co_await scenario.store_settled();
  scenario.origin.open.set();
  co_await scenario.gate.drain_until(kNever);
  EXPECT_EQ(first + second + again, "miss valuemiss valuemiss value");
  EXPECT_ANSWER(scenario.get("c"), "miss value");
  EXPECT_EQ(scenario.origin.loads, 3);
  co_await scenario.end();
  EXPECT_THAT(scenario.metrics.prometheus_text(),
              HasSubstr("weir_limit_refused_total{limit=\"cache_test_loads\"} 1\n"));
}

TEST(Cache, LoadBeyondTheLimitIsRefusedAtOnce) { run(too_many_loads()); }

Task<void> store_down() {
  const runtime::Executor executor = co_await asio::this_coro::executor;
  Scenario scenario(executor);
  co_await scenario.client.wait_until_up(kNever);
  EXPECT_ANSWER(scenario.get("k"), "miss value");
  scenario.server.kill();
  while (scenario.client.is_up()) co_await Scenario::turn();
  co_await Scenario::turn();  // The first flight's SET hears of it, and the flight ends.
  EXPECT_ANSWER(scenario.get("k"), "bypass value");
  scenario.origin.value = std::nullopt;
  EXPECT_ANSWER(scenario.get("k"), "bypass absent");
  EXPECT_ANSWER(scenario.invalidate("k"), "retry");
  EXPECT_EQ(scenario.origin.loads, 3);
  scenario.server.start();
  co_await scenario.client.wait_until_up(kNever);
  EXPECT_ANSWER(scenario.get("k"), "miss absent");
  EXPECT_ANSWER(scenario.get("k"), "hit absent");
  co_await scenario.end();
  EXPECT_THAT(scenario.metrics.prometheus_text(), HasSubstr("{cache=\"test\",answer=\"bypass\"} 2\n"));
}

TEST(Cache, StoreThatIsDownIsBypassedAndServesAgainWhenItIsBack) { run(store_down()); }

Task<void> store_stalls() {
  const runtime::Executor executor = co_await asio::this_coro::executor;
  CacheOptions options;
  options.store_timeout = milliseconds(50);
  Scenario scenario(executor, options);
  co_await scenario.client.wait_until_up(kNever);
  scenario.server.pause();
  EXPECT_ANSWER(scenario.get("k"), "bypass value");
  scenario.server.resume();
  co_await scenario.store_settled();
  const std::string there = co_await scenario.ask("EXISTS k");
  EXPECT_EQ(there, "0") << "nothing was put into a store that could not be asked";
  scenario.server.pause();
  EXPECT_ANSWER(scenario.invalidate("k"), "unknown outcome");
  scenario.server.resume();
  co_await scenario.end();
}

TEST(Cache, StoreThatStandsStillIsBypassedAfterItsTimeout) { run(store_stalls()); }

Task<void> error_replies() {
  const runtime::Executor executor = co_await asio::this_coro::executor;
  Scenario scenario(executor);
  co_await scenario.client.wait_until_up(kNever);
  co_await scenario.ask("LPUSH k element");
  EXPECT_ANSWER(scenario.get("k"), "bypass value");
  EXPECT_ANSWER(scenario.invalidate("k"), "done");
  EXPECT_ANSWER(scenario.get("k"), "miss value");
  co_await scenario.ask("CONFIG SET min-replicas-to-write 1");
  EXPECT_ANSWER(scenario.invalidate("k"), "retry");
  EXPECT_ANSWER(scenario.get("k"), "hit value");
  EXPECT_ANSWER(scenario.get("other"), "miss value");
  co_await scenario.store_settled();
  EXPECT_EQ(scenario.origin.loads, 3);
  co_await scenario.end();
  const std::string metrics = scenario.metrics.prometheus_text();
  EXPECT_THAT(metrics, HasSubstr("weir_cache_store_failures_total{cache=\"test\"} 1\n"));
  EXPECT_THAT(metrics, HasSubstr("weir_cache_invalidation_failures_total{cache=\"test\"} 1\n"));
}

TEST(Cache, ErrorRepliesAreBypassedAndToldTruthfully) { run(error_replies()); }

Task<void> miss_joins_bypass() {
  const runtime::Executor executor = co_await asio::this_coro::executor;
  Scenario scenario(executor);
  co_await scenario.client.wait_until_up(kNever);
  scenario.origin.open.reset();
  co_await scenario.ask("LPUSH k element");
  std::string bypassing, missing;
  scenario.begin_get("k", &bypassing);
  co_await scenario.loads_begun(1);
  co_await scenario.ask("DEL k");
  scenario.begin_get("k", &missing);
  co_await scenario.store_settled();
  scenario.origin.open.set();
  co_await scenario.gate.drain_until(kNever);
  EXPECT_EQ(bypassing, "bypass value");
  EXPECT_EQ(missing, "miss value");
  EXPECT_EQ(scenario.origin.loads, 1);
  EXPECT_ANSWER(scenario.get("k"), "hit value");
  co_await scenario.end();
}

TEST(Cache, MissThatJoinsABypassHasTheValuePutIntoTheStore) { run(miss_joins_bypass()); }

Task<void> invalidate_during_load() {
  const runtime::Executor executor = co_await asio::this_coro::executor;
  Scenario scenario(executor);
  co_await scenario.client.wait_until_up(kNever);
  scenario.origin.open.reset();
  scenario.origin.value = "old";
  std::string before;
  scenario.begin_get("k", &before);
  co_await scenario.loads_begun(1);
  EXPECT_ANSWER(scenario.invalidate("k"), "done");
  Origin changed;
  changed.value = "new";
  changed.open.set();
  const auto after = co_await scenario.cache.get("k", changed.loader(), kNever);
  EXPECT_EQ(shown(after), "miss new") << "it asked after the change";
  scenario.origin.open.set();
  co_await scenario.gate.drain_until(kNever);
  EXPECT_EQ(before, "miss old") << "it asked before the change";
  co_await scenario.store_settled();
  EXPECT_ANSWER(scenario.get("k"), "hit new");
  co_await scenario.end();
}

TEST(Cache, LoadThatWasUnderWayDoesNotPutBackWhatWasInvalidated) { run(invalidate_during_load()); }

Task<void> stop_during_load() {
  const runtime::Executor executor = co_await asio::this_coro::executor;
  Scenario scenario(executor);
  co_await scenario.client.wait_until_up(kNever);
  scenario.origin.open.reset();
  std::string under_way;
  scenario.begin_get("k", &under_way);
  co_await scenario.loads_begun(1);
  co_await scenario.cache.stop(runtime::mono_now());
  co_await scenario.gate.drain_until(kNever);
  EXPECT_EQ(under_way, "retry");
  EXPECT_ANSWER(scenario.get("k"), "retry");
  EXPECT_ANSWER(scenario.invalidate("k"), "retry");
  EXPECT_EQ(scenario.origin.loads, 1);
  co_await scenario.end();
}

TEST(Cache, StopEndsLoadsAndTellsWhoWaitsForThem) { run(stop_during_load()); }

}  // namespace
}  // namespace weir::toolkit
