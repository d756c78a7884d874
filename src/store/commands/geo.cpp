// Places: sorted sets whose scores are positions on a sphere (types/geohash.h). geo_search.cpp finds them.
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "store/commands/families.h"
#include "store/commands/geo_values.h"
#include "store/commands/sorted_set_values.h"

namespace weir::store {

namespace {

using base::equal_ignoring_case;

void add(Call& call) {
  Addition addition;
  std::size_t first = 2;
  for (; first < call.count(); ++first) {
    const std::string_view word = call.argument(first);
    if (equal_ignoring_case(word, "NX")) {
      addition.how.only_new = true;
    } else if (equal_ignoring_case(word, "XX")) {
      addition.how.only_present = true;
    } else if (equal_ignoring_case(word, "CH")) {
      addition.counts_updated = true;
    } else {
      break;
    }
  }
  const std::span<const std::string_view> words = call.arguments.subspan(first);
  if (words.empty() || words.size() % 3 != 0 || (addition.how.only_new && addition.how.only_present)) {
    return call.syntax_error();
  }
  std::vector<ScoredText> pairs;
  pairs.reserve(words.size() / 3);
  for (std::size_t i = 0; i < words.size(); i += 3) {
    const auto point = parse_point(call, words[i], words[i + 1]);
    if (!point) return;
    pairs.push_back({words[i + 2], geo::score_of(*point)});
  }
  if (!add_members(call, call.key(1), addition, pairs) || !call.node.effects.wanted()) return;
  // As scores, so that nobody else need compute them.
  std::vector<NumberText> scores(pairs.size());
  std::vector<std::string_view> effect(call.arguments.begin(),
                                       call.arguments.begin() + static_cast<std::ptrdiff_t>(first));
  effect.front() = "ZADD";
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    effect.push_back(scores[i].write(static_cast<std::int64_t>(pairs[i].score)));
    effect.push_back(pairs[i].member);
  }
  call.replicate_as(effect);
}

// The sorted set of the first argument, for commands that read. False: the error was replied.
bool look_up(Call& call, const SortedSet*& set) {
  const Entry* entry = call.database().look_up(call.key(1), call.now);
  if (!require_sorted_set(call, entry)) return false;
  set = entry == nullptr ? nullptr : &entry->as<SortedSet>();
  return true;
}

std::optional<double> score_of(const SortedSet* set, std::string_view member) {
  return set == nullptr ? std::nullopt : set->score(member);
}

void positions(Call& call) {
  const SortedSet* set = nullptr;
  if (!look_up(call, set)) return;
  call.reply.array(call.count() - 2);
  for (const std::string_view member : call.arguments.subspan(2)) {
    if (const auto score = score_of(set, member)) {
      reply_point(call, geo::point_of(*score));
    } else {
      call.reply.null_array();
    }
  }
}

void hashes(Call& call) {
  const SortedSet* set = nullptr;
  if (!look_up(call, set)) return;
  call.reply.array(call.count() - 2);
  for (const std::string_view member : call.arguments.subspan(2)) {
    if (const auto score = score_of(set, member)) {
      call.reply.bulk(geo::geohash_text(*score));
    } else {
      call.reply.null();
    }
  }
}

void distance(Call& call) {
  if (call.count() > 5) return call.syntax_error();
  const auto unit = call.count() == 5 ? parse_length_unit(call, call.argument(4)) : 1;
  if (!unit) return;
  const SortedSet* set = nullptr;
  if (!look_up(call, set)) return;
  const auto from = score_of(set, call.argument(2)), to = score_of(set, call.argument(3));
  if (!from || !to) return call.reply.null();
  reply_distance(call, geo::distance_m(geo::point_of(*from), geo::point_of(*to)) / *unit);
}

constexpr Family row{.group = "geo", .categories = kGeoCategory};

constexpr std::array kCommands = {
    row("geoadd", -5, kWrite | kDenyOom, "Adds places, or moves them.", "3.2.0", add)
        .on_key(kUpdatesKey)
        .takes("key [condition=(NX|XX)@6.2.0] [change=CH@6.2.0] (longitude latitude member)...")
        .costs("O(M*log(N)), M: places given, N: places there"),
    row("geodist", -4, kReadonly, "Returns the distance between two places.", "3.2.0", distance)
        .on_key(kReadsValue)
        .takes("key member1 member2 [unit=(M|KM|FT|MI)]")
        .costs("O(log(N))"),
    row("geohash", -2, kReadonly, "Returns the standard geohashes of places.", "3.2.0", hashes)
        .on_key(kReadsValue)
        .takes("key member...")
        .costs("O(N), N: members asked for"),
    row("geopos", -2, kReadonly, "Returns the longitudes and latitudes of places.", "3.2.0", positions)
        .on_key(kReadsValue)
        .takes("key member...")
        .costs("O(N), N: members asked for"),
};

}  // namespace

std::span<const CommandSpec> geo_commands() { return kCommands; }

}  // namespace weir::store
