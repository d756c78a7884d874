// Unions, intersections and differences of sorted sets, and of sets with them, returned, stored or counted.
#include <cmath>
#include <unordered_map>
#include <vector>

#include <fmt/format.h>

#include "base/bytes.h"
#include "store/commands/families.h"
#include "store/commands/sorted_set_values.h"
#include "store/types/gathered_members.h"
#include "store/types/set.h"

namespace weir::store {

namespace {

using base::equal_ignoring_case;

enum class Operation : std::uint8_t { kUnion, kIntersection, kDifference };
enum class Aggregate : std::uint8_t { kSum, kMin, kMax };

// One input: a sorted set, or a set, whose members all have the score 1, or nothing.
class Source {
 public:
  // The entry may be absent. Nothing: it is of another type.
  static std::optional<Source> of(const Entry* entry) {
    if (entry == nullptr) return Source();
    switch (entry->kind()) {
      case ValueKind::kSortedSet: return Source(&entry->as<SortedSet>(), nullptr);
      case ValueKind::kSet: return Source(nullptr, &entry->as<Set>());
      default: return std::nullopt;
    }
  }

  std::size_t size() const {
    if (sorted_set_ != nullptr) return sorted_set_->size();
    return set_ == nullptr ? 0 : set_->size();
  }
  std::optional<double> score(std::string_view member) const {
    if (sorted_set_ != nullptr) return sorted_set_->score(member);
    return set_ != nullptr && set_->contains(member) ? std::optional(1.0) : std::nullopt;
  }
  // `visit(const Element& member, double score)` until it returns false.
  template <typename Visit>
  void walk(Visit&& visit) const {
    if (sorted_set_ != nullptr) {
      sorted_set_->walk(sorted_set_->all(), Direction::kAscending, visit);
    } else if (set_ != nullptr) {
      set_->for_each_while([&visit](const Element& member) { return visit(member, 1.0); });
    }
  }

  double weight = 1;
  std::size_t nth = 0;  // In the order of the arguments.

 private:
  Source() = default;
  Source(const SortedSet* sorted_set, const Set* set) : sorted_set_(sorted_set), set_(set) {}

  const SortedSet* sorted_set_ = nullptr;
  const Set* set_ = nullptr;
};

// The name of the command tells these.
struct AlgebraForm {
  Operation operation;
  std::string_view stored_event = {};  // Empty: the result is replied.
  bool only_counts = false;            // ZINTERCARD
};

struct AlgebraRequest {
  std::vector<Source> sources;
  Aggregate aggregate = Aggregate::kSum;
  bool with_scores = false;
  std::size_t limit = 0;  // 0: none.
};

// inf and -inf make 0 here.
double sum_of(double a, double b) {
  const double sum = a + b;
  return std::isnan(sum) ? 0 : sum;
}
double weighed(double score, double weight) {
  const double product = score * weight;
  return std::isnan(product) ? 0 : product;
}
// A `more` that is not a number is never the lower or the higher one.
double combined(double score, double more, Aggregate aggregate) {
  switch (aggregate) {
    case Aggregate::kSum: return sum_of(score, more);
    case Aggregate::kMin: return more < score ? more : score;
    case Aggregate::kMax: return more > score ? more : score;
  }
  return score;
}

// The keys from argument `first` on, whose number stands there. False: an error was replied.
bool read_sources(Call& call, std::size_t first, AlgebraRequest& request) {
  const auto keys = parse_integer(call.argument(first));
  if (!keys) {
    call.not_an_integer();
    return false;
  }
  if (*keys < 1) {
    call.reply.error(fmt::format("ERR at least 1 input key is needed for '{}' command", call.spec.name));
    return false;
  }
  if (static_cast<std::uint64_t>(*keys) > call.count() - first - 1) {
    call.syntax_error();
    return false;
  }
  for (const std::string_view key : call.arguments.subspan(first + 1, static_cast<std::size_t>(*keys))) {
    const auto source = Source::of(call.database().look_up(key, call.now));
    if (!source) {
      call.wrong_type();
      return false;
    }
    request.sources.push_back(*source);
    request.sources.back().nth = request.sources.size();
  }
  return true;
}

bool read_weights(Call& call, std::span<const std::string_view> words, AlgebraRequest& request) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto weight = parse_double(words[i]);
    if (!weight) {
      call.reply.error("ERR weight value is not a float");
      return false;
    }
    request.sources[i].weight = *weight;
  }
  return true;
}

bool read_aggregate(Call& call, std::string_view word, AlgebraRequest& request) {
  if (equal_ignoring_case(word, "SUM")) {
    request.aggregate = Aggregate::kSum;
  } else if (equal_ignoring_case(word, "MIN")) {
    request.aggregate = Aggregate::kMin;
  } else if (equal_ignoring_case(word, "MAX")) {
    request.aggregate = Aggregate::kMax;
  } else {
    call.syntax_error();
    return false;
  }
  return true;
}

bool read_limit(Call& call, std::string_view word, AlgebraRequest& request) {
  const auto limit = parse_integer(word);
  if (!limit || *limit < 0) {
    call.reply.error("ERR LIMIT can't be negative");
    return false;
  }
  request.limit = static_cast<std::size_t>(*limit);
  return true;
}

// Nothing: an error was replied.
std::optional<AlgebraRequest> parse(Call& call, const AlgebraForm& form) {
  const bool stores = !form.stored_event.empty();
  const bool takes_weights = form.operation != Operation::kDifference && !form.only_counts;
  const std::size_t first = stores ? 2 : 1;
  AlgebraRequest request;
  if (!read_sources(call, first, request)) return std::nullopt;
  const std::size_t keys = request.sources.size();
  for (std::size_t i = first + 1 + keys; i < call.count(); ++i) {
    const std::string_view word = call.argument(i);
    const std::size_t behind = call.count() - i - 1;
    if (takes_weights && behind >= keys && equal_ignoring_case(word, "WEIGHTS")) {
      if (!read_weights(call, call.arguments.subspan(i + 1, keys), request)) return std::nullopt;
      i += keys;
    } else if (takes_weights && behind >= 1 && equal_ignoring_case(word, "AGGREGATE")) {
      if (!read_aggregate(call, call.argument(++i), request)) return std::nullopt;
    } else if (!stores && !form.only_counts && equal_ignoring_case(word, "WITHSCORES")) {
      request.with_scores = true;
    } else if (form.only_counts && behind >= 1 && equal_ignoring_case(word, "LIMIT")) {
      if (!read_limit(call, call.argument(++i), request)) return std::nullopt;
    } else {
      call.syntax_error();
      return std::nullopt;
    }
  }
  if (form.operation != Operation::kDifference) {
    // The order decides how sums are rounded.
    std::ranges::sort(request.sources, {}, [](const Source& source) { return std::pair(source.size(), source.nth); });
  }
  return request;
}

struct MemberHash {
  std::size_t operator()(std::string_view member) const { return hash_key(member); }
};

GatheredMembers union_of(const AlgebraRequest& request) {
  GatheredMembers members;
  std::unordered_map<std::string_view, std::size_t, MemberHash> places;
  members.reserve(request.sources.back().size());
  places.reserve(request.sources.back().size());
  for (const Source& source : request.sources) {
    source.walk([&](const Element& member, double its) {
      const double score = weighed(its, source.weight);
      const std::string_view text = members.text_of(member);
      const auto [place, is_new] = places.emplace(text, members.size());
      if (is_new) {
        members.add(text, score);
      } else {
        double& sum = members.score_at(place->second);
        sum = combined(sum, score, request.aggregate);
      }
      return true;
    });
  }
  return members;
}

// Calls `found(const Element& member, double score)` for each member that all sources have, until it returns false.
template <typename Found>
void intersect(const AlgebraRequest& request, Found&& found) {
  const std::span<const Source> others = std::span(request.sources).subspan(1);
  const Source& smallest = request.sources.front();
  smallest.walk([&](const Element& member, double its) {
    Element::Digits digits;
    const std::string_view text = member.text(digits);
    double score = weighed(its, smallest.weight);
    for (const Source& other : others) {
      const auto more = other.score(text);
      if (!more) return true;
      score = combined(score, *more * other.weight, request.aggregate);
    }
    return found(member, score);
  });
}

GatheredMembers difference_of(const AlgebraRequest& request) {
  GatheredMembers members;
  const std::span<const Source> others = std::span(request.sources).subspan(1);
  request.sources.front().walk([&](const Element& member, double score) {
    Element::Digits digits;
    const std::string_view text = member.text(digits);
    const bool elsewhere =
        std::ranges::any_of(others, [text](const Source& other) { return other.score(text).has_value(); });
    if (!elsewhere) members.add(member, score);
    return true;
  });
  return members;
}

GatheredMembers result_of(const AlgebraRequest& request, Operation operation) {
  GatheredMembers members;
  switch (operation) {
    case Operation::kUnion: members = union_of(request); break;
    case Operation::kDifference: members = difference_of(request); break;
    case Operation::kIntersection:
      intersect(request, [&members](const Element& member, double score) {
        members.add(member, score);
        return true;
      });
  }
  members.sort();
  return members;
}

void run(Call& call, const AlgebraForm& form) {
  const auto request = parse(call, form);
  if (!request) return;
  const GatheredMembers members = result_of(*request, form.operation);
  if (!form.stored_event.empty()) return store_members(call, call.key(1), members.pairs(), form.stored_event);
  MembersReply reply(call, members.size(), request->with_scores);
  for (const ScoredText& pair : members.pairs()) reply.add(Element::of_bytes(pair.member), pair.score);
}

void union_sets(Call& call) { run(call, {Operation::kUnion}); }
void intersect_sets(Call& call) { run(call, {Operation::kIntersection}); }
void subtract_sets(Call& call) { run(call, {Operation::kDifference}); }
void store_union(Call& call) { run(call, {Operation::kUnion, "zunionstore"}); }
void store_intersection(Call& call) { run(call, {Operation::kIntersection, "zinterstore"}); }
void store_difference(Call& call) { run(call, {Operation::kDifference, "zdiffstore"}); }

void count_intersection(Call& call) {
  const auto request = parse(call, {.operation = Operation::kIntersection, .only_counts = true});
  if (!request) return;
  std::size_t found = 0;
  intersect(*request, [&](const Element&, double) {
    ++found;
    return found != request->limit;
  });
  call.reply.integer(static_cast<std::int64_t>(found));
}

constexpr auto kCountedKeys =
    std::to_array<KeySpec>({{.access = kReadsValue, .index = 1, .find = KeySpec::Find::kCount}});
constexpr auto kStoredAndCountedKeys = std::to_array<KeySpec>(
    {{.access = kOverwritesValue, .index = 1}, {.access = kReadsValue, .index = 2, .find = KeySpec::Find::kCount}});

constexpr std::uint32_t kReads = kReadonly | kMovableKeys;
constexpr std::uint32_t kStores = kWrite | kDenyOom | kMovableKeys;

constexpr Family row{.group = "sorted-set", .categories = kSortedSetCategory};

constexpr std::array kCommands = {
    row("zdiff", -3, kReads, "Returns the members of the first sorted set that no other one has.", "6.2.0",
        subtract_sets)
        .with_key_specs(kCountedKeys)
        .takes("numkeys key... [WITHSCORES]")
        .costs("O(L+N*log(N)), L: members of all sets, N: of the first"),
    row("zdiffstore", -4, kStores, "Stores the members of the first sorted set that no other one has.", "6.2.0",
        store_difference)
        .on_key()
        .with_key_specs(kStoredAndCountedKeys)
        .takes("destination numkeys key#1...")
        .costs("O(L+N*log(N)), L: members of all sets, N: of the first"),
    row("zinter", -3, kReads, "Returns the members that all sorted sets have.", "6.2.0", intersect_sets)
        .with_key_specs(kCountedKeys)
        .takes("numkeys key... [WEIGHTS weight:integer...] [AGGREGATE aggregate=(SUM|MIN|MAX)] [WITHSCORES]")
        .costs("O(N*K+M*log(M)), N: members of the smallest set, K: sets, M: members of the result"),
    row("zintercard", -3, kReads, "Counts the members that all sorted sets have.", "7.0.0", count_intersection)
        .with_key_specs(kCountedKeys)
        .takes("numkeys key... [LIMIT limit]")
        .costs("O(N*K), N: members of the smallest set, K: sets"),
    row("zinterstore", -4, kStores, "Stores the members that all sorted sets have.", "2.0.0", store_intersection)
        .on_key()
        .with_key_specs(kStoredAndCountedKeys)
        .takes("destination numkeys key#1... [WEIGHTS weight:integer...] [AGGREGATE aggregate=(SUM|MIN|MAX)]")
        .costs("O(N*K+M*log(M)), N: members of the smallest set, K: sets, M: members of the result"),
    row("zunion", -3, kReads, "Returns the members that any of the sorted sets has.", "6.2.0", union_sets)
        .with_key_specs(kCountedKeys)
        .takes("numkeys key... [WEIGHTS weight:integer...] [AGGREGATE aggregate=(SUM|MIN|MAX)] [WITHSCORES]")
        .costs("O(N+M*log(M)), N: members of all sets, M: of the result"),
    row("zunionstore", -4, kStores, "Stores the members that any of the sorted sets has.", "2.0.0", store_union)
        .on_key()
        .with_key_specs(kStoredAndCountedKeys)
        .takes("destination numkeys key#1... [WEIGHTS weight:integer...] [AGGREGATE aggregate=(SUM|MIN|MAX)]")
        .costs("O(N+M*log(M)), N: members of all sets, M: of the result"),
};

}  // namespace

std::span<const CommandSpec> sorted_set_algebra_commands() { return kCommands; }

}  // namespace weir::store
