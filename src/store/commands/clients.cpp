// CLIENT: who is connected, and what one client may do to itself and to others.
#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "base/bytes.h"
#include "store/commands/dispatch.h"
#include "store/commands/families.h"

namespace weir::store {

namespace {

using base::equal_ignoring_case;

std::string flags_of(const Session& session) {
  std::string flags;
  if (session.monitors) flags += 'O';
  if (session.subscribed()) flags += 'P';
  if (session.transaction.open) flags += 'x';
  if (session.waiting != nullptr) flags += 'b';
  if (session.watch_broken) flags += 'd';
  if (session.close_after_reply) flags += 'c';
  if (session.local_address.starts_with('/')) flags += 'U';
  if (session.no_evict) flags += 'e';
  return flags.empty() ? "N" : flags;
}

std::int64_t seconds_since(base::MonoTime then, base::MonoTime now) {
  return std::chrono::duration_cast<std::chrono::seconds>(now - then).count();
}

// One line, with those of Redis's fields that have a meaning here.
std::string describe(const Session& session, const Node& node) {
  const ConnectionFacts facts = session.port == nullptr ? ConnectionFacts() : session.port->facts();
  const Transaction& transaction = session.transaction;
  return fmt::format(
      "id={} addr={} laddr={} name={} age={} idle={} flags={} db={} sub={} psub={} ssub={} multi={} qbuf={} "
      "qbuf-free={} multi-mem={} omem={} tot-mem={} cmd={} user=default redir=-1 resp={}",
      session.id, session.address, session.local_address, session.name,
      seconds_since(session.connected_at, node.mono_now), seconds_since(session.last_request_at, node.mono_now),
      flags_of(session), session.database, session.channels.size(), session.patterns.size(),
      session.shard_channels.size(), transaction.open ? static_cast<std::int64_t>(transaction.queued.size()) : -1,
      facts.query_bytes, facts.query_capacity_bytes - facts.query_bytes, transaction.queued_bytes, facts.unsent_bytes,
      sizeof(Session) + facts.query_capacity_bytes + facts.unsent_bytes + transaction.queued_bytes,
      session.last_command == nullptr ? "NULL" : session.last_command->name, static_cast<int>(session.protocol));
}

enum class ClientType : unsigned char { kNormal, kPubsub, kReplica, kMaster };

std::optional<ClientType> parse_type(std::string_view name) {
  if (equal_ignoring_case(name, "normal")) return ClientType::kNormal;
  if (equal_ignoring_case(name, "pubsub")) return ClientType::kPubsub;
  if (equal_ignoring_case(name, "replica") || equal_ignoring_case(name, "slave")) return ClientType::kReplica;
  if (equal_ignoring_case(name, "master")) return ClientType::kMaster;
  return std::nullopt;
}

ClientType type_of(const Session& session) { return session.subscribed() ? ClientType::kPubsub : ClientType::kNormal; }

void unknown_type(Call& call, std::string_view name) {
  call.reply.error(fmt::format("ERR Unknown client type '{}'", name));
}

void client_id(Call& call) { call.reply.integer(static_cast<std::int64_t>(call.session.id)); }

void client_info(Call& call) { call.reply.verbatim("txt", describe(call.session, call.node) + '\n'); }

void client_list(Call& call) {
  std::string text;
  const auto add = [&](const Session& session) { text += describe(session, call.node) + '\n'; };
  if (call.count() == 2) {
    for (const auto& [id, session] : call.node.sessions) add(*session);
  } else if (call.count() == 4 && equal_ignoring_case(call.argument(2), "TYPE")) {
    const auto type = parse_type(call.argument(3));
    if (!type) return unknown_type(call, call.argument(3));
    for (const auto& [id, session] : call.node.sessions) {
      if (type_of(*session) == *type) add(*session);
    }
  } else if (call.count() > 3 && equal_ignoring_case(call.argument(2), "ID")) {
    for (const std::string_view word : call.arguments.subspan(3)) {
      const auto id = parse_integer(word);
      if (!id) return call.reply.error("ERR Invalid client ID");
      const auto found = call.node.sessions.find(static_cast<std::uint64_t>(*id));
      if (found != call.node.sessions.end()) add(*found->second);
    }
  } else {
    return call.syntax_error();
  }
  call.reply.verbatim("txt", text);
}

struct KillFilter {
  std::optional<std::uint64_t> id;
  std::optional<std::string_view> address;
  std::optional<std::string_view> local_address;
  std::optional<ClientType> type;
  bool skip_me = true;

  bool matches(const Session& session, const Session& me) const {
    return (!id || session.id == *id) && (!address || session.address == *address) &&
           (!local_address || session.local_address == *local_address) && (!type || type_of(session) == *type) &&
           !(skip_me && &session == &me);
  }
};

// False: an error was replied.
bool parse_kill_filter(Call& call, KillFilter& filter) {
  for (std::size_t i = 2; i < call.count(); i += 2) {
    const std::string_view option = call.argument(i);
    if (i + 1 == call.count()) return call.syntax_error(), false;
    const std::string_view value = call.argument(i + 1);
    if (equal_ignoring_case(option, "ID")) {
      const auto id = parse_integer(value);
      if (!id || *id < 1) return call.reply.error("ERR client-id should be greater than 0"), false;
      filter.id = static_cast<std::uint64_t>(*id);
    } else if (equal_ignoring_case(option, "TYPE")) {
      filter.type = parse_type(value);
      if (!filter.type) return unknown_type(call, value), false;
    } else if (equal_ignoring_case(option, "ADDR")) {
      filter.address = value;
    } else if (equal_ignoring_case(option, "LADDR")) {
      filter.local_address = value;
    } else if (equal_ignoring_case(option, "USER")) {
      // Everybody is the user "default" as long as there are no others.
      if (value != "default") return call.reply.error(fmt::format("ERR No such user '{}'", value)), false;
    } else if (equal_ignoring_case(option, "SKIPME") && equal_ignoring_case(value, "yes")) {
      filter.skip_me = true;
    } else if (equal_ignoring_case(option, "SKIPME") && equal_ignoring_case(value, "no")) {
      filter.skip_me = false;
    } else {
      return call.syntax_error(), false;
    }
  }
  return true;
}

void client_kill(Call& call) {
  KillFilter filter;
  const bool by_address_only = call.count() == 3;
  if (by_address_only) {
    filter = {.address = call.argument(2), .skip_me = false};
  } else if (!parse_kill_filter(call, filter)) {
    return;
  }
  std::int64_t killed = 0;
  for (const auto& [id, session] : call.node.sessions) {
    if (!filter.matches(*session, call.session)) continue;
    ++killed;
    if (session == &call.session) {
      session->close_after_reply = true;
    } else {
      // So that nothing is taken from a key for a client that will not get it.
      if (session->waiting != nullptr) call.node.blocked.release(*session);
      session->port->close();
    }
  }
  if (!by_address_only) return call.reply.integer(killed);
  if (killed == 0) return call.reply.error("ERR No such client");
  call.reply.ok();
}

void client_getname(Call& call) {
  if (call.session.name.empty()) return call.reply.null();
  call.reply.bulk(call.session.name);
}

void client_setname(Call& call) {
  if (!is_client_name(call.argument(2))) {
    return call.reply.error("ERR Client names cannot contain spaces, newlines or special characters.");
  }
  call.session.name = call.argument(2);
  call.reply.ok();
}

void client_no_evict(Call& call) {
  const bool on = equal_ignoring_case(call.argument(2), "on");
  if (!on && !equal_ignoring_case(call.argument(2), "off")) return call.syntax_error();
  call.session.no_evict = on;
  call.reply.ok();
}

void client_pause(Call& call) {
  auto mode = Pause::Mode::kAll;
  if (call.count() == 4 && equal_ignoring_case(call.argument(3), "WRITE")) {
    mode = Pause::Mode::kWrites;
  } else if (call.count() > 4 || (call.count() == 4 && !equal_ignoring_case(call.argument(3), "ALL"))) {
    return call.reply.error("ERR CLIENT PAUSE mode must be WRITE or ALL");
  }
  const auto timeout_ms = parse_integer(call.argument(2));
  if (!timeout_ms) return call.reply.error("ERR timeout is not an integer or out of range");
  if (*timeout_ms < 0) return call.reply.error("ERR timeout is negative");
  // A hundred years are as good as for ever, and do not overflow.
  constexpr std::int64_t kLongest = std::int64_t{100} * 365 * 24 * 3600 * 1000;
  call.node.pause = {.mode = mode,
                     .until = call.node.mono_now + std::chrono::milliseconds(std::min(*timeout_ms, kLongest))};
  call.reply.ok();
}

// Those whom the pause holds go on after this command.
void client_unpause(Call& call) {
  call.node.pause.until = call.node.mono_now;
  call.reply.ok();
}

void client_reply(Call& call) {
  if (equal_ignoring_case(call.argument(2), "ON")) {
    call.session.reply_mode = ReplyMode::kOn;
    call.reply.ok();
  } else if (equal_ignoring_case(call.argument(2), "OFF")) {
    call.session.reply_mode = ReplyMode::kOff;
  } else if (equal_ignoring_case(call.argument(2), "SKIP")) {
    if (call.session.reply_mode != ReplyMode::kOff) call.session.reply_mode = ReplyMode::kSkipNext;
  } else {
    call.syntax_error();
  }
}

void client_unblock(Call& call) {
  auto how = Unblocking::kAsIfTimedOut;
  if (call.count() > 4) return call.wrong_subcommand_arity();
  if (call.count() == 4 && equal_ignoring_case(call.argument(3), "ERROR")) {
    how = Unblocking::kWithError;
  } else if (call.count() == 4 && !equal_ignoring_case(call.argument(3), "TIMEOUT")) {
    return call.reply.error("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
  }
  const auto id = parse_integer(call.argument(2));
  if (!id) return call.not_an_integer();
  const auto found = call.node.sessions.find(static_cast<std::uint64_t>(*id));
  // Who receives a snapshot can hear nothing else.
  const bool may_unblock = found != call.node.sessions.end() && !found->second->receives_snapshot;
  const bool unblocked = may_unblock && unblock(*found->second, call.node, call.now, how);
  call.reply.integer(unblocked ? 1 : 0);
}

void client_getredir(Call& call) { call.reply.integer(-1); }

void client_trackinginfo(Call& call) {
  call.reply.map(3);
  call.reply.bulk("flags");
  call.reply.set(1);
  call.reply.bulk("off");
  call.reply.bulk("redirect");
  call.reply.integer(-1);
  call.reply.bulk("prefixes");
  call.reply.array(0);
}

// There is no tracking yet: to say OK would let clients serve stale values from their caches.
void client_tracking(Call& call) {
  if (equal_ignoring_case(call.argument(2), "OFF")) return call.reply.ok();
  if (!equal_ignoring_case(call.argument(2), "ON")) return call.syntax_error();
  call.reply.error("ERR CLIENT TRACKING is not supported by this server");
}

void client_caching(Call& call) {
  call.reply.error(
      "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled");
}

void client_help(Call& call) {
  static constexpr std::array<std::string_view, 45> kLines = {
      "CACHING (YES|NO)",
      "    Enable/disable tracking of the keys for next command in OPTIN/OPTOUT modes.",
      "GETREDIR",
      "    Return the client ID we are redirecting to when tracking is enabled.",
      "GETNAME",
      "    Return the name of the current connection.",
      "ID",
      "    Return the ID of the current connection.",
      "INFO",
      "    Return information about the current client connection.",
      "KILL <ip:port>",
      "    Kill connection made from <ip:port>.",
      "KILL <option> <value> [<option> <value> [...]]",
      "    Kill connections. Options are:",
      "    * ADDR (<ip:port>|<unixsocket>:0)",
      "      Kill connections made from the specified address",
      "    * LADDR (<ip:port>|<unixsocket>:0)",
      "      Kill connections made to specified local address",
      "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
      "      Kill connections by type.",
      "    * USER <username>",
      "      Kill connections authenticated by <username>.",
      "    * SKIPME (YES|NO)",
      "      Skip killing current connection (default: yes).",
      "LIST [options ...]",
      "    Return information about client connections. Options:",
      "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
      "      Return clients of specified type.",
      "UNPAUSE",
      "    Stop the current client pause, resuming traffic.",
      "PAUSE <timeout> [WRITE|ALL]",
      "    Suspend all, or just write, clients for <timeout> milliseconds.",
      "REPLY (ON|OFF|SKIP)",
      "    Control the replies sent to the current connection.",
      "SETNAME <name>",
      "    Assign the name <name> to the current connection.",
      "UNBLOCK <clientid> [TIMEOUT|ERROR]",
      "    Unblock the specified blocked client.",
      "TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> [...]]",
      "         [OPTIN] [OPTOUT] [NOLOOP]",
      "    Control server assisted client side caching.",
      "TRACKINGINFO",
      "    Report tracking status for the current connection.",
      "NO-EVICT (ON|OFF)",
      "    Protect current client connection from eviction."};
  call.help(kLines);
}

constexpr std::uint32_t kOwn = kNoscript | kLoading | kStale;
constexpr std::uint32_t kOthers = kAdmin | kOwn;

constexpr Family row{.group = "connection", .categories = kConnectionCategory};

constexpr std::array kSubcommands = {
    row("client|caching", 3, kOwn, "Says whether the keys of the next command are tracked.", "6.0.0", client_caching)
        .takes("mode=(YES|NO)")
        .costs("O(1)"),
    row("client|getname", 2, kOwn, "Returns the name of the connection.", "2.6.9", client_getname).costs("O(1)"),
    row("client|getredir", 2, kOwn, "Returns the client that invalidation messages go to.", "6.0.0", client_getredir)
        .costs("O(1)"),
    row("client|help", 2, kLoading | kStale, "Describes the subcommands.", "5.0.0", client_help).costs("O(1)"),
    row("client|id", 2, kOwn, "Returns the id of the connection.", "5.0.0", client_id).costs("O(1)"),
    row("client|info", 2, kOwn, "Describes the connection.", "6.2.0", client_info)
        .tipped(kNondeterministic)
        .costs("O(1)"),
    row("client|kill", -3, kOthers, "Closes connections.", "2.4.0", client_kill)
        .takes("filter=(ip:port~2.8.12|new-format=([ID client-id@2.8.12]|[TYPE "
               "normal_master_slave_pubsub=(NORMAL|MASTER@3.2.0|SLAVE|REPLICA@5.0.0|PUBSUB)@2.8.12]|[USER "
               "username]|[ADDR ip:port]|[LADDR ip:port@6.2.0]|[SKIPME yes/no])...)")
        .costs("O(N), N: clients"),
    row("client|list", -2, kOthers, "Describes all connections, or some.", "2.4.0", client_list)
        .tipped(kNondeterministic)
        .takes("[TYPE (NORMAL|MASTER|REPLICA|PUBSUB)@5.0.0] [ID id=(client-id...)@6.2.0]")
        .costs("O(N), N: clients"),
    row("client|no-evict", 3, kOthers, "Protects the connection from being closed for memory.", "7.0.0",
        client_no_evict)
        .takes("enabled=(ON|OFF)")
        .costs("O(1)"),
    row("client|pause", -3, kOthers, "Lets clients wait for a while.", "2.9.50", client_pause)
        .takes("timeout:integer [mode=(WRITE|ALL)@6.2.0]")
        .costs("O(1)"),
    row("client|reply", 3, kOwn, "Turns the replies of this connection off and on.", "3.2.0", client_reply)
        .takes("(ON|OFF|SKIP)")
        .costs("O(1)"),
    row("client|setname", 3, kOwn, "Names the connection.", "2.6.9", client_setname)
        .takes("connection-name")
        .costs("O(1)"),
    row("client|tracking", -3, kOwn, "Asks for messages about keys that became invalid.", "6.0.0", client_tracking)
        .takes("status=(ON|OFF) [REDIRECT client-id] [PREFIX prefix]... [BCAST] [OPTIN] [OPTOUT] [NOLOOP]")
        .costs("O(1)"),
    row("client|trackinginfo", 2, kOwn, "Describes the tracking of this connection.", "6.2.0", client_trackinginfo)
        .costs("O(1)"),
    row("client|unblock", -3, kOthers, "Ends the waiting of a client that is blocked.", "5.0.0", client_unblock)
        .takes("client-id [(TIMEOUT|ERROR)]")
        .costs("O(log(N)), N: clients"),
    row("client|unpause", 2, kOthers, "Ends a pause of the clients.", "6.2.0", client_unpause)
        .costs("O(N), N: clients that are held"),
};

constexpr std::array kCommands = {
    row("client", -2, 0, "Describes and controls connections.", "2.4.0", nullptr)
        .in(0)
        .with_subcommands(kSubcommands)
        .costs("as the subcommand"),
};

}  // namespace

std::span<const CommandSpec> client_commands() { return kCommands; }

}  // namespace weir::store
