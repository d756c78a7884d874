// DUMP and RESTORE: one value on its way to another store, as Redis serialises it.
#include <fmt/format.h>

#include "base/bytes.h"
#include "store/commands/families.h"
#include "store/persist/image/entry_source.h"
#include "store/persist/image/loader.h"
#include "store/persist/image/writing_sink.h"
#include "store/persist/rdb/dump.h"

namespace weir::store {

namespace {

using base::equal_ignoring_case;

void dump(Call& call) {
  const Entry* entry = call.database().look_up(call.key(1), call.now);
  if (entry == nullptr) return call.reply.null();
  DumpSink sink(call.node.settings.rdbcompression);
  hand_over(*entry, sink);
  call.reply.bulk(sink.payload());
}

struct RestoreOptions {
  bool replace = false;
  bool absolute = false;
  std::optional<std::int64_t> idle_seconds;
  std::optional<std::int64_t> frequency;
};

// Nothing: replied.
std::optional<RestoreOptions> parse_options(Call& call) {
  RestoreOptions options;
  for (std::size_t i = 4; i < call.count(); ++i) {
    const auto is = [&](std::string_view word) { return equal_ignoring_case(call.argument(i), word); };
    const bool has_value = i + 1 < call.count();
    if (is("REPLACE")) {
      options.replace = true;
    } else if (is("ABSTTL")) {
      options.absolute = true;
    } else if (is("IDLETIME") && has_value && !options.frequency) {
      options.idle_seconds = parse_integer(call.argument(++i));
      if (!options.idle_seconds) return call.not_an_integer(), std::nullopt;
      if (*options.idle_seconds < 0) {
        return call.reply.error("ERR Invalid IDLETIME value, must be >= 0"), std::nullopt;
      }
    } else if (is("FREQ") && has_value && !options.idle_seconds) {
      options.frequency = parse_integer(call.argument(++i));
      if (!options.frequency) return call.not_an_integer(), std::nullopt;
      if (*options.frequency < 0 || *options.frequency > 255) {
        return call.reply.error("ERR Invalid FREQ value, must be >= 0 and <= 255"), std::nullopt;
      }
    } else {
      return call.syntax_error(), std::nullopt;
    }
  }
  return options;
}

// The time was over before the key came to be: what stood there goes all the same.
void restore_expired(Call& call, const Key& key) {
  if (!call.database().erase(key, call.now)) return call.reply.ok();
  call.changed(key.bytes, EventClass::kGeneric, "del");
  call.replicate_as({"DEL", key.bytes});
  call.reply.ok();
}

void replicate_restore(Call& call, bool absolute, UnixMs expires_at) {
  if (absolute || expires_at == 0) return;
  std::vector<std::string_view> words(call.arguments.begin(), call.arguments.end());
  const std::string at = fmt::to_string(expires_at);
  words[2] = at;
  words.emplace_back("ABSTTL");
  call.replicate_as(words);
}

void restore(Call& call) {
  const auto options = parse_options(call);
  if (!options) return;
  const Key key = call.key(1);
  if (!options->replace && call.database().peek(key, call.now) != nullptr) {
    return call.reply.error("BUSYKEY Target key name already exists.");
  }
  const auto ttl = parse_integer(call.argument(2));
  if (!ttl) return call.not_an_integer();
  if (*ttl < 0) return call.reply.error("ERR Invalid TTL value, must be >= 0");
  const std::string_view payload = call.argument(3);
  if (!rdb::dump_is_intact(payload)) return call.reply.error("ERR DUMP payload version or checksum are wrong");

  rdb::Record record;
  record.key = key.bytes;
  // Beyond the end of time Redis's sum wraps round into the past.
  const auto expires_at = static_cast<UnixMs>(
      static_cast<std::uint64_t>(*ttl) + (options->absolute || *ttl == 0 ? 0 : static_cast<std::uint64_t>(call.now)));
  if (expires_at != 0) record.expires_at_ms = expires_at;
  if (options->idle_seconds) record.idle_seconds = static_cast<std::uint64_t>(*options->idle_seconds);
  if (options->frequency) record.frequency = static_cast<std::uint8_t>(*options->frequency);
  // A key that expires now has expired; in a file it would not have.
  Loader loader(call.node.keyspace, call.node.settings, {.now = call.now + 1, .replaces = true});
  loader.select_database(call.session.database);
  if (!rdb::read_dump(payload, record, loader) || !loader.settle()) return call.reply.error("ERR Bad data format");
  if (loader.expired() > 0) return restore_expired(call, key);
  call.changed(key.bytes, EventClass::kGeneric, "restore");
  replicate_restore(call, options->absolute, expires_at);
  call.reply.ok();
}

constexpr Family row{.group = "generic", .categories = kKeyspaceCategory};

constexpr std::array kCommands = {
    row("dump", 2, kReadonly, "Returns a value serialised, for RESTORE.", "2.6.0", dump)
        .on_key(kReadsValue)
        .tipped(kNondeterministic)
        .takes("key")
        .costs("O(N), N: bytes of the value"),
    row("restore", -4, kWrite | kDenyOom, "Makes a key of what DUMP returned.", "2.6.0", restore)
        .in(kKeyspaceCategory | kDangerousCategory)
        .on_key(kOverwritesValue)
        .takes(
            "key ttl serialized-value [REPLACE@3.0.0] [ABSTTL@5.0.0] [IDLETIME seconds@5.0.0] [FREQ frequency@5.0.0]")
        .costs("O(N), N: bytes of the payload; of a large sorted set O(N*log(N))"),
};

}  // namespace

std::span<const CommandSpec> dump_commands() { return kCommands; }

}  // namespace weir::store
