// Counters: strings that are numbers, and change by a number.
#include <cmath>
#include <limits>

#include "store/commands/families.h"
#include "store/commands/string_values.h"
#include "store/types/number_text.h"

namespace weir::store {

namespace {

void increase(Call& call, std::int64_t by) {
  Database& database = call.database();
  const Key key = call.key(1);
  Entry* entry = database.find_for_write(key, call.now);
  if (!require_string(call, entry)) return;
  std::optional<std::int64_t> value = 0;
  if (entry != nullptr) {
    NumberText scratch;
    value = entry->kind() == ValueKind::kInteger ? entry->integer() : parse_integer(entry->string(scratch));
  }
  if (!value) return call.not_an_integer();
  if (__builtin_add_overflow(*value, by, &*value)) {
    return call.reply.error("ERR increment or decrement would overflow");
  }
  if (entry != nullptr && entry->kind() == ValueKind::kInteger) {
    entry->set_integer(*value);
  } else {
    database.set_integer(key, *value, entry == nullptr ? std::nullopt : entry->expires_at());
  }
  call.changed(key.bytes, EventClass::kString, "incrby");
  call.reply.integer(*value);
}

void incr(Call& call) { increase(call, 1); }
void decr(Call& call) { increase(call, -1); }

void incr_by(Call& call) {
  const auto by = parse_integer(call.argument(2));
  if (!by) return call.not_an_integer();
  increase(call, *by);
}

void decr_by(Call& call) {
  const auto by = parse_integer(call.argument(2));
  if (!by) return call.not_an_integer();
  if (*by == std::numeric_limits<std::int64_t>::min()) return call.reply.error("ERR decrement would overflow");
  increase(call, -*by);
}

void incr_by_float(Call& call) {
  const Key key = call.key(1);
  Entry* entry = call.database().find_for_write(key, call.now);
  if (!require_string(call, entry)) return;
  NumberText scratch;
  const auto value = entry == nullptr ? 0.0L : parse_long_double(entry->string(scratch));
  const auto by = parse_long_double(call.argument(2));
  if (!value || !by) return call.reply.error("ERR value is not a valid float");
  if (!std::isfinite(*value + *by)) return call.reply.error("ERR increment would produce NaN or Infinity");
  std::string text;
  append_long_double(text, *value + *by);
  call.database().set_text(key, text, entry == nullptr ? std::nullopt : entry->expires_at());
  call.replicate_as({"SET", key.bytes, text, "KEEPTTL"});
  call.changed(key.bytes, EventClass::kString, "incrbyfloat");
  call.reply.bulk(text);
}

constexpr Family row{.group = "string", .categories = kStringCategory};

constexpr std::array kCommands = {
    row("decr", 2, kWrite | kDenyOom | kFast, "Takes one from the integer that a key holds; an absent key counts as 0.",
        "1.0.0", decr)
        .on_key(kUpdatesValue)
        .takes("key")
        .costs("O(1)"),
    row("decrby", 3, kWrite | kDenyOom | kFast, "Takes a number from the integer that a key holds.", "1.0.0", decr_by)
        .on_key(kUpdatesValue)
        .takes("key decrement:integer")
        .costs("O(1)"),
    row("incr", 2, kWrite | kDenyOom | kFast, "Adds one to the integer that a key holds; an absent key counts as 0.",
        "1.0.0", incr)
        .on_key(kUpdatesValue)
        .takes("key")
        .costs("O(1)"),
    row("incrby", 3, kWrite | kDenyOom | kFast, "Adds a number to the integer that a key holds.", "1.0.0", incr_by)
        .on_key(kUpdatesValue)
        .takes("key increment")
        .costs("O(1)"),
    row("incrbyfloat", 3, kWrite | kDenyOom | kFast,
        "Adds a number, which need not be whole, to the number that a key holds.", "2.6.0", incr_by_float)
        .on_key(kUpdatesValue)
        .takes("key increment:double")
        .costs("O(1)"),
};

}  // namespace

std::span<const CommandSpec> counter_commands() { return kCommands; }

}  // namespace weir::store
