// Sets: members without order under one key.
#include <algorithm>
#include <string>
#include <vector>

#include "store/commands/counted_reply.h"
#include "store/commands/element_scan.h"
#include "store/commands/families.h"
#include "store/commands/random_count.h"
#include "store/commands/scan.h"
#include "store/commands/set_values.h"

namespace weir::store {

namespace {

base::Random& random_of(Call& call) { return call.node.keyspace.context().random; }

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

constexpr auto kMovesInto =
    std::to_array<KeySpec>({{.access = kTakesValue}, {.access = kInsertsIntoValue, .index = 2}});

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
};

}  // namespace

std::span<const CommandSpec> set_commands() { return kCommands; }

}  // namespace weir::store
