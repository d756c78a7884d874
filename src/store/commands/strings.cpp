// GET, SET, INCR.
#include <limits>

#include <fmt/format.h>

#include "base/bytes.h"
#include "store/commands/expiry.h"
#include "store/commands/families.h"

namespace weir::store {

namespace {

using base::equal_ignoring_case;

void get(Call& call) {
  const Entry* entry = call.database().look_up(call.argument(1), call.now);
  if (entry == nullptr) {
    call.reply.null();
  } else if (entry->type() != ValueType::kString) {
    call.wrong_type();
  } else {
    NumberText scratch;
    call.reply.bulk(entry->string(scratch));
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
  struct Unit {
    std::string_view word;
    ExpiryUnit unit;
  };
  static constexpr std::array<Unit, 4> kUnits = {{{"EX", {.in_seconds = true, .absolute = false}},
                                                  {"PX", {.in_seconds = false, .absolute = false}},
                                                  {"EXAT", {.in_seconds = true, .absolute = true}},
                                                  {"PXAT", {.in_seconds = false, .absolute = true}}}};
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
      const auto* unit = std::ranges::find_if(kUnits, [&](const Unit& u) { return equal_ignoring_case(u.word, word); });
      if (unit == kUnits.end() || options.keep_expiry || i + 1 == call.count()) return false;
      // The same unit may stand there again: the last one counts, as in Redis.
      if (options.unit && *options.unit != unit->unit) return false;
      options.unit = unit->unit;
      options.expiry = call.argument(++i);
    }
  }
  return true;
}

void set(Call& call) {
  SetOptions options;
  if (!parse_set_options(call, options)) return call.syntax_error();
  std::optional<UnixMs> expires_at;
  if (options.unit) {
    const ParsedExpiry parsed = parse_expiry(options.expiry, *options.unit, call.now, /*may_be_past=*/false);
    if (parsed.error != ExpiryError::kNone) return reply_expiry_error(call, parsed.error);
    expires_at = parsed.at;
  }
  Database& database = call.database();
  const Key key = call.argument(1);
  const bool needs_old = options.get_old || options.only_if_absent || options.only_if_present || options.keep_expiry;
  const Entry* old = nullptr;
  if (options.get_old) {
    old = database.look_up(key, call.now);
  } else if (needs_old) {
    old = database.peek(key, call.now);
  }
  if (options.get_old) {
    if (old == nullptr) {
      call.reply.null();
    } else if (old->type() != ValueType::kString) {
      return call.wrong_type();
    } else {
      NumberText scratch;
      call.reply.bulk(old->string(scratch));
    }
  }
  if ((options.only_if_absent && old != nullptr) || (options.only_if_present && old == nullptr)) {
    if (!options.get_old) call.reply.null();
    return;
  }
  if (options.keep_expiry && old != nullptr) expires_at = old->expires_at();
  database.set_string(key, call.argument(2), expires_at);
  call.changed(key.bytes, EventClass::kString, "set");
  if (options.unit) {
    call.notify(EventClass::kGeneric, "expire", key.bytes);
    call.replicate_as({"SET", key.bytes, call.argument(2), "PXAT", fmt::to_string(*expires_at)});
  }
  if (!options.get_old) call.reply.ok();
}

void incr(Call& call) {
  Database& database = call.database();
  const Key key = call.argument(1);
  Entry* entry = database.find_for_write(key, call.now);
  std::optional<std::int64_t> old = 0;
  if (entry != nullptr) {
    if (entry->type() != ValueType::kString) return call.wrong_type();
    NumberText scratch;
    old = entry->kind() == ValueKind::kInteger ? entry->integer() : parse_integer(entry->string(scratch));
  }
  if (!old) return call.not_an_integer();
  if (*old == std::numeric_limits<std::int64_t>::max()) {
    return call.reply.error("ERR increment or decrement would overflow");
  }
  if (entry != nullptr && entry->kind() == ValueKind::kInteger) {
    entry->set_integer(*old + 1);
  } else {
    database.set_integer(key, *old + 1, entry == nullptr ? std::nullopt : entry->expires_at());
  }
  call.changed(key.bytes, EventClass::kString, "incrby");
  call.reply.integer(*old + 1);
}

constexpr std::array<std::string_view, 4> kSetAccess = {"RW", "access", "update", "variable_flags"};

constexpr std::array kCommands = {
    CommandSpec{"get",
                2,
                kReadonly | kFast,
                kStringCategory,
                {.first = 1, .last = 1, .step = 1, .access = kReadsValue},
                "Returns the string value of a key.",
                "1.0.0",
                "string",
                {},
                get},
    CommandSpec{"incr",
                2,
                kWrite | kDenyOom | kFast,
                kStringCategory,
                {.first = 1, .last = 1, .step = 1, .access = kUpdatesValue},
                "Adds one to the integer that a key holds; an absent key counts as 0.",
                "1.0.0",
                "string",
                {},
                incr},
    CommandSpec{"set",
                -3,
                kWrite | kDenyOom,
                kStringCategory,
                {.first = 1,
                 .last = 1,
                 .step = 1,
                 .access = kSetAccess,
                 .notes = "RW and ACCESS due to the optional `GET` argument"},
                "Sets the string value of a key, whatever it held before.",
                "1.0.0",
                "string",
                {},
                set},
};

}  // namespace

std::span<const CommandSpec> string_commands() { return kCommands; }

}  // namespace weir::store
