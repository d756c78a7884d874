// Taking elements from the ends of lists, and moving them from one list to another: at once, or as soon as there are
// any.
#include <string>

#include "base/bytes.h"
#include "store/commands/blocking_timeout.h"
#include "store/commands/families.h"
#include "store/commands/list_values.h"

namespace weir::store {

namespace {

using base::equal_ignoring_case;

std::string_view pop_command(ListEnd end) { return end == ListEnd::kHead ? "LPOP" : "RPOP"; }

// Takes one element and replies it. Requires: the list is the key's.
void pop_one(Call& call, const Key& key, List& list, ListEnd end) {
  reply_element(call, peek(list, end));
  pop(list, end);
  finish_removal(call, key, list.empty(), pop_event(end), 1);
}

// Takes up to `count` elements and replies them as an array; how many there were. Requires: the list is the key's, and
// `count` is not 0.
std::size_t pop_some(Call& call, const Key& key, List& list, ListEnd end, std::size_t count) {
  const std::size_t popped = std::min(count, list.size()), left = list.size() - popped;
  if (end == ListEnd::kHead) {
    reply_range(call, list, 0, popped);
  } else {
    call.reply.array(popped);
    List::Cursor at = list.end();
    for (std::size_t i = 0; i < popped; ++i) reply_element(call, *--at);
  }
  // A list that is empty goes as a whole.
  if (left > 0) list.keep_range(end == ListEnd::kHead ? popped : 0, left);
  finish_removal(call, key, left == 0, pop_event(end), popped);
  return popped;
}

void pop_from_one(Call& call, ListEnd end) {
  if (call.count() > 3) return call.wrong_arity();
  const bool has_count = call.count() == 3;
  const auto count = has_count ? parse_integer(call.argument(2)) : 1;
  if (!count || *count < 0) return call.reply.error("ERR value is out of range, must be positive");
  const Key key = call.key(1);
  Entry* entry = call.database().find_for_write(key, call.now);
  if (!require_list(call, entry)) return;
  if (entry == nullptr) return has_count ? call.reply.null_array() : call.reply.null();
  if (!has_count) return pop_one(call, key, entry->as<List>(), end);
  if (*count == 0) return call.reply.array(0);
  pop_some(call, key, entry->as<List>(), end, static_cast<std::size_t>(*count));
}

void pop_left(Call& call) { pop_from_one(call, ListEnd::kHead); }
void pop_right(Call& call) { pop_from_one(call, ListEnd::kTail); }

// ---- From the first of several lists ----

struct PopRequest {
  std::span<const std::string_view> keys;
  ListEnd end = ListEnd::kHead;
  std::optional<std::size_t> count = {};  // Nothing: one, which is replied beside its key and not in an array.
};

enum class Served : std::uint8_t { kYes, kNothingThere, kRefused };

Served pop_first(Call& call, const PopRequest& request) {
  for (const std::string_view name : request.keys) {
    const Key key(name);
    Entry* entry = call.database().find_for_write(key, call.now);
    if (!require_list(call, entry)) return Served::kRefused;
    if (entry == nullptr) continue;
    call.reply.array(2);
    call.reply.bulk(name);
    // Which key was served is settled here: elsewhere there may be others.
    if (!request.count) {
      pop_one(call, key, entry->as<List>(), request.end);
      call.replicate_as({pop_command(request.end), name});
    } else {
      const std::size_t popped = pop_some(call, key, entry->as<List>(), request.end, *request.count);
      NumberText text;
      call.replicate_as({pop_command(request.end), name, text.write(static_cast<std::int64_t>(popped))});
    }
    return Served::kYes;
  }
  return Served::kNothingThere;
}

bool holds_list(Database& database, std::string_view key, UnixMs now) {
  const Entry* entry = database.peek(key, now);
  return entry != nullptr && entry->kind() == ValueKind::kList;
}

Wait wait_for(std::span<const std::string_view> keys, base::Duration timeout) {
  return {.keys = keys, .timeout = timeout, .may_serve = holds_list, .on_timeout = [](Call& late) {
            late.reply.null_array();
          }};
}

void pop_or_wait(Call& call, PopRequest request, base::Duration timeout) {
  const Wait wait = wait_for(request.keys, timeout);
  if (call.woken_by.data() != nullptr) request.keys = std::span(&call.woken_by, 1);
  if (pop_first(call, request) != Served::kNothingThere) return;
  if (!call.may_block()) return call.reply.null_array();
  call.block(wait);
}

void pop_waiting(Call& call, ListEnd end) {
  const auto timeout = parse_blocking_timeout(call, call.arguments.back());
  if (timeout) pop_or_wait(call, {.keys = call.arguments.subspan(1, call.count() - 2), .end = end}, *timeout);
}

void pop_left_waiting(Call& call) { pop_waiting(call, ListEnd::kHead); }
void pop_right_waiting(Call& call) { pop_waiting(call, ListEnd::kTail); }

// numkeys key ... LEFT|RIGHT [COUNT count], from argument `first` on. Nothing: an error was replied.
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
  const auto end = parse_end(call.argument(where));
  if (!end) {
    call.syntax_error();
    return std::nullopt;
  }
  PopRequest request{.keys = call.arguments.subspan(first + 1, key_count), .end = *end};
  for (std::size_t i = where + 1; i < call.count(); i += 2) {
    if (request.count || i + 1 == call.count() || !equal_ignoring_case(call.argument(i), "COUNT")) {
      call.syntax_error();
      return std::nullopt;
    }
    const auto count = parse_integer(call.argument(i + 1));
    if (!count || *count < 1) {
      call.reply.error("ERR count should be greater than 0");
      return std::nullopt;
    }
    request.count = static_cast<std::size_t>(*count);
  }
  if (!request.count) request.count = 1;
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

// ---- From one list to another ----

struct Move {
  Key from;
  Key to;
  ListEnd take = ListEnd::kTail;
  ListEnd put = ListEnd::kHead;
};

// Within one list.
void rotate(List& list, const Move& move) {
  const Element element = peek(list, move.take);
  if (element.is_integer) {
    pop(list, move.take);
    push(list, move.put, EncodedEntry(element));
  } else {
    const std::string text(element.bytes);  // The list may not push what it holds itself.
    pop(list, move.take);
    push(list, move.put, EncodedEntry(Element::of_bytes(text)));
  }
}

// To another one.
void transfer(List& from, List& to, const Move& move) {
  push(to, move.put, EncodedEntry(peek(from, move.take)));
  pop(from, move.take);
}

// Moves one element and replies it.
Served move_one(Call& call, const Move& move) {
  Database& database = call.database();
  Entry* source = database.find_for_write(move.from, call.now);
  if (source == nullptr) return Served::kNothingThere;
  if (!require_list(call, source)) return Served::kRefused;
  Entry* target = database.find_for_write(move.to, call.now);
  if (!require_list(call, target)) return Served::kRefused;
  List& list = source->as<List>();
  reply_element(call, peek(list, move.take));
  bool emptied = false;
  if (source == target) {
    rotate(list, move);
  } else if (target != nullptr) {
    transfer(list, target->as<List>(), move);
    emptied = list.empty();
  } else {
    List fresh(call.node.settings.list_max_listpack_size);
    transfer(list, fresh, move);
    emptied = list.empty();
    database.set_object(move.to, std::move(fresh), std::nullopt);
  }
  // One change in all, as Redis counts.
  call.changed(move.to.bytes, EventClass::kList, push_event(move.put), 0);
  finish_removal(call, move.from, emptied, pop_event(move.take), 1);
  return Served::kYes;
}

// Nothing: an error was replied.
std::optional<Move> parse_move(Call& call) {
  const auto take = parse_end(call.argument(3)), put = parse_end(call.argument(4));
  if (!take || !put) {
    call.syntax_error();
    return std::nullopt;
  }
  return Move{.from = call.key(1), .to = call.key(2), .take = *take, .put = *put};
}

void move(Call& call) {
  const auto request = parse_move(call);
  if (request && move_one(call, *request) == Served::kNothingThere) call.reply.null();
}

void move_right_to_left(Call& call) {
  if (move_one(call, {.from = call.key(1), .to = call.key(2)}) == Served::kNothingThere) call.reply.null();
}

// `effect` is the command that does the same without waiting.
void move_or_wait(Call& call, const Move& move, base::Duration timeout, std::span<const std::string_view> effect) {
  const Served served = move_one(call, move);
  if (served == Served::kYes) call.replicate_as(effect);
  if (served != Served::kNothingThere) return;
  if (!call.may_block()) return call.reply.null();
  call.block(wait_for(call.arguments.subspan(1, 1), timeout));
}

void move_waiting(Call& call) {
  const auto request = parse_move(call);
  if (!request) return;
  const auto timeout = parse_blocking_timeout(call, call.argument(5));
  if (!timeout) return;
  const auto effect = std::to_array(
      {std::string_view("LMOVE"), call.argument(1), call.argument(2), call.argument(3), call.argument(4)});
  move_or_wait(call, *request, *timeout, effect);
}

void move_right_to_left_waiting(Call& call) {
  const auto timeout = parse_blocking_timeout(call, call.argument(3));
  if (!timeout) return;
  const auto effect = std::to_array({std::string_view("RPOPLPUSH"), call.argument(1), call.argument(2)});
  move_or_wait(call, {.from = call.key(1), .to = call.key(2)}, *timeout, effect);
}

constexpr CommandSpec row(std::string_view name, int arity, std::uint32_t flags, KeyRange keys,
                          std::string_view summary, std::string_view since, void (*run)(Call&),
                          std::span<const KeySpec> key_specs = {}) {
  return {.name = name,
          .arity = arity,
          .flags = flags,
          .categories = kListCategory,
          .keys = keys,
          .summary = summary,
          .since = since,
          .group = "list",
          .tips = {},
          .run = run,
          .key_specs = key_specs};
}

constexpr KeyRange kOneKey = {.first = 1, .last = 1, .step = 1, .access = kTakesValue};
constexpr KeyRange kAllButTimeout = {.first = 1, .last = -2, .step = 1, .access = kTakesValue};
constexpr KeyRange kTwoKeys = {.first = 1, .last = 2, .step = 1};

constexpr auto kMoves = std::to_array<KeySpec>({{.access = kTakesValue}, {.access = kInsertsIntoValue, .index = 2}});
constexpr auto counted_keys(int index) {
  return std::to_array<KeySpec>({{.access = kTakesValue, .index = index, .find = KeySpec::Find::kCount}});
}
constexpr auto kCountedKeys = counted_keys(1);
constexpr auto kCountedKeysBehindTimeout = counted_keys(2);

constexpr std::uint32_t kWaits = kWrite | kNoscript | kBlocking;

constexpr std::array kCommands = {
    row("blmove", 6, kWaits | kDenyOom, kTwoKeys, "Moves an element from one list to another, or waits for one.",
        "6.2.0", move_waiting, kMoves)
        .takes("source:key destination:key#1 wherefrom=(LEFT|RIGHT) whereto=(LEFT|RIGHT) timeout:double")
        .costs("O(1)"),
    row("blmpop", -5, kWrite | kBlocking | kMovableKeys, {},
        "Takes elements from the first list that has any, or waits for one.", "7.0.0", pop_several_waiting,
        kCountedKeysBehindTimeout)
        .takes("timeout numkeys key... where=(LEFT|RIGHT) [COUNT count]")
        .costs("O(N+M), N: keys, M: elements taken"),
    row("blpop", -3, kWaits, kAllButTimeout,
        "Takes the first element of the first list that has any, or waits for one.", "2.0.0", pop_left_waiting)
        .takes("key... timeout")
        .costs("O(N), N: keys"),
    row("brpop", -3, kWaits, kAllButTimeout, "Takes the last element of the first list that has any, or waits for one.",
        "2.0.0", pop_right_waiting)
        .takes("key... timeout")
        .costs("O(N), N: keys"),
    row("brpoplpush", 4, kWaits | kDenyOom, kTwoKeys,
        "Moves the last element of a list to the head of another, or waits for one.", "2.2.0",
        move_right_to_left_waiting, kMoves)
        .takes("source:key destination:key#1 timeout:double")
        .costs("O(1)")
        .replaced("6.2.0", "`BLMOVE` with the `RIGHT` and `LEFT` arguments"),
    row("lmove", 5, kWrite | kDenyOom, kTwoKeys, "Moves an element from one list to another.", "6.2.0", move, kMoves)
        .takes("source:key destination:key#1 wherefrom=(LEFT|RIGHT) whereto=(LEFT|RIGHT)")
        .costs("O(1)"),
    row("lmpop", -4, kWrite | kMovableKeys, {}, "Takes elements from the first list that has any.", "7.0.0",
        pop_several, kCountedKeys)
        .takes("numkeys key... where=(LEFT|RIGHT) [COUNT count]")
        .costs("O(N+M), N: keys, M: elements taken"),
    row("lpop", -2, kWrite | kFast, kOneKey, "Takes the first elements of a list.", "1.0.0", pop_left)
        .takes("key [count@6.2.0]")
        .costs("O(N), N: elements taken"),
    row("rpop", -2, kWrite | kFast, kOneKey, "Takes the last elements of a list.", "1.0.0", pop_right)
        .takes("key [count@6.2.0]")
        .costs("O(N), N: elements taken"),
    row("rpoplpush", 3, kWrite | kDenyOom, kTwoKeys, "Moves the last element of a list to the head of another.",
        "1.2.0", move_right_to_left, kMoves)
        .takes("source:key destination:key#1")
        .costs("O(1)")
        .replaced("6.2.0", "`LMOVE` with the `RIGHT` and `LEFT` arguments"),
};

}  // namespace

std::span<const CommandSpec> list_pop_commands() { return kCommands; }

}  // namespace weir::store
