// SORT and SORT_RO: the elements of a list, set or sorted set in another order, by themselves or by what other keys
// say of them.
#include <algorithm>
#include <vector>

#include "base/bytes.h"
#include "store/commands/families.h"
#include "store/commands/key_positions.h"
#include "store/commands/list_values.h"
#include "store/types/number_text.h"
#include "store/types/window_sort.h"

namespace weir::store {

namespace {

using base::equal_ignoring_case;

// Where C takes a text to end.
std::string_view until_nul(std::string_view text) { return text.substr(0, text.find('\0')); }

// What BY and GET are given: "weight_*" is a key, "object_*->price" a field of a hash; '*' stands for the element.
class Pattern {
 public:
  explicit Pattern(std::string_view text) {
    const std::string_view seen = until_nul(text);
    is_element_ = seen == "#";
    const std::size_t star = seen.find('*');
    if (star == std::string_view::npos) return;
    has_star_ = true;
    const std::size_t arrow = seen.find("->", star + 1);
    if (arrow != std::string_view::npos && arrow + 2 < seen.size()) field_ = text.substr(arrow + 2);
    prefix_ = text.substr(0, star);
    suffix_ = text.substr(star + 1, field_ ? arrow - star - 1 : std::string_view::npos);
  }

  bool has_star() const { return has_star_; }

  // What the pattern means for this element. Nothing: there is no such key or field, or it is of another type. Borrowed
  // from the database.
  std::optional<Element> look_up(Call& call, const Element& element) {
    if (is_element_) return element;
    if (!has_star_) return std::nullopt;
    Element::Digits digits;
    key_.assign(prefix_).append(element.text(digits)).append(suffix_);
    const Entry* entry = call.database().look_up(key_, call.now);
    if (entry == nullptr) return std::nullopt;
    if (field_) return entry->kind() == ValueKind::kHash ? entry->as<Hash>().get(*field_) : std::nullopt;
    if (entry->type() != ValueType::kString) return std::nullopt;
    if (entry->kind() == ValueKind::kInteger) return Element::of_integer(entry->integer());
    NumberText none;
    return Element::of_bytes(entry->string(none));
  }

 private:
  std::string_view prefix_;
  std::string_view suffix_;
  std::optional<std::string_view> field_;
  bool has_star_ = false;
  bool is_element_ = false;
  std::string key_;  // Kept for its capacity.
};

struct SortRequest {
  bool descending = false;
  bool alphabetic = false;
  bool sorts = true;  // BY without a '*': the order stays what it is.
  std::optional<Pattern> by = {};
  std::int64_t offset = 0;
  std::int64_t count = -1;  // Negative: all.
  std::vector<Pattern> get = {};
  std::optional<std::string_view> store = {};
};

// Nothing: an error was replied.
std::optional<SortRequest> parse_request(Call& call, bool may_store) {
  SortRequest request;
  for (std::size_t i = 2; i < call.count(); ++i) {
    const std::string_view option = call.argument(i);
    const std::size_t left = call.count() - i - 1;
    if (equal_ignoring_case(option, "ASC")) {
      request.descending = false;
    } else if (equal_ignoring_case(option, "DESC")) {
      request.descending = true;
    } else if (equal_ignoring_case(option, "ALPHA")) {
      request.alphabetic = true;
    } else if (equal_ignoring_case(option, "LIMIT") && left >= 2) {
      const auto offset = parse_integer(call.argument(i + 1)), count = parse_integer(call.argument(i + 2));
      if (!offset || !count) {
        call.not_an_integer();
        return std::nullopt;
      }
      request.offset = *offset;
      request.count = *count;
      i += 2;
    } else if (equal_ignoring_case(option, "STORE") && left >= 1 && may_store) {
      request.store = call.argument(++i);
    } else if (equal_ignoring_case(option, "BY") && left >= 1) {
      request.by.emplace(call.argument(++i));
      // Once said, it is not taken back by a later BY.
      request.sorts = request.sorts && request.by->has_star();
    } else if (equal_ignoring_case(option, "GET") && left >= 1) {
      request.get.emplace_back(call.argument(++i));
    } else {
      call.syntax_error();
      return std::nullopt;
    }
  }
  return request;
}

// An element on its way, with what it is sorted by. Borrowed from the database, where nothing changes meanwhile but
// that keys go which have expired, and these are not among them.
struct Item {
  Element element;
  std::optional<Element> by = {};  // ALPHA BY
  double weight = 0;               // Unless ALPHA. 0 if there is none.
  std::size_t nth = 0;             // So many stood before it.
};

std::size_t size_of(const Entry* entry) {
  if (entry == nullptr) return 0;
  if (entry->kind() == ValueKind::kList) return entry->as<List>().size();
  return entry->kind() == ValueKind::kSet ? entry->as<Set>().size() : entry->as<SortedSet>().size();
}

Window window_of(const SortRequest& request, std::size_t size) {
  const auto total = static_cast<std::int64_t>(size);
  const std::int64_t first = std::clamp<std::int64_t>(request.offset, 0, total);
  const std::int64_t count = request.count < 0 ? total : std::min(request.count, total);
  return {.first = static_cast<std::size_t>(first), .last = static_cast<std::size_t>(std::min(first + count, total))};
}

// All elements, in no order that matters.
std::vector<Item> load_all(const Entry& entry) {
  std::vector<Item> items;
  items.reserve(size_of(&entry));
  const auto add = [&items](const Element& element) { items.push_back({.element = element}); };
  if (entry.kind() == ValueKind::kList) {
    const List& list = entry.as<List>();
    list.walk(0, list.size(), add);
  } else if (entry.kind() == ValueKind::kSet) {
    entry.as<Set>().for_each(add);
  } else {
    entry.as<SortedSet>().for_each([&](const Element& member, double) { add(member); });
  }
  return items;
}

// Those of the window, in the order that they have: nothing is to be sorted. DESC goes through it backwards, but
// a set has none.
std::vector<Item> load_window(const Entry& entry, Window window, bool descending) {
  std::vector<Item> items;
  if (entry.kind() == ValueKind::kSet) {
    items = load_all(entry);
    items.resize(window.last);
    items.erase(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(window.first));
    return items;
  }
  const std::size_t size = size_of(&entry), count = window.last - window.first;
  const std::size_t first = descending ? size - window.last : window.first;
  items.reserve(count);
  if (entry.kind() == ValueKind::kSortedSet) {
    const auto add = [&items](const Element& member, double) {
      items.push_back({.element = member});
      return true;
    };
    entry.as<SortedSet>().walk({first, first + count}, descending ? Direction::kDescending : Direction::kAscending,
                               add);
    return items;
  }
  entry.as<List>().walk(first, count, [&items](const Element& element) { items.push_back({.element = element}); });
  if (descending) std::ranges::reverse(items);
  return items;
}

// False: some weight is no number.
bool look_up_weights(Call& call, SortRequest& request, std::vector<Item>& items) {
  if (request.alphabetic && !request.by) return true;
  for (Item& item : items) {
    const auto by = request.by ? request.by->look_up(call, item.element) : item.element;
    if (request.alphabetic) {
      item.by = by;
    } else if (by) {
      const auto weight = by->is_integer ? static_cast<double>(by->integer) : parse_weight(by->bytes);
      if (!weight) return false;
      item.weight = *weight;
    }
  }
  return true;
}

// As SORT compares two elements. What is stored is compared byte by byte, what is replied up to a NUL, as strcoll does
// in the C locale.
class Comparison {
 public:
  explicit Comparison(const SortRequest& request)
      : alphabetic_(request.alphabetic),
        by_(request.by.has_value()),
        whole_(request.store.has_value()),
        descending_(request.descending) {}

  int operator()(const Item& a, const Item& b) const {
    const int order = alphabetic_ ? order_of_texts(a, b) : order_of_weights(a, b);
    return descending_ ? -order : order;
  }

 private:
  static int order_of_weights(const Item& a, const Item& b) {
    if (a.weight != b.weight) return a.weight > b.weight ? 1 : -1;
    // The order is the same every time.
    return order_of(a.element, b.element, /*whole=*/true);
  }
  int order_of_texts(const Item& a, const Item& b) const {
    if (!by_) return order_of(a.element, b.element, whole_);
    if (!a.by || !b.by) return static_cast<int>(a.by.has_value()) - static_cast<int>(b.by.has_value());
    return order_of(*a.by, *b.by, whole_);
  }
  static int order_of(const Element& a, const Element& b, bool whole) {
    Element::Digits a_digits;
    Element::Digits b_digits;
    std::string_view left = a.text(a_digits), right = b.text(b_digits);
    if (!whole) left = until_nul(left), right = until_nul(right);
    return left.compare(right);
  }

  bool alphabetic_;
  bool by_;
  bool whole_;
  bool descending_;
};

// Brings what is in the window into its place. Elements that compare as equal though they differ are in an order
// that clients can see: of BY with LIMIT that of this quicksort, else the one that they had.
void sort_items(std::vector<Item>& items, Window window, const SortRequest& request) {
  const Comparison compare(request);
  const bool whole = window.first == 0 && window.last == items.size();
  if (!whole && (request.by || !request.alphabetic)) {
    if (window.first < window.last) sort_window(std::span(items), window, compare);
    return;
  }
  for (std::size_t i = 0; i < items.size(); ++i) items[i].nth = i;
  std::ranges::sort(items, [&compare](const Item& a, const Item& b) {
    const int compared = compare(a, b);
    return compared != 0 ? compared < 0 : a.nth < b.nth;
  });
}

// Calls `visit(const std::optional<Element>&)` for each of the results in their order.
template <typename Visit>
void for_each_result(Call& call, SortRequest& request, std::span<const Item> items, Visit&& visit) {
  for (const Item& item : items) {
    if (request.get.empty()) visit(std::optional(item.element));
    for (Pattern& pattern : request.get) visit(pattern.look_up(call, item.element));
  }
}

void store_results(Call& call, SortRequest& request, std::span<const Item> items) {
  const Key key(*request.store);
  List list(call.node.settings.list_max_listpack_size);
  for_each_result(call, request, items, [&list](const std::optional<Element>& element) {
    list.push_back(element ? EncodedEntry(*element) : EncodedEntry(std::string_view()));
  });
  const std::size_t size = list.size();
  if (size > 0) {
    call.database().set_object(key, std::move(list), std::nullopt);
    call.changed(key.bytes, EventClass::kList, "sortstore", size);
  } else if (call.database().erase(key, call.now)) {
    call.changed(key.bytes, EventClass::kGeneric, "del");
  }
  call.reply.integer(static_cast<std::int64_t>(size));
}

void reply_results(Call& call, SortRequest& request, std::span<const Item> items) {
  call.reply.array(items.size() * std::max<std::size_t>(request.get.size(), 1));
  for_each_result(call, request, items, [&call](const std::optional<Element>& element) {
    if (element) {
      reply_element(call, *element);
    } else {
      call.reply.null();
    }
  });
}

bool can_be_sorted(const Entry& entry) {
  return entry.kind() == ValueKind::kList || entry.kind() == ValueKind::kSet || entry.kind() == ValueKind::kSortedSet;
}

void sort(Call& call, bool may_store) {
  auto request = parse_request(call, may_store);
  if (!request) return;
  const Key key = call.key(1);
  const Entry* entry = call.database().look_up(key, call.now);
  if (entry != nullptr && !can_be_sorted(*entry)) return call.wrong_type();
  if (!request->sorts && request->store && entry != nullptr && entry->kind() == ValueKind::kSet) {
    // A set has no order of its own, and what is stored must be the same everywhere.
    request->sorts = true;
    request->alphabetic = true;
    request->by.reset();
  }
  if (entry != nullptr && entry->kind() == ValueKind::kSortedSet && entry->as<SortedSet>().packed() != nullptr) {
    Entry* changing = call.database().find_for_write(key, call.now);
    changing->as<SortedSet>().enlarge();
    entry = changing;
  }
  const Window window = window_of(*request, size_of(entry));
  std::vector<Item> items;
  std::span<const Item> results;
  if (entry != nullptr && request->sorts) {
    items = load_all(*entry);
    if (!look_up_weights(call, *request, items)) {
      return call.reply.error("ERR One or more scores can't be converted into double");
    }
    sort_items(items, window, *request);
    results = std::span(items).subspan(window.first, window.last - window.first);
  } else if (entry != nullptr) {
    items = load_window(*entry, window, request->descending);
    results = items;
  }
  if (request->store) {
    store_results(call, *request, results);
  } else {
    reply_results(call, *request, results);
  }
}

void sort_and_perhaps_store(Call& call) { sort(call, /*may_store=*/true); }
void sort_only(Call& call) { sort(call, /*may_store=*/false); }

constexpr auto kSortsKeys = std::to_array<KeySpec>(
    {{.access = kReadsValue},
     {.access = kReadsValue,
      .notes = "For the optional BY/GET keyword. It is marked 'unknown' because the key names derive from the content "
               "of the key we sort",
      .begin = KeySpec::Begin::kUnknown,
      .find = KeySpec::Find::kUnknown},
     {.access = kOverwritesValue,
      .notes = "For the optional STORE keyword. It is marked 'unknown' because the keyword can appear anywhere in the "
               "argument array",
      .begin = KeySpec::Begin::kUnknown,
      .find = KeySpec::Find::kUnknown}});

constexpr Family row{.group = "generic",
                     .categories = kListCategory | kSetCategory | kSortedSetCategory | kDangerousCategory};

constexpr std::array kCommands = {
    row("sort", -2, kWrite | kDenyOom | kMovableKeys,
        "Sorts a list, set or sorted set, and returns or stores the result.", "1.0.0", sort_and_perhaps_store)
        .on_key()
        .with_key_specs(kSortsKeys)
        .with_keys_found_by(find_keys_of_sort)
        .takes("key [BY pattern#1] [LIMIT (offset:integer count:integer)] [GET pattern#1]... [order=(ASC|DESC)] "
               "[sorting=ALPHA] [STORE destination:key#2]")
        .costs("O(N+M*log(M)), N: elements there, M: elements returned"),
    row("sort_ro", -2, kReadonly | kMovableKeys, "Sorts a list, set or sorted set, and returns the result.", "7.0.0",
        sort_only)
        .on_key()
        .with_key_specs(std::span(kSortsKeys).first(2))
        .takes("key [BY pattern#1] [LIMIT (offset:integer count:integer)] [GET pattern#1]... [order=(ASC|DESC)] "
               "[sorting=ALPHA]")
        .costs("O(N+M*log(M)), N: elements there, M: elements returned"),
};

}  // namespace

std::span<const CommandSpec> sort_commands() { return kCommands; }

}  // namespace weir::store
