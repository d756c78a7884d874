// Union, intersection and difference of sets.
#include <algorithm>
#include <vector>

#include "base/bytes.h"
#include "store/commands/counted_reply.h"
#include "store/commands/families.h"
#include "store/commands/set_values.h"

namespace weir::store {

namespace {

// In the order in which they were named; null: absent, which is an empty one.
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
constexpr auto kCountedKeys = std::to_array<KeySpec>({{.access = kReadsValue, .find = KeySpec::Find::kCount}});

constexpr Family row{.group = "set", .categories = kSetCategory};

constexpr std::array kCommands = {
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

std::span<const CommandSpec> set_algebra_commands() { return kCommands; }

}  // namespace weir::store
