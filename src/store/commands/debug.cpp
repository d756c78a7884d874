// DEBUG, under enable-debug-command: what testers of servers and clients need.
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "base/bytes.h"
#include "store/commands/families.h"

namespace weir::store {

namespace {

using base::equal_ignoring_case;

void sleep(Call& call) {
  const std::string_view text = call.argument(2);
  double seconds = 0;
  // What is no number is taken for 0, as in Redis.
  std::from_chars(text.data(), text.data() + text.size(), seconds);
  constexpr double kLongest = 3600;
  if (seconds > 0) {
    call.node.sleep(
        std::chrono::duration_cast<base::Duration>(std::chrono::duration<double>(std::min(seconds, kLongest))));
  }
  call.reply.ok();
}

void error(Call& call) { call.reply.error(call.argument(2)); }

void set_active_expire(Call& call) {
  call.node.active_expire = parse_integer(call.argument(2)).value_or(0) != 0;
  call.reply.ok();
}

struct Sample {
  std::string_view type;
  void (*reply)(Call&);
};

constexpr std::string_view kBehindAttribute = "Some real reply following the attribute";

// One reply of each type, for those who write clients.
constexpr std::array kSamples = {
    Sample{"string", [](Call& call) { call.reply.bulk("Hello World"); }},
    Sample{"integer", [](Call& call) { call.reply.integer(12345); }},
    Sample{"double", [](Call& call) { call.reply.number(3.141); }},
    Sample{"null", [](Call& call) { call.reply.null(); }},
    Sample{"array",
           [](Call& call) {
             call.reply.array(3);
             for (int i = 0; i < 3; ++i) call.reply.integer(i);
           }},
    Sample{"set",
           [](Call& call) {
             call.reply.set(3);
             for (int i = 0; i < 3; ++i) call.reply.integer(i);
           }},
    Sample{"map",
           [](Call& call) {
             call.reply.map(3);
             for (int i = 0; i < 3; ++i) {
               call.reply.integer(i);
               call.reply.boolean(i == 1);
             }
           }},
    Sample{"attrib",
           [](Call& call) {
             if (call.session.protocol == wire::resp::Protocol::kResp3) {
               call.reply.attribute(1);
               call.reply.bulk("key-popularity");
               call.reply.array(2);
               call.reply.bulk("key:123");
               call.reply.integer(90);
             }
             call.reply.bulk(kBehindAttribute);
           }},
    Sample{"push",
           [](Call& call) {
             if (call.session.protocol == wire::resp::Protocol::kResp2) {
               return call.reply.error("ERR RESP2 is not supported by this command");
             }
             call.reply.push(2);
             call.reply.bulk("server-cpu-usage");
             call.reply.integer(42);
             call.reply.bulk("Some real reply following the push reply");
           }},
    Sample{"verbatim", [](Call& call) { call.reply.verbatim("txt", "This is a verbatim\nstring"); }},
    Sample{"true", [](Call& call) { call.reply.boolean(true); }},
    Sample{"false", [](Call& call) { call.reply.boolean(false); }},
    Sample{"bignum", [](Call& call) { call.reply.big_number("1234567999999999999999999999999999999"); }},
};

void protocol(Call& call) {
  for (const Sample& sample : kSamples) {
    if (equal_ignoring_case(call.argument(2), sample.type)) return sample.reply(call);
  }
  call.reply.error(
      "ERR Wrong protocol type name. Please use one of the following: "
      "string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false");
}

struct Subcommand {
  std::string_view name;
  std::size_t arguments;  // With DEBUG and the name.
  void (*run)(Call&);
};

constexpr std::array kSubcommands = {Subcommand{"ERROR", 3, error}, Subcommand{"PROTOCOL", 3, protocol},
                                     Subcommand{"SET-ACTIVE-EXPIRE", 3, set_active_expire},
                                     Subcommand{"SLEEP", 3, sleep}};

void help(Call& call) {
  static constexpr std::array<std::string_view, 13> kLines = {
      "ERROR <string>",
      "    Return a Redis protocol error with <string> as message. Useful for clients",
      "    unit tests to simulate Redis errors.",
      "PROTOCOL <type>",
      "    Reply with a test value of the specified type. <type> can be: string,",
      "    integer, double, bignum, null, array, set, map, attrib, push, verbatim,",
      "    true, false.",
      "SET-ACTIVE-EXPIRE <0|1>",
      "    Setting it to 0 disables expiring keys in background when they are not",
      "    accessed (otherwise the Redis behavior). Setting it to 1 reenables back the",
      "    default.",
      "SLEEP <seconds>",
      "    Stop the server for <seconds>. Decimals allowed."};
  call.help(kLines);
}

// Redis has no rows for DEBUG's subcommands, so that they are told apart here.
void debug(Call& call) {
  if (call.count() == 2 && equal_ignoring_case(call.argument(1), "HELP")) return help(call);
  for (const Subcommand& subcommand : kSubcommands) {
    if (call.count() != subcommand.arguments || !equal_ignoring_case(call.argument(1), subcommand.name)) continue;
    return subcommand.run(call);
  }
  call.wrong_subcommand_arity();
}

constexpr std::array kCommands = {CommandSpec{"debug",
                                              -2,
                                              kAdmin | kNoscript | kLoading | kStale | kProtected,
                                              0,
                                              {},
                                              "Does what only testers should.",
                                              "1.0.0",
                                              "server",
                                              {},
                                              debug}};

}  // namespace

std::span<const CommandSpec> debug_commands() { return kCommands; }

}  // namespace weir::store
