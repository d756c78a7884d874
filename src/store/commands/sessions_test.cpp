// What several clients do to one another: WATCH, messages, waiting. Two commands of the test stand for all that write
// and block: `put KEY VALUE`, and `take KEY... TIMEOUT-MS`, which removes and answers the first that is there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/commands/commands_fixture.h"
#include "store/commands/families.h"
#include "store/settings/directives.h"

namespace weir::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

void run_words(Call& call, std::initializer_list<std::string_view> words) {
  const CommandSpec* spec = call.node.commands.find(*words.begin());
  run_nested(*spec, std::span(words.begin(), words.size()), call);
}

void put(Call& call) {
  std::string ignored;
  Call inner({}, call.spec, call.session, call.node, call.now, ignored);
  run_words(inner, {"set", call.argument(1), call.argument(2)});
  call.changed(call.argument(1), EventClass::kString, "put");
  call.reply.ok();
}

void take(Call& call) {
  const auto keys = call.arguments.subspan(1, call.count() - 2);
  for (const std::string_view key : keys) {
    if (!call.woken_by.empty() && key != call.woken_by) continue;
    if (!call.node.exists(call.session.database, key, call.now)) continue;
    run_words(call, {"get", key});
    std::string ignored;
    Call inner({}, call.spec, call.session, call.node, call.now, ignored);
    run_words(inner, {"del", key});
    call.changed(key, EventClass::kGeneric, "take");
    call.replicate_as({"DEL", key});
    return;
  }
  if (!call.may_block()) return call.reply.null_array();
  const std::int64_t timeout_ms = parse_integer(call.argument(call.count() - 1)).value_or(0);
  call.block({.keys = keys,
              .timeout = std::chrono::milliseconds(timeout_ms),
              .may_serve = [](Database& database, std::string_view key,
                              UnixMs now) { return database.peek(key, now) != nullptr; },
              .on_timeout = [](Call& late) { late.reply.null_array(); }});
}

constexpr Family row{.group = "generic"};

constexpr std::array kRows = {
    row("put", 3, kWrite, "Makes a key.", "1.0.0", put).on_key(),
    row("take", -3, kWrite | kBlocking, "Waits for a key and takes it.", "1.0.0", take).on_key(),
};

const CommandTable& test_table() {
  static const auto kFamilies = std::to_array<std::span<const CommandSpec>>(
      {kRows, client_commands(), config_commands(), connection_commands(), counter_commands(), expiration_commands(),
       key_commands(), monitoring_commands(), pubsub_commands(), server_commands(), string_commands(),
       transaction_commands()});
  static const CommandTable kTable(kFamilies);
  return kTable;
}

class Sessions : public CommandsFixture {
 protected:
  Sessions() : CommandsFixture(test_table()) {}

  // Both clocks go on, and what is due happens.
  void pass(std::int64_t ms) {
    now_ += ms;
    node_.mono_now += std::chrono::milliseconds(ms);
    run_due(node_, now_);
  }
  void with_limits(std::string_view directive, std::string_view value) {
    const std::array<std::string_view, 1> values = {value};
    ASSERT_TRUE(set_directive(node_.settings, directive, values));
    node_.settings_changed();
  }

  TestClient &a_ = client_, &b_ = other_, &c_ = subscriber_;
};

TEST_F(Sessions, ExecAnswersAllThatWasQueuedWithErrorsInPlace) {
  run(a_, "MULTI");
  EXPECT_EQ(run(a_, "SET k x"), "+QUEUED\r\n");
  EXPECT_EQ(run(a_, "INCR k"), "+QUEUED\r\n");
  EXPECT_EQ(run(a_, "GET k"), "+QUEUED\r\n");
  EXPECT_EQ(run(b_, "GET k"), "$-1\r\n");
  EXPECT_EQ(run(a_, "EXEC"), "*3\r\n+OK\r\n-ERR value is not an integer or out of range\r\n$1\r\nx\r\n");
}

TEST_F(Sessions, WhatCannotBeQueuedAbortsTheTransaction) {
  run(a_, "MULTI");
  run(a_, "SET k x");
  run(a_, "SET k");
  EXPECT_EQ(run(a_, "EXEC"), "-EXECABORT Transaction discarded because of previous errors.\r\n");
  EXPECT_EQ(run(a_, "EXISTS k"), ":0\r\n");
  EXPECT_EQ(run(a_, "EXEC"), "-ERR EXEC without MULTI\r\n");
}

TEST_F(Sessions, AWatchedKeyThatChangedMakesExecFailOnce) {
  run(a_, "WATCH k other k");
  run(b_, "put k 1");
  run(a_, "MULTI");
  run(a_, "SET mine 1");
  EXPECT_EQ(run(a_, "EXEC"), "*-1\r\n");
  run(a_, "MULTI");
  EXPECT_EQ(run(a_, "EXEC"), "*0\r\n");
  EXPECT_EQ(run(a_, "EXISTS mine"), ":0\r\n");
}

TEST_F(Sessions, WatchIsOfOneDatabaseAndEndsWithUnwatchDiscardAndReset) {
  run(a_, "WATCH k");
  run(b_, "SELECT 1");
  run(b_, "put k 1");
  run(b_, "SELECT 0");
  run(a_, "MULTI");
  EXPECT_EQ(run(a_, "EXEC"), "*0\r\n");
  for (const char* end : {"UNWATCH", "DISCARD", "RESET"}) {
    run(a_, "WATCH k");
    if (std::string_view(end) == "DISCARD") run(a_, "MULTI");
    run(a_, end);
    EXPECT_TRUE(node_.watches.empty()) << end;
    run(b_, "put k 2");
    run(a_, "MULTI");
    EXPECT_EQ(run(a_, "EXEC"), "*0\r\n") << end;
  }
}

TEST_F(Sessions, AKeyThatExpiredWhileItWasWatchedMakesExecFail) {
  run(a_, "SET k v PX 10");
  run(a_, "WATCH k");
  now_ += 10;
  run(a_, "MULTI");
  EXPECT_EQ(run(a_, "EXEC"), "*-1\r\n");
}

TEST_F(Sessions, AKeyThatHadExpiredWhenItWasWatchedDoesNot) {
  run(a_, "SET k v PX 10");
  now_ += 10;
  run(a_, "WATCH k");
  run(a_, "GET k");
  run(a_, "MULTI");
  EXPECT_EQ(run(a_, "EXEC"), "*0\r\n");
}

TEST_F(Sessions, ClearingADatabaseTouchesTheWatchedKeysThatWereThere) {
  run(b_, "put k 1");
  run(a_, "WATCH nothing");
  run(c_, "WATCH k");
  run(b_, "FLUSHALL");
  run(a_, "MULTI");
  run(c_, "MULTI");
  EXPECT_EQ(run(a_, "EXEC"), "*0\r\n");
  EXPECT_EQ(run(c_, "EXEC"), "*-1\r\n");
}

TEST_F(Sessions, SwappingDatabasesTouchesKeysThatAreInEither) {
  run(b_, "SELECT 1");
  run(b_, "put k 1");
  run(a_, "WATCH k");
  run(c_, "WATCH nothing");
  node_.before_swapping(0, 1, now_);
  run(a_, "MULTI");
  run(c_, "MULTI");
  EXPECT_EQ(run(a_, "EXEC"), "*-1\r\n");
  EXPECT_EQ(run(c_, "EXEC"), "*0\r\n");
}

TEST_F(Sessions, MessagesGoToChannelAndPatternSubscribersInTheirProtocol) {
  run(a_, "SUBSCRIBE news");
  run(b_, "HELLO 3");
  run(b_, "PSUBSCRIBE n*");
  a_.take_received();
  b_.take_received();
  EXPECT_EQ(run(c_, "PUBLISH news hi"), ":2\r\n");
  EXPECT_EQ(a_.received, "*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$2\r\nhi\r\n");
  EXPECT_EQ(b_.received, ">4\r\n$8\r\npmessage\r\n$2\r\nn*\r\n$4\r\nnews\r\n$2\r\nhi\r\n");
  EXPECT_EQ(run(c_, "SPUBLISH news hi"), ":0\r\n");
}

TEST_F(Sessions, WhoLeftIsNoSubscriberAnyMore) {
  run(a_, "SUBSCRIBE one two");
  run(a_, "PSUBSCRIBE o*");
  run(a_, "SSUBSCRIBE shard");
  run(a_, "MULTI");
  leave(a_.session, node_);
  a_.gone = true;
  EXPECT_EQ(run(b_, "PUBLISH one x"), ":0\r\n");
  EXPECT_EQ(run(b_, "PUBSUB CHANNELS"), "*0\r\n");
  EXPECT_EQ(run(b_, "PUBSUB SHARDCHANNELS"), "*0\r\n");
  EXPECT_EQ(run(b_, "PUBSUB NUMPAT"), ":0\r\n");
}

TEST_F(Sessions, KeyspaceNotificationsComeOnTheChannelsThatAreOn) {
  run(a_, "PSUBSCRIBE __key*");
  a_.take_received();
  run(b_, "put k v");
  EXPECT_EQ(a_.received, "");
  with_limits("notify-keyspace-events", "K$");
  run(b_, "SELECT 3");
  run(b_, "put k v");
  EXPECT_THAT(a_.take_received(), HasSubstr("$16\r\n__keyspace@3__:k\r\n$3\r\nput\r\n"));
  with_limits("notify-keyspace-events", "E$");
  run(b_, "put k v");
  EXPECT_THAT(a_.take_received(), HasSubstr("$18\r\n__keyevent@3__:put\r\n$1\r\nk\r\n"));
  with_limits("notify-keyspace-events", "KEg");
  a_.take_received();
  run(b_, "put k v");
  EXPECT_EQ(a_.received, "");
  node_.on_removed(0, "gone", RemovalReason::kExpired);
  EXPECT_EQ(a_.received, "");
  with_limits("notify-keyspace-events", "KEx");
  node_.on_removed(0, "gone", RemovalReason::kExpired);
  EXPECT_THAT(a_.received, HasSubstr("$22\r\n__keyevent@0__:expired\r\n$4\r\ngone\r\n"));
}

TEST_F(Sessions, TheFirstThatBlockedIsServedFirst) {
  EXPECT_EQ(run(a_, "take k 0"), "");
  EXPECT_EQ(run(b_, "take other k 0"), "");
  EXPECT_EQ(node_.blocked.waiting_for_keys(), 2u);
  run(c_, "put k 1");
  EXPECT_EQ(a_.take_received(), "$1\r\n1\r\n");
  EXPECT_EQ(a_.resumed, 1);
  EXPECT_EQ(b_.received, "");
  run(c_, "put k 2");
  EXPECT_EQ(b_.received, "$1\r\n2\r\n");
  EXPECT_TRUE(node_.blocked.empty());
}

TEST_F(Sessions, ATransactionIsWholeBeforeAnyoneIsServedAndKeysGoInTheOrderOfTheirChange) {
  run(a_, "take one two 0");
  run(b_, "MULTI");
  run(b_, "put two 2");
  run(b_, "put one 1");
  run(b_, "put two 3");
  run(b_, "EXEC");
  EXPECT_EQ(a_.received, "$1\r\n3\r\n");
  EXPECT_EQ(run(b_, "GET one"), "$1\r\n1\r\n");
}

TEST_F(Sessions, AKeyThatIsTouchedOftenIsReadyOnce) {
  run(a_, "take k 0");
  for (int i = 0; i < 3; ++i) node_.touch(0, "k");
  node_.touch(0, "nobody waits for it");
  EXPECT_THAT(node_.blocked.take_ready(), ElementsAre(DatabaseKey{0, "k"}));
  node_.touch(0, "k");
  EXPECT_EQ(node_.blocked.take_ready().size(), 1u);
}

TEST_F(Sessions, NobodyWaitsInsideATransaction) {
  run(a_, "MULTI");
  run(a_, "take k 0");
  EXPECT_EQ(run(a_, "EXEC"), "*1\r\n*-1\r\n");
  EXPECT_EQ(a_.session.waiting, nullptr);
}

TEST_F(Sessions, WaitingEndsAtItsDeadlineAndNotBefore) {
  run(a_, "take k 100");
  run(b_, "take k 0");
  pass(99);
  EXPECT_EQ(a_.received, "");
  EXPECT_EQ(node_.blocked.next_deadline(), node_.mono_now + std::chrono::milliseconds(1));
  pass(1);
  EXPECT_EQ(a_.received, "*-1\r\n");
  EXPECT_EQ(a_.resumed, 1);
  pass(1'000'000);
  EXPECT_EQ(b_.received, "");
  run(c_, "put k 1");
  EXPECT_EQ(b_.received, "$1\r\n1\r\n");
}

TEST_F(Sessions, WhoLeavesWhileWaitingIsPassedOver) {
  run(a_, "take k k 50");
  run(b_, "take k 0");
  leave(a_.session, node_);
  a_.gone = true;
  pass(100);
  run(c_, "put k 1");
  EXPECT_EQ(a_.received, "");
  EXPECT_EQ(b_.received, "$1\r\n1\r\n");
}

TEST_F(Sessions, WhoIsKilledWhileWaitingIsPassedOver) {
  run(a_, "take k 0");
  run(b_, "take k 0");
  EXPECT_EQ(run(c_, "CLIENT KILL ID 1"), ":1\r\n");
  EXPECT_TRUE(a_.closed);
  run(c_, "put k 1");
  EXPECT_EQ(a_.received, "");
  EXPECT_EQ(b_.received, "$1\r\n1\r\n");
}

TEST_F(Sessions, WhatIsHeldForAClientIsCountedAndGivenBack) {
  run(a_, "SUBSCRIBE one two one");
  run(a_, "PSUBSCRIBE one");
  EXPECT_EQ(a_.session.held_bytes, 9 + 3 * kNameOverheadBytes);
  run(a_, "RESET");
  EXPECT_EQ(a_.session.held_bytes, 0u);
  run(a_, "WATCH k other k");
  EXPECT_EQ(a_.session.held_bytes, 6 + 2 * kNameOverheadBytes);
  run(b_, "put k 1");
  EXPECT_EQ(a_.session.held_bytes, 0u);
}

TEST_F(Sessions, ATransactionMayServeOneAndNotAnother) {
  run(a_, "take k 0");
  run(b_, "take k 0");
  run(c_, "MULTI");
  run(c_, "put k 1");
  run(c_, "EXEC");
  EXPECT_EQ(a_.received, "$1\r\n1\r\n");
  EXPECT_EQ(b_.received, "");
  EXPECT_EQ(run(c_, "EXISTS k"), ":0\r\n");
}

TEST_F(Sessions, APauseHoldsWritesAndLetsThemRunInTheirOrder) {
  run(c_, "CLIENT PAUSE 100 WRITE");
  EXPECT_EQ(run(a_, "put k a"), "");
  EXPECT_EQ(run(b_, "put k b"), "");
  EXPECT_EQ(run(c_, "GET k"), "$-1\r\n");
  pass(99);
  EXPECT_EQ(a_.received, "");
  pass(1);
  EXPECT_EQ(a_.received, "+OK\r\n");
  EXPECT_EQ(b_.received, "+OK\r\n");
  EXPECT_EQ(a_.resumed, 1);
  c_.take_received();
  EXPECT_EQ(run(c_, "GET k"), "$1\r\nb\r\n");
}

TEST_F(Sessions, APauseOfWritesHoldsAnExecThatWrites) {
  run(a_, "MULTI");
  run(a_, "put k a");
  run(b_, "MULTI");
  run(b_, "GET k");
  run(c_, "CLIENT PAUSE 100 WRITE");
  a_.take_received();
  EXPECT_EQ(run(a_, "EXEC"), "");
  EXPECT_EQ(run(b_, "EXEC"), "*1\r\n$-1\r\n");
  run(c_, "CLIENT UNPAUSE");
  pass(0);
  EXPECT_EQ(a_.received, "*1\r\n+OK\r\n");
}

TEST_F(Sessions, ClientUnblockEndsTheWaitingEitherWay) {
  run(a_, "take k 0");
  run(b_, "take k 0");
  EXPECT_EQ(run(c_, "CLIENT UNBLOCK 1"), ":1\r\n");
  EXPECT_EQ(run(c_, "CLIENT UNBLOCK 2 ERROR"), ":1\r\n");
  EXPECT_EQ(run(c_, "CLIENT UNBLOCK 3"), ":0\r\n");
  EXPECT_EQ(a_.received, "*-1\r\n");
  EXPECT_EQ(b_.received, "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n");
  EXPECT_TRUE(node_.blocked.empty());
}

TEST_F(Sessions, MonitorsSeeCommandsWithoutTheirSecrets) {
  run(a_, "MONITOR");
  a_.take_received();
  run(b_, "SET k \"a\\\"b\\n\\xff\"");
  EXPECT_EQ(a_.take_received(), "+1700000000.000000 [0 127.0.0.1:2] \"SET\" \"k\" \"a\\\"b\\n\\xff\"\r\n");
  run(b_, "AUTH user secret");
  run(b_, "HELLO 2 AUTH user secret");
  run(b_, "CONFIG GET port");
  EXPECT_THAT(a_.received, testing::Not(HasSubstr("secret")));
  EXPECT_THAT(a_.received, testing::Not(HasSubstr("CONFIG")));
  EXPECT_THAT(a_.received, HasSubstr("\"AUTH\" \"(redacted)\" \"(redacted)\"\r\n"));
}

// A stopwatch that tests move: a nanosecond a tick.
std::uint64_t test_ticks = 0;

class Measured : public Sessions {
 protected:
  void SetUp() override {
    node_.stopwatch.ticks = [] { return test_ticks; };
    test_ticks = node_.last_ticks = 0;
  }
  void run_for(std::chrono::nanoseconds time, std::string_view line) {
    test_ticks += static_cast<std::uint64_t>(time.count());
    run(b_, line);
  }
};

TEST_F(Measured, SlowLogNotesFromItsThresholdOnTheNewestFirst) {
  with_limits("slowlog-log-slower-than", "1000");
  with_limits("slowlog-max-len", "2");
  run_for(std::chrono::microseconds(999), "GET fast");
  for (const char* line : {"GET one", "GET two", "CONFIG SET requirepass hidden"}) {
    run_for(std::chrono::microseconds(1000), line);
  }
  const auto& entries = node_.slow_log.entries();
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_THAT(entries[0].words, ElementsAre("CONFIG", "SET", "requirepass", "(redacted)"));
  EXPECT_THAT(entries[1].words, ElementsAre("GET", "two"));
  EXPECT_EQ(entries[1].id, 1);
  EXPECT_EQ(entries[1].took_us, 1000);
  with_limits("slowlog-max-len", "1");
  EXPECT_EQ(entries.size(), 1u);
}

TEST_F(Measured, SlowLogAbridgesWhatIsLong) {
  std::vector<std::string> words(40, std::string(200, 'x'));
  const std::vector<std::string> shown = SlowLog::abridge(words);
  ASSERT_EQ(shown.size(), 32u);
  EXPECT_EQ(shown[0], std::string(128, 'x') + "... (72 more bytes)");
  EXPECT_EQ(shown[31], "... (9 more arguments)");
}

TEST_F(Measured, LatencyMonitorKeepsTheWorstOfEachSecond) {
  with_limits("latency-monitor-threshold", "5");
  run_for(std::chrono::milliseconds(4), "GET k");
  EXPECT_THAT(node_.latency.series(), IsEmpty());
  run_for(std::chrono::milliseconds(7), "GET k");
  run_for(std::chrono::milliseconds(6), "GET k");
  run_for(std::chrono::milliseconds(9), "SET k v");
  EXPECT_EQ(run(a_, "LATENCY HISTORY fast-command"), "*1\r\n*2\r\n:1700000000\r\n:7\r\n");
  EXPECT_EQ(run(a_, "LATENCY LATEST"),
            "*2\r\n*4\r\n$7\r\ncommand\r\n:1700000000\r\n:9\r\n:9\r\n"
            "*4\r\n$12\r\nfast-command\r\n:1700000000\r\n:7\r\n:7\r\n");
  EXPECT_EQ(run(a_, "LATENCY RESET command nothing"), ":1\r\n");
}

TEST_F(Measured, CommandStatisticsCountCallsTimeRefusalsAndFailures) {
  run_for(std::chrono::microseconds(3), "SET k v");
  run_for(std::chrono::microseconds(5), "INCR k");
  run(b_, "INCR");
  run(b_, "NONSENSE");
  const CommandCounts& incr = node_.statistics.of(node_.commands.find("incr")->id);
  EXPECT_EQ(incr.calls, 1u);
  EXPECT_EQ(incr.ticks, 5000u);
  EXPECT_EQ(incr.failed, 1u);
  EXPECT_EQ(incr.rejected, 1u);
  EXPECT_THAT(node_.statistics.errors(), ElementsAre(std::pair<const std::string, std::uint64_t>("ERR", 3)));
  EXPECT_EQ(run(a_, "LATENCY HISTOGRAM incr"),
            "*2\r\n$4\r\nincr\r\n*4\r\n$5\r\ncalls\r\n:1\r\n$14\r\nhistogram_usec\r\n*2\r\n:8\r\n:1\r\n");
  with_limits("latency-tracking", "no");
  run(b_, "INCR k");
  EXPECT_EQ(incr.latency->count(), 1u);
}

}  // namespace
}  // namespace weir::store
