// Taking the lowest or highest members out of a sorted set, at once or as soon as there are any.
#include <array>

#include "base/bytes.h"
#include "store/commands/blocking_timeout.h"
#include "store/commands/families.h"
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

// From several keys, of which the first that holds anything is served.
struct PopRequest {
  std::span<const std::string_view> keys;
  End end;
  std::size_t count = 1;
  Form form = Form::kNested;
};

enum class Served : std::uint8_t { kYes, kNothingThere, kRefused };

Served pop_first(Call& call, const PopRequest& request) {
  for (const std::string_view name : request.keys) {
    const Key key(name);
    Entry* entry = call.database().find_for_write(key, call.now);
    if (!require_sorted_set(call, entry)) return Served::kRefused;
    if (entry == nullptr) continue;
    const std::size_t popped = pop(call, key, entry->as<SortedSet>(), request.end, request.count, request.form);
    // Which key was served is settled here: elsewhere there may be others.
    if (request.form == Form::kWithKey) {
      call.replicate_as({request.end.command, name});
    } else {
      NumberText text;
      call.replicate_as({request.end.command, name, text.write(static_cast<std::int64_t>(popped))});
    }
    return Served::kYes;
  }
  return Served::kNothingThere;
}

bool holds_sorted_set(Database& database, std::string_view key, UnixMs now) {
  const Entry* entry = database.peek(key, now);
  return entry != nullptr && entry->kind() == ValueKind::kSortedSet;
}

void pop_or_wait(Call& call, PopRequest request, base::Duration timeout) {
  const Wait wait{
      .keys = request.keys, .timeout = timeout, .may_serve = holds_sorted_set, .on_timeout = [](Call& late) {
        late.reply.null_array();
      }};
  if (call.woken_by.data() != nullptr) request.keys = std::span(&call.woken_by, 1);
  if (pop_first(call, request) != Served::kNothingThere) return;
  if (!call.may_block()) return call.reply.null_array();
  call.block(wait);
}

void pop_waiting(Call& call, const End& end) {
  const auto timeout = parse_blocking_timeout(call, call.arguments.back());
  if (!timeout) return;
  const auto keys = call.arguments.subspan(1, call.count() - 2);
  pop_or_wait(call, {.keys = keys, .end = end, .count = 1, .form = Form::kWithKey}, *timeout);
}

void pop_lowest_waiting(Call& call) { pop_waiting(call, kLowest); }
void pop_highest_waiting(Call& call) { pop_waiting(call, kHighest); }

// numkeys key ... MIN|MAX [COUNT count], from argument `first` on. Nothing: an error was replied.
std::optional<PopRequest> parse_pop_request(Call& call, std::size_t first) {
  const auto keys = parse_integer(call.argument(first));
  if (!keys || *keys < 1) {
    call.reply.error("ERR numkeys should be greater than 0");
    return std::nullopt;
  }
  const std::size_t after_keys = call.count() - first - 1;
  if (static_cast<std::uint64_t>(*keys) >= after_keys) {
    call.syntax_error();
    return std::nullopt;
  }
  const auto key_count = static_cast<std::size_t>(*keys);
  const std::size_t where = first + 1 + key_count;
  const bool lowest = equal_ignoring_case(call.argument(where), "MIN");
  if (!lowest && !equal_ignoring_case(call.argument(where), "MAX")) {
    call.syntax_error();
    return std::nullopt;
  }
  PopRequest request{.keys = call.arguments.subspan(first + 1, key_count), .end = lowest ? kLowest : kHighest};
  bool has_count = false;
  for (std::size_t i = where + 1; i < call.count(); i += 2) {
    if (has_count || i + 1 == call.count() || !equal_ignoring_case(call.argument(i), "COUNT")) {
      call.syntax_error();
      return std::nullopt;
    }
    const auto count = parse_integer(call.argument(i + 1));
    if (!count || *count < 1) {
      call.reply.error("ERR count should be greater than 0");
      return std::nullopt;
    }
    request.count = static_cast<std::size_t>(*count);
    has_count = true;
  }
  return request;
}

void pop_several(Call& call) {
  const auto request = parse_pop_request(call, 1);
  if (request && pop_first(call, *request) == Served::kNothingThere) call.reply.null_array();
}

void pop_several_waiting(Call& call) {
  const auto request = parse_pop_request(call, 2);
  if (!request) return;
  const auto timeout = parse_blocking_timeout(call, call.argument(1));
  if (timeout) pop_or_wait(call, *request, *timeout);
}

constexpr CommandSpec row(std::string_view name, int arity, std::uint32_t flags, KeyRange keys,
                          std::string_view summary, std::string_view since, void (*run)(Call&)) {
  return {.name = name,
          .arity = arity,
          .flags = flags,
          .categories = kSortedSetCategory,
          .keys = keys,
          .summary = summary,
          .since = since,
          .group = "sorted-set",
          .tips = {},
          .run = run};
}

constexpr KeyRange kOneKey = {.first = 1, .last = 1, .step = 1, .access = kTakesValue};
constexpr KeyRange kAllButTimeout = {.first = 1, .last = -2, .step = 1, .access = kTakesValue};

constexpr auto counted_keys(int index) {
  return std::to_array<KeySpec>({{.access = kTakesValue, .index = index, .find = KeySpec::Find::kCount}});
}
constexpr auto kCountedKeys = counted_keys(1);
constexpr auto kCountedKeysBehindTimeout = counted_keys(2);

constexpr CommandSpec with_specs(CommandSpec spec, std::span<const KeySpec> specs) {
  spec.key_specs = specs;
  return spec;
}

constexpr std::uint32_t kPops = kWrite | kFast;
constexpr std::uint32_t kWaits = kWrite | kNoscript | kBlocking | kFast;

constexpr std::array kCommands = {
    with_specs(
        row("bzmpop", -5, kWrite | kBlocking | kMovableKeys, {},
            "Takes members from the first sorted set that has any, or waits for one.", "7.0.0", pop_several_waiting)
            .takes("timeout numkeys key... where=(MIN|MAX) [COUNT count]")
            .costs("O(K+M*log(N)), K: keys, M: members taken, N: members there"),
        kCountedKeysBehindTimeout),
    row("bzpopmax", -3, kWaits, kAllButTimeout,
        "Takes the highest member of the first sorted set that has any, or waits for one.", "5.0.0",
        pop_highest_waiting)
        .takes("key... timeout")
        .costs("O(log(N)), N: members there"),
    row("bzpopmin", -3, kWaits, kAllButTimeout,
        "Takes the lowest member of the first sorted set that has any, or waits for one.", "5.0.0", pop_lowest_waiting)
        .takes("key... timeout")
        .costs("O(log(N)), N: members there"),
    with_specs(row("zmpop", -4, kWrite | kMovableKeys, {}, "Takes members from the first sorted set that has any.",
                   "7.0.0", pop_several)
                   .takes("numkeys key... where=(MIN|MAX) [COUNT count]")
                   .costs("O(K+M*log(N)), K: keys, M: members taken, N: members there"),
               kCountedKeys),
    row("zpopmax", -2, kPops, kOneKey, "Takes the highest members.", "5.0.0", pop_highest)
        .takes("key [count]")
        .costs("O(M*log(N)), M: members taken, N: members there"),
    row("zpopmin", -2, kPops, kOneKey, "Takes the lowest members.", "5.0.0", pop_lowest)
        .takes("key [count]")
        .costs("O(M*log(N)), M: members taken, N: members there"),
};

}  // namespace

std::span<const CommandSpec> sorted_set_pop_commands() { return kCommands; }

}  // namespace weir::store
