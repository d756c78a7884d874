// DBSIZE, FLUSHALL, INFO, ROLE, TIME, WAIT: what concerns the whole store.
#include <fmt/format.h>

#include "base/bytes.h"
#include "store/commands/families.h"
#include "store/commands/info.h"
#include "store/commands/persistence.h"

namespace weir::store {

namespace {

void dbsize(Call& call) { call.reply.integer(static_cast<std::int64_t>(call.database().size())); }

// SYNC and ASYNC are the same here: what was removed is always freed elsewhere. False: an error was replied.
bool parse_flush(Call& call) {
  const bool known = call.count() == 1 || (call.count() == 2 && (base::equal_ignoring_case(call.argument(1), "ASYNC") ||
                                                                 base::equal_ignoring_case(call.argument(1), "SYNC")));
  if (!known) call.syntax_error();
  return known;
}

std::uint64_t flush(Call& call, std::size_t index) {
  Database& database = call.node.keyspace.database(index);
  const std::uint64_t removed = database.size();
  call.node.before_clearing(index, call.now);
  database.clear();
  return removed;
}

// The effect is said even when there was nothing: a replica that holds more than its master gets rid of it.
void flushed(Call& call, std::uint64_t removed) {
  call.count_changes(removed);
  call.replicate_verbatim(EffectAudience::kEverywhere);
  call.reply.ok();
}

void flushall(Call& call) {
  if (!parse_flush(call)) return;
  std::uint64_t removed = 0;
  Persistence* const persistence = call.node.persistence;
  if (persistence != nullptr) persistence->abandon_save();
  for (std::size_t i = 0; i < call.node.keyspace.size(); ++i) removed += flush(call, i);
  flushed(call, removed);
  if (persistence == nullptr || call.node.settings.save_points.empty()) return;
  // What was removed by order must not come back at the next start. Who asked learns nothing of a failure, as in Redis;
  // the log does.
  [[maybe_unused]] const base::Result<void> saved = persistence->save();
}

void flushdb(Call& call) {
  if (parse_flush(call)) flushed(call, flush(call, call.session.database));
}

void info(Call& call) { call.reply.verbatim("txt", render_info(call.node, call.arguments.subspan(1))); }

void time(Call& call) {
  const std::int64_t us = call.node.unix_us();
  call.reply.array(2);
  call.reply.bulk(fmt::to_string(us / 1'000'000));
  call.reply.bulk(fmt::to_string(us % 1'000'000));
}

// A master without replicas, whose offset counts nothing yet.
void role(Call& call) {
  call.reply.array(3);
  call.reply.bulk("master");
  call.reply.integer(0);
  call.reply.array(0);
}

// There are no replicas: who asks for none has them, all others wait in vain.
void wait(Call& call) {
  const auto replicas = parse_integer(call.argument(1));
  if (!replicas) return call.not_an_integer();
  const auto timeout_ms = parse_integer(call.argument(2));
  if (!timeout_ms) return call.reply.error("ERR timeout is not an integer or out of range");
  if (*timeout_ms < 0) return call.reply.error("ERR timeout is negative");
  if (*replicas <= 0 || !call.may_block()) return call.reply.integer(0);
  constexpr std::int64_t kLongest = std::int64_t{100} * 365 * 24 * 3600 * 1000;
  call.block({.keys = {},
              .timeout = std::chrono::milliseconds(std::min(*timeout_ms, kLongest)),
              .on_timeout = [](Call& late) { late.reply.integer(0); }});
}

constexpr std::array<std::string_view, 2> kLeastOfShards = {"request_policy:all_shards", "response_policy:agg_min"};
constexpr std::array<std::string_view, 3> kInfoTips = {"nondeterministic_output", "request_policy:all_shards",
                                                       "response_policy:special"};

constexpr Family row{.group = "server"};

constexpr std::array kCommands = {
    row("dbsize", 1, kReadonly | kFast, "Counts the keys of the database.", "1.0.0", dbsize)
        .in(kKeyspaceCategory)
        .tipped(kSumOfShards)
        .costs("O(1)"),
    row("flushall", -1, kWrite, "Removes all keys of all databases.", "1.0.0", flushall)
        .in(kKeyspaceCategory | kDangerousCategory)
        .tipped(kAllShards)
        .takes("[async=(ASYNC@4.0.0|SYNC@6.2.0)]")
        .costs("O(N), N: keys of all databases"),
    row("flushdb", -1, kWrite, "Removes all keys of the selected database.", "1.0.0", flushdb)
        .in(kKeyspaceCategory | kDangerousCategory)
        .tipped(kAllShards)
        .takes("[async=(ASYNC@4.0.0|SYNC@6.2.0)]")
        .costs("O(1); another thread frees the N keys"),
    row("info", -1, kLoading | kStale, "Returns facts and statistics of the store.", "1.0.0", info)
        .in(kDangerousCategory)
        .tipped(kInfoTips)
        .takes("[section...]")
        .costs("O(1)"),
    row("role", 1, kNoscript | kLoading | kStale | kFast, "Tells the part that the store has in replication.", "2.8.12",
        role)
        .in(kAdminCategory | kDangerousCategory)
        .costs("O(1)"),
    row("time", 1, kLoading | kStale | kFast, "Returns the time of the store's machine.", "2.6.0", time)
        .tipped(kNondeterministic)
        .costs("O(1)"),
    row("wait", 3, kNoscript, "Waits until replicas have acknowledged what the connection wrote.", "3.0.0", wait)
        .in(kConnectionCategory)
        .in_group("generic")
        .tipped(kLeastOfShards)
        .takes("numreplicas:integer timeout:integer")
        .costs("O(1)"),
};

}  // namespace

std::span<const CommandSpec> server_commands() { return kCommands; }

}  // namespace weir::store
