// Taking the lowest or highest members out of a sorted set, at once or as soon as there are any.
#include <array>

#include "base/bytes.h"
#include "store/commands/families.h"
#include "store/commands/pops.h"
#include "store/commands/sorted_set_values.h"

namespace weir::store {

namespace {

using base::equal_ignoring_case;

// At which end.
struct End {
  Direction direction;
  std::string_view event;
  std::string_view command;  // That does the same on replicas.
};
constexpr End kLowest = {Direction::kAscending, "zpopmin", "ZPOPMIN"};
constexpr End kHighest = {Direction::kDescending, "zpopmax", "ZPOPMAX"};

enum class Form : std::uint8_t {
  kPairs,    // ZPOPMIN key 2 in RESP3: [[member, score], ...]
  kFlat,     // ZPOPMIN: member, score, ...
  kWithKey,  // BZPOPMIN: key, member, score
  kNested,   // ZMPOP, BZMPOP: key, [[member, score], ...]
};

// Takes up to `count` members and replies them; how many there were. Requires: the set is the key's.
std::size_t pop(Call& call, const Key& key, SortedSet& set, const End& end, std::size_t count, Form form) {
  const std::size_t popped = std::min(count, set.size());
  const bool in_pairs = form == Form::kPairs || form == Form::kNested;
  if (form == Form::kNested) call.reply.array(2);
  if (form == Form::kWithKey) call.reply.array(1 + 2 * popped);
  if (form == Form::kNested || form == Form::kWithKey) call.reply.bulk(key.bytes);
  if (form != Form::kWithKey) call.reply.array(in_pairs ? popped : 2 * popped);
  const RankRange range =
      end.direction == Direction::kAscending ? RankRange{0, popped} : RankRange{set.size() - popped, set.size()};
  set.walk(range, end.direction, [&](const Element& member, double score) {
    if (in_pairs) call.reply.array(2);
    reply_member(call, member);
    call.reply.number(score);
    return true;
  });
  if (popped > 0) {
    set.erase_range(range);
    finish_removal(call, key, set, end.event, popped);
  }
  return popped;
}

// A count that is not given is one, and then RESP3 has no pairs.
void pop_from_one(Call& call, const End& end) {
  if (call.count() > 3) return call.syntax_error();
  const bool has_count = call.count() == 3;
  const auto count = has_count ? parse_integer(call.argument(2)) : 1;
  if (!count || *count < 0) return call.reply.error("ERR value is out of range, must be positive");
  const Key key = call.key(1);
  Entry* entry = call.database().find_for_write(key, call.now);
  if (!require_sorted_set(call, entry)) return;
  if (entry == nullptr) return call.reply.array(0);
  const bool in_pairs = has_count && call.reply.protocol() == wire::resp::Protocol::kResp3;
  pop(call, key, entry->as<SortedSet>(), end, static_cast<std::size_t>(*count), in_pairs ? Form::kPairs : Form::kFlat);
}

void pop_lowest(Call& call) { pop_from_one(call, kLowest); }
void pop_highest(Call& call) { pop_from_one(call, kHighest); }

// The lowest or highest of the first sorted set that has any, beside its key. Which key was served is settled here,
// also for replicas: elsewhere there may be others.
auto with_key(Call& call, const End& end, std::size_t count, Form form) {
  return [&call, &end, count, form](const Key& key, SortedSet& set) {
    const std::size_t popped = pop(call, key, set, end, count, form);
    NumberText text;
    if (form == Form::kWithKey) {
      call.replicate_as({end.command, key.bytes});
    } else {
      call.replicate_as({end.command, key.bytes, text.write(static_cast<std::int64_t>(popped))});
    }
  };
}

void pop_waiting(Call& call, const End& end) {
  const auto timeout = parse_blocking_timeout(call, call.arguments.back());
  const auto keys = call.arguments.subspan(1, call.count() - 2);
  if (timeout) pop_or_wait<SortedSet>(call, keys, *timeout, with_key(call, end, 1, Form::kWithKey));
}

void pop_lowest_waiting(Call& call) { pop_waiting(call, kLowest); }
void pop_highest_waiting(Call& call) { pop_waiting(call, kHighest); }

bool is_end(std::string_view text) { return equal_ignoring_case(text, "MIN") || equal_ignoring_case(text, "MAX"); }
const End& end_of(const PopArguments& asked) { return equal_ignoring_case(asked.where, "MIN") ? kLowest : kHighest; }

void pop_several(Call& call) {
  const auto asked = parse_pop_arguments(call, 1, is_end);
  if (!asked) return;
  const auto pop_there = with_key(call, end_of(*asked), asked->count, Form::kNested);
  if (pop_first<SortedSet>(call, asked->keys, pop_there) == Served::kNothingThere) call.reply.null_array();
}

void pop_several_waiting(Call& call) {
  const auto asked = parse_pop_arguments(call, 2, is_end);
  if (!asked) return;
  const auto timeout = parse_blocking_timeout(call, call.argument(1));
  if (!timeout) return;
  pop_or_wait<SortedSet>(call, asked->keys, *timeout, with_key(call, end_of(*asked), asked->count, Form::kNested));
}

constexpr KeyRange kAllButTimeout = {.first = 1, .last = -2, .step = 1, .access = kTakesValue};

constexpr auto counted_keys(int index) {
  return std::to_array<KeySpec>({{.access = kTakesValue, .index = index, .find = KeySpec::Find::kCount}});
}
constexpr auto kCountedKeys = counted_keys(1);
constexpr auto kCountedKeysBehindTimeout = counted_keys(2);

constexpr std::uint32_t kPops = kWrite | kFast;
constexpr std::uint32_t kWaits = kWrite | kNoscript | kBlocking | kFast;

constexpr Family row{.group = "sorted-set", .categories = kSortedSetCategory};

constexpr std::array kCommands = {
    row("bzmpop", -5, kWrite | kBlocking | kMovableKeys,
        "Takes members from the first sorted set that has any, or waits for one.", "7.0.0", pop_several_waiting)
        .with_key_specs(kCountedKeysBehindTimeout)
        .takes("timeout numkeys key... where=(MIN|MAX) [COUNT count]")
        .costs("O(K+M*log(N)), K: keys, M: members taken, N: members there"),
    row("bzpopmax", -3, kWaits, "Takes the highest member of the first sorted set that has any, or waits for one.",
        "5.0.0", pop_highest_waiting)
        .on_keys(kAllButTimeout)
        .takes("key... timeout")
        .costs("O(log(N)), N: members there"),
    row("bzpopmin", -3, kWaits, "Takes the lowest member of the first sorted set that has any, or waits for one.",
        "5.0.0", pop_lowest_waiting)
        .on_keys(kAllButTimeout)
        .takes("key... timeout")
        .costs("O(log(N)), N: members there"),
    row("zmpop", -4, kWrite | kMovableKeys, "Takes members from the first sorted set that has any.", "7.0.0",
        pop_several)
        .with_key_specs(kCountedKeys)
        .takes("numkeys key... where=(MIN|MAX) [COUNT count]")
        .costs("O(K+M*log(N)), K: keys, M: members taken, N: members there"),
    row("zpopmax", -2, kPops, "Takes the highest members.", "5.0.0", pop_highest)
        .on_key(kTakesValue)
        .takes("key [count]")
        .costs("O(M*log(N)), M: members taken, N: members there"),
    row("zpopmin", -2, kPops, "Takes the lowest members.", "5.0.0", pop_lowest)
        .on_key(kTakesValue)
        .takes("key [count]")
        .costs("O(M*log(N)), M: members taken, N: members there"),
};

}  // namespace

std::span<const CommandSpec> sorted_set_pop_commands() { return kCommands; }

}  // namespace weir::store
