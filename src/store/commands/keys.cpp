// DEL, EXISTS, EXPIRE, TTL: what works on any key, whatever it holds.
#include <fmt/format.h>

#include "base/bytes.h"
#include "store/commands/expiry.h"
#include "store/commands/families.h"

namespace weir::store {

namespace {

using base::equal_ignoring_case;

void del(Call& call) {
  std::int64_t removed = 0;
  for (const std::string_view key : call.arguments.subspan(1)) {
    if (!call.database().erase(key, call.now)) continue;
    call.changed(key, EventClass::kGeneric, "del");
    ++removed;
  }
  call.reply.integer(removed);
}

void exists(Call& call) {
  std::int64_t found = 0;
  for (const std::string_view key : call.arguments.subspan(1)) {
    found += call.database().look_up(key, call.now) != nullptr;
  }
  call.reply.integer(found);
}

struct ExpireConditions {
  bool nx = false;
  bool xx = false;
  bool gt = false;
  bool lt = false;

  // Whether an entry that expires at `current` (nothing: never) may be given `wanted`.
  bool allow(std::optional<UnixMs> current, UnixMs wanted) const {
    if (nx && current) return false;
    if (xx && !current) return false;
    if (gt && (!current || wanted <= *current)) return false;
    if (lt && current && wanted >= *current) return false;
    return true;
  }
};

// False: an error was replied.
bool parse_conditions(Call& call, ExpireConditions& conditions) {
  for (const std::string_view word : call.arguments.subspan(3)) {
    if (equal_ignoring_case(word, "NX")) {
      conditions.nx = true;
    } else if (equal_ignoring_case(word, "XX")) {
      conditions.xx = true;
    } else if (equal_ignoring_case(word, "GT")) {
      conditions.gt = true;
    } else if (equal_ignoring_case(word, "LT")) {
      conditions.lt = true;
    } else {
      call.reply.error(fmt::format("ERR Unsupported option {}", word));
      return false;
    }
  }
  if (conditions.nx && (conditions.xx || conditions.gt || conditions.lt)) {
    call.reply.error("ERR NX and XX, GT or LT options at the same time are not compatible");
    return false;
  }
  if (conditions.gt && conditions.lt) {
    call.reply.error("ERR GT and LT options at the same time are not compatible");
    return false;
  }
  return true;
}

void expire(Call& call) {
  ExpireConditions conditions;
  if (!parse_conditions(call, conditions)) return;
  const ParsedExpiry wanted =
      parse_expiry(call.argument(2), {.in_seconds = true, .absolute = false}, call.now, /*may_be_past=*/true);
  if (wanted.error != ExpiryError::kNone) return reply_expiry_error(call, wanted.error);
  Database& database = call.database();
  const Key key = call.argument(1);
  const Entry* entry = database.find_for_write(key, call.now);
  if (entry == nullptr || !conditions.allow(entry->expires_at(), wanted.at)) return call.reply.integer(0);
  if (wanted.at <= call.now) {
    database.erase(key, call.now);
    call.replicate_as({"DEL", key.bytes});
    call.changed(key.bytes, EventClass::kGeneric, "del");
  } else {
    database.set_expiry(key, wanted.at);
    call.replicate_as({"PEXPIREAT", key.bytes, fmt::to_string(wanted.at)});
    call.changed(key.bytes, EventClass::kGeneric, "expire");
  }
  call.reply.integer(1);
}

void ttl(Call& call) {
  const Entry* entry = call.database().look_up(call.argument(1), call.now);
  if (entry == nullptr) return call.reply.integer(-2);
  const auto expires_at = entry->expires_at();
  if (!expires_at) return call.reply.integer(-1);
  call.reply.integer((*expires_at - call.now + 500) / 1000);
}

constexpr std::array kCommands = {
    CommandSpec{"del",
                -2,
                kWrite,
                kKeyspaceCategory,
                {.first = 1, .last = -1, .step = 1, .access = kRemovesKey},
                "Deletes keys; answers how many there were.",
                "1.0.0",
                "generic",
                kSumOfKeys,
                del},
    CommandSpec{"exists",
                -2,
                kReadonly | kFast,
                kKeyspaceCategory,
                {.first = 1, .last = -1, .step = 1, .access = kReadsKey},
                "Counts how many of the named keys exist.",
                "1.0.0",
                "generic",
                kSumOfKeys,
                exists},
    CommandSpec{"expire",
                -3,
                kWrite | kFast,
                kKeyspaceCategory,
                {.first = 1, .last = 1, .step = 1, .access = kUpdatesKey},
                "Sets how many seconds a key has left.",
                "1.0.0",
                "generic",
                {},
                expire},
    CommandSpec{"ttl",
                2,
                kReadonly | kFast,
                kKeyspaceCategory,
                {.first = 1, .last = 1, .step = 1, .access = kReadsValue},
                "Returns how many seconds a key has left.",
                "1.0.0",
                "generic",
                kNondeterministic,
                ttl},
};

}  // namespace

std::span<const CommandSpec> key_commands() { return kCommands; }

}  // namespace weir::store
