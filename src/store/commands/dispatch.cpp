#include "store/commands/dispatch.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/bytes.h"
#include "store/commands/command_table.h"
#include "store/commands/monitoring.h"

namespace weir::store {

namespace {

// The text that quotes what a client sent is cut, as in Redis, at 128 bytes.
constexpr std::size_t kQuotedBytes = 128;

std::string unknown_command(std::span<const std::string_view> arguments) {
  std::string quoted;
  for (const std::string_view argument : arguments.subspan(1)) {
    if (quoted.size() >= kQuotedBytes) break;
    quoted += fmt::format("'{}' ", argument.substr(0, kQuotedBytes - quoted.size()));
  }
  return fmt::format("ERR unknown command '{}', with args beginning with: {}", arguments[0].substr(0, kQuotedBytes),
                     quoted);
}

std::string unknown_subcommand(const CommandSpec& parent, std::string_view name) {
  return fmt::format("ERR unknown subcommand '{}'. Try {} HELP.", name.substr(0, kQuotedBytes),
                     base::to_upper(parent.name));
}

bool may_run_protected(const Session& session, const Settings& settings) {
  return settings.enable_debug_command == "yes" || (settings.enable_debug_command == "local" && session.is_local);
}

bool any_queued(const Session& session, bool (*is)(const CommandSpec&)) {
  return std::ranges::any_of(session.transaction.queued, [is](const KeptRequest& one) { return is(*one.spec); });
}

bool saves_must_succeed(const Settings& settings) {
  return settings.stop_writes_on_bgsave_error && !settings.save_points.empty();
}

// While the data cannot be saved or appended to its file.
bool is_denied_write(const CommandSpec& spec, const Session& session) {
  return spec.has(kWrite) || spec.name == "ping" ||
         (spec.has(kRunsQueue) && any_queued(session, [](const CommandSpec& one) { return one.has(kWrite); }));
}

bool needs_data(const CommandSpec& spec, const Session& session) {
  return !spec.has(kLoading) ||
         (spec.has(kRunsQueue) && any_queued(session, [](const CommandSpec& one) { return !one.has(kLoading); }));
}

// Why the command may not run at all now; empty if nothing stands against it.
std::string objection(const CommandSpec& spec, std::size_t arguments, const Session& session, const Node& node) {
  if (!spec.accepts(arguments) || spec.run == nullptr) {
    return fmt::format("ERR wrong number of arguments for '{}' command", spec.name);
  }
  if (spec.has(kProtected) && !may_run_protected(session, node.settings)) {
    return fmt::format(
        "ERR {} command not allowed. If the enable-debug-command option is set to \"local\", you can run it from a "
        "local connection, otherwise you need to set this option in the configuration file, and then restart the "
        "server.",
        base::to_upper(spec.name.substr(0, spec.name.find('|'))));
  }
  if (!session.authenticated && !spec.has(kNoAuth)) return "NOAUTH Authentication required.";
  if (node.save_failed && saves_must_succeed(node.settings) && is_denied_write(spec, session)) {
    return "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands "
           "that may modify the data set are disabled, because this instance is configured to report errors during "
           "writes if RDB snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs for "
           "details about the RDB error.";
  }
  if (!node.append_failure.empty() && is_denied_write(spec, session)) {
    return fmt::format("MISCONF Errors writing to the AOF file: {}", node.append_failure);
  }
  const bool as_subscriber = session.protocol == wire::resp::Protocol::kResp2 && session.subscribed();
  if (as_subscriber && !spec.has(kForSubscribers)) {
    return fmt::format(
        "ERR Can't execute '{}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this "
        "context",
        spec.name);
  }
  if (session.transaction.open && spec.has(kNoMulti)) return "ERR Command not allowed inside a transaction";
  if (node.loading && needs_data(spec, session)) return "LOADING Redis is loading the dataset in memory";
  return {};
}

// What may need more memory than there is: a command that adds data, an EXEC of such, and anything that is queued.
bool needs_memory(const CommandSpec& spec, const Session& session) {
  if (spec.has(kDenyOom)) return true;
  if (!session.transaction.open) return false;
  if (!spec.has(kNeverQueued)) return true;
  return spec.has(kRunsQueue) &&
         std::ranges::any_of(session.transaction.queued, [](const auto& one) { return one.spec->has(kDenyOom); });
}

// The request is refused: a transaction that is being queued is spoiled by it, and EXEC itself ends it.
void refuse(const CommandSpec* spec, std::string_view text, Call* exec, Session& session, Node& node,
            std::string& output) {
  const std::size_t begin = output.size();
  wire::resp::ReplyWriter reply(output, session.protocol);
  if (exec != nullptr) {
    session.transaction = {};
    node.watches.unwatch(session);
    if (text.starts_with("ERR ")) text.remove_prefix(4);
    reply.error(fmt::format("EXECABORT Transaction discarded because of: {}", text));
  } else {
    session.transaction.aborted = session.transaction.open;
    reply.error(text);
  }
  ++node.stats.error_replies;
  if (spec != nullptr) ++node.statistics.of(spec->id).rejected;
  node.statistics.count_error(std::string_view(output).substr(begin));
}

KeptRequest keep(const CommandSpec& spec, std::span<const std::string_view> arguments) {
  return {.spec = &spec, .words = {arguments.begin(), arguments.end()}};
}

bool writes(const CommandSpec& spec) { return spec.has(kWrite) || spec.has(kMayReplicate); }

bool is_held(const CommandSpec& spec, const Session& session, const Node& node) {
  if (node.pause.mode == Pause::Mode::kAll) return true;
  return writes(spec) || (spec.has(kRunsQueue) && std::ranges::any_of(session.transaction.queued, [](const auto& one) {
                            return writes(*one.spec);
                          }));
}

// Counts what has run, from the reading of the stopwatch after the request before it: so a command costs one reading.
void count(Call& call, std::size_t reply_begin) {
  Node& node = call.node;
  const std::uint64_t ticks = node.stopwatch.ticks();
  const std::uint64_t took = ticks - std::exchange(node.last_ticks, ticks);
  CommandCounts& counts = node.statistics.of(call.spec.id);
  ++counts.calls;
  counts.ticks += took;
  ++node.stats.commands_processed;
  if (call.output.size() > reply_begin && call.output[reply_begin] == '-') {
    ++counts.failed;
    ++node.stats.error_replies;
    node.statistics.count_error(std::string_view(call.output).substr(reply_begin));
  }
  if (node.settings.latency_tracking) {
    if (counts.latency == nullptr) counts.latency = std::make_unique<base::Histogram>();
    counts.latency->record(took);
  }
  if (took >= node.slow_ticks) note_slow(call, took);
  if (!node.monitors.empty()) tell_monitors(call);
}

void run(Call& call) {
  const std::size_t reply_begin = call.output.size();
  call.node.effects.begin();
  call.spec.run(call);
  call.settle_effects();
  call.node.effects.end();
  count(call, reply_begin);
}

// Where the reply to a request that waited goes: to the client, or nowhere if it turned its replies off.
std::string& late_output(Session& session, std::string& nowhere) {
  return session.reply_mode == ReplyMode::kOn ? session.port->output() : nowhere;
}

void release(Session& session, Node& node) {
  if (session.reply_mode == ReplyMode::kSkipThis) session.reply_mode = ReplyMode::kOn;
  session.port->resume();
  session.last_request_at = node.mono_now;
}

// Tries the command of a client that waits for `key`.
void try_again(Session& session, Node& node, UnixMs now, const DatabaseKey& key) {
  const Waiting& waiting = *session.waiting;
  if (waiting.may_serve != nullptr && !waiting.may_serve(node.keyspace.database(key.database), key.key, now)) return;
  const std::vector<std::string_view> words(waiting.request.words.begin(), waiting.request.words.end());
  std::string nowhere;
  Call call(words, *waiting.request.spec, session, node, now, late_output(session, nowhere));
  call.woken_by = key.key;
  run(call);
  if (call.wants_to_wait()) return;
  const auto kept = node.blocked.release(session);
  release(session, node);
}

void serve_waiting(Node& node, UnixMs now) {
  // Serving one may touch what another one waits for (BLMOVE): until nothing is ready.
  while (node.blocked.any_ready()) {
    for (const DatabaseKey& key : node.blocked.take_ready()) {
      for (const BlockedClients::Place& place : node.blocked.waiting_for(key)) {
        if (!node.exists(key.database, key.key, now)) break;
        if (node.blocked.still_waits(place)) try_again(*place.session, node, now, key);
      }
    }
  }
}

void time_out(Session& session, Node& node, UnixMs now) {
  const auto waiting = node.blocked.release(session);
  const std::vector<std::string_view> words(waiting->request.words.begin(), waiting->request.words.end());
  std::string nowhere;
  Call call(words, *waiting->request.spec, session, node, now, late_output(session, nowhere));
  waiting->on_timeout(call);
  release(session, node);
}

}  // namespace

Prepared prepare(std::span<const std::string_view> arguments, const Node& node) {
  Prepared prepared{.spec = node.commands.find(arguments[0])};
  if (prepared.spec == nullptr) return prepared;
  const int first = prepared.spec->keys.first;
  if (first <= 0 || static_cast<std::size_t>(first) >= arguments.size()) return prepared;
  prepared.key_argument = static_cast<std::size_t>(first);
  prepared.key_hash = hash_key(arguments[prepared.key_argument]);
  return prepared;
}

void execute(std::span<const std::string_view> arguments, Session& session, Node& node, UnixMs now, std::string& output,
             const Prepared& prepared) {
  const CommandSpec* spec = prepared.spec != nullptr ? prepared.spec : node.commands.find(arguments[0]);
  if (spec == nullptr) return refuse(nullptr, unknown_command(arguments), nullptr, session, node, output);
  if (!spec->subcommands.empty() && arguments.size() > 1) {
    const CommandSpec* subcommand = CommandTable::find_subcommand(*spec, arguments[1]);
    if (subcommand == nullptr) {
      return refuse(nullptr, unknown_subcommand(*spec, arguments[1]), nullptr, session, node, output);
    }
    spec = subcommand;
  }
  session.last_command = spec;
  Call call(arguments, *spec, session, node, now, output);
  call.note_hash(prepared.key_argument, prepared.key_hash);
  if (const std::string why = objection(*spec, arguments.size(), session, node); !why.empty()) {
    return refuse(spec, why, spec->has(kRunsQueue) ? &call : nullptr, session, node, output);
  }
  if (node.settings.maxmemory != 0 && !node.make_room() && needs_memory(*spec, session)) {
    return refuse(spec, "OOM command not allowed when used memory > 'maxmemory'.",
                  spec->has(kRunsQueue) ? &call : nullptr, session, node, output);
  }
  if (node.pause.mode != Pause::Mode::kNone && is_held(*spec, session, node)) {
    auto waiting = std::make_unique<Waiting>();
    waiting->kind = Waiting::Kind::kForPause;
    waiting->request = keep(*spec, arguments);
    return node.blocked.block(session, std::move(waiting));
  }
  if (session.transaction.open && !spec->has(kNeverQueued)) {
    session.transaction.queued.push_back(keep(*spec, arguments));
    for (const std::string_view word : arguments) session.transaction.queued_bytes += word.size();
    return call.reply.simple("QUEUED");
  }
  run(call);
  if (call.wants_to_wait()) {
    auto waiting = std::make_unique<Waiting>(call.take_wait());
    waiting->request = keep(*spec, arguments);
    node.blocked.block(session, std::move(waiting));
  }
  if (node.blocked.any_ready()) serve_waiting(node, now);
}

void run_nested(const CommandSpec& spec, std::span<const std::string_view> arguments, Call& outer) {
  Call call(arguments, spec, outer.session, outer.node, outer.now, outer.output);
  call.nest();
  run(call);
}

base::Result<void> replay(std::span<const std::string_view> arguments, Session& session, Node& node, UnixMs now,
                          std::string& output, const Prepared& prepared) {
  const CommandSpec* spec = prepared.spec != nullptr ? prepared.spec : node.commands.find(arguments[0]);
  if (spec != nullptr && !spec->subcommands.empty() && arguments.size() > 1) {
    spec = CommandTable::find_subcommand(*spec, arguments[1]);
  }
  const auto quoted = [&] { return base::printable(arguments[0]); };
  if (spec == nullptr) return base::reject(fmt::format("unknown command '{}'", quoted()));
  if (!spec->accepts(arguments.size()) || spec->run == nullptr) {
    return base::reject(fmt::format("wrong number of arguments for '{}'", quoted()));
  }
  const bool has_effect = spec->has(kWrite) || spec->has(kReadonly) || spec->name == "select" ||
                          spec->name == "multi" || spec->has(kRunsQueue) || spec->name == "discard";
  if (!has_effect) {
    return base::reject(fmt::format("'{}' is no command that works on data", quoted()));
  }
  if (session.transaction.open && !spec->has(kNeverQueued)) {
    session.transaction.queued.push_back(keep(*spec, arguments));
    return {};
  }
  Call call(arguments, *spec, session, node, now, output);
  call.note_hash(prepared.key_argument, prepared.key_hash);
  call.nest();
  node.effects.begin();
  spec->run(call);
  call.settle_effects();
  node.effects.end();
  return {};
}

void run_due(Node& node, UnixMs now) {
  for (const BlockedClients::Place& place : node.blocked.due(node.mono_now)) {
    if (node.blocked.still_waits(place)) time_out(*place.session, node, now);
  }
  if (node.pause.mode == Pause::Mode::kNone || node.mono_now < node.pause.until) return;
  node.pause = {};
  for (const BlockedClients::Place& place : node.blocked.paused()) {
    if (!node.blocked.still_waits(place)) continue;
    Session& session = *place.session;
    const auto waiting = node.blocked.release(session);
    const std::vector<std::string_view> words(waiting->request.words.begin(), waiting->request.words.end());
    std::string nowhere;
    execute(words, session, node, now, late_output(session, nowhere));
    if (session.waiting == nullptr) release(session, node);
  }
}

bool unblock(Session& session, Node& node, UnixMs now, Unblocking how) {
  if (session.waiting == nullptr || session.waiting->kind != Waiting::Kind::kForKeys) return false;
  if (how == Unblocking::kAsIfTimedOut) {
    time_out(session, node, now);
  } else {
    const auto waiting = node.blocked.release(session);
    std::string nowhere;
    wire::resp::ReplyWriter(late_output(session, nowhere), session.protocol)
        .error("UNBLOCKED client unblocked via CLIENT UNBLOCK");
    release(session, node);
  }
  return true;
}

void leave(Session& session, Node& node) {
  if (session.receives_snapshot && node.transfers != nullptr) node.transfers->forget(session);
  if (session.waiting != nullptr) node.blocked.release(session);
  node.watches.unwatch(session);
  node.pubsub.forget(session);
  std::erase(node.monitors, &session);
  node.sessions.erase(session.id);
}

void reset_session(Session& session, Node& node) {
  session.transaction = {};
  node.watches.unwatch(session);
  node.pubsub.forget(session);
  std::erase(node.monitors, &session);
  session.monitors = false;
  session.name.clear();
  session.database = 0;
  session.authenticated = node.settings.requirepass.empty();
  session.protocol = wire::resp::Protocol::kResp2;
  session.reply_mode = ReplyMode::kOn;
  session.no_evict = false;
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  const std::string_view digits = text.substr(text.starts_with('-') ? 1 : 0);
  if (digits.empty() || digits[0] < '0' || digits[0] > '9') return std::nullopt;
  if (digits[0] == '0' && text.size() > 1) return std::nullopt;
  return base::parse_decimal<std::int64_t>(text);
}

}  // namespace weir::store
