// The search for places inside a circle or a box: GEOSEARCH, and GEORADIUS, which came before it.
#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "base/bytes.h"
#include "store/commands/families.h"
#include "store/commands/geo_values.h"
#include "store/commands/sorted_set_values.h"
#include "store/types/gathered_members.h"
#include "store/types/window_sort.h"

namespace weir::store {

namespace {

using base::equal_ignoring_case;

// What the name of the command tells.
struct SearchForm {
  enum class Center : std::uint8_t { kPoint, kMember, kOption };

  Center center = Center::kOption;  // Where it stands: GEORADIUS, GEORADIUSBYMEMBER, GEOSEARCH.
  bool may_store = false;           // By STORE or STOREDIST.
  bool stores = false;              // GEOSEARCHSTORE: the first key is the destination.
};

enum class Order : std::uint8_t { kNone, kNearest, kFarthest };

struct SearchRequest {
  // Exactly one of the two shapes is given; the centre is there unless the key is not.
  std::optional<geo::Point> center;
  std::optional<double> radius_m;
  struct Box {
    double width_m;
    double height_m;
  };
  std::optional<Box> box;
  bool names_center = false;
  double unit_m = 1;

  Order order = Order::kNone;
  std::size_t count = 0;  // 0: all.
  bool any = false;       // The first ones found will do.
  bool with_distance = false;
  bool with_score = false;
  bool with_point = false;
  std::optional<std::string_view> destination;
  bool stores_distance = false;
};

// Reads the arguments of a search. Every function that returns false has replied an error.
class SearchParser {
 public:
  SearchParser(Call& call, const SearchForm& form, const SortedSet* set) : call_(call), form_(form), set_(set) {}

  bool parse();
  const SearchRequest& request() const { return request_; }

 private:
  bool reject(std::string_view error) {
    call_.reply.error(error);
    return false;
  }
  bool parse_fixed();
  // Each reads one option at `next_` and passes over it; nothing: it is none of these.
  std::optional<bool> parse_flag(std::string_view word);
  std::optional<bool> parse_destination(std::string_view word, std::size_t behind);
  std::optional<bool> parse_area(std::string_view word, std::size_t behind);
  bool parse_count(std::string_view text);
  bool parse_member(std::string_view member);
  bool parse_point_at(std::size_t index);
  bool parse_radius_at(std::size_t index);
  bool parse_box_at(std::size_t index);
  bool check();

  Call& call_;
  const SearchForm& form_;
  const SortedSet* set_;
  SearchRequest request_;
  std::size_t next_ = 0;  // The argument to be read.
  bool names_point_ = false;
};

bool SearchParser::parse_member(std::string_view member) {
  request_.names_center = true;
  // Without a key, everything else is still to be read.
  if (set_ == nullptr) return true;
  const auto score = set_->score(member);
  if (!score) return reject("ERR could not decode requested zset member");
  request_.center = geo::point_of(*score);
  return true;
}

bool SearchParser::parse_point_at(std::size_t index) {
  request_.names_center = true;
  request_.center = parse_point(call_, call_.argument(index), call_.argument(index + 1));
  return request_.center.has_value();
}

bool SearchParser::parse_radius_at(std::size_t index) {
  const auto radius = parse_double(call_.argument(index));
  if (!radius) return reject("ERR need numeric radius");
  if (*radius < 0) return reject("ERR radius cannot be negative");
  const auto unit = parse_length_unit(call_, call_.argument(index + 1));
  if (!unit) return false;
  request_.unit_m = *unit;
  request_.radius_m = *radius * *unit;
  return true;
}

bool SearchParser::parse_box_at(std::size_t index) {
  const auto width = parse_double(call_.argument(index));
  if (!width) return reject("ERR need numeric width");
  const auto height = parse_double(call_.argument(index + 1));
  if (!height) return reject("ERR need numeric height");
  if (*width < 0 || *height < 0) return reject("ERR height or width cannot be negative");
  const auto unit = parse_length_unit(call_, call_.argument(index + 2));
  if (!unit) return false;
  request_.unit_m = *unit;
  request_.box = {.width_m = *width * *unit, .height_m = *height * *unit};
  return true;
}

bool SearchParser::parse_count(std::string_view text) {
  const auto count = parse_integer(text);
  if (!count) {
    call_.not_an_integer();
    return false;
  }
  if (*count <= 0) return reject("ERR COUNT must be > 0");
  request_.count = static_cast<std::size_t>(*count);
  return true;
}

// What stands before the options.
bool SearchParser::parse_fixed() {
  switch (form_.center) {
    case SearchForm::Center::kPoint: next_ = 6; return parse_point_at(2) && parse_radius_at(4);
    case SearchForm::Center::kMember:
      next_ = 5;
      return set_ == nullptr || (parse_member(call_.argument(2)) && parse_radius_at(3));
    case SearchForm::Center::kOption: break;
  }
  next_ = form_.stores ? 3 : 2;
  if (form_.stores) request_.destination = call_.argument(1);
  return true;
}

std::optional<bool> SearchParser::parse_flag(std::string_view word) {
  if (equal_ignoring_case(word, "WITHDIST")) {
    request_.with_distance = true;
  } else if (equal_ignoring_case(word, "WITHHASH")) {
    request_.with_score = true;
  } else if (equal_ignoring_case(word, "WITHCOORD")) {
    request_.with_point = true;
  } else if (equal_ignoring_case(word, "ANY")) {
    request_.any = true;
  } else if (equal_ignoring_case(word, "ASC")) {
    request_.order = Order::kNearest;
  } else if (equal_ignoring_case(word, "DESC")) {
    request_.order = Order::kFarthest;
  } else if (form_.stores && equal_ignoring_case(word, "STOREDIST")) {
    request_.stores_distance = true;
  } else {
    return std::nullopt;
  }
  ++next_;
  return true;
}

std::optional<bool> SearchParser::parse_destination(std::string_view word, std::size_t behind) {
  if (!form_.may_store || behind < 1) return std::nullopt;
  const bool distances = equal_ignoring_case(word, "STOREDIST");
  if (!distances && !equal_ignoring_case(word, "STORE")) return std::nullopt;
  request_.destination = call_.argument(next_ + 1);
  request_.stores_distance = distances;
  next_ += 2;
  return true;
}

// Each may come again, but not beside the other of its kind.
std::optional<bool> SearchParser::parse_area(std::string_view word, std::size_t behind) {
  if (form_.center != SearchForm::Center::kOption) return std::nullopt;
  const bool by_member = request_.names_center && !names_point_;
  const std::size_t at = next_ + 1;
  if (behind >= 1 && !names_point_ && equal_ignoring_case(word, "FROMMEMBER")) {
    next_ += 2;
    return parse_member(call_.argument(at));
  }
  if (behind >= 2 && !by_member && equal_ignoring_case(word, "FROMLONLAT")) {
    next_ += 3;
    names_point_ = true;
    return parse_point_at(at);
  }
  if (behind >= 2 && !request_.box && equal_ignoring_case(word, "BYRADIUS")) {
    next_ += 3;
    return parse_radius_at(at);
  }
  if (behind >= 3 && !request_.radius_m && equal_ignoring_case(word, "BYBOX")) {
    next_ += 4;
    return parse_box_at(at);
  }
  return std::nullopt;
}

bool SearchParser::check() {
  const bool with_more = request_.with_distance || request_.with_score || request_.with_point;
  if (request_.destination && with_more) {
    return reject(fmt::format("ERR {} is not compatible with WITHDIST, WITHHASH and WITHCOORD options",
                              form_.stores ? "GEOSEARCHSTORE" : "STORE option in GEORADIUS"));
  }
  if (form_.center == SearchForm::Center::kOption) {
    if (!request_.names_center) {
      return reject(
          fmt::format("ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for {}", call_.argument(0)));
    }
    if (!request_.radius_m && !request_.box) {
      return reject(fmt::format("ERR exactly one of BYRADIUS and BYBOX can be specified for {}", call_.argument(0)));
    }
  }
  if (request_.any && request_.count == 0) return reject("ERR the ANY argument requires COUNT argument");
  // So many, and not the nearest, would make no sense.
  if (request_.count != 0 && request_.order == Order::kNone && !request_.any) request_.order = Order::kNearest;
  return true;
}

bool SearchParser::parse() {
  if (!parse_fixed()) return false;
  while (next_ < call_.count()) {
    const std::string_view word = call_.argument(next_);
    const std::size_t behind = call_.count() - next_ - 1;
    if (behind >= 1 && equal_ignoring_case(word, "COUNT")) {
      if (!parse_count(call_.argument(next_ + 1))) return false;
      next_ += 2;
      continue;
    }
    std::optional<bool> parsed = parse_flag(word);
    if (!parsed) parsed = parse_destination(word, behind);
    if (!parsed) parsed = parse_area(word, behind);
    if (!parsed) {
      call_.syntax_error();
      return false;
    }
    if (!*parsed) return false;
  }
  return check();
}

struct Hit {
  std::string_view member;
  double score;
  double distance_m;
  geo::Point point;
  std::size_t nth;  // So many were found before.
};

// In the order of the cells; at least `enough` of them (0: all), if there are.
std::vector<Hit> find(const SortedSet& set, const geo::Area& area, std::size_t enough, GatheredMembers& texts) {
  std::vector<Hit> hits;
  const auto has_enough = [&] { return enough != 0 && hits.size() >= enough; };
  for (const auto& [low, high] : area.cover()) {
    const RankRange ranks = set.within(ScoreRange{{low, false}, {high, true}});
    set.walk(ranks, Direction::kAscending, [&](const Element& member, double score) {
      const geo::Point point = geo::point_of(score);
      const auto distance = area.distance_if_inside(point);
      if (!distance) return true;
      hits.push_back({texts.text_of(member), score, *distance, point, hits.size()});
      return !has_enough();
    });
    if (has_enough()) break;
  }
  return hits;
}

// Brings the first `count` into their order. How Redis sorts is to be seen where distances are equal: all of them so
// that those keep their order, a part as sort_window() does.
void sort(std::vector<Hit>& hits, Order order, std::size_t count) {
  if (order == Order::kNone) return;
  const auto compare = [sign = order == Order::kNearest ? 1 : -1](const Hit& a, const Hit& b) {
    if (a.distance_m == b.distance_m) return 0;
    return a.distance_m > b.distance_m ? sign : -sign;
  };
  if (count == hits.size()) {
    std::ranges::sort(hits, [&compare](const Hit& a, const Hit& b) {
      const int compared = compare(a, b);
      return compared != 0 ? compared < 0 : a.nth < b.nth;
    });
  } else {
    sort_window(std::span(hits), {.first = 0, .last = count}, compare);
  }
}

void reply_hits(Call& call, std::span<const Hit> hits, const SearchRequest& request) {
  const std::size_t more = std::size_t{request.with_distance} + request.with_score + request.with_point;
  call.reply.array(hits.size());
  for (const Hit& hit : hits) {
    if (more > 0) call.reply.array(1 + more);
    call.reply.bulk(hit.member);
    if (request.with_distance) reply_distance(call, hit.distance_m / request.unit_m);
    if (request.with_score) call.reply.integer(static_cast<std::int64_t>(hit.score));
    if (request.with_point) reply_point(call, hit.point);
  }
}

void store_hits(Call& call, std::span<const Hit> hits, const SearchRequest& request, const SearchForm& form) {
  std::vector<ScoredText> pairs;
  pairs.reserve(hits.size());
  for (const Hit& hit : hits) {
    pairs.push_back({hit.member, request.stores_distance ? hit.distance_m / request.unit_m : hit.score});
  }
  std::ranges::sort(pairs, std::less<>());
  // In a coarse grid a place is found in two cells.
  const auto [again, end] =
      std::ranges::unique(pairs, [](const ScoredText& a, const ScoredText& b) { return a.member == b.member; });
  pairs.erase(again, end);
  const bool searched = form.center == SearchForm::Center::kOption;
  store_members(call, *request.destination, pairs, searched ? "geosearchstore" : "georadiusstore", pairs.size());
}

void search(Call& call, const SearchForm& form) {
  const Entry* entry = call.database().look_up(call.key(form.stores ? 2 : 1), call.now);
  if (!require_sorted_set(call, entry)) return;
  const SortedSet* set = entry == nullptr ? nullptr : &entry->as<SortedSet>();
  SearchParser parser(call, form, set);
  if (!parser.parse()) return;
  const SearchRequest& request = parser.request();
  GatheredMembers texts;
  std::vector<Hit> hits;
  if (set != nullptr) {
    const geo::Area area = request.box ? geo::Area::box(*request.center, request.box->width_m, request.box->height_m)
                                       : geo::Area::circle(*request.center, *request.radius_m);
    hits = find(*set, area, request.any ? request.count : 0, texts);
    const std::size_t wanted = request.count == 0 ? hits.size() : std::min(request.count, hits.size());
    sort(hits, request.order, wanted);
    hits.resize(wanted);
  }
  if (request.destination) return store_hits(call, hits, request, form);
  reply_hits(call, hits, request);
}

void search_and_reply(Call& call) { search(call, {}); }
void search_and_store(Call& call) { search(call, {.stores = true}); }
void radius(Call& call) { search(call, {.center = SearchForm::Center::kPoint, .may_store = true}); }
void radius_of_member(Call& call) { search(call, {.center = SearchForm::Center::kMember, .may_store = true}); }
void read_radius(Call& call) { search(call, {.center = SearchForm::Center::kPoint}); }
void read_radius_of_member(Call& call) { search(call, {.center = SearchForm::Center::kMember}); }

constexpr auto kStoreKeys =
    std::to_array<KeySpec>({{.access = kOverwritesValue, .index = 1}, {.access = kReadsValue, .index = 2}});

// The source, and the destination that an option may name.
constexpr auto keys_with_destination(int options) {
  const auto behind = [options](std::string_view keyword) {
    return KeySpec{
        .access = kOverwritesValue, .begin = KeySpec::Begin::kKeyword, .keyword = keyword, .start_from = options};
  };
  return std::to_array<KeySpec>({{.access = kReadsValue, .index = 1}, behind("STORE"), behind("STOREDIST")});
}
constexpr auto kRadiusKeys = keys_with_destination(6);
constexpr auto kMemberRadiusKeys = keys_with_destination(5);

constexpr std::uint32_t kMayStore = kWrite | kDenyOom | kMovableKeys;

constexpr Family row{.group = "geo", .categories = kGeoCategory};

constexpr std::array kCommands = {
    row("georadius", -6, kMayStore, "Returns or stores the places within a radius of a point.", "3.2.0", radius)
        .on_key()
        .with_key_specs(kRadiusKeys)
        .takes("key longitude latitude radius unit=(M|KM|FT|MI) [WITHCOORD] [WITHDIST] [WITHHASH] [count=(COUNT count "
               "[ANY@6.2.0])] [order=(ASC|DESC)] [STORE key#1] [STOREDIST key#2]")
        .costs("O(N+log(M)), N: places in the cells that the circle touches, M: places in all")
        .replaced("6.2.0", "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` argument"),
    row("georadius_ro", -6, kReadonly, "Returns the places within a radius of a point.", "3.2.10", read_radius)
        .on_key(kReadsValue)
        .takes("key longitude latitude radius unit=(M|KM|FT|MI) [WITHCOORD] [WITHDIST] [WITHHASH] [count=(COUNT count "
               "[ANY@6.2.0])] [order=(ASC|DESC)]")
        .costs("O(N+log(M)), N: places in the cells that the circle touches, M: places in all")
        .replaced("6.2.0", "`GEOSEARCH` with the `BYRADIUS` argument"),
    row("georadiusbymember", -5, kMayStore, "Returns or stores the places within a radius of another.", "3.2.0",
        radius_of_member)
        .on_key()
        .with_key_specs(kMemberRadiusKeys)
        .takes("key member radius unit=(M|KM|FT|MI) [WITHCOORD] [WITHDIST] [WITHHASH] [count=(COUNT count [ANY])] "
               "[order=(ASC|DESC)] [STORE key#1] [STOREDIST key#2]")
        .costs("O(N+log(M)), N: places in the cells that the circle touches, M: places in all")
        .replaced("6.2.0", "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` and `FROMMEMBER` arguments"),
    row("georadiusbymember_ro", -5, kReadonly, "Returns the places within a radius of another.", "3.2.10",
        read_radius_of_member)
        .on_key(kReadsValue)
        .takes("key member radius unit=(M|KM|FT|MI) [WITHCOORD] [WITHDIST] [WITHHASH] [count=(COUNT count [ANY])] "
               "[order=(ASC|DESC)]")
        .costs("O(N+log(M)), N: places in the cells that the circle touches, M: places in all")
        .replaced("6.2.0", "`GEOSEARCH` with the `BYRADIUS` and `FROMMEMBER` arguments"),
    row("geosearch", -7, kReadonly, "Returns the places inside a circle or a box.", "6.2.0", search_and_reply)
        .on_key(kReadsValue)
        .takes("key from=(FROMMEMBER member|FROMLONLAT (longitude latitude)) by=(circle=(BYRADIUS radius "
               "unit=(M|KM|FT|MI))|box=(BYBOX width height unit=(M|KM|FT|MI))) [order=(ASC|DESC)] [count=(COUNT count "
               "[ANY])] [WITHCOORD] [WITHDIST] [WITHHASH]")
        .costs("O(N+log(M)), N: places in the cells that the area touches, M: places in all"),
    row("geosearchstore", -8, kWrite | kDenyOom, "Stores the places inside a circle or a box.", "6.2.0",
        search_and_store)
        .on_keys({.first = 1, .last = 2, .step = 1})
        .with_key_specs(kStoreKeys)
        .takes("destination source#1 from=(FROMMEMBER member|FROMLONLAT (longitude latitude)) "
               "by=(circle=(BYRADIUS radius unit=(M|KM|FT|MI))|box=(BYBOX width height "
               "unit=(M|KM|FT|MI))) [order=(ASC|DESC)] [count=(COUNT count [ANY])] [STOREDIST]")
        .costs("O(N+log(M)), N: places in the cells that the area touches, M: places in all"),
};

}  // namespace

std::span<const CommandSpec> geo_search_commands() { return kCommands; }

}  // namespace weir::store
