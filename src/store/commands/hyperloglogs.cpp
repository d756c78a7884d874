// PFADD, PFCOUNT, PFMERGE: HyperLogLog values, which are strings of a shape of their own (types/hyperloglog.h).
#include <string>

#include "store/commands/families.h"
#include "store/types/hyperloglog.h"

namespace weir::store {

namespace {

using hyperloglog::Outcome;

void corrupt(Call& call) { call.reply.error("INVALIDOBJ Corrupted HLL object detected"); }

// The value as a HyperLogLog; nothing where it is none, after the error. An absent key is no error: `entry` is null.
std::optional<std::string_view> as_hyperloglog(Call& call, const Entry& entry, NumberText& scratch) {
  if (entry.type() != ValueType::kString) {
    call.wrong_type();
    return std::nullopt;
  }
  const std::string_view value = entry.string(scratch);
  if (hyperloglog::has_valid_header(value)) return value;
  call.reply.error("WRONGTYPE Key is not a valid HyperLogLog string value.");
  return std::nullopt;
}

void add(Call& call) {
  const Key key = call.key(1);
  Database& database = call.database();
  Entry* entry = database.find_for_write(key, call.now);
  NumberText scratch;
  std::uint64_t changes = entry == nullptr ? 1 : 0;
  std::optional<std::string_view> old;
  if (entry != nullptr) {
    old = as_hyperloglog(call, *entry, scratch);
    if (!old) return;
  }
  const auto elements = call.arguments.subspan(2);
  if (old && hyperloglog::is_dense(*old)) {
    StringBuffer& value = database.edit_string(key, *entry);
    for (const std::string_view element : elements) {
      changes += hyperloglog::add_dense({value.data(), value.size()}, element) == Outcome::kChanged ? 1 : 0;
    }
  } else {
    std::string value = old ? std::string(*old) : hyperloglog::create();
    bool is_corrupt = false;
    for (const std::string_view element : elements) {
      const Outcome outcome = hyperloglog::add(value, element, call.node.settings.hll_sparse_max_bytes);
      is_corrupt = outcome == Outcome::kCorrupt;
      if (is_corrupt) break;
      changes += outcome == Outcome::kChanged ? 1 : 0;
    }
    // Even where nothing changed it is "raw" from now on, as in Redis.
    database.set_buffer(key, StringBuffer(value), entry == nullptr ? std::nullopt : entry->expires_at());
    if (is_corrupt) return corrupt(call);
  }
  if (changes > 0) call.changed(key.bytes, EventClass::kString, "pfadd", changes);
  call.reply.integer(changes > 0);
}

void count_union(Call& call) {
  hyperloglog::Union all;
  for (std::size_t i = 1; i < call.count(); ++i) {
    const Entry* entry = call.database().look_up(call.key(i), call.now);
    if (entry == nullptr) continue;
    NumberText scratch;
    const auto value = as_hyperloglog(call, *entry, scratch);
    if (!value) return;
    if (!all.add(*value)) return corrupt(call);
  }
  call.reply.integer(static_cast<std::int64_t>(all.count()));
}

void count(Call& call) {
  if (call.count() > 2) return count_union(call);
  const Key key = call.key(1);
  Entry* entry = call.database().look_up_for_write(key, call.now);
  if (entry == nullptr) return call.reply.integer(0);
  NumberText scratch;
  const auto value = as_hyperloglog(call, *entry, scratch);
  if (!value) return;
  if (const auto cached = hyperloglog::cached_count(*value)) {
    return call.reply.integer(static_cast<std::int64_t>(*cached));
  }
  const auto counted = hyperloglog::count(*value);
  if (!counted) return corrupt(call);
  StringBuffer& buffer = call.database().edit_string(key, *entry);
  hyperloglog::cache_count({buffer.data(), buffer.size()}, *counted);
  // The value that GET shows is another one: replicas have to get it too. There is no event.
  call.touched(key.bytes);
  call.count_changes(1);
  call.reply.integer(static_cast<std::int64_t>(*counted));
}

void merge(Call& call) {
  hyperloglog::Union all;
  Database& database = call.database();
  // The target is one of the sources.
  for (std::size_t i = 1; i < call.count(); ++i) {
    const Entry* entry = database.look_up(call.key(i), call.now);
    if (entry == nullptr) continue;
    NumberText scratch;
    const auto value = as_hyperloglog(call, *entry, scratch);
    if (!value) return;
    if (!all.add(*value)) return corrupt(call);
  }
  const Key key = call.key(1);
  Entry* entry = database.find_for_write(key, call.now);
  NumberText scratch;
  std::string value = entry == nullptr ? hyperloglog::create() : std::string(entry->string(scratch));
  if (!all.store_in(value, call.node.settings.hll_sparse_max_bytes)) return corrupt(call);
  database.set_buffer(key, StringBuffer(value), entry == nullptr ? std::nullopt : entry->expires_at());
  // The event is PFADD's, as in Redis.
  call.changed(key.bytes, EventClass::kString, "pfadd");
  call.reply.ok();
}

constexpr std::array<std::string_view, 2> kCountAccess = {"RW", "access"};
constexpr std::array<std::string_view, 3> kMergeAccess = {"RW", "access", "insert"};
constexpr auto kMergeKeys =
    std::to_array<KeySpec>({{.access = kMergeAccess, .index = 1}, {.access = kReadsValue, .index = 2, .last = -1}});

constexpr Family row{.group = "hyperloglog", .categories = kHyperLogLogCategory};

constexpr std::array kCommands = {
    row("pfadd", -2, kWrite | kDenyOom | kFast, "Adds elements to a HyperLogLog, which is made if needed.", "2.8.9",
        add)
        .on_key(kInsertsIntoValue)
        .takes("key [element...]")
        .costs("O(N), N: elements given"),
    row("pfcount", -2, kReadonly | kMayReplicate,
        "Estimates how many distinct elements one or several HyperLogLogs hold.", "2.8.9", count)
        .on_keys(
            {.first = 1,
             .last = -1,
             .step = 1,
             .access = kCountAccess,
             .notes = "RW because it may change the internal representation of the key, and propagate to replicas"})
        .takes("key...")
        .costs("O(N), N: keys; of one key mostly read from its cache"),
    row("pfmerge", -2, kWrite | kDenyOom, "Adds several HyperLogLogs to one.", "2.8.9", merge)
        .on_keys({.first = 1, .last = -1, .step = 1})
        .with_key_specs(kMergeKeys)
        .takes("destkey sourcekey#1...")
        .costs("O(N), N: keys"),
};

}  // namespace

std::span<const CommandSpec> hyperloglog_commands() { return kCommands; }

}  // namespace weir::store
