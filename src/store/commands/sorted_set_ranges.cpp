// Ranges of sorted sets: by rank, by score, by the bytes of members, in both directions: returned, stored, counted and
// removed.
#include <algorithm>
#include <optional>

#include "base/bytes.h"
#include "store/commands/families.h"
#include "store/commands/sorted_set_values.h"
#include "store/types/gathered_members.h"

namespace weir::store {

namespace {

using base::equal_ignoring_case;

enum class RangeKind : std::uint8_t { kRank, kScore, kMember };

// The ends of a range as the arguments name them, whatever its kind. Texts are borrowed from the arguments.
struct Range {
  RangeKind kind = RangeKind::kRank;
  std::int64_t start = 0;  // Of ranks: both included, and negative ones count from the end.
  std::int64_t stop = 0;
  ScoreRange scores = {};
  MemberRange members = {};
};

std::optional<MemberBound> parse_member_bound(std::string_view text) {
  using Kind = MemberBound::Kind;
  if (text.empty()) return std::nullopt;
  // Redis looks no further than a NUL.
  const bool is_alone = text.size() == 1 || text[1] == '\0';
  switch (text[0]) {
    case '-': return is_alone ? std::optional(MemberBound{Kind::kLowest}) : std::nullopt;
    case '+': return is_alone ? std::optional(MemberBound{Kind::kHighest}) : std::nullopt;
    case '[': return MemberBound{Kind::kIncluded, text.substr(1)};
    case '(': return MemberBound{Kind::kExcluded, text.substr(1)};
    default: return std::nullopt;
  }
}

// Nothing: an error was replied.
std::optional<Range> parse_range(Call& call, RangeKind kind, std::string_view min, std::string_view max) {
  Range range{.kind = kind};
  switch (kind) {
    case RangeKind::kRank: {
      const auto start = parse_integer(min), stop = parse_integer(max);
      if (!start || !stop) {
        call.not_an_integer();
        return std::nullopt;
      }
      range.start = *start;
      range.stop = *stop;
      break;
    }
    case RangeKind::kScore: {
      const auto low = parse_score_bound(min), high = parse_score_bound(max);
      if (!low || !high) {
        call.reply.error("ERR min or max is not a float");
        return std::nullopt;
      }
      range.scores = {*low, *high};
      break;
    }
    case RangeKind::kMember: {
      const auto low = parse_member_bound(min), high = parse_member_bound(max);
      if (!low || !high) {
        call.reply.error("ERR min or max not valid string range item");
        return std::nullopt;
      }
      range.members = {*low, *high};
      break;
    }
  }
  return range;
}

// Ranks count from the first member that the direction comes to.
RankRange resolve(const SortedSet& set, const Range& range, Direction direction) {
  switch (range.kind) {
    case RangeKind::kScore: return set.within(range.scores);
    case RangeKind::kMember: return set.within(range.members);
    case RangeKind::kRank: break;
  }
  const auto size = static_cast<std::int64_t>(set.size());
  const std::int64_t start = std::max<std::int64_t>(range.start < 0 ? range.start + size : range.start, 0);
  const std::int64_t stop = std::min(range.stop < 0 ? range.stop + size : range.stop, size - 1);
  if (start > stop) return {};
  const auto first = static_cast<std::size_t>(start), last = static_cast<std::size_t>(stop) + 1;
  if (direction == Direction::kAscending) return {first, last};
  return {set.size() - last, set.size() - first};
}

// A range with everything that a command may say about it.
struct RangeRequest {
  Range range;
  Direction direction = Direction::kAscending;
  bool with_scores = false;
  std::int64_t offset = 0;  // A negative one leaves nothing.
  std::int64_t limit = -1;  // Negative: all.
};

// What is left of the range by LIMIT.
RankRange limited(RankRange range, const RangeRequest& request) {
  if (request.offset < 0) return {};
  const std::size_t skipped = std::min(static_cast<std::size_t>(request.offset), range.size());
  const std::size_t rest = range.size() - skipped;
  const std::size_t kept = request.limit < 0 ? rest : std::min(static_cast<std::size_t>(request.limit), rest);
  if (request.direction == Direction::kAscending) return {range.first + skipped, range.first + skipped + kept};
  return {range.last - skipped - kept, range.last - skipped};
}

// What the command's name says already; ZRANGE and ZRANGESTORE take it from their options.
struct RangeForm {
  std::optional<RangeKind> kind;
  std::optional<Direction> direction;
  std::size_t key_index = 1;
  bool stores = false;
};

// Nothing: an error was replied.
std::optional<RangeRequest> parse_request(Call& call, const RangeForm& form) {
  RangeRequest request;
  std::optional<RangeKind> kind = form.kind;
  std::optional<Direction> direction = form.direction;
  for (std::size_t i = form.key_index + 3; i < call.count(); ++i) {
    const std::string_view word = call.argument(i);
    if (!form.stores && equal_ignoring_case(word, "WITHSCORES")) {
      request.with_scores = true;
    } else if (i + 2 < call.count() && equal_ignoring_case(word, "LIMIT")) {
      const auto offset = parse_integer(call.argument(i + 1)), limit = parse_integer(call.argument(i + 2));
      if (!offset || !limit) {
        call.not_an_integer();
        return std::nullopt;
      }
      request.offset = *offset;
      request.limit = *limit;
      i += 2;
    } else if (!direction && equal_ignoring_case(word, "REV")) {
      direction = Direction::kDescending;
    } else if (!kind && equal_ignoring_case(word, "BYLEX")) {
      kind = RangeKind::kMember;
    } else if (!kind && equal_ignoring_case(word, "BYSCORE")) {
      kind = RangeKind::kScore;
    } else {
      call.syntax_error();
      return std::nullopt;
    }
  }
  const RangeKind what = kind.value_or(RangeKind::kRank);
  request.direction = direction.value_or(Direction::kAscending);
  if (request.limit != -1 && what == RangeKind::kRank) {
    call.reply.error("ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX");
    return std::nullopt;
  }
  if (request.with_scores && what == RangeKind::kMember) {
    call.reply.error("ERR syntax error, WITHSCORES not supported in combination with BYLEX");
    return std::nullopt;
  }
  // In descending order the higher end is named first, but for ranks.
  const bool swapped = request.direction == Direction::kDescending && what != RangeKind::kRank;
  const auto range = parse_range(call, what, call.argument(form.key_index + (swapped ? 2 : 1)),
                                 call.argument(form.key_index + (swapped ? 1 : 2)));
  if (!range) return std::nullopt;
  request.range = *range;
  // Redis takes LIMIT 5 -1 of ranks, and does not look at it.
  if (what == RangeKind::kRank) request.offset = 0;
  return request;
}

RankRange resolve(const SortedSet& set, const RangeRequest& request) {
  return limited(resolve(set, request.range, request.direction), request);
}

void reply_range(Call& call, const RangeForm& form) {
  const auto request = parse_request(call, form);
  if (!request) return;
  const Entry* entry = call.database().look_up(call.key(1), call.now);
  if (!require_sorted_set(call, entry)) return;
  if (entry == nullptr) return call.reply.array(0);
  const SortedSet& set = entry->as<SortedSet>();
  const RankRange ranks = resolve(set, *request);
  MembersReply reply(call, ranks.size(), request->with_scores);
  set.walk(ranks, request->direction, [&reply](const Element& member, double score) {
    reply.add(member, score);
    return true;
  });
}

void range(Call& call) { reply_range(call, {}); }
void reverse_range(Call& call) { reply_range(call, {.kind = RangeKind::kRank, .direction = Direction::kDescending}); }
void range_by_score(Call& call) { reply_range(call, {.kind = RangeKind::kScore, .direction = Direction::kAscending}); }
void reverse_range_by_score(Call& call) {
  reply_range(call, {.kind = RangeKind::kScore, .direction = Direction::kDescending});
}
void range_by_member(Call& call) {
  reply_range(call, {.kind = RangeKind::kMember, .direction = Direction::kAscending});
}
void reverse_range_by_member(Call& call) {
  reply_range(call, {.kind = RangeKind::kMember, .direction = Direction::kDescending});
}

// Redis does not know how long a range of scores or members is, so it begins a small set, which keeps -0 as 0, whatever
// comes of it.
void lose_signs_of_zero(GatheredMembers& members, const SortedSet::Limits& limits) {
  for (std::size_t i = 0; i < std::min(members.size(), limits.entries); ++i) {
    if (members.pairs()[i].member.size() > limits.text_bytes) return;
    members.score_at(i) += 0.0;
  }
}

void store_range(Call& call) {
  const auto request = parse_request(call, {.kind = {}, .direction = {}, .key_index = 2, .stores = true});
  if (!request) return;
  const Entry* entry = call.database().look_up(call.key(2), call.now);
  if (!require_sorted_set(call, entry)) return;
  GatheredMembers members;
  if (entry != nullptr) {
    const SortedSet& set = entry->as<SortedSet>();
    const RankRange ranks = resolve(set, *request);
    members.reserve(ranks.size());
    set.walk(ranks, request->direction, [&members](const Element& member, double score) {
      members.add(member, score);
      return true;
    });
    if (request->range.kind != RangeKind::kRank) lose_signs_of_zero(members, sorted_set_limits(call));
    if (request->direction == Direction::kDescending) members.reverse();
  }
  store_members(call, call.key(1), members.pairs(), "zrangestore");
}

void count(Call& call, RangeKind kind) {
  const auto range = parse_range(call, kind, call.argument(2), call.argument(3));
  if (!range) return;
  const Entry* entry = call.database().look_up(call.key(1), call.now);
  if (!require_sorted_set(call, entry)) return;
  if (entry == nullptr) return call.reply.integer(0);
  const RankRange ranks = resolve(entry->as<SortedSet>(), *range, Direction::kAscending);
  call.reply.integer(static_cast<std::int64_t>(ranks.size()));
}

void count_by_score(Call& call) { count(call, RangeKind::kScore); }
void count_by_member(Call& call) { count(call, RangeKind::kMember); }

void remove(Call& call, RangeKind kind, std::string_view event) {
  const auto range = parse_range(call, kind, call.argument(2), call.argument(3));
  if (!range) return;
  const Key key = call.key(1);
  Entry* entry = call.database().find_for_write(key, call.now);
  if (!require_sorted_set(call, entry)) return;
  if (entry == nullptr) return call.reply.integer(0);
  SortedSet& set = entry->as<SortedSet>();
  const RankRange ranks = resolve(set, *range, Direction::kAscending);
  if (!ranks.empty()) {
    set.erase_range(ranks);
    finish_removal(call, key, set, event, ranks.size());
  }
  call.reply.integer(static_cast<std::int64_t>(ranks.size()));
}

void remove_by_rank(Call& call) { remove(call, RangeKind::kRank, "zremrangebyrank"); }
void remove_by_score(Call& call) { remove(call, RangeKind::kScore, "zremrangebyscore"); }
void remove_by_member(Call& call) { remove(call, RangeKind::kMember, "zremrangebylex"); }

constexpr auto kStoreKeys =
    std::to_array<KeySpec>({{.access = kOverwritesValue, .index = 1}, {.access = kReadsValue, .index = 2}});

constexpr Family row{.group = "sorted-set", .categories = kSortedSetCategory};

constexpr std::array kCommands = {
    row("zcount", 4, kReadonly | kFast, "Counts the members whose scores lie in a range.", "2.0.0", count_by_score)
        .on_key(kReadsValue)
        .takes("key min:double max:double")
        .costs("O(log(N)), N: members there"),
    row("zlexcount", 4, kReadonly | kFast,
        "Counts the members that lie in a range of bytes, where all scores are equal.", "2.8.9", count_by_member)
        .on_key(kReadsValue)
        .takes("key min max")
        .costs("O(log(N)), N: members there"),
    row("zrange", -4, kReadonly, "Returns a range of members, by rank, score or bytes.", "1.2.0", range)
        .on_key(kReadsValue)
        .takes("key start stop [sortby=(BYSCORE|BYLEX)@6.2.0] [REV@6.2.0] [LIMIT (offset count)@6.2.0] [WITHSCORES]")
        .costs("O(log(N)+M), N: members there, M: members returned"),
    row("zrangebylex", -4, kReadonly, "Returns the members in a range of bytes, where all scores are equal.", "2.8.9",
        range_by_member)
        .on_key(kReadsValue)
        .takes("key min max [LIMIT (offset count)]")
        .costs("O(log(N)+M), N: members there, M: members returned")
        .replaced("6.2.0", "`ZRANGE` with the `BYLEX` argument"),
    row("zrangebyscore", -4, kReadonly, "Returns the members in a range of scores.", "1.0.5", range_by_score)
        .on_key(kReadsValue)
        .takes("key min:double max:double [WITHSCORES@2.0.0] [LIMIT (offset count)]")
        .costs("O(log(N)+M), N: members there, M: members returned")
        .replaced("6.2.0", "`ZRANGE` with the `BYSCORE` argument"),
    row("zrangestore", -5, kWrite | kDenyOom, "Stores a range of a sorted set in another key.", "6.2.0", store_range)
        .on_keys({.first = 1, .last = 2, .step = 1})
        .with_key_specs(kStoreKeys)
        .takes("dst src#1 min max [sortby=(BYSCORE|BYLEX)] [REV] [LIMIT (offset count)]")
        .costs("O(log(N)+M), N: members there, M: members stored"),
    row("zremrangebylex", 4, kWrite, "Removes the members in a range of bytes, where all scores are equal.", "2.8.9",
        remove_by_member)
        .on_key(kRemovesFromValue)
        .takes("key min max")
        .costs("O(log(N)+M), N: members there, M: members removed"),
    row("zremrangebyrank", 4, kWrite, "Removes the members in a range of ranks.", "2.0.0", remove_by_rank)
        .on_key(kRemovesFromValue)
        .takes("key start:integer stop:integer")
        .costs("O(log(N)+M), N: members there, M: members removed"),
    row("zremrangebyscore", 4, kWrite, "Removes the members in a range of scores.", "1.2.0", remove_by_score)
        .on_key(kRemovesFromValue)
        .takes("key min:double max:double")
        .costs("O(log(N)+M), N: members there, M: members removed"),
    row("zrevrange", -4, kReadonly, "Returns a range of ranks, from the highest score down.", "1.2.0", reverse_range)
        .on_key(kReadsValue)
        .takes("key start:integer stop:integer [WITHSCORES]")
        .costs("O(log(N)+M), N: members there, M: members returned")
        .replaced("6.2.0", "`ZRANGE` with the `REV` argument"),
    row("zrevrangebylex", -4, kReadonly,
        "Returns the members in a range of bytes, in descending order, where all scores are equal.", "2.8.9",
        reverse_range_by_member)
        .on_key(kReadsValue)
        .takes("key max min [LIMIT (offset count)]")
        .costs("O(log(N)+M), N: members there, M: members returned")
        .replaced("6.2.0", "`ZRANGE` with the `REV` and `BYLEX` arguments"),
    row("zrevrangebyscore", -4, kReadonly, "Returns the members in a range of scores, from the highest down.", "2.2.0",
        reverse_range_by_score)
        .on_key(kReadsValue)
        .takes("key max:double min:double [WITHSCORES] [LIMIT (offset count)]")
        .costs("O(log(N)+M), N: members there, M: members returned")
        .replaced("6.2.0", "`ZRANGE` with the `REV` and `BYSCORE` arguments"),
};

}  // namespace

std::span<const CommandSpec> sorted_set_range_commands() { return kCommands; }

}  // namespace weir::store
