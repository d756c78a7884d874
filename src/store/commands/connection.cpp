// AUTH, ECHO, HELLO, PING, QUIT, RESET, SELECT: what concerns the connection and not the data.
#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "base/bytes.h"
#include "store/commands/dispatch.h"
#include "store/commands/families.h"
#include "store/commands/version.h"

namespace weir::store {

namespace {

using base::equal_ignoring_case;
using wire::resp::Protocol;

// Takes the same time whatever the first difference is, so that a password cannot be guessed byte by byte.
bool equal_in_constant_time(std::string_view a, std::string_view b) {
  unsigned difference = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(i < b.size() ? b[i] : 0);
  }
  return difference == 0;
}

bool authenticate(Call& call, std::string_view user, std::string_view password) {
  const std::string& required = call.node.settings.requirepass;
  if (user != "default" || (!required.empty() && !equal_in_constant_time(password, required))) {
    call.reply.error("WRONGPASS invalid username-password pair or user is disabled.");
    return false;
  }
  call.session.authenticated = true;
  return true;
}

void auth(Call& call) {
  if (call.count() > 3) return call.syntax_error();
  if (call.count() == 2 && call.node.settings.requirepass.empty()) {
    return call.reply.error(
        "ERR AUTH <password> called without any password configured for the default user. Are you sure your "
        "configuration is correct?");
  }
  const std::string_view user = call.count() == 3 ? call.argument(1) : "default";
  if (authenticate(call, user, call.argument(call.count() - 1))) call.reply.ok();
}

void echo(Call& call) { call.reply.bulk(call.argument(1)); }

void ping(Call& call) {
  if (call.count() > 2) return call.wrong_arity();
  if (call.session.subscribed() && call.session.protocol == Protocol::kResp2) {
    // So that it cannot be taken for a message.
    call.reply.array(2);
    call.reply.bulk("pong");
    call.reply.bulk(call.count() == 1 ? "" : call.argument(1));
  } else if (call.count() == 1) {
    call.reply.simple("PONG");
  } else {
    call.reply.bulk(call.argument(1));
  }
}

void quit(Call& call) {
  call.session.close_after_reply = true;
  call.reply.ok();
}

void reset(Call& call) {
  reset_session(call.session, call.node);
  call.reply.simple("RESET");
}

void hello(Call& call) {
  Protocol protocol = call.session.protocol;
  if (call.count() > 1) {
    const auto version = parse_integer(call.argument(1));
    if (!version) return call.reply.error("ERR Protocol version is not an integer or out of range");
    if (*version != 2 && *version != 3) return call.reply.error("NOPROTO unsupported protocol version");
    protocol = static_cast<Protocol>(*version);
  }
  for (std::size_t i = 2; i < call.count(); ++i) {
    const std::string_view word = call.argument(i);
    const std::size_t left = call.count() - i - 1;
    if (equal_ignoring_case(word, "AUTH") && left >= 2) {
      if (!authenticate(call, call.argument(i + 1), call.argument(i + 2))) return;
      i += 2;
    } else if (equal_ignoring_case(word, "SETNAME") && left >= 1) {
      const std::string_view name = call.argument(++i);
      if (!is_client_name(name)) {
        return call.reply.error("ERR Client names cannot contain spaces, newlines or special characters.");
      }
      // At once, as Redis does, even if an option behind it is refused.
      call.session.name = name;
    } else {
      return call.reply.error(fmt::format("ERR Syntax error in HELLO option '{}'", word));
    }
  }
  if (!call.session.authenticated) {
    return call.reply.error(
        "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> "
        "option can be used to authenticate the client and select the RESP protocol version at the same time");
  }
  call.session.protocol = protocol;
  wire::resp::ReplyWriter reply(call.output, protocol);
  reply.map(7);
  reply.bulk("server");
  reply.bulk("redis");
  reply.bulk("version");
  reply.bulk(kRedisVersion);
  reply.bulk("proto");
  reply.integer(static_cast<int>(protocol));
  reply.bulk("id");
  reply.integer(static_cast<std::int64_t>(call.session.id));
  reply.bulk("mode");
  reply.bulk("standalone");
  reply.bulk("role");
  reply.bulk("master");
  reply.bulk("modules");
  reply.array(0);
}

void select(Call& call) {
  const auto index = parse_integer(call.argument(1));
  if (!index) return call.not_an_integer();
  if (*index < std::numeric_limits<int>::min() || *index > std::numeric_limits<int>::max()) {
    return call.reply.error("ERR value is out of range, value must between -2147483648 and 2147483647");
  }
  if (*index < 0 || static_cast<std::size_t>(*index) >= call.node.keyspace.size()) {
    return call.reply.error("ERR DB index is out of range");
  }
  call.session.database = static_cast<std::size_t>(*index);
  call.reply.ok();
}

constexpr std::uint32_t kHandshake = kNoscript | kLoading | kStale | kFast | kNoAuth | kAllowBusy;
constexpr std::uint32_t kLifetime = kHandshake | kForSubscribers | kNeverQueued;

constexpr Family row{.group = "connection", .categories = kConnectionCategory};

constexpr std::array kCommands = {
    row("auth", -2, kHandshake, "Authenticates the connection.", "1.0.0", auth)
        .takes("[username@6.0.0] password")
        .costs("O(1)"),
    row("echo", 2, kLoading | kStale | kFast, "Returns the given string.", "1.0.0", echo)
        .takes("message")
        .costs("O(1)"),
    row("hello", -1, kHandshake, "Chooses the protocol, and may authenticate and name the connection.", "6.0.0", hello)
        .takes("[arguments=(protover:integer [AUTH (username password)] [SETNAME clientname])]")
        .costs("O(1)"),
    row("ping", -1, kFast | kForSubscribers, "Answers PONG, or the given string.", "1.0.0", ping)
        .tipped(kAllShards)
        .takes("[message]")
        .costs("O(1)"),
    row("quit", -1, kLifetime, "Closes the connection.", "1.0.0", quit).costs("O(1)"),
    row("reset", 1, kLifetime, "Forgets all that the connection has set, as if it had just come.", "6.2.0", reset)
        .costs("O(1)"),
    row("select", 2, kLoading | kStale | kFast, "Changes the selected database.", "1.0.0", select)
        .takes("index")
        .costs("O(1)"),
};

}  // namespace

bool is_client_name(std::string_view name) {
  return std::ranges::all_of(name, [](char c) { return c >= '!' && c <= '~'; });
}

std::span<const CommandSpec> connection_commands() { return kCommands; }

}  // namespace weir::store
