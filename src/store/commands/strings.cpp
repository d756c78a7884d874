// Strings: the values that GET and SET work on, whole and in parts. Counters, bits and HyperLogLog have files of their
// own.
#include <algorithm>

#include <fmt/format.h>

#include "base/bytes.h"
#include "store/commands/expiry.h"
#include "store/commands/families.h"
#include "store/commands/key_positions.h"
#include "store/commands/string_values.h"
#include "store/types/number_text.h"

namespace weir::store {

namespace {

using base::equal_ignoring_case;

void reply_string(Call& call, const Entry* entry) {
  if (entry == nullptr) return call.reply.null();
  NumberText scratch;
  call.reply.bulk(entry->string(scratch));
}

void get(Call& call) {
  const Entry* entry = call.database().look_up(call.key(1), call.now);
  if (require_string(call, entry)) reply_string(call, entry);
}

void get_and_delete(Call& call) {
  const Key key = call.key(1);
  const Entry* entry = call.database().look_up(key, call.now);
  if (!require_string(call, entry)) return;
  reply_string(call, entry);
  if (entry == nullptr) return;
  call.database().erase(key, call.now);
  call.replicate_as({call.node.settings.lazyfree_lazy_user_del ? "UNLINK" : "DEL", key.bytes});
  call.changed(key.bytes, EventClass::kGeneric, "del");
}

struct UnitWord {
  std::string_view word;
  ExpiryUnit unit;
};
constexpr std::array<UnitWord, 4> kUnits = {{{"EX", {.in_seconds = true, .absolute = false}},
                                             {"PX", {.in_seconds = false, .absolute = false}},
                                             {"EXAT", {.in_seconds = true, .absolute = true}},
                                             {"PXAT", {.in_seconds = false, .absolute = true}}}};

const UnitWord* find_unit(std::string_view word) {
  const auto* found =
      std::ranges::find_if(kUnits, [&](const UnitWord& u) { return equal_ignoring_case(u.word, word); });
  return found == kUnits.end() ? nullptr : found;
}

void get_and_expire(Call& call) {
  std::optional<ExpiryUnit> unit;
  std::string_view time;
  bool persist = false;
  for (std::size_t i = 2; i < call.count(); ++i) {
    const UnitWord* word = find_unit(call.argument(i));
    if (equal_ignoring_case(call.argument(i), "PERSIST") && !unit) {
      persist = true;
    } else if (word != nullptr && !persist && (!unit || *unit == word->unit) && i + 1 < call.count()) {
      unit = word->unit;
      time = call.argument(++i);
    } else {
      return call.syntax_error();
    }
  }
  const Key key = call.key(1);
  Database& database = call.database();
  const Entry* entry = database.look_up(key, call.now);
  if (entry == nullptr) return call.reply.null();
  if (!require_string(call, entry)) return;
  ParsedExpiry expiry;
  if (unit) {
    expiry = parse_expiry(time, *unit, call.now, /*may_be_past=*/false);
    if (expiry.error != ExpiryError::kNone) return reply_expiry_error(call, expiry.error);
  }
  reply_string(call, entry);
  if (unit && unit->absolute && expiry.at <= call.now) {
    database.erase(key, call.now);
    call.replicate_as({"DEL", key.bytes});
    call.changed(key.bytes, EventClass::kGeneric, "del");
  } else if (unit) {
    database.set_expiry(key, expiry.at);
    call.replicate_as({"PEXPIREAT", key.bytes, fmt::to_string(expiry.at)});
    call.changed(key.bytes, EventClass::kGeneric, "expire");
  } else if (persist && entry->has_expiry()) {
    database.set_expiry(key, std::nullopt);
    call.replicate_as({"PERSIST", key.bytes});
    call.changed(key.bytes, EventClass::kGeneric, "persist");
  }
}

void get_range(Call& call) {
  const auto first = parse_integer(call.argument(2)), last = parse_integer(call.argument(3));
  if (!first || !last) return call.not_an_integer();
  const Entry* entry = call.database().look_up(call.key(1), call.now);
  if (entry == nullptr) return call.reply.bulk("");
  if (!require_string(call, entry)) return;
  NumberText scratch;
  const std::string_view value = entry->string(scratch);
  const auto size = static_cast<std::int64_t>(value.size());
  if (size == 0 || (*first < 0 && *last < 0 && *first > *last)) return call.reply.bulk("");
  const std::int64_t begin = std::max<std::int64_t>(*first < 0 ? size + *first : *first, 0);
  const std::int64_t end = std::min(std::max<std::int64_t>(*last < 0 ? size + *last : *last, 0), size - 1);
  if (begin > end) return call.reply.bulk("");
  call.reply.bulk(value.substr(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin + 1)));
}

void string_length(Call& call) {
  const Entry* entry = call.database().look_up(call.key(1), call.now);
  if (!require_string(call, entry)) return;
  NumberText scratch;
  call.reply.integer(entry == nullptr ? 0 : static_cast<std::int64_t>(entry->string(scratch).size()));
}

void get_many(Call& call) {
  call.reply.array(call.count() - 1);
  for (std::size_t i = 1; i < call.count(); ++i) {
    const Entry* entry = call.database().look_up(call.key(i), call.now);
    reply_string(call, entry != nullptr && entry->type() == ValueType::kString ? entry : nullptr);
  }
}

struct SetOptions {
  bool only_if_absent = false;
  bool only_if_present = false;
  bool get_old = false;
  bool keep_expiry = false;
  std::optional<ExpiryUnit> unit;
  std::string_view expiry;
};

// False: the options contradict one another or are none.
bool parse_set_options(const Call& call, SetOptions& options) {
  for (std::size_t i = 3; i < call.count(); ++i) {
    const std::string_view word = call.argument(i);
    if (equal_ignoring_case(word, "NX") && !options.only_if_present) {
      options.only_if_absent = true;
    } else if (equal_ignoring_case(word, "XX") && !options.only_if_absent) {
      options.only_if_present = true;
    } else if (equal_ignoring_case(word, "GET")) {
      options.get_old = true;
    } else if (equal_ignoring_case(word, "KEEPTTL") && !options.unit) {
      options.keep_expiry = true;
    } else {
      const UnitWord* unit = find_unit(word);
      if (unit == nullptr || options.keep_expiry || i + 1 == call.count()) return false;
      // The same unit may stand there again: the last one counts, as in Redis.
      if (options.unit && *options.unit != unit->unit) return false;
      options.unit = unit->unit;
      options.expiry = call.argument(++i);
    }
  }
  return true;
}

// What SET, SETNX, SETEX and PSETEX have in common. Says whether the value was set, or nothing after an error.
std::optional<bool> set_value(Call& call, std::string_view value, const SetOptions& options) {
  std::optional<UnixMs> expires_at;
  if (options.unit) {
    const ParsedExpiry parsed = parse_expiry(options.expiry, *options.unit, call.now, /*may_be_past=*/false);
    if (parsed.error != ExpiryError::kNone) {
      reply_expiry_error(call, parsed.error);
      return std::nullopt;
    }
    expires_at = parsed.at;
  }
  Database& database = call.database();
  const Key key = call.key(1);
  const Entry* old = nullptr;
  if (options.get_old) {
    old = database.look_up(key, call.now);
    if (!require_string(call, old)) return std::nullopt;
    reply_string(call, old);
  } else if (options.only_if_absent || options.only_if_present || options.keep_expiry) {
    old = database.peek(key, call.now);
  }
  if ((options.only_if_absent && old != nullptr) || (options.only_if_present && old == nullptr)) return false;
  if (options.keep_expiry && old != nullptr) expires_at = old->expires_at();
  database.set_string(key, value, expires_at);
  call.changed(key.bytes, EventClass::kString, "set");
  if (options.unit) {
    call.notify(EventClass::kGeneric, "expire", key.bytes);
    call.replicate_as({"SET", key.bytes, value, "PXAT", fmt::to_string(*expires_at)});
  }
  return true;
}

void set(Call& call) {
  SetOptions options;
  if (!parse_set_options(call, options)) return call.syntax_error();
  const auto was_set = set_value(call, call.argument(2), options);
  if (!was_set || options.get_old) return;
  if (*was_set) {
    call.reply.ok();
  } else {
    call.reply.null();
  }
}

void set_if_absent(Call& call) {
  call.reply.integer(set_value(call, call.argument(2), {.only_if_absent = true}) == true);
}

void set_with_expiry(Call& call) {
  SetOptions options;
  options.unit = ExpiryUnit{.in_seconds = call.spec.name == "setex", .absolute = false};
  options.expiry = call.argument(2);
  if (set_value(call, call.argument(3), options)) call.reply.ok();
}

void get_and_set(Call& call) {
  const Key key = call.key(1);
  const Entry* old = call.database().look_up(key, call.now);
  if (!require_string(call, old)) return;
  reply_string(call, old);
  call.database().set_string(key, call.argument(2), std::nullopt);
  call.replicate_as({"SET", key.bytes, call.argument(2)});
  call.changed(key.bytes, EventClass::kString, "set");
}

void set_pairs(Call& call) {
  for (std::size_t i = 1; i < call.count(); i += 2) {
    call.database().set_string(call.key(i), call.argument(i + 1), std::nullopt);
    call.changed(call.argument(i), EventClass::kString, "set");
  }
}

void set_many(Call& call) {
  if (call.count() % 2 == 0) return call.wrong_arity();
  set_pairs(call);
  call.reply.ok();
}

void set_many_if_absent(Call& call) {
  if (call.count() % 2 == 0) return call.wrong_arity();
  for (std::size_t i = 1; i < call.count(); i += 2) {
    if (call.database().peek(call.key(i), call.now) != nullptr) return call.reply.integer(0);
  }
  set_pairs(call);
  call.reply.integer(1);
}

void append(Call& call) {
  const Key key = call.key(1);
  const std::string_view more = call.argument(2);
  Database& database = call.database();
  Entry* entry = database.find_for_write(key, call.now);
  std::size_t size = more.size();
  if (entry == nullptr) {
    database.set_string(key, more, std::nullopt);
  } else {
    if (!require_string(call, entry)) return;
    NumberText scratch;
    size += entry->string(scratch).size();
    if (!fits_string(call, size)) return;
    database.edit_string(key, *entry).append(more);
  }
  call.changed(key.bytes, EventClass::kString, "append");
  call.reply.integer(static_cast<std::int64_t>(size));
}

void set_range(Call& call) {
  const auto offset = parse_integer(call.argument(2));
  if (!offset) return call.not_an_integer();
  if (*offset < 0) return call.reply.error("ERR offset is out of range");
  const Key key = call.key(1);
  const std::string_view bytes = call.argument(3);
  Entry* entry = call.database().find_for_write(key, call.now);
  if (!require_string(call, entry)) return;
  if (bytes.empty()) {
    NumberText scratch;
    return call.reply.integer(entry == nullptr ? 0 : static_cast<std::int64_t>(entry->string(scratch).size()));
  }
  const auto begin = static_cast<std::size_t>(*offset);
  if (!fits_string(call, begin + bytes.size())) return;
  StringBuffer& value = edit_string(call, key, entry, begin + bytes.size());
  std::ranges::copy(bytes, value.data() + begin);
  call.changed(key.bytes, EventClass::kString, "setrange");
  call.reply.integer(static_cast<std::int64_t>(value.size()));
}

constexpr std::array<std::string_view, 4> kSetAccess = {"RW", "access", "update", "variable_flags"};

constexpr Family row{.group = "string", .categories = kStringCategory};

constexpr std::array kCommands = {
    row("append", 3, kWrite | kDenyOom | kFast, "Adds bytes to the end of a string; an absent key counts as empty.",
        "2.0.0", append)
        .on_key(kInsertsIntoValue)
        .takes("key value")
        .costs("O(N), N: bytes appended, on average"),
    row("get", 2, kReadonly | kFast, "Returns the string value of a key.", "1.0.0", get)
        .on_key(kReadsValue)
        .takes("key")
        .costs("O(1)"),
    row("getdel", 2, kWrite | kFast, "Returns the string value of a key and deletes the key.", "6.2.0", get_and_delete)
        .on_key(kTakesValue)
        .takes("key")
        .costs("O(1)"),
    row("getex", -2, kWrite | kFast, "Returns the string value of a key and changes its expiry.", "6.2.0",
        get_and_expire)
        .on_key(kUpdatesValue, "RW and UPDATE because it changes the TTL")
        .takes(
            "key [expiration=(EX seconds|PX milliseconds|EXAT unix-time-seconds|PXAT unix-time-milliseconds|PERSIST)]")
        .costs("O(1)"),
    row("getrange", 4, kReadonly, "Returns a part of a string.", "2.4.0", get_range)
        .on_key(kReadsValue)
        .takes("key start:integer end:integer")
        .costs("O(N), N: bytes returned"),
    row("getset", 3, kWrite | kDenyOom | kFast, "Sets the string value of a key and returns the old one.", "1.0.0",
        get_and_set)
        .on_key(kUpdatesValue)
        .takes("key value")
        .costs("O(1)")
        .replaced("6.2.0", "`SET` with the `!GET` argument"),
    row("mget", -2, kReadonly | kFast, "Returns the string values of several keys.", "1.0.0", get_many)
        .on_keys({.first = 1, .last = -1, .step = 1, .access = kReadsValue})
        .tipped(kByShard)
        .takes("key...")
        .costs("O(N), N: keys given"),
    row("mset", -3, kWrite | kDenyOom, "Sets several keys to their string values.", "1.0.1", set_many)
        .on_keys({.first = 1, .last = -1, .step = 2, .access = kOverwritesValue})
        .tipped(kSuccessByShard)
        .takes("(key value)...")
        .costs("O(N), N: keys given"),
    row("msetnx", -3, kWrite | kDenyOom, "Sets several keys to their string values if none of them exists.", "1.0.1",
        set_many_if_absent)
        .on_keys({.first = 1, .last = -1, .step = 2, .access = kInsertsKey})
        .tipped(kLeastByShard)
        .takes("(key value)...")
        .costs("O(N), N: keys given"),
    row("psetex", 4, kWrite | kDenyOom, "Sets a string value and how many milliseconds it lives.", "2.6.0",
        set_with_expiry)
        .on_key(kOverwritesValue)
        .takes("key milliseconds value")
        .costs("O(1)"),
    row("set", -3, kWrite | kDenyOom, "Sets the string value of a key, whatever it held before.", "1.0.0", set)
        .on_key(kSetAccess, "RW and ACCESS due to the optional `GET` argument")
        .with_keys_found_by(find_keys_of_set)
        .takes("key value [condition=(NX|XX)@2.6.12] [GET@6.2.0] [expiration=(EX seconds@2.6.12|PX "
               "milliseconds@2.6.12|EXAT unix-time-seconds@6.2.0|PXAT unix-time-milliseconds@6.2.0|KEEPTTL@6.0.0)]")
        .costs("O(1)"),
    row("setex", 4, kWrite | kDenyOom, "Sets a string value and how many seconds it lives.", "2.0.0", set_with_expiry)
        .on_key(kOverwritesValue)
        .takes("key seconds value")
        .costs("O(1)"),
    row("setnx", 3, kWrite | kDenyOom | kFast, "Sets the string value of a key that does not exist.", "1.0.0",
        set_if_absent)
        .on_key(kInsertsKey)
        .takes("key value")
        .costs("O(1)"),
    row("setrange", 4, kWrite | kDenyOom, "Overwrites a part of a string; what lies between becomes zero bytes.",
        "2.2.0", set_range)
        .on_key(kUpdatesKey)
        .takes("key offset value")
        .costs("O(N), N: bytes of the value"),
    row("strlen", 2, kReadonly | kFast, "Returns the length of a string in bytes.", "2.2.0", string_length)
        .on_key(kReadsKey)
        .takes("key")
        .costs("O(1)"),
    row("substr", 4, kReadonly, "Returns a part of a string; an old name of GETRANGE.", "1.0.0", get_range)
        .on_key(kReadsValue)
        .takes("key start:integer end:integer")
        .costs("O(N), N: bytes returned")
        .replaced("2.0.0", "`GETRANGE`"),
};

}  // namespace

std::span<const CommandSpec> string_commands() { return kCommands; }

}  // namespace weir::store
