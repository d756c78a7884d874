// Lists: elements in the order in which they were put in, under one key. Taking from the ends is list_pops.cpp's.
#include <algorithm>
#include <limits>

#include "base/bytes.h"
#include "store/commands/families.h"
#include "store/commands/list_values.h"

namespace weir::store {

using base::equal_ignoring_case;

std::optional<ListEnd> parse_end(std::string_view text) {
  if (equal_ignoring_case(text, "LEFT")) return ListEnd::kHead;
  if (equal_ignoring_case(text, "RIGHT")) return ListEnd::kTail;
  return std::nullopt;
}

void reply_range(Call& call, const List& list, std::size_t index, std::size_t count) {
  call.reply.array(count);
  list.walk(index, count, [&call](const Element& element) { reply_element(call, element); });
}

namespace {

void push_all(Call& call, ListEnd end, bool only_present) {
  const Key key = call.key(1);
  Entry* entry = call.database().find_for_write(key, call.now);
  if (!require_list(call, entry)) return;
  if (entry == nullptr && only_present) return call.reply.integer(0);
  List& list = list_or_new(call, key, entry);
  for (const std::string_view element : call.arguments.subspan(2)) push(list, end, EncodedEntry(element));
  const std::size_t size = list.size();
  call.changed(key.bytes, EventClass::kList, push_event(end), call.count() - 2);
  call.reply.integer(static_cast<std::int64_t>(size));
}

void push_left(Call& call) { push_all(call, ListEnd::kHead, false); }
void push_right(Call& call) { push_all(call, ListEnd::kTail, false); }
void push_left_present(Call& call) { push_all(call, ListEnd::kHead, true); }
void push_right_present(Call& call) { push_all(call, ListEnd::kTail, true); }

void length(Call& call) {
  const Entry* entry = call.database().look_up(call.key(1), call.now);
  if (!require_list(call, entry)) return;
  call.reply.integer(entry == nullptr ? 0 : static_cast<std::int64_t>(entry->as<List>().size()));
}

// Where an index points to, which counts from the tail if it is negative; the list's size if there is nothing.
std::size_t place_of(std::int64_t index, const List& list) {
  const auto size = static_cast<std::int64_t>(list.size());
  if (index < 0) index += size;
  return index < 0 || index >= size ? list.size() : static_cast<std::size_t>(index);
}

struct Range {
  std::size_t first = 0;
  std::size_t count = 0;
};

// What is between two indices, both included.
Range range_of(std::int64_t start, std::int64_t stop, const List& list) {
  const auto size = static_cast<std::int64_t>(list.size());
  const std::int64_t first = std::max<std::int64_t>(start < 0 ? start + size : start, 0);
  const std::int64_t last = std::min(stop < 0 ? stop + size : stop, size - 1);
  if (first > last) return {};
  return {.first = static_cast<std::size_t>(first), .count = static_cast<std::size_t>(last - first + 1)};
}

void element_at(Call& call) {
  const Entry* entry = call.database().look_up(call.key(1), call.now);
  if (!require_list(call, entry)) return;
  if (entry == nullptr) return call.reply.null();
  const auto index = parse_integer(call.argument(2));
  if (!index) return call.not_an_integer();
  const List& list = entry->as<List>();
  const List::Cursor at = list.at(place_of(*index, list));
  if (at == list.end()) return call.reply.null();
  reply_element(call, *at);
}

void set(Call& call) {
  const Key key = call.key(1);
  Entry* entry = call.database().find_for_write(key, call.now);
  if (entry == nullptr) return call.reply.error("ERR no such key");
  if (!require_list(call, entry)) return;
  const auto index = parse_integer(call.argument(2));
  if (!index) return call.not_an_integer();
  List& list = entry->as<List>();
  const List::Cursor at = list.at(place_of(*index, list));
  if (at == list.end()) return call.reply.error("ERR index out of range");
  list.replace(at, EncodedEntry(call.argument(3)));
  call.changed(key.bytes, EventClass::kList, "lset");
  call.reply.ok();
}

void range(Call& call) {
  const auto start = parse_integer(call.argument(2)), stop = parse_integer(call.argument(3));
  if (!start || !stop) return call.not_an_integer();
  const Entry* entry = call.database().look_up(call.key(1), call.now);
  if (!require_list(call, entry)) return;
  if (entry == nullptr) return call.reply.array(0);
  const List& list = entry->as<List>();
  const Range range = range_of(*start, *stop, list);
  reply_range(call, list, range.first, range.count);
}

void trim(Call& call) {
  const auto start = parse_integer(call.argument(2)), stop = parse_integer(call.argument(3));
  if (!start || !stop) return call.not_an_integer();
  const Key key = call.key(1);
  Entry* entry = call.database().find_for_write(key, call.now);
  if (!require_list(call, entry)) return;
  if (entry == nullptr) return call.reply.ok();
  List& list = entry->as<List>();
  const Range kept = range_of(*start, *stop, list);
  const std::size_t removed = list.size() - kept.count;
  if (kept.count > 0) list.keep_range(kept.first, kept.count);
  finish_removal(call, key, kept.count == 0, "ltrim", removed);
  call.reply.ok();
}

// A text that is looked for among elements, which it may equal as a number.
class Sought {
 public:
  explicit Sought(std::string_view text) : text_(text), integer_(canonical_integer(text)) {}
  bool is_at(const List::Cursor& at) const { return at.equals(text_, integer_); }

 private:
  std::string_view text_;
  std::optional<std::int64_t> integer_;
};

void insert(Call& call) {
  const bool behind = equal_ignoring_case(call.argument(2), "AFTER");
  if (!behind && !equal_ignoring_case(call.argument(2), "BEFORE")) return call.syntax_error();
  const Key key = call.key(1);
  Entry* entry = call.database().find_for_write(key, call.now);
  if (!require_list(call, entry)) return;
  if (entry == nullptr) return call.reply.integer(0);
  List& list = entry->as<List>();
  const Sought pivot(call.argument(3));
  List::Cursor at = list.begin();
  while (at != list.end() && !pivot.is_at(at)) ++at;
  if (at == list.end()) return call.reply.integer(-1);
  if (behind) ++at;
  list.insert(at, EncodedEntry(call.argument(4)));
  const std::size_t size = list.size();
  call.changed(key.bytes, EventClass::kList, "linsert");
  call.reply.integer(static_cast<std::int64_t>(size));
}

// Both return how many they erased, at most `limit`.
std::uint64_t erase_from_head(List& list, const Sought& sought, std::uint64_t limit) {
  std::uint64_t erased = 0;
  for (List::Cursor at = list.begin(); at != list.end() && erased < limit;) {
    if (sought.is_at(at)) {
      at = list.erase(at);
      ++erased;
    } else {
      ++at;
    }
  }
  return erased;
}

std::uint64_t erase_from_tail(List& list, const Sought& sought, std::uint64_t limit) {
  std::uint64_t erased = 0;
  for (List::Cursor at = list.end(); at != list.begin() && erased < limit;) {
    --at;
    if (!sought.is_at(at)) continue;
    at = list.erase(at);
    ++erased;
  }
  return erased;
}

void remove(Call& call) {
  const auto count = parse_integer(call.argument(2));
  if (!count) return call.not_an_integer();
  const Key key = call.key(1);
  Entry* entry = call.database().find_for_write(key, call.now);
  if (!require_list(call, entry)) return;
  if (entry == nullptr) return call.reply.integer(0);
  List& list = entry->as<List>();
  const Sought sought(call.argument(3));
  const auto limit = static_cast<std::uint64_t>(*count);
  const std::uint64_t removed = *count < 0 ? erase_from_tail(list, sought, -limit)
                                           : erase_from_head(list, sought, *count == 0 ? list.size() : limit);
  if (removed > 0) finish_removal(call, key, list.empty(), "lrem", removed);
  call.reply.integer(static_cast<std::int64_t>(removed));
}

struct Search {
  std::uint64_t rank = 1;  // The first match that counts.
  bool from_tail = false;
  std::optional<std::uint64_t> count;  // Matches to be returned, 0: all; nothing: one, and not as an array.
  std::uint64_t compared = 0;          // Elements to be looked at; 0: all.
};

// Nothing: an error was replied.
std::optional<std::uint64_t> parse_not_negative(Call& call, std::string_view text, std::string_view error) {
  const auto number = parse_integer(text);
  if (number && *number >= 0) return static_cast<std::uint64_t>(*number);
  call.reply.error(error);
  return std::nullopt;
}

bool parse_rank(Call& call, std::string_view text, Search& search) {
  const auto rank = parse_integer(text);
  if (!rank) {
    call.not_an_integer();
  } else if (*rank == 0) {
    call.reply.error(
        "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start "
        "from the end of the list");
  } else if (*rank == std::numeric_limits<std::int64_t>::min()) {
    call.reply.error("ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807");
  } else {
    search.from_tail = *rank < 0;
    search.rank = static_cast<std::uint64_t>(*rank < 0 ? -*rank : *rank);
    return true;
  }
  return false;
}

std::optional<Search> parse_search(Call& call) {
  Search search;
  for (std::size_t i = 3; i < call.count(); i += 2) {
    const std::string_view option = call.argument(i);
    if (i + 1 == call.count()) {
      call.syntax_error();
      return std::nullopt;
    }
    const std::string_view value = call.argument(i + 1);
    if (equal_ignoring_case(option, "RANK")) {
      if (!parse_rank(call, value, search)) return std::nullopt;
    } else if (equal_ignoring_case(option, "COUNT")) {
      search.count = parse_not_negative(call, value, "ERR COUNT can't be negative");
      if (!search.count) return std::nullopt;
    } else if (equal_ignoring_case(option, "MAXLEN")) {
      const auto compared = parse_not_negative(call, value, "ERR MAXLEN can't be negative");
      if (!compared) return std::nullopt;
      search.compared = *compared;
    } else {
      call.syntax_error();
      return std::nullopt;
    }
  }
  return search;
}

// Calls `found(index)` for the matches that count, until it returns false.
template <typename Found>
void search_list(const List& list, const Search& search, const Sought& sought, Found&& found) {
  const std::size_t compared = search.compared == 0 ? list.size() : std::min(list.size(), search.compared);
  List::Cursor at = search.from_tail ? list.end() : list.begin();
  std::uint64_t matches = 0;
  for (std::size_t i = 0; i < compared; ++i) {
    if (search.from_tail) --at;
    if (sought.is_at(at) && ++matches >= search.rank && !found(search.from_tail ? list.size() - 1 - i : i)) return;
    if (!search.from_tail) ++at;
  }
}

void position(Call& call) {
  const auto search = parse_search(call);
  if (!search) return;
  const Entry* entry = call.database().look_up(call.key(1), call.now);
  if (!require_list(call, entry)) return;
  const Sought sought(call.argument(2));
  if (!search->count) {
    std::optional<std::size_t> place;
    if (entry != nullptr) {
      search_list(entry->as<List>(), *search, sought, [&](std::size_t index) {
        place = index;
        return false;
      });
    }
    if (!place) return call.reply.null();
    return call.reply.integer(static_cast<std::int64_t>(*place));
  }
  CountedReply reply(call);
  if (entry != nullptr) {
    search_list(entry->as<List>(), *search, sought, [&](std::size_t index) {
      reply.add(static_cast<std::int64_t>(index));
      return reply.size() != *search->count;
    });
  }
  reply.send_array();
}

constexpr Family row{.group = "list", .categories = kListCategory};

constexpr std::array kCommands = {
    row("lindex", 3, kReadonly, "Returns the element at an index.", "1.0.0", element_at)
        .on_key(kReadsValue)
        .takes("key index")
        .costs("O(N), N: distance from the nearer end, in nodes"),
    row("linsert", 5, kWrite | kDenyOom, "Inserts an element before or after another one.", "2.2.0", insert)
        .on_key(kInsertsIntoValue)
        .takes("key where=(BEFORE|AFTER) pivot element")
        .costs("O(N), N: elements before the place"),
    row("llen", 2, kReadonly | kFast, "Counts the elements of a list.", "1.0.0", length)
        .on_key(kReadsKey)
        .takes("key")
        .costs("O(1)"),
    row("lpos", -3, kReadonly, "Finds at which indices an element is.", "6.0.6", position)
        .on_key(kReadsValue)
        .takes("key element [RANK rank:integer] [COUNT num-matches:integer] [MAXLEN len:integer]")
        .costs("O(N), N: elements looked at"),
    row("lpush", -3, kWrite | kDenyOom | kFast, "Puts elements at the head of a list, which is made if needed.",
        "1.0.0", push_left)
        .on_key(kInsertsIntoValue)
        .takes("key element...")
        .costs("O(N), N: elements given"),
    row("lpushx", -3, kWrite | kDenyOom | kFast, "Puts elements at the head of a list that exists.", "2.2.0",
        push_left_present)
        .on_key(kInsertsIntoValue)
        .takes("key element...")
        .costs("O(N), N: elements given"),
    row("lrange", 4, kReadonly, "Returns the elements between two indices.", "1.0.0", range)
        .on_key(kReadsValue)
        .takes("key start:integer stop:integer")
        .costs("O(S+N), S: distance of the start from the nearer end, in nodes, N: elements returned"),
    row("lrem", 4, kWrite, "Removes elements that are equal to the given one.", "1.0.0", remove)
        .on_key(kRemovesFromValue)
        .takes("key count element")
        .costs("O(N), N: elements looked at"),
    row("lset", 4, kWrite | kDenyOom, "Replaces the element at an index.", "1.0.0", set)
        .on_key(kUpdatesKey)
        .takes("key index element")
        .costs("O(N), N: distance from the nearer end, in nodes"),
    row("ltrim", 4, kWrite, "Removes all elements but those between two indices.", "1.0.0", trim)
        .on_key(kRemovesFromValue)
        .takes("key start:integer stop:integer")
        .costs("O(N), N: elements removed"),
    row("rpush", -3, kWrite | kDenyOom | kFast, "Puts elements at the tail of a list, which is made if needed.",
        "1.0.0", push_right)
        .on_key(kInsertsIntoValue)
        .takes("key element...")
        .costs("O(N), N: elements given"),
    row("rpushx", -3, kWrite | kDenyOom | kFast, "Puts elements at the tail of a list that exists.", "2.2.0",
        push_right_present)
        .on_key(kInsertsIntoValue)
        .takes("key element...")
        .costs("O(N), N: elements given"),
};

}  // namespace

std::span<const CommandSpec> list_commands() { return kCommands; }

}  // namespace weir::store
