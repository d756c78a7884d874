// EXPIRE, TTL, PERSIST and their kin: how long a key lives.
#include <fmt/format.h>

#include "base/bytes.h"
#include "store/commands/expiry.h"
#include "store/commands/families.h"

namespace weir::store {

namespace {

using base::equal_ignoring_case;

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

// A replica takes an expiry that is past as it is: the master's DEL will come.
bool removes_at_once(const Call& call, UnixMs at) {
  return at <= call.now && call.node.keyspace.context().removes_expired;
}

void expire_as(Call& call, ExpiryUnit unit) {
  ExpireConditions conditions;
  if (!parse_conditions(call, conditions)) return;
  const ParsedExpiry wanted = parse_expiry(call.argument(2), unit, call.now, /*may_be_past=*/true);
  if (wanted.error != ExpiryError::kNone) return reply_expiry_error(call, wanted.error);
  Database& database = call.database();
  const Key key = call.key(1);
  const Entry* entry = database.find_for_write(key, call.now);
  if (entry == nullptr || !conditions.allow(entry->expires_at(), wanted.at)) return call.reply.integer(0);
  if (removes_at_once(call, wanted.at)) {
    database.erase(key, call.now);
    call.replicate_as({call.node.settings.lazyfree_lazy_expire ? "UNLINK" : "DEL", key.bytes});
    call.changed(key.bytes, EventClass::kGeneric, "del");
  } else {
    database.set_expiry(key, wanted.at);
    call.replicate_as({"PEXPIREAT", key.bytes, fmt::to_string(wanted.at)});
    call.changed(key.bytes, EventClass::kGeneric, "expire");
  }
  call.reply.integer(1);
}

void expire(Call& call) { expire_as(call, {.in_seconds = true, .absolute = false}); }
void expireat(Call& call) { expire_as(call, {.in_seconds = true, .absolute = true}); }
void pexpire(Call& call) { expire_as(call, {.in_seconds = false, .absolute = false}); }
void pexpireat(Call& call) { expire_as(call, {.in_seconds = false, .absolute = true}); }

// What the TTL family answers: -2 without the key, -1 without an expiry. It counts as a read, but the key is not used.
void reply_time(Call& call, std::int64_t (*of)(UnixMs expires_at, UnixMs now)) {
  const Entry* entry = call.database().look_up_untouched(call.key(1), call.now);
  if (entry == nullptr) return call.reply.integer(-2);
  const auto expires_at = entry->expires_at();
  call.reply.integer(expires_at ? of(*expires_at, call.now) : -1);
}

// Rounded; the largest of all moments must not overflow.
std::int64_t in_seconds(UnixMs ms) { return ms / 1000 + (ms % 1000 >= 500 ? 1 : 0); }

void ttl(Call& call) {
  reply_time(call, [](UnixMs at, UnixMs now) { return in_seconds(at - now); });
}
void pttl(Call& call) {
  reply_time(call, [](UnixMs at, UnixMs now) { return at - now; });
}
void expiretime(Call& call) {
  reply_time(call, [](UnixMs at, UnixMs) { return in_seconds(at); });
}
void pexpiretime(Call& call) {
  reply_time(call, [](UnixMs at, UnixMs) { return at; });
}

void persist(Call& call) {
  const Key key = call.key(1);
  const Entry* entry = call.database().find_for_write(key, call.now);
  if (entry == nullptr || !entry->has_expiry()) return call.reply.integer(0);
  call.database().set_expiry(key, std::nullopt);
  call.changed(key.bytes, EventClass::kGeneric, "persist");
  call.reply.integer(1);
}

constexpr Family row{.group = "generic", .categories = kKeyspaceCategory};

constexpr std::array kCommands = {
    row("expire", -3, kWrite | kFast, "Sets how many seconds a key has left.", "1.0.0", expire)
        .on_key(kUpdatesKey)
        .takes("key seconds [condition=(NX|XX|GT|LT)@7.0.0]")
        .costs("O(1)"),
    row("expireat", -3, kWrite | kFast, "Sets the second of Unix time at which a key expires.", "1.2.0", expireat)
        .on_key(kUpdatesKey)
        .takes("key unix-time-seconds [condition=(NX|XX|GT|LT)@7.0.0]")
        .costs("O(1)"),
    row("expiretime", 2, kReadonly | kFast, "Returns the second of Unix time at which a key expires.", "7.0.0",
        expiretime)
        .on_key(kReadsValue)
        .takes("key")
        .costs("O(1)"),
    row("persist", 2, kWrite | kFast, "Takes the expiry from a key.", "2.2.0", persist)
        .on_key(kUpdatesKey)
        .takes("key")
        .costs("O(1)"),
    row("pexpire", -3, kWrite | kFast, "Sets how many milliseconds a key has left.", "2.6.0", pexpire)
        .on_key(kUpdatesKey)
        .takes("key milliseconds [condition=(NX|XX|GT|LT)@7.0.0]")
        .costs("O(1)"),
    row("pexpireat", -3, kWrite | kFast, "Sets the millisecond of Unix time at which a key expires.", "2.6.0",
        pexpireat)
        .on_key(kUpdatesKey)
        .takes("key unix-time-milliseconds [condition=(NX|XX|GT|LT)@7.0.0]")
        .costs("O(1)"),
    row("pexpiretime", 2, kReadonly | kFast, "Returns the millisecond of Unix time at which a key expires.", "7.0.0",
        pexpiretime)
        .on_key(kReadsValue)
        .takes("key")
        .costs("O(1)"),
    row("pttl", 2, kReadonly | kFast, "Returns how many milliseconds a key has left.", "2.6.0", pttl)
        .on_key(kReadsValue)
        .tipped(kNondeterministic)
        .takes("key")
        .costs("O(1)"),
    row("ttl", 2, kReadonly | kFast, "Returns how many seconds a key has left.", "1.0.0", ttl)
        .on_key(kReadsValue)
        .tipped(kNondeterministic)
        .takes("key")
        .costs("O(1)"),
};

}  // namespace

std::span<const CommandSpec> expiration_commands() { return kCommands; }

}  // namespace weir::store
