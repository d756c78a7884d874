// Sorted sets, member by member: adding, removing, scores, ranks. Ranges, algebra and pops are in files of their own.
#include <array>
#include <limits>
#include <memory_resource>
#include <vector>

#include "base/bytes.h"
#include "store/commands/element_scan.h"
#include "store/commands/families.h"
#include "store/commands/random_count.h"
#include "store/commands/scan.h"
#include "store/commands/sorted_set_values.h"

namespace weir::store {

namespace {

using base::equal_ignoring_case;

// Whether `word` is an option of ZADD, which is noted then.
bool note_option(Addition& addition, std::string_view word) {
  SortedSet::Addition& how = addition.how;
  for (const auto& [name, option] : {std::pair<std::string_view, bool*>{"NX", &how.only_new},
                                     {"XX", &how.only_present},
                                     {"GT", &how.only_greater},
                                     {"LT", &how.only_less},
                                     {"CH", &addition.counts_updated},
                                     {"INCR", &how.increments}}) {
    if (!equal_ignoring_case(word, name)) continue;
    *option = true;
    return true;
  }
  return false;
}

void add_with(Call& call, Addition addition) {
  std::size_t first = 2;
  while (first < call.count() && note_option(addition, call.argument(first))) ++first;
  const std::span<const std::string_view> words = call.arguments.subspan(first);
  const SortedSet::Addition& how = addition.how;
  if (words.empty() || words.size() % 2 != 0) return call.syntax_error();
  if (how.only_new && how.only_present) {
    return call.reply.error("ERR XX and NX options at the same time are not compatible");
  }
  if ((how.only_greater && how.only_less) || (how.only_new && (how.only_greater || how.only_less))) {
    return call.reply.error("ERR GT, LT, and/or NX options at the same time are not compatible");
  }
  if (how.increments && words.size() > 2) {
    return call.reply.error("ERR INCR option supports a single increment-element pair");
  }
  // All scores are read before the first member is added. A few of them need no allocation.
  std::array<std::byte, 16 * sizeof(ScoredText)> few;
  std::pmr::monotonic_buffer_resource memory(few.data(), few.size());
  std::pmr::vector<ScoredText> pairs(&memory);
  pairs.reserve(words.size() / 2);
  for (std::size_t i = 0; i < words.size(); i += 2) {
    const auto score = parse_double(words[i]);
    if (!score) return call.reply.error("ERR value is not a valid float");
    pairs.push_back({words[i + 1], *score});
  }
  add_members(call, call.key(1), addition, pairs);
}

void add(Call& call) { add_with(call, {}); }
void increment(Call& call) { add_with(call, {.how = {.increments = true}}); }

void remove(Call& call) {
  const Key key = call.key(1);
  Entry* entry = call.database().find_for_write(key, call.now);
  if (!require_sorted_set(call, entry)) return;
  std::uint64_t removed = 0;
  if (entry != nullptr) {
    SortedSet& set = entry->as<SortedSet>();
    for (const std::string_view member : call.arguments.subspan(2)) {
      removed += set.erase(member) ? 1 : 0;
      if (set.empty()) break;
    }
    if (removed > 0) finish_removal(call, key, set, "zrem", removed);
  }
  call.reply.integer(static_cast<std::int64_t>(removed));
}

// The sorted set of the first argument, for commands that read. False: the error was replied.
bool look_up(Call& call, const SortedSet*& set) {
  const Entry* entry = call.database().look_up(call.key(1), call.now);
  if (!require_sorted_set(call, entry)) return false;
  set = entry == nullptr ? nullptr : &entry->as<SortedSet>();
  return true;
}

void cardinality(Call& call) {
  const SortedSet* set = nullptr;
  if (look_up(call, set)) call.reply.integer(set == nullptr ? 0 : static_cast<std::int64_t>(set->size()));
}

void reply_score(Call& call, const SortedSet* set, std::string_view member) {
  const auto score = set == nullptr ? std::nullopt : set->score(member);
  if (!score) return call.reply.null();
  call.reply.number(*score);
}

void score(Call& call) {
  const SortedSet* set = nullptr;
  if (look_up(call, set)) reply_score(call, set, call.argument(2));
}

void scores(Call& call) {
  const SortedSet* set = nullptr;
  if (!look_up(call, set)) return;
  call.reply.array(call.count() - 2);
  for (const std::string_view member : call.arguments.subspan(2)) reply_score(call, set, member);
}

void reply_rank(Call& call, Direction direction) {
  const SortedSet* set = nullptr;
  if (!look_up(call, set)) return;
  const auto rank = set == nullptr ? std::nullopt : set->rank(call.argument(2));
  if (!rank) return call.reply.null();
  call.reply.integer(static_cast<std::int64_t>(direction == Direction::kAscending ? *rank : set->size() - 1 - *rank));
}

void rank(Call& call) { reply_rank(call, Direction::kAscending); }
void reverse_rank(Call& call) { reply_rank(call, Direction::kDescending); }

void scan(Call& call) {
  const auto cursor = parse_scan_cursor(call, call.argument(2));
  if (!cursor) return;
  const SortedSet* set = nullptr;
  if (!look_up(call, set)) return;
  ScanReply reply(call);
  if (set == nullptr) return reply.send(0);
  const auto options = parse_scan_options(call, 3, /*with_type=*/false);
  if (!options) return;
  reply.send(scan_steps(*cursor, options->count, [&](std::uint64_t at, std::uint64_t& seen) {
    return set->scan(at, [&](const Element& member, double member_score) {
      ++seen;
      Element::Digits digits;
      const std::string_view text = member.text(digits);
      if (!options->matches(text)) return;
      reply.add(text);
      // Redis shows here what a small set stores.
      const auto whole = set->packed() == nullptr ? std::nullopt : as_integer(member_score);
      ScoreText score_text;
      reply.add(whole ? Element::of_integer(*whole) : Element::of_bytes(score_text.write(member_score)));
    });
  }));
}

void reply_random_members(Call& call, const SortedSet& set, std::int64_t count, bool with_scores) {
  base::Random& random = call.node.keyspace.context().random;
  if (count >= 0) {
    const std::size_t wanted = std::min(static_cast<std::size_t>(count), set.size());
    MembersReply reply(call, wanted, with_scores);
    return set.sample(wanted, random, [&reply](const Element& member, double its) { reply.add(member, its); });
  }
  const bool in_pairs = with_scores && call.reply.protocol() == wire::resp::Protocol::kResp3;
  const auto draws = static_cast<std::uint64_t>(-count);
  reply_draws(call, draws, with_scores && !in_pairs ? draws * 2 : draws, [&] {
    const SortedSet::Pair drawn = set.random(random);
    if (in_pairs) call.reply.array(2);
    reply_member(call, drawn.member);
    if (with_scores) call.reply.number(drawn.score);
  });
}

void random_members(Call& call) {
  const SortedSet* set = nullptr;
  if (call.count() == 2) {
    if (!look_up(call, set)) return;
    if (set == nullptr) return call.reply.null();
    return reply_member(call, set->random(call.node.keyspace.context().random).member);
  }
  const auto count = parse_random_count(call, call.argument(2));
  if (!count) return;
  const bool with_scores = call.count() > 3;
  if (call.count() > 4 || (with_scores && !equal_ignoring_case(call.argument(3), "WITHSCORES"))) {
    return call.syntax_error();
  }
  constexpr std::int64_t kMostPairs = std::numeric_limits<std::int64_t>::max() / 2;
  if (with_scores && (*count < -kMostPairs || *count > kMostPairs)) {
    return call.reply.error("ERR value is out of range");
  }
  if (!look_up(call, set)) return;
  if (set == nullptr || *count == 0) return call.reply.array(0);
  reply_random_members(call, *set, *count, with_scores);
}

constexpr std::uint32_t kAdds = kWrite | kDenyOom | kFast;
constexpr std::uint32_t kReads = kReadonly | kFast;

constexpr Family row{.group = "sorted-set", .categories = kSortedSetCategory};

constexpr std::array kCommands = {
    row("zadd", -4, kAdds, "Adds members with scores, or gives members new ones.", "1.2.0", add)
        .on_key(kUpdatesKey)
        .takes("key [condition=(NX|XX)@3.0.2] [comparison=(GT|LT)@6.2.0] [change=CH@3.0.2] [increment=INCR@3.0.2] "
               "(score member)...")
        .costs("O(M*log(N)), M: places given, N: places there")
        .looks_for(3),
    row("zcard", 2, kReads, "Counts the members.", "1.2.0", cardinality).on_key(kReadsKey).takes("key").costs("O(1)"),
    row("zincrby", 4, kAdds, "Adds to the score of a member; an absent one counts as 0.", "1.2.0", increment)
        .on_key(kUpdatesValue)
        .takes("key increment member")
        .costs("O(log(N)), N: members there")
        .looks_for(3),
    row("zmscore", -3, kReads, "Returns the scores of several members.", "6.2.0", scores)
        .on_key(kReadsValue)
        .takes("key member...")
        .costs("O(N), N: members given")
        .looks_for(2),
    row("zrandmember", -2, kReadonly, "Returns members that are drawn at random.", "6.2.0", random_members)
        .on_key(kReadsValue)
        .tipped(kNondeterministic)
        .takes("key [options=(count [WITHSCORES])]")
        .costs("O(N), N: elements returned"),
    row("zrank", 3, kReads, "Returns how many members stand before this one.", "2.0.0", rank)
        .on_key(kReadsValue)
        .takes("key member")
        .costs("O(log(N))")
        .looks_for(2),
    row("zrem", -3, kWrite | kFast, "Removes members; a sorted set without members is gone.", "1.2.0", remove)
        .on_key(kRemovesFromValue)
        .takes("key member...")
        .costs("O(M*log(N)), M: members given, N: members there")
        .looks_for(2),
    row("zrevrank", 3, kReads, "Returns how many members stand behind this one.", "2.0.0", reverse_rank)
        .on_key(kReadsValue)
        .takes("key member")
        .costs("O(log(N))")
        .looks_for(2),
    row("zscan", -3, kReadonly, "Walks through the members and scores step by step.", "2.8.0", scan)
        .on_key(kReadsValue)
        .tipped(kNondeterministic)
        .takes("key cursor [MATCH pattern] [COUNT count]")
        .costs("O(M), M: COUNT; a whole walk: O(N), N: elements there"),
    row("zscore", 3, kReads, "Returns the score of a member.", "1.2.0", score)
        .on_key(kReadsValue)
        .takes("key member")
        .costs("O(1)")
        .looks_for(2),
};

}  // namespace

std::span<const CommandSpec> sorted_set_commands() { return kCommands; }

}  // namespace weir::store
