// The driver against a real redis-server, which the tests pause, kill and start again.
#include "client/redis/client.h"

#include <gtest/gtest.h>
#include <boost/asio/this_coro.hpp>

#include "base/bytes.h"
#include "client/redis/testing/redis_server.h"
#include "runtime/gate.h"
#include "runtime/io_thread.h"

namespace weir::client::redis {
namespace {

namespace asio = boost::asio;
using base::ErrorKind;
using base::Result;
using runtime::deadline_after;
using runtime::Gate;
using runtime::kNever;
using runtime::run;
using runtime::Task;
using std::chrono::milliseconds;
using testing::RedisServer;
using wire::resp::Type;
using wire::resp::Value;

// One server, one client that is up, and a gate for what a scenario starts beside itself.
class Scenario {
 public:
  explicit Scenario(runtime::Executor executor, std::vector<std::string> directives = {}, ClientOptions options = {})
      : executor_(std::move(executor)),
        server(executor_, std::move(directives)),
        client(executor_, with_address(std::move(options), server.address()), base::Random(1)) {
    client.start();
  }

  Task<void> end() {
    co_await client.stop(runtime::mono_now());
    co_await gate.stop(kNever);
  }

 private:
  static ClientOptions with_address(ClientOptions options, std::string address) {
    options.address = std::move(address);
    // Comes back fast, so that the tests do.
    options.backoff = {.first = milliseconds(1), .limit = milliseconds(20), .settle = milliseconds(1)};
    return options;
  }

  runtime::Executor executor_;

 public:
  RedisServer server;
  Client client;
  Gate gate;
};

// The reply's text, or how the call ended.
std::string shown(const Result<Value>& outcome) {
  return outcome ? outcome->text : std::string(to_string(outcome.error().kind()));
}

Task<std::string> ask(Client& client, Command command, base::MonoTime deadline = kNever) {
  const auto outcome = co_await client.call(std::move(command), deadline);
  co_return shown(outcome);
}

// Asks, and keeps the answer, beside its caller.
Task<void> ask_into(Client& client, Command command, std::string* answer) {
  *answer = co_await ask(client, std::move(command));
}

Task<void> many_callers() {
  const runtime::Executor executor = co_await asio::this_coro::executor;
  Scenario scenario(executor);
  std::vector<std::string> answers(2000);
  co_await scenario.client.wait_until_up(kNever);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    Command command{"ECHO"};
    command.add(i);
    spawn(scenario.gate, executor, ask_into(scenario.client, std::move(command), &answers[i]), "caller");
  }
  co_await scenario.gate.drain_until(kNever);
  for (std::size_t i = 0; i < answers.size(); ++i) EXPECT_EQ(answers[i], std::to_string(i));
  Command info{"INFO", "clients"};
  const std::string clients = co_await ask(scenario.client, std::move(info));
  EXPECT_NE(clients.find("connected_clients:1\r\n"), std::string::npos) << clients;
  co_await scenario.end();
}

TEST(RedisClient, ManyCallersShareOneConnectionAndEachGetsItsOwnReply) { run(many_callers()); }

Task<void> typed_replies(std::vector<std::string> directives, int protocol, Type map) {
  const runtime::Executor executor = co_await asio::this_coro::executor;
  Scenario scenario(executor, std::move(directives));
  co_await scenario.client.wait_until_up(kNever);
  EXPECT_EQ(scenario.client.protocol(), protocol);
  Command set{"HSET", "h", "field", "value"};
  co_await ask(scenario.client, std::move(set));
  Command get{"HGETALL", "h"};
  const auto reply = co_await scenario.client.call(std::move(get), kNever);
  EXPECT_TRUE(reply && reply->type == map && reply->elements.size() == 2);
  Command wrong{"INCR", "h"};
  const auto error = co_await scenario.client.call(std::move(wrong), kNever);
  EXPECT_TRUE(error && error->is_error() && error->error_code() == "WRONGTYPE");
  co_await scenario.end();
}

TEST(RedisClient, SpeaksResp3) { run(typed_replies({}, 3, Type::kMap)); }
TEST(RedisClient, FallsBackToResp2WhereHelloIsUnknown) {
  run(typed_replies({"--rename-command", "HELLO", ""}, 2, Type::kArray));
}

Task<void> authentication(std::vector<std::string> directives) {
  const runtime::Executor executor = co_await asio::this_coro::executor;
  ClientOptions options;
  options.password = "secret";
  options.database = 3;
  Scenario scenario(executor, directives, options);
  const bool up = co_await scenario.client.wait_until_up(kNever);
  EXPECT_TRUE(up);
  Command set{"SET", "k", "v"};
  co_await ask(scenario.client, std::move(set));
  Command info{"INFO", "keyspace"};
  const std::string keyspace = co_await ask(scenario.client, std::move(info));
  EXPECT_NE(keyspace.find("db3:"), std::string::npos) << keyspace;

  options.password = "wrong";
  options.address = scenario.server.address();
  Client refused(executor, options, base::Random(1));
  refused.start();
  // Waits for the judgement in the queue, or is told at once when it has fallen.
  Command ping{"PING"};
  const auto outcome = co_await refused.call(std::move(ping), kNever);
  EXPECT_FALSE(outcome);
  if (!outcome) {
    EXPECT_EQ(outcome.error().kind(), ErrorKind::kRetry);
    EXPECT_NE(outcome.error().text().find("WRONGPASS"), std::string::npos) << outcome.error().text();
  }
  co_await refused.stop(kNever);
  co_await scenario.end();
}

TEST(RedisClient, AuthenticatesAndSelectsAndSaysWhyItIsRefused) { run(authentication({"--requirepass", "secret"})); }

Task<void> late_reply() {
  const runtime::Executor executor = co_await asio::this_coro::executor;
  Scenario scenario(executor);
  co_await scenario.client.wait_until_up(kNever);
  scenario.server.pause();
  Command late{"ECHO", "late"};
  const std::string ended = co_await ask(scenario.client, std::move(late), deadline_after(milliseconds(5)));
  EXPECT_EQ(ended, "unknown outcome");
  scenario.server.resume();
  Command next{"ECHO", "next"};
  const std::string own = co_await ask(scenario.client, std::move(next));
  EXPECT_EQ(own, "next");
  co_await scenario.end();
}

TEST(RedisClient, ReplyThatComesTooLateIsNotGivenToTheNextCall) { run(late_reply()); }

Task<void> kill_and_start_again() {
  const runtime::Executor executor = co_await asio::this_coro::executor;
  Scenario scenario(executor);
  co_await scenario.client.wait_until_up(kNever);
  // The server cannot answer, so both calls are written and unanswered when it dies.
  scenario.server.pause();
  std::string first, second;
  Command incr{"INCR", "n"};
  spawn(scenario.gate, executor, ask_into(scenario.client, incr, &first), "first");
  spawn(scenario.gate, executor, ask_into(scenario.client, incr, &second), "second");
  co_await runtime::sleep_for(milliseconds(1));
  scenario.server.kill();
  co_await scenario.gate.drain_until(kNever);
  EXPECT_EQ(first, "unknown outcome");
  EXPECT_EQ(second, "unknown outcome");
  // This one waits for the attempt to connect, the following are told at once: neither can have been applied.
  for (int i = 0; i < 3; ++i) {
    const std::string down = co_await ask(scenario.client, incr);
    EXPECT_EQ(down, "retry");
  }
  EXPECT_FALSE(scenario.client.is_up());
  scenario.server.start();
  const bool up = co_await scenario.client.wait_until_up(kNever);
  EXPECT_TRUE(up);
  const auto reply = co_await scenario.client.call(incr, kNever);
  EXPECT_TRUE(reply && reply->integer == 1) << "the server is new, and no call was repeated behind our back";
  co_await scenario.end();
}

TEST(RedisClient, OutageEndsCallsTruthfullyAndTheClientComesBack) { run(kill_and_start_again()); }

Task<void> stall() {
  const runtime::Executor executor = co_await asio::this_coro::executor;
  ClientOptions options;
  options.stall_timeout = milliseconds(30);
  options.connect_timeout = milliseconds(30);
  Scenario scenario(executor, {}, options);
  co_await scenario.client.wait_until_up(kNever);
  scenario.server.pause();
  Command ping{"PING"};
  const std::string stalled = co_await ask(scenario.client, ping);
  EXPECT_EQ(stalled, "unknown outcome");
  scenario.server.resume();
  co_await scenario.client.wait_until_up(kNever);
  const std::string alive = co_await ask(scenario.client, ping);
  EXPECT_EQ(alive, "PONG");
  co_await scenario.end();
}

TEST(RedisClient, ServerThatStandsStillIsTakenForLost) { run(stall()); }

Task<void> full_queue() {
  const runtime::Executor executor = co_await asio::this_coro::executor;
  ClientOptions options;
  options.limits.calls = 2;
  Scenario scenario(executor, {}, options);
  co_await scenario.client.wait_until_up(kNever);
  scenario.server.pause();
  std::string first, second;
  Command ping{"PING"};
  spawn(scenario.gate, executor, ask_into(scenario.client, ping, &first), "first");
  spawn(scenario.gate, executor, ask_into(scenario.client, ping, &second), "second");
  co_await runtime::sleep_for(base::Duration::zero());
  const std::string third = co_await ask(scenario.client, ping);
  EXPECT_EQ(third, "retry");
  scenario.server.resume();
  co_await scenario.gate.drain_until(kNever);
  EXPECT_EQ(first + second, "PONGPONG");
  co_await scenario.end();
}

TEST(RedisClient, CallsBeyondTheLimitAreRefusedBeforeTheyAreSent) { run(full_queue()); }

Task<void> stop_with_a_call_under_way() {
  const runtime::Executor executor = co_await asio::this_coro::executor;
  Scenario scenario(executor);
  co_await scenario.client.wait_until_up(kNever);
  scenario.server.pause();
  std::string under_way;
  Command ping{"PING"};
  spawn(scenario.gate, executor, ask_into(scenario.client, ping, &under_way), "under way");
  co_await runtime::sleep_for(milliseconds(1));
  co_await scenario.client.stop(deadline_after(milliseconds(5)));
  const std::string late = co_await ask(scenario.client, ping);
  EXPECT_EQ(late, "retry");
  co_await scenario.gate.stop(kNever);
  EXPECT_EQ(under_way, "unknown outcome");
}

TEST(RedisClient, StopEndsTheCallsThatDoNotEndByThemselves) { run(stop_with_a_call_under_way()); }

struct Tally {
  std::int64_t done = 0, not_sent = 0, unknown = 0;
};

Task<void> increment_many_times(Client& client, base::Random random, Tally* tally) {
  for (int i = 0; i < 60; ++i) {
    Command incr{"INCR", "n"};
    // Some deadlines are so short that they pass before, some while the call is under way.
    const auto patience = std::chrono::microseconds(random.below(4) == 0 ? random.below(400) : 10'000'000);
    const auto outcome = co_await client.call(std::move(incr), deadline_after(patience));
    if (outcome) {
      ++tally->done;
    } else {
      ++(outcome.error().kind() == ErrorKind::kUnknownOutcome ? tally->unknown : tally->not_sent);
      // Down or up again: the next call comes when the loop has turned.
      co_await runtime::sleep_for(std::chrono::microseconds(random.below(2000)));
    }
  }
}

Task<void> cut_connections(Client& client, base::Random random) {
  for (int i = 0; i < 20; ++i) {
    Command cut{"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"};
    co_await ask(client, std::move(cut), deadline_after(std::chrono::seconds(10)));
    co_await runtime::sleep_for(std::chrono::microseconds(random.below(3000)));
  }
}

Task<void> tally_against_the_server(std::uint64_t seed) {
  const runtime::Executor executor = co_await asio::this_coro::executor;
  Scenario scenario(executor);
  ClientOptions options;
  options.address = scenario.server.address();
  options.backoff = {.first = milliseconds(1), .limit = milliseconds(5), .settle = milliseconds(1)};
  Client cutter(executor, options, base::Random(seed));
  cutter.start();
  co_await scenario.client.wait_until_up(kNever);
  co_await cutter.wait_until_up(kNever);
  Tally tally;
  for (std::uint64_t caller = 0; caller < 20; ++caller) {
    base::Random random(seed * 100 + caller);
    spawn(scenario.gate, executor, increment_many_times(scenario.client, random, &tally), "caller");
  }
  spawn(scenario.gate, executor, cut_connections(cutter, base::Random(seed)), "cutter");
  co_await scenario.gate.drain_until(kNever);
  Command get{"GET", "n"};
  const std::string counted = co_await ask(cutter, std::move(get));
  const auto applied = base::parse_decimal<std::int64_t>(counted);
  EXPECT_TRUE(applied) << counted;
  EXPECT_EQ(tally.done + tally.not_sent + tally.unknown, 20 * 60);
  EXPECT_GE(applied.value_or(-1), tally.done) << "what was acknowledged was applied";
  EXPECT_LE(applied.value_or(-1), tally.done + tally.unknown) << "what was called 'not sent' was not applied";
  EXPECT_GT(tally.unknown, 0);
  co_await cutter.stop(kNever);
  co_await scenario.end();
}

TEST(RedisClient, OutcomesAgreeWithTheServersOwnCountWhileConnectionsAreCut) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    run(tally_against_the_server(seed));
  }
}

}  // namespace
}  // namespace weir::client::redis
