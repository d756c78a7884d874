// Sets: members without order under one key, and their union, intersection and difference.
#include <algorithm>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "store/commands/counted_reply.h"
#include "store/commands/element_scan.h"
#include "store/commands/families.h"
#include "store/commands/random_count.h"
#include "store/commands/scan.h"
#include "store/types/set.h"

namespace weir::store {

namespace {

// Whether the entry, which may be absent, is a set; else the error was replied.
bool require_set(Call& call, const Entry* entry) {
  if (entry == nullptr || entry->kind() == ValueKind::kSet) return true;
  call.wrong_type();
  return false;
}

std::size_t intset_limit(const Call& call) { return call.node.settings.set_max_intset_entries; }
base::Random& random_of(Call& call) { return call.node.keyspace.context().random; }

void reply_members(Call& call, const Set& set) {
  call.reply.set(set.size());
  set.for_each([&](const Element& member) { reply_element(call, member); });
}

// After members were taken out of the set under this key: the events, and the set itself if it is empty now.
void finish_removal(Call& call, const Key& key, bool emptied, std::string_view event, std::uint64_t count) {
  if (emptied) call.database().erase(key, call.now);
  call.changed(key.bytes, EventClass::kSet, event, count);
  if (emptied) call.notify(EventClass::kGeneric, "del", key.bytes);
}

void add(Call& call) {
  const Key key = call.key(1);
  Entry* entry = call.database().find_for_write(key, call.now);
  if (!require_set(call, entry)) return;
  Set& set = entry == nullptr ? call.database().create<Set>(key) : entry->as<Set>();
  std::uint64_t added = 0;
  for (const std::string_view member : call.arguments.subspan(2)) added += set.insert(member, intset_limit(call));
  if (added > 0) call.changed(key.bytes, EventClass::kSet, "sadd", added);
  call.reply.integer(static_cast<std::int64_t>(added));
}

void remove(Call& call) {
  const Key key = call.key(1);
  Entry* entry = call.database().find_for_write(key, call.now);
  if (!require_set(call, entry)) return;
  if (entry == nullptr) return call.reply.integer(0);
  Set& set = entry->as<Set>();
  std::uint64_t removed = 0;
  for (const std::string_view member : call.arguments.subspan(2)) {
    removed += set.erase(member);
    if (set.empty()) break;
  }
  if (removed > 0) finish_removal(call, key, set.empty(), "srem", removed);
  call.reply.integer(static_cast<std::int64_t>(removed));
}

void move(Call& call) {
  const Key from = call.key(1);
  const Key to = call.key(2);
  const SoughtMember member(call.argument(3));
  Entry* source = call.database().find_for_write(from, call.now);
  Entry* target = call.database().find_for_write(to, call.now);
  if (source == nullptr) return call.reply.integer(0);
  if (!require_set(call, source) || !require_set(call, target)) return;
  if (source == target) return call.reply.integer(source->as<Set>().contains(member));
  if (!source->as<Set>().erase(member)) return call.reply.integer(0);
  const bool emptied = source->as<Set>().empty();
  Set& target_set = target == nullptr ? call.database().create<Set>(to) : target->as<Set>();
  const bool added = target_set.insert(member, intset_limit(call));
  finish_removal(call, from, emptied, "srem", 1);
  if (added) call.changed(to.bytes, EventClass::kSet, "sadd");
  call.reply.integer(1);
}

void contains(Call& call) {
  const Entry* entry = call.database().look_up(call.key(1), call.now);
  if (!require_set(call, entry)) return;
  call.reply.integer(entry != nullptr && entry->as<Set>().contains(call.argument(2)));
}

void contains_many(Call& call) {
  const Entry* entry = call.database().look_up(call.key(1), call.now);
  if (!require_set(call, entry)) return;
  call.reply.array(call.count() - 2);
  for (const std::string_view member : call.arguments.subspan(2)) {
    call.reply.integer(entry != nullptr && entry->as<Set>().contains(member));
  }
}

void cardinality(Call& call) {
  const Entry* entry = call.database().look_up(call.key(1), call.now);
  if (!require_set(call, entry)) return;
  call.reply.integer(entry == nullptr ? 0 : static_cast<std::int64_t>(entry->as<Set>().size()));
}

void members(Call& call) {
  const Entry* entry = call.database().look_up(call.key(1), call.now);
  if (!require_set(call, entry)) return;
  if (entry == nullptr) return call.reply.set(0);
  reply_members(call, entry->as<Set>());
}

void pop_one(Call& call) {
  const Key key = call.key(1);
  Entry* entry = call.database().find_for_write(key, call.now);
  if (!require_set(call, entry)) return;
  if (entry == nullptr) return call.reply.null();
  Set& set = entry->as<Set>();
  Element::Digits digits;
  const std::string member(set.random(random_of(call)).text(digits));
  set.erase(member);
  call.replicate_as({"SREM", key.bytes, member});
  finish_removal(call, key, set.empty(), "spop", 1);
  call.reply.bulk(member);
}

// What SPOP took out, told to those who follow the data as removals.
class Removals {
 public:
  Removals(Call& call, const Key& key) : call_(call), key_(key.bytes), is_told_(call.node.effects.wanted()) {}

  void add(std::string_view member) {
    if (!is_told_) return;
    members_.emplace_back(member);
    if (members_.size() == kBatch) tell();
  }
  void end() {
    if (!members_.empty()) tell();
  }

 private:
  // So many are named by one SREM.
  static constexpr std::size_t kBatch = 1024;

  void tell() {
    std::vector<std::string_view> words = {"SREM", key_};
    words.insert(words.end(), members_.begin(), members_.end());
    call_.replicate_as(words);
    members_.clear();
  }

  Call& call_;
  std::string_view key_;
  bool is_told_;
  std::vector<std::string> members_;
};

// Takes this many out of the set and replies them. Requires: fewer than there are.
void pop_some(Call& call, const Key& key, Set& set, std::size_t count) {
  constexpr std::size_t kFewRemain = 5;
  Removals removals(call, key);
  call.reply.set(count);
  const auto pop_text = [&](std::string_view member) {
    call.reply.bulk(member);
    removals.add(member);
  };
  std::string member;
  const auto draw = [&] {
    Element::Digits digits;
    member = set.random(random_of(call)).text(digits);
    set.erase(member);
  };
  const std::size_t remaining = set.size() - count;
  if (remaining * kFewRemain > count) {
    for (std::size_t i = 0; i < count; ++i) {
      draw();
      pop_text(member);
    }
  } else {
    // As Redis does: those that remain are drawn, and make a set that may be an intset again.
    Set kept;
    for (std::size_t i = 0; i < remaining; ++i) {
      draw();
      kept.insert(member, intset_limit(call));
    }
    set.for_each([&](const Element& popped) {
      Element::Digits digits;
      pop_text(popped.text(digits));
    });
    set = std::move(kept);
  }
  removals.end();
}

void pop(Call& call) {
  if (call.count() == 2) return pop_one(call);
  if (call.count() > 3) return call.syntax_error();
  const auto count = parse_integer(call.argument(2));
  if (!count || *count < 0) return call.reply.error("ERR value is out of range, must be positive");
  const Key key = call.key(1);
  Entry* entry = call.database().find_for_write(key, call.now);
  if (!require_set(call, entry)) return;
  if (entry == nullptr || *count == 0) return call.reply.set(0);
  Set& set = entry->as<Set>();
  const std::size_t popped = std::min(static_cast<std::size_t>(*count), set.size());
  const bool all = popped == set.size();
  if (all) {
    reply_members(call, set);
    call.replicate_as({"DEL", key.bytes});
  } else {
    pop_some(call, key, set, popped);
  }
  finish_removal(call, key, all, "spop", popped);
}

void random_members(Call& call) {
  if (call.count() > 3) return call.syntax_error();
  const bool one = call.count() == 2;
  const auto count = one ? 1 : parse_random_count(call, call.argument(2));
  if (!count) return;
  const Entry* entry = call.database().look_up(call.key(1), call.now);
  if (!require_set(call, entry)) return;
  if (entry == nullptr && one) return call.reply.null();
  if (entry == nullptr || *count == 0) return call.reply.array(0);
  const Set& set = entry->as<Set>();
  base::Random& random = random_of(call);
  if (one) return reply_element(call, set.random(random));
  if (*count < 0) {
    const auto draws = static_cast<std::uint64_t>(-*count);
    return reply_draws(call, draws, draws, [&] { reply_element(call, set.random(random)); });
  }
  const std::size_t wanted = std::min(static_cast<std::size_t>(*count), set.size());
  call.reply.array(wanted);
  const auto reply = [&](const Element& member) { reply_element(call, member); };
  if (wanted == set.size()) {
    set.for_each(reply);
  } else {
    set.sample(wanted, random, reply);
  }
}

void scan(Call& call) {
  const auto cursor = parse_scan_cursor(call, call.argument(2));
  if (!cursor) return;
  const Entry* entry = call.database().look_up(call.key(1), call.now);
  if (!require_set(call, entry)) return;
  ScanReply reply(call);
  if (entry == nullptr) return reply.send(0);
  const auto options = parse_scan_options(call, 3, /*with_type=*/false);
  if (!options) return;
  reply.send(scan_steps(*cursor, options->count, [&](std::uint64_t at, std::uint64_t& seen) {
    return entry->as<Set>().scan(at, [&](const Element& member) {
      ++seen;
      Element::Digits digits;
      const std::string_view text = member.text(digits);
      if (options->matches(text)) reply.add(text);
    });
  }));
}

// The sets of a union, an intersection or a difference, in the order in which they were named; null: absent, which is
// an empty one.
using Sets = std::vector<const Set*>;

// Nothing: one of the keys holds something else, and the error was replied.
std::optional<Sets> look_up_sets(Call& call, std::span<const std::string_view> keys) {
  Sets sets;
  sets.reserve(keys.size());
  for (const std::string_view key : keys) {
    const Entry* entry = call.database().look_up(key, call.now);
    if (!require_set(call, entry)) return std::nullopt;
    sets.push_back(entry == nullptr ? nullptr : &entry->as<Set>());
  }
  return sets;
}

// `found(const SoughtMember&)` hears of each member that all sets have, and may end it by false.
template <typename Found>
void intersect(Sets sets, Found&& found) {
  if (std::ranges::find(sets, nullptr) != sets.end()) return;
  // Those of the smallest are looked for in the others, the next smaller first.
  std::ranges::sort(sets, {}, &Set::size);
  sets[0]->for_each_while([&](const Element& element) {
    const SoughtMember member(element);
    const auto has_it = [&](const Set* other) { return other == sets[0] || other->contains(member); };
    return !std::all_of(sets.begin() + 1, sets.end(), has_it) || found(member);
  });
}

Set union_of(const Sets& sets, std::size_t limit) {
  Set result;
  for (const Set* set : sets) {
    if (set == nullptr) continue;
    set->for_each([&](const Element& member) { result.insert(SoughtMember(member), limit); });
  }
  return result;
}

// Redis's two ways, and its choice between them: a client sees it in the result's encoding.
Set difference_of(Sets sets, std::size_t limit) {
  Set result;
  const Set* first = sets[0];
  if (first == nullptr) return result;
  std::size_t asking = 0, removing = 0;
  for (const Set* set : sets) {
    if (set == nullptr) continue;
    asking += first->size();
    removing += set->size();
  }
  const Sets others(sets.begin() + 1, sets.end());
  if (std::ranges::find(others, first) != others.end()) return result;
  if (asking / 2 <= removing) {
    first->for_each([&](const Element& element) {
      const SoughtMember member(element);
      const auto has_it = [&](const Set* other) { return other != nullptr && other->contains(member); };
      if (std::ranges::none_of(others, has_it)) result.insert(member, limit);
    });
    return result;
  }
  first->for_each([&](const Element& member) { result.insert(SoughtMember(member), limit); });
  for (const Set* other : others) {
    if (other == nullptr) continue;
    other->for_each_while([&](const Element& member) {
      result.erase(SoughtMember(member));
      return !result.empty();
    });
  }
  return result;
}

// What the ...STORE commands do with their result.
void store(Call& call, Set&& result, std::string_view event) {
  const Key key = call.key(1);
  const std::size_t size = result.size();
  if (size > 0) {
    call.database().set_object(key, std::move(result), std::nullopt);
    call.changed(key.bytes, EventClass::kSet, event);
  } else if (call.database().erase(key, call.now)) {
    call.changed(key.bytes, EventClass::kGeneric, "del");
  }
  call.reply.integer(static_cast<std::int64_t>(size));
}

void intersection(Call& call) {
  auto sets = look_up_sets(call, call.arguments.subspan(1));
  if (!sets) return;
  CountedReply reply(call);
  intersect(std::move(*sets), [&](const SoughtMember& member) {
    reply.add(member.text());
    return true;
  });
  reply.send_set();
}

void store_intersection(Call& call) {
  auto sets = look_up_sets(call, call.arguments.subspan(2));
  if (!sets) return;
  Set result;
  intersect(std::move(*sets), [&, limit = intset_limit(call)](const SoughtMember& member) {
    result.insert(member, limit);
    return true;
  });
  store(call, std::move(result), "sinterstore");
}

void intersection_cardinality(Call& call) {
  const auto keys = parse_integer(call.argument(1));
  if (!keys || *keys < 1) return call.reply.error("ERR numkeys should be greater than 0");
  if (static_cast<std::uint64_t>(*keys) > call.count() - 2) {
    return call.reply.error("ERR Number of keys can't be greater than number of args");
  }
  const auto options = static_cast<std::size_t>(*keys) + 2;
  std::int64_t limit = 0;
  for (std::size_t i = options; i < call.count(); i += 2) {
    if (!base::equal_ignoring_case(call.argument(i), "LIMIT") || i + 1 == call.count()) return call.syntax_error();
    const auto given = parse_integer(call.argument(i + 1));
    if (!given || *given < 0) return call.reply.error("ERR LIMIT can't be negative");
    limit = *given;
  }
  auto sets = look_up_sets(call, call.arguments.subspan(2, options - 2));
  if (!sets) return;
  std::int64_t found = 0;
  intersect(std::move(*sets), [&](const SoughtMember&) { return ++found != limit; });
  call.reply.integer(found);
}

void set_union(Call& call) {
  const auto sets = look_up_sets(call, call.arguments.subspan(1));
  if (sets) reply_members(call, union_of(*sets, intset_limit(call)));
}

void store_union(Call& call) {
  const auto sets = look_up_sets(call, call.arguments.subspan(2));
  if (sets) store(call, union_of(*sets, intset_limit(call)), "sunionstore");
}

void difference(Call& call) {
  auto sets = look_up_sets(call, call.arguments.subspan(1));
  if (sets) reply_members(call, difference_of(std::move(*sets), intset_limit(call)));
}

void store_difference(Call& call) {
  auto sets = look_up_sets(call, call.arguments.subspan(2));
  if (sets) store(call, difference_of(std::move(*sets), intset_limit(call)), "sdiffstore");
}

constexpr KeyRange kAllKeys = {.first = 1, .last = -1, .step = 1, .access = kReadsValue};

constexpr auto kIntersectsInto =
    std::to_array<KeySpec>({{.access = kUpdatesKey}, {.access = kReadsValue, .index = 2, .last = -1}});
constexpr auto kStoresInto =
    std::to_array<KeySpec>({{.access = kOverwritesValue}, {.access = kReadsValue, .index = 2, .last = -1}});
constexpr auto kMovesInto =
    std::to_array<KeySpec>({{.access = kTakesValue}, {.access = kInsertsIntoValue, .index = 2}});
constexpr auto kCountedKeys = std::to_array<KeySpec>({{.access = kReadsValue, .find = KeySpec::Find::kCount}});

constexpr Family row{.group = "set", .categories = kSetCategory};

constexpr std::array kCommands = {
    row("sadd", -3, kWrite | kDenyOom | kFast, "Adds members to a set, which is made if needed.", "1.0.0", add)
        .on_key(kInsertsIntoValue)
        .takes("key member...")
        .costs("O(N), N: members given")
        .looks_for(2),
    row("scard", 2, kReadonly | kFast, "Counts the members of a set.", "1.0.0", cardinality)
        .on_key(kReadsKey)
        .takes("key")
        .costs("O(1)"),
    row("sdiff", -2, kReadonly, "Returns the members of the first set that the others do not have.", "1.0.0",
        difference)
        .on_keys(kAllKeys)
        .tipped(kNondeterministicOrder)
        .takes("key...")
        .costs("O(N), N: members of all sets"),
    row("sdiffstore", -3, kWrite | kDenyOom, "Stores the members of one set that others do not have.", "1.0.0",
        store_difference)
        .on_keys({.first = 1, .last = -1, .step = 1})
        .with_key_specs(kStoresInto)
        .takes("destination key#1...")
        .costs("O(N), N: members of all sets"),
    row("sinter", -2, kReadonly, "Returns the members that all sets have.", "1.0.0", intersection)
        .on_keys(kAllKeys)
        .tipped(kNondeterministicOrder)
        .takes("key...")
        .costs("O(N*M), N: members of the smallest set, M: sets"),
    row("sintercard", -3, kReadonly | kMovableKeys, "Counts the members that all sets have, up to a limit.", "7.0.0",
        intersection_cardinality)
        .with_key_specs(kCountedKeys)
        .takes("numkeys key... [LIMIT limit]")
        .costs("O(N*M), N: members of the smallest set, M: sets"),
    row("sinterstore", -3, kWrite | kDenyOom, "Stores the members that all sets have.", "1.0.0", store_intersection)
        .on_keys({.first = 1, .last = -1, .step = 1})
        .with_key_specs(kIntersectsInto)
        .takes("destination key#1...")
        .costs("O(N*M), N: members of the smallest set, M: sets"),
    row("sismember", 3, kReadonly | kFast, "Tells whether a set has a member.", "1.0.0", contains)
        .on_key(kReadsKey)
        .takes("key member")
        .costs("O(1)")
        .looks_for(2),
    row("smembers", 2, kReadonly, "Returns all members of a set.", "1.0.0", members)
        .on_key(kReadsValue)
        .tipped(kNondeterministicOrder)
        .takes("key")
        .costs("O(N), N: members there"),
    row("smismember", -3, kReadonly | kFast, "Tells of several members whether a set has them.", "6.2.0", contains_many)
        .on_key(kReadsValue)
        .takes("key member...")
        .costs("O(N), N: members given")
        .looks_for(2),
    row("smove", 4, kWrite | kFast, "Moves a member from one set to another.", "1.0.0", move)
        .on_keys({.first = 1, .last = 2, .step = 1})
        .with_key_specs(kMovesInto)
        .takes("source destination#1 member")
        .costs("O(1)"),
    row("spop", -2, kWrite | kFast, "Takes members out that are drawn at random.", "1.0.0", pop)
        .on_key(kTakesValue)
        .tipped(kNondeterministic)
        .takes("key [count@3.2.0]")
        .costs("O(N), N: members taken"),
    row("srandmember", -2, kReadonly, "Returns members that are drawn at random.", "1.0.0", random_members)
        .on_key(kReadsValue)
        .tipped(kNondeterministic)
        .takes("key [count@2.6.0]")
        .costs("O(N), N: members returned"),
    row("srem", -3, kWrite | kFast, "Removes members; a set without members is gone.", "1.0.0", remove)
        .on_key(kRemovesFromValue)
        .takes("key member...")
        .costs("O(N), N: members given")
        .looks_for(2),
    row("sscan", -3, kReadonly, "Walks through the members step by step.", "2.8.0", scan)
        .on_key(kReadsValue)
        .tipped(kNondeterministic)
        .takes("key cursor [MATCH pattern] [COUNT count]")
        .costs("O(M), M: COUNT; a whole walk: O(N), N: elements there"),
    row("sunion", -2, kReadonly, "Returns the members that any of the sets has.", "1.0.0", set_union)
        .on_keys(kAllKeys)
        .tipped(kNondeterministicOrder)
        .takes("key...")
        .costs("O(N), N: members of all sets"),
    row("sunionstore", -3, kWrite | kDenyOom, "Stores the members that any of the sets has.", "1.0.0", store_union)
        .on_keys({.first = 1, .last = -1, .step = 1})
        .with_key_specs(kStoresInto)
        .takes("destination key#1...")
        .costs("O(N), N: members of all sets"),
};

}  // namespace

std::span<const CommandSpec> set_commands() { return kCommands; }

}  // namespace weir::store
