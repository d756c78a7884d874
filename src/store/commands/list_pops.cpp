// Taking elements from the ends of lists, and moving them from one list to another: at once, or as soon as there are
// any.
#include <string>

#include "base/bytes.h"
#include "store/commands/families.h"
#include "store/commands/list_values.h"
#include "store/commands/pops.h"

namespace weir::store {

namespace {

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

// One element of the first list that has any, beside its key. Which key was served is settled here, also for replicas:
// elsewhere there may be others.
auto one_with_key(Call& call, ListEnd end) {
  return [&call, end](const Key& key, List& list) {
    call.reply.array(2);
    call.reply.bulk(key.bytes);
    pop_one(call, key, list, end);
    call.replicate_as({pop_command(end), key.bytes});
  };
}

// Up to so many of them, in an array beside the key.
auto some_with_key(Call& call, ListEnd end, std::size_t count) {
  return [&call, end, count](const Key& key, List& list) {
    call.reply.array(2);
    call.reply.bulk(key.bytes);
    const std::size_t popped = pop_some(call, key, list, end, count);
    NumberText text;
    call.replicate_as({pop_command(end), key.bytes, text.write(static_cast<std::int64_t>(popped))});
  };
}

void pop_waiting(Call& call, ListEnd end) {
  const auto timeout = parse_blocking_timeout(call, call.arguments.back());
  const auto keys = call.arguments.subspan(1, call.count() - 2);
  if (timeout) pop_or_wait<List>(call, keys, *timeout, one_with_key(call, end));
}

void pop_left_waiting(Call& call) { pop_waiting(call, ListEnd::kHead); }
void pop_right_waiting(Call& call) { pop_waiting(call, ListEnd::kTail); }

bool is_end(std::string_view text) { return parse_end(text).has_value(); }

void pop_several(Call& call) {
  const auto asked = parse_pop_arguments(call, 1, is_end);
  if (!asked) return;
  const Served served = pop_first<List>(call, asked->keys, some_with_key(call, *parse_end(asked->where), asked->count));
  if (served == Served::kNothingThere) call.reply.null_array();
}

void pop_several_waiting(Call& call) {
  const auto asked = parse_pop_arguments(call, 2, is_end);
  if (!asked) return;
  const auto timeout = parse_blocking_timeout(call, call.argument(1));
  if (!timeout) return;
  pop_or_wait<List>(call, asked->keys, *timeout, some_with_key(call, *parse_end(asked->where), asked->count));
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
  call.block(wait_for<List>(call.arguments.subspan(1, 1), timeout));
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

constexpr KeyRange kAllButTimeout = {.first = 1, .last = -2, .step = 1, .access = kTakesValue};
constexpr KeyRange kTwoKeys = {.first = 1, .last = 2, .step = 1};

constexpr auto kMoves = std::to_array<KeySpec>({{.access = kTakesValue}, {.access = kInsertsIntoValue, .index = 2}});
constexpr auto counted_keys(int index) {
  return std::to_array<KeySpec>({{.access = kTakesValue, .index = index, .find = KeySpec::Find::kCount}});
}
constexpr auto kCountedKeys = counted_keys(1);
constexpr auto kCountedKeysBehindTimeout = counted_keys(2);

constexpr std::uint32_t kWaits = kWrite | kNoscript | kBlocking;

constexpr Family row{.group = "list", .categories = kListCategory};

constexpr std::array kCommands = {
    row("blmove", 6, kWaits | kDenyOom, "Moves an element from one list to another, or waits for one.", "6.2.0",
        move_waiting)
        .on_keys(kTwoKeys)
        .with_key_specs(kMoves)
        .takes("source:key destination:key#1 wherefrom=(LEFT|RIGHT) whereto=(LEFT|RIGHT) timeout:double")
        .costs("O(1)"),
    row("blmpop", -5, kWrite | kBlocking | kMovableKeys,
        "Takes elements from the first list that has any, or waits for one.", "7.0.0", pop_several_waiting)
        .with_key_specs(kCountedKeysBehindTimeout)
        .takes("timeout numkeys key... where=(LEFT|RIGHT) [COUNT count]")
        .costs("O(N+M), N: keys, M: elements taken"),
    row("blpop", -3, kWaits, "Takes the first element of the first list that has any, or waits for one.", "2.0.0",
        pop_left_waiting)
        .on_keys(kAllButTimeout)
        .takes("key... timeout")
        .costs("O(N), N: keys"),
    row("brpop", -3, kWaits, "Takes the last element of the first list that has any, or waits for one.", "2.0.0",
        pop_right_waiting)
        .on_keys(kAllButTimeout)
        .takes("key... timeout")
        .costs("O(N), N: keys"),
    row("brpoplpush", 4, kWaits | kDenyOom,
        "Moves the last element of a list to the head of another, or waits for one.", "2.2.0",
        move_right_to_left_waiting)
        .on_keys(kTwoKeys)
        .with_key_specs(kMoves)
        .takes("source:key destination:key#1 timeout:double")
        .costs("O(1)")
        .replaced("6.2.0", "`BLMOVE` with the `RIGHT` and `LEFT` arguments"),
    row("lmove", 5, kWrite | kDenyOom, "Moves an element from one list to another.", "6.2.0", move)
        .on_keys(kTwoKeys)
        .with_key_specs(kMoves)
        .takes("source:key destination:key#1 wherefrom=(LEFT|RIGHT) whereto=(LEFT|RIGHT)")
        .costs("O(1)"),
    row("lmpop", -4, kWrite | kMovableKeys, "Takes elements from the first list that has any.", "7.0.0", pop_several)
        .with_key_specs(kCountedKeys)
        .takes("numkeys key... where=(LEFT|RIGHT) [COUNT count]")
        .costs("O(N+M), N: keys, M: elements taken"),
    row("lpop", -2, kWrite | kFast, "Takes the first elements of a list.", "1.0.0", pop_left)
        .on_key(kTakesValue)
        .takes("key [count@6.2.0]")
        .costs("O(N), N: elements taken"),
    row("rpop", -2, kWrite | kFast, "Takes the last elements of a list.", "1.0.0", pop_right)
        .on_key(kTakesValue)
        .takes("key [count@6.2.0]")
        .costs("O(N), N: elements taken"),
    row("rpoplpush", 3, kWrite | kDenyOom, "Moves the last element of a list to the head of another.", "1.2.0",
        move_right_to_left)
        .on_keys(kTwoKeys)
        .with_key_specs(kMoves)
        .takes("source:key destination:key#1")
        .costs("O(1)")
        .replaced("6.2.0", "`LMOVE` with the `RIGHT` and `LEFT` arguments"),
};

}  // namespace

std::span<const CommandSpec> list_pop_commands() { return kCommands; }

}  // namespace weir::store
