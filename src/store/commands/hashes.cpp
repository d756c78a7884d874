// Hashes: fields with values under one key.
#include <cmath>
#include <limits>

#include "base/bytes.h"
#include "store/commands/counted_reply.h"
#include "store/commands/element_scan.h"
#include "store/commands/families.h"
#include "store/commands/random_count.h"
#include "store/commands/scan.h"
#include "store/types/hash.h"
#include "store/types/number_text.h"

namespace weir::store {

namespace {

// Whether the entry, which may be absent, is a hash; else the error was replied.
bool require_hash(Call& call, const Entry* entry) {
  if (entry == nullptr || entry->kind() == ValueKind::kHash) return true;
  call.wrong_type();
  return false;
}

Hash::Limits limits_of(const Call& call) {
  return {.entries = call.node.settings.hash_max_listpack_entries,
          .text_bytes = call.node.settings.hash_max_listpack_value_bytes};
}

void reply_value(Call& call, const Hash* hash, std::string_view field) {
  const auto value = hash == nullptr ? std::nullopt : hash->get(field);
  if (!value) return call.reply.null();
  reply_element(call, *value);
}

// The hash of an entry that may be absent.
const Hash* hash_of(const Entry* entry) { return entry == nullptr ? nullptr : &entry->as<Hash>(); }

// The hash to be written to, made if it is not there. Null: an error was replied.
Hash* find_or_create(Call& call, const Key& key) {
  Entry* entry = call.database().find_for_write(key, call.now);
  if (!require_hash(call, entry)) return nullptr;
  return entry == nullptr ? &call.database().create<Hash>(key) : &entry->as<Hash>();
}

// What HSET and HMSET do: how many fields are new, or nothing after an error.
std::optional<std::int64_t> set_pairs(Call& call) {
  if (call.count() % 2 != 0) {
    call.wrong_arity();
    return std::nullopt;
  }
  const Key key = call.key(1);
  Hash* hash = find_or_create(call, key);
  if (hash == nullptr) return std::nullopt;
  const Hash::Limits limits = limits_of(call);
  std::int64_t added = 0;
  for (std::size_t i = 2; i < call.count(); i += 2) {
    added += hash->set(call.argument(i), call.argument(i + 1), limits);
  }
  call.changed(key.bytes, EventClass::kHash, "hset", (call.count() - 2) / 2);
  return added;
}

void set(Call& call) {
  if (const auto added = set_pairs(call)) call.reply.integer(*added);
}

void set_many(Call& call) {
  if (set_pairs(call)) call.reply.ok();
}

void set_if_absent(Call& call) {
  const Key key = call.key(1);
  Hash* hash = find_or_create(call, key);
  if (hash == nullptr) return;
  if (hash->contains(call.argument(2))) return call.reply.integer(0);
  hash->set(call.argument(2), call.argument(3), limits_of(call));
  call.changed(key.bytes, EventClass::kHash, "hset");
  call.reply.integer(1);
}

void get(Call& call) {
  const Entry* entry = call.database().look_up(call.key(1), call.now);
  if (require_hash(call, entry)) reply_value(call, hash_of(entry), call.argument(2));
}

void get_many(Call& call) {
  const Entry* entry = call.database().look_up(call.key(1), call.now);
  if (!require_hash(call, entry)) return;
  call.reply.array(call.count() - 2);
  for (const std::string_view field : call.arguments.subspan(2)) reply_value(call, hash_of(entry), field);
}

void del(Call& call) {
  const Key key = call.key(1);
  Entry* entry = call.database().find_for_write(key, call.now);
  if (!require_hash(call, entry)) return;
  if (entry == nullptr) return call.reply.integer(0);
  Hash& hash = entry->as<Hash>();
  std::uint64_t deleted = 0;
  bool emptied = false;
  for (const std::string_view field : call.arguments.subspan(2)) {
    if (!hash.erase(field)) continue;
    ++deleted;
    emptied = hash.empty();
    if (emptied) break;
  }
  if (emptied) call.database().erase(key, call.now);
  if (deleted > 0) {
    call.changed(key.bytes, EventClass::kHash, "hdel", deleted);
    if (emptied) call.notify(EventClass::kGeneric, "del", key.bytes);
  }
  call.reply.integer(static_cast<std::int64_t>(deleted));
}

void length(Call& call) {
  const Entry* entry = call.database().look_up(call.key(1), call.now);
  if (!require_hash(call, entry)) return;
  call.reply.integer(entry == nullptr ? 0 : static_cast<std::int64_t>(entry->as<Hash>().size()));
}

void value_length(Call& call) {
  const Entry* entry = call.database().look_up(call.key(1), call.now);
  if (!require_hash(call, entry)) return;
  const auto value = entry == nullptr ? std::nullopt : entry->as<Hash>().get(call.argument(2));
  Element::Digits digits;
  call.reply.integer(value ? static_cast<std::int64_t>(value->text(digits).size()) : 0);
}

void exists(Call& call) {
  const Entry* entry = call.database().look_up(call.key(1), call.now);
  if (!require_hash(call, entry)) return;
  call.reply.integer(entry != nullptr && entry->as<Hash>().contains(call.argument(2)));
}

void get_all(Call& call) {
  const Entry* entry = call.database().look_up(call.key(1), call.now);
  if (!require_hash(call, entry)) return;
  if (entry == nullptr) return call.reply.map(0);
  const Hash& hash = entry->as<Hash>();
  call.reply.map(hash.size());
  hash.for_each([&](const Element& field, const Element& value) {
    reply_element(call, field);
    reply_element(call, value);
  });
}

void get_fields(Call& call) {
  const Entry* entry = call.database().look_up(call.key(1), call.now);
  if (!require_hash(call, entry)) return;
  if (entry == nullptr) return call.reply.array(0);
  call.reply.array(entry->as<Hash>().size());
  entry->as<Hash>().for_each([&](const Element& field, const Element&) { reply_element(call, field); });
}

void get_values(Call& call) {
  const Entry* entry = call.database().look_up(call.key(1), call.now);
  if (!require_hash(call, entry)) return;
  if (entry == nullptr) return call.reply.array(0);
  call.reply.array(entry->as<Hash>().size());
  entry->as<Hash>().for_each([&](const Element&, const Element& value) { reply_element(call, value); });
}

void incr_by(Call& call) {
  const auto by = parse_integer(call.argument(3));
  if (!by) return call.not_an_integer();
  const Key key = call.key(1);
  const std::string_view field = call.argument(2);
  Entry* entry = call.database().find_for_write(key, call.now);
  if (!require_hash(call, entry)) return;
  std::optional<std::int64_t> value = 0;
  if (const auto old = entry == nullptr ? std::nullopt : entry->as<Hash>().get(field)) value = old->as_integer();
  if (!value) return call.reply.error("ERR hash value is not an integer");
  if (__builtin_add_overflow(*value, *by, &*value)) {
    return call.reply.error("ERR increment or decrement would overflow");
  }
  Hash& hash = entry == nullptr ? call.database().create<Hash>(key) : entry->as<Hash>();
  NumberText text;
  hash.set(field, text.write(*value), limits_of(call));
  call.changed(key.bytes, EventClass::kHash, "hincrby");
  call.reply.integer(*value);
}

void incr_by_float(Call& call) {
  const auto by = parse_long_double(call.argument(3));
  if (!by) return call.reply.error("ERR value is not a valid float");
  if (!std::isfinite(*by)) return call.reply.error("ERR value is NaN or Infinity");
  const Key key = call.key(1);
  const std::string_view field = call.argument(2);
  Entry* entry = call.database().find_for_write(key, call.now);
  if (!require_hash(call, entry)) return;
  std::optional<long double> value = 0.0L;
  if (const auto old = entry == nullptr ? std::nullopt : entry->as<Hash>().get(field)) {
    value = old->is_integer ? static_cast<long double>(old->integer) : parse_long_double(old->bytes);
  }
  if (!value) return call.reply.error("ERR hash value is not a float");
  if (!std::isfinite(*value + *by)) return call.reply.error("ERR increment would produce NaN or Infinity");
  std::string text;
  append_long_double(text, *value + *by);
  Hash& hash = entry == nullptr ? call.database().create<Hash>(key) : entry->as<Hash>();
  hash.set(field, text, limits_of(call));
  // Whoever replays it may round otherwise: the sum itself.
  call.replicate_as({"HSET", key.bytes, field, text});
  call.changed(key.bytes, EventClass::kHash, "hincrbyfloat");
  call.reply.bulk(text);
}

void scan(Call& call) {
  const auto cursor = parse_scan_cursor(call, call.argument(2));
  if (!cursor) return;
  const Entry* entry = call.database().look_up(call.key(1), call.now);
  if (!require_hash(call, entry)) return;
  ScanReply reply(call);
  if (entry == nullptr) return reply.send(0);
  const auto options = parse_scan_options(call, 3, /*with_type=*/false);
  if (!options) return;
  reply.send(scan_steps(*cursor, options->count, [&](std::uint64_t at, std::uint64_t& seen) {
    return entry->as<Hash>().scan(at, [&](const Element& field, const Element& value) {
      ++seen;
      Element::Digits digits;
      const std::string_view text = field.text(digits);
      if (!options->matches(text)) return;
      reply.add(text);
      reply.add(value);
    });
  }));
}

void reply_random_fields(Call& call, const Hash& hash, std::int64_t count, bool with_values) {
  base::Random& random = call.node.keyspace.context().random;
  const bool in_pairs = with_values && call.reply.protocol() == wire::resp::Protocol::kResp3;
  const auto reply_pair = [&](const Element& field, const Element& value) {
    if (in_pairs) call.reply.array(2);
    reply_element(call, field);
    if (with_values) reply_element(call, value);
  };
  const auto header = [&](std::uint64_t pairs) { return with_values && !in_pairs ? pairs * 2 : pairs; };
  if (count < 0) {
    const auto draws = static_cast<std::uint64_t>(-count);
    return reply_draws(call, draws, header(draws), [&] {
      const Hash::Pair drawn = hash.random(random);
      reply_pair(drawn.field, drawn.value);
    });
  }
  const std::size_t wanted = std::min(static_cast<std::size_t>(count), hash.size());
  call.reply.array(header(wanted));
  if (wanted == hash.size()) {
    hash.for_each(reply_pair);
  } else {
    hash.sample(wanted, random, reply_pair);
  }
}

void random_fields(Call& call) {
  if (call.count() == 2) {
    const Entry* entry = call.database().look_up(call.key(1), call.now);
    if (!require_hash(call, entry)) return;
    if (entry == nullptr) return call.reply.null();
    return reply_element(call, entry->as<Hash>().random(call.node.keyspace.context().random).field);
  }
  const auto count = parse_random_count(call, call.argument(2));
  if (!count) return;
  const bool with_values = call.count() > 3;
  if (call.count() > 4 || (with_values && !base::equal_ignoring_case(call.argument(3), "WITHVALUES"))) {
    return call.syntax_error();
  }
  constexpr std::int64_t kMostPairs = std::numeric_limits<std::int64_t>::max() / 2;
  if (with_values && (*count < -kMostPairs || *count > kMostPairs)) {
    return call.reply.error("ERR value is out of range");
  }
  const Entry* entry = call.database().look_up(call.key(1), call.now);
  if (!require_hash(call, entry)) return;
  if (entry == nullptr || *count == 0) return call.reply.array(0);
  reply_random_fields(call, entry->as<Hash>(), *count, with_values);
}

constexpr Family row{.group = "hash", .categories = kHashCategory};

constexpr std::array kCommands = {
    row("hdel", -3, kWrite | kFast, "Removes fields; a hash without fields is gone.", "2.0.0", del)
        .on_key(kRemovesFromValue)
        .takes("key field...")
        .costs("O(N), N: fields given")
        .looks_for(2),
    row("hexists", 3, kReadonly | kFast, "Tells whether a hash has a field.", "2.0.0", exists)
        .on_key(kReadsKey)
        .takes("key field")
        .costs("O(1)")
        .looks_for(2),
    row("hget", 3, kReadonly | kFast, "Returns the value of a field.", "2.0.0", get)
        .on_key(kReadsValue)
        .takes("key field")
        .costs("O(1)")
        .looks_for(2),
    row("hgetall", 2, kReadonly, "Returns all fields with their values.", "2.0.0", get_all)
        .on_key(kReadsValue)
        .tipped(kNondeterministicOrder)
        .takes("key")
        .costs("O(N), N: fields there"),
    row("hincrby", 4, kWrite | kDenyOom | kFast,
        "Adds an integer to the one that a field holds; an absent field counts as 0.", "2.0.0", incr_by)
        .on_key(kUpdatesValue)
        .takes("key field increment")
        .costs("O(1)")
        .looks_for(2),
    row("hincrbyfloat", 4, kWrite | kDenyOom | kFast,
        "Adds a number, which need not be whole, to the one that a field holds.", "2.6.0", incr_by_float)
        .on_key(kUpdatesValue)
        .takes("key field increment:double")
        .costs("O(1)")
        .looks_for(2),
    row("hkeys", 2, kReadonly, "Returns all fields.", "2.0.0", get_fields)
        .on_key(kReadsValue)
        .tipped(kNondeterministicOrder)
        .takes("key")
        .costs("O(N), N: fields there"),
    row("hlen", 2, kReadonly | kFast, "Counts the fields of a hash.", "2.0.0", length)
        .on_key(kReadsKey)
        .takes("key")
        .costs("O(1)"),
    row("hmget", -3, kReadonly | kFast, "Returns the values of several fields.", "2.0.0", get_many)
        .on_key(kReadsValue)
        .takes("key field...")
        .costs("O(N), N: fields given")
        .looks_for(2),
    row("hmset", -4, kWrite | kDenyOom | kFast, "Sets fields to their values; an old form of HSET.", "2.0.0", set_many)
        .on_key(kUpdatesKey)
        .takes("key (field value)...")
        .costs("O(N), N: fields given")
        .looks_for(2)
        .replaced("4.0.0", "`HSET` with multiple field-value pairs"),
    row("hrandfield", -2, kReadonly, "Returns fields that are drawn at random.", "6.2.0", random_fields)
        .on_key(kReadsValue)
        .tipped(kNondeterministic)
        .takes("key [options=(count [WITHVALUES])]")
        .costs("O(N), N: fields returned"),
    row("hscan", -3, kReadonly, "Walks through the fields and values step by step.", "2.8.0", scan)
        .on_key(kReadsValue)
        .tipped(kNondeterministic)
        .takes("key cursor [MATCH pattern] [COUNT count]")
        .costs("O(M), M: COUNT; a whole walk: O(N), N: elements there"),
    row("hset", -4, kWrite | kDenyOom | kFast, "Sets fields to their values; answers how many are new.", "2.0.0", set)
        .on_key(kUpdatesKey)
        .takes("key (field value)...")
        .costs("O(N), N: fields given")
        .looks_for(2),
    row("hsetnx", 4, kWrite | kDenyOom | kFast, "Sets a field that is not there yet.", "2.0.0", set_if_absent)
        .on_key(kInsertsIntoValue)
        .takes("key field value")
        .costs("O(1)")
        .looks_for(2),
    row("hstrlen", 3, kReadonly | kFast, "Returns the length of a field's value in bytes.", "3.2.0", value_length)
        .on_key(kReadsKey)
        .takes("key field")
        .costs("O(1)")
        .looks_for(2),
    row("hvals", 2, kReadonly, "Returns all values.", "2.0.0", get_values)
        .on_key(kReadsValue)
        .tipped(kNondeterministicOrder)
        .takes("key")
        .costs("O(N), N: fields there"),
};

}  // namespace

std::span<const CommandSpec> hash_commands() { return kCommands; }

}  // namespace weir::store
