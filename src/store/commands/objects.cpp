// OBJECT: how a value is held.
#include <fmt/format.h>

#include "base/bytes.h"
#include "store/commands/families.h"

namespace weir::store {

namespace {

// Redis keeps one object for each small integer, of which all keys hold a reference; as OBJECT REFCOUNT tells it.
constexpr std::int64_t kSharedIntegers = 10'000;
constexpr std::int64_t kSharedReferences = std::numeric_limits<int>::max();
// Null: replied.
const Entry* find(Call& call) {
  const Entry* entry = call.database().look_up_untouched(call.key(2), call.now);
  if (entry == nullptr) call.reply.null();
  return entry;
}

void object_encoding(Call& call) {
  if (const Entry* entry = find(call)) call.reply.bulk(encoding_of(*entry));
}

void object_refcount(Call& call) {
  const Entry* entry = find(call);
  if (entry == nullptr) return;
  const bool shared =
      entry->kind() == ValueKind::kInteger && entry->integer() >= 0 && entry->integer() < kSharedIntegers;
  call.reply.integer(shared ? kSharedReferences : 1);
}

constexpr std::string_view kSwitching =
    "Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.";

void object_idletime(Call& call) {
  const Entry* entry = find(call);
  if (entry == nullptr) return;
  const AccessClock& clock = call.node.keyspace.context().access;
  if (clock.lfu) {
    return call.reply.error(
        fmt::format("ERR An LFU maxmemory policy is selected, idle time not tracked. {}", kSwitching));
  }
  call.reply.integer(clock.idle_seconds(entry->access()));
}

void object_freq(Call& call) {
  const Entry* entry = find(call);
  if (entry == nullptr) return;
  const AccessClock& clock = call.node.keyspace.context().access;
  if (!clock.lfu) {
    return call.reply.error(
        fmt::format("ERR An LFU maxmemory policy is not selected, access frequency not tracked. {}", kSwitching));
  }
  call.reply.integer(clock.frequency(entry->access()));
}

void object_help(Call& call) {
  static constexpr auto kLines = std::to_array<std::string_view>({
      "ENCODING <key>",
      "    Return the kind of internal representation used in order to store the value",
      "    associated with a <key>.",
      "FREQ <key>",
      "    Return the access frequency index of the <key>. The returned integer is",
      "    proportional to the logarithm of the recent access frequency of the key.",
      "IDLETIME <key>",
      "    Return the idle time of the <key>, that is the approximated number of",
      "    seconds elapsed since the last access to the key.",
      "REFCOUNT <key>",
      "    Return the number of references of the value associated with the specified",
      "    <key>.",
  });
  call.help(kLines);
}

constexpr KeyRange kKey = {.first = 2, .last = 2, .step = 1, .access = kReadsKey};

constexpr Family row{.group = "generic", .categories = kKeyspaceCategory};

constexpr std::array kSubcommands = {
    row("object|encoding", 3, kReadonly, "Returns how a value is held.", "2.2.3", object_encoding)
        .on_keys(kKey)
        .tipped(kNondeterministic)
        .takes("key")
        .costs("O(1)"),
    row("object|freq", 3, kReadonly, "Returns how often a key was used lately.", "4.0.0", object_freq)
        .on_keys(kKey)
        .tipped(kNondeterministic)
        .takes("key")
        .costs("O(1)"),
    row("object|help", 2, kLoading | kStale, "Describes the subcommands.", "6.2.0", object_help).costs("O(1)"),
    row("object|idletime", 3, kReadonly, "Returns for how long a key was not used.", "2.2.3", object_idletime)
        .on_keys(kKey)
        .tipped(kNondeterministic)
        .takes("key")
        .costs("O(1)"),
    row("object|refcount", 3, kReadonly, "Returns how many references to a value there are.", "2.2.3", object_refcount)
        .on_keys(kKey)
        .tipped(kNondeterministic)
        .takes("key")
        .costs("O(1)"),
};

constexpr std::array kCommands = {
    row("object", -2, 0, "Tells how a value is held.", "2.2.3", nullptr)
        .in(0)
        .with_subcommands(kSubcommands)
        .costs("as the subcommand"),
};

}  // namespace

std::string_view encoding_of(const Entry& entry) {
  // The longest string that Redis keeps with its header.
  constexpr std::size_t kEmbeddedBytes = 44;
  switch (entry.kind()) {
    case ValueKind::kInteger: return "int";
    case ValueKind::kInline: return entry.inline_string().size() <= kEmbeddedBytes ? "embstr" : "raw";
    default: return encoding_name(entry.kind(), &entry.as<std::byte>());
  }
}

std::span<const CommandSpec> object_commands() { return kCommands; }

}  // namespace weir::store
