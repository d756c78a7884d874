// DEBUG, under enable-debug-command: what testers of servers and clients need.
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/sha1.h"
#include "store/commands/families.h"
#include "store/commands/persistence.h"
#include "store/persist/image/digest_sink.h"
#include "store/persist/image/entry_source.h"
#include "store/persist/image/writing_sink.h"

namespace weir::store {

namespace {

// Of POPULATE: what it makes room for at once.
constexpr std::uint64_t kMostReserved = 10'000'000;

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

// Of keys that have expired but are not removed yet, too, as in Redis.
void digest(Call& call) {
  DigestSink sink;
  hand_over_all(call.node.keyspace, sink);
  call.reply.simple(sink.digest().value());
}

// Looks at keys that have expired too.
const Entry* peek(Call& call, std::size_t argument) {
  return call.database().peek(call.key(argument), std::numeric_limits<UnixMs>::min());
}

void digest_value(Call& call) {
  call.reply.array(call.count() - 2);
  for (std::size_t i = 2; i < call.count(); ++i) {
    DigestSink sink(DigestSink::Of::kValues);
    if (const Entry* entry = peek(call, i)) hand_over(*entry, sink);
    call.reply.simple(base::to_hex(sink.last_key()));
  }
}

void object(Call& call) {
  const Entry* entry = peek(call, 2);
  if (entry == nullptr) return call.reply.error("ERR no such key");
  DumpSink dump(call.node.settings.rdbcompression);
  hand_over(*entry, dump);
  // What surrounds the value in a payload: its type, and the footer.
  const std::size_t length = dump.payload().size() - 1 - rdb::kDumpFooterBytes;
  call.reply.simple(fmt::format("Value at:{} refcount:1 encoding:{} serializedlength:{} lru:{} lru_seconds_idle:{}",
                                static_cast<const void*>(entry), encoding_of(*entry), length, entry->access(),
                                call.node.keyspace.context().access.idle_seconds(entry->access())));
}

void reload(Call& call) {
  bool merges = false, flushes = true, saves = true;
  for (const std::string_view word : call.arguments.subspan(2)) {
    if (equal_ignoring_case(word, "MERGE")) {
      merges = true;
    } else if (equal_ignoring_case(word, "NOFLUSH")) {
      flushes = false;
    } else if (equal_ignoring_case(word, "NOSAVE")) {
      saves = false;
    } else {
      return call.reply.error("ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.");
    }
  }
  Persistence* const persistence = call.node.persistence;
  if (persistence == nullptr) return call.reply.error("ERR this store keeps no files");
  if (call.node.loading) return call.reply.error("LOADING Redis is loading the dataset in memory");
  persistence->abandon_save();
  if (saves) {
    if (const auto saved = persistence->save(); !saved) {
      return call.reply.error(fmt::format("ERR {}", base::printable(saved.error().text(), 512)));
    }
  }
  if (flushes) call.node.keyspace.clear();
  if (const auto loaded = persistence->load(merges); !loaded) {
    return call.reply.error(
        fmt::format("ERR Error trying to load the RDB dump: {}", base::printable(loaded.error().text(), 512)));
  }
  call.reply.ok();
}

// Nothing: an error was replied.
std::optional<std::uint64_t> parse_count(Call& call, std::size_t argument) {
  const auto count = parse_integer(call.argument(argument));
  if (count && *count >= 0) return static_cast<std::uint64_t>(*count);
  call.reply.error("ERR value is out of range, must be positive");
  return std::nullopt;
}

// Keys PREFIX:0, PREFIX:1, ... that nobody else is told of: not files, not replicas.
void populate(Call& call) {
  if (call.count() > 5) return call.wrong_subcommand_arity();
  const auto count = parse_count(call, 2);
  if (!count) return;
  const std::string_view prefix = call.count() > 3 ? call.argument(3) : "key";
  const auto size = call.count() > 4 ? parse_count(call, 4) : 0;
  if (!size) return;
  if (*size > call.node.settings.proto_max_bulk_len) {
    return call.reply.error("ERR string exceeds maximum allowed size (proto-max-bulk-len)");
  }
  call.database().reserve(static_cast<std::size_t>(std::min<std::uint64_t>(*count, kMostReserved)));
  for (std::uint64_t i = 0; i < *count; ++i) {
    const std::string key = fmt::format("{}:{}", prefix, i);
    if (call.database().peek(key, call.now) != nullptr) continue;
    std::string value = fmt::format("value:{}", i);
    if (*size > 0) value.resize(static_cast<std::size_t>(*size));
    call.database().set_text(key, value, std::nullopt);
    call.touched(key);
  }
  call.reply.ok();
}

void load_appended(Call& call) {
  Persistence* const persistence = call.node.persistence;
  if (persistence == nullptr || !call.node.settings.appendonly) {
    return call.reply.error("ERR there is no append-only file (appendonly no)");
  }
  if (call.node.loading) return call.reply.error("LOADING Redis is loading the dataset in memory");
  call.node.keyspace.clear();
  if (const auto loaded = persistence->load_appended(); !loaded) {
    return call.reply.error(
        fmt::format("ERR Error trying to load the AOF files: {}", base::printable(loaded.error().text(), 512)));
  }
  call.reply.ok();
}

struct Subcommand {
  std::string_view name;
  int arity;  // With DEBUG and the name; negative: at least that many.
  void (*run)(Call&);
};

constexpr std::array kSubcommands = {Subcommand{"DIGEST", 2, digest},
                                     Subcommand{"DIGEST-VALUE", -2, digest_value},
                                     Subcommand{"ERROR", 3, error},
                                     Subcommand{"LOADAOF", 2, load_appended},
                                     Subcommand{"OBJECT", 3, object},
                                     Subcommand{"POPULATE", -3, populate},
                                     Subcommand{"PROTOCOL", 3, protocol},
                                     Subcommand{"RELOAD", -2, reload},
                                     Subcommand{"SET-ACTIVE-EXPIRE", 3, set_active_expire},
                                     Subcommand{"SLEEP", 3, sleep}};

bool accepts(const Subcommand& subcommand, std::size_t arguments) {
  const int count = static_cast<int>(arguments);
  return subcommand.arity >= 0 ? count == subcommand.arity : count >= -subcommand.arity;
}

void help(Call& call) {
  static constexpr auto kLines = std::to_array<std::string_view>({
      "DIGEST",
      "    Output a hex signature representing the current DB content.",
      "DIGEST-VALUE <key> [<key> ...]",
      "    Output a hex signature of the values of all the specified keys.",
      "ERROR <string>",
      "    Return a Redis protocol error with <string> as message. Useful for clients",
      "    unit tests to simulate Redis errors.",
      "LOADAOF",
      "    Flush the AOF buffers on disk and reload the AOF in memory.",
      "OBJECT <key>",
      "    Show low level info about `key` and associated value.",
      "POPULATE <count> [<prefix>] [<size>]",
      "    Create <count> string keys named key:<num>. If <prefix> is specified then",
      "    it is used instead of the 'key' prefix. These are not propagated to",
      "    replicas. Cluster slots are not respected so keys not belonging to the",
      "    current node can be created in cluster mode.",
      "PROTOCOL <type>",
      "    Reply with a test value of the specified type. <type> can be: string,",
      "    integer, double, bignum, null, array, set, map, attrib, push, verbatim,",
      "    true, false.",
      "RELOAD [option ...]",
      "    Save the RDB on disk and reload it back to memory. Valid <option> values:",
      "    * MERGE: conflicting keys will be loaded from RDB.",
      "    * NOFLUSH: the existing database will not be removed before load, but",
      "      conflicting keys will be an error.",
      "    * NOSAVE: the database will be loaded from an existing RDB file.",
      "SET-ACTIVE-EXPIRE <0|1>",
      "    Setting it to 0 disables expiring keys in background when they are not",
      "    accessed (otherwise the Redis behavior). Setting it to 1 reenables back the",
      "    default.",
      "SLEEP <seconds>",
      "    Stop the server for <seconds>. Decimals allowed.",
  });
  call.help(kLines);
}

// Redis has no rows for DEBUG's subcommands, so that they are told apart here.
void debug(Call& call) {
  if (call.count() == 2 && equal_ignoring_case(call.argument(1), "HELP")) return help(call);
  for (const Subcommand& subcommand : kSubcommands) {
    if (!accepts(subcommand, call.count()) || !equal_ignoring_case(call.argument(1), subcommand.name)) continue;
    return subcommand.run(call);
  }
  call.wrong_subcommand_arity();
}

constexpr Family row{.group = "server"};

constexpr std::array kCommands = {
    row("debug", -2, kAdmin | kNoscript | kLoading | kStale | kProtected, "Does what only testers should.", "1.0.0",
        debug)
        .costs("as the subcommand")
        .internal(),
};

}  // namespace

std::span<const CommandSpec> debug_commands() { return kCommands; }

}  // namespace weir::store
