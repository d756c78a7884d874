#include "serve/router.h"

#include <algorithm>

#include "base/assert.h"

namespace weir::serve {

namespace {

// "/a/b/" -> "a", "b", "".
std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> segments;
  path.remove_prefix(1);
  for (;;) {
    const std::size_t slash = path.find('/');
    segments.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return segments;
    path.remove_prefix(slash + 1);
  }
}

}  // namespace

void Router::add(std::string method, std::string_view pattern, Handler handler) {
  WEIR_ASSERT(pattern.starts_with('/'));
  Route route{std::move(method), {}, std::move(handler)};
  for (const std::string_view segment : split(pattern)) {
    if (segment == "*") {
      route.segments.push_back({Segment::Kind::kRest, {}});
    } else if (segment.starts_with('{') && segment.ends_with('}')) {
      route.segments.push_back({Segment::Kind::kParameter, std::string(segment.substr(1, segment.size() - 2))});
    } else {
      route.segments.push_back({Segment::Kind::kText, std::string(segment)});
    }
  }
  for (const Segment& segment : route.segments) {
    WEIR_ASSERT(segment.kind != Segment::Kind::kRest || &segment == &route.segments.back());
  }
  for (const Route& other : routes_) {
    WEIR_ASSERT(other.method != route.method || more_exact(other, route) || more_exact(route, other));
  }
  const auto behind = std::ranges::find_if(routes_, [&](const Route& other) { return more_exact(route, other); });
  routes_.insert(behind, std::move(route));
}

bool Router::more_exact(const Route& a, const Route& b) {
  // Names of parameters do not tell patterns apart; their texts only have to be ordered somehow.
  const auto rank = [](const Segment& segment) {
    return std::pair(segment.kind, segment.kind == Segment::Kind::kText ? segment.text : std::string());
  };
  return std::ranges::lexicographical_compare(a.segments, b.segments, {}, rank, rank);
}

bool Router::matches(const Route& route, const std::vector<std::string>& path, std::vector<Field>& parameters) {
  parameters.clear();
  std::size_t at = 0;
  for (const Segment& segment : route.segments) {
    if (segment.kind == Segment::Kind::kRest) return at < path.size();
    if (at == path.size()) return false;
    if (segment.kind == Segment::Kind::kText ? path[at] != segment.text : path[at].empty()) return false;
    if (segment.kind == Segment::Kind::kParameter) parameters.emplace_back(segment.text, path[at]);
    ++at;
  }
  return at == path.size();
}

Router::Match Router::find(std::string_view method, std::string_view path) const {
  Match match;
  if (!path.starts_with('/')) return match;
  std::vector<std::string> segments;
  for (const std::string_view segment : split(path)) {
    auto decoded = percent_decode(segment);
    if (!decoded) return match;
    segments.push_back(*std::move(decoded));
  }

  std::vector<std::string> allowed;
  const Route* get = nullptr;
  std::vector<Field> parameters, get_parameters;
  for (const Route& route : routes_) {
    if (!matches(route, segments, parameters)) continue;
    if (route.method == method) {
      match.handler = &route.handler;
      match.parameters = std::move(parameters);
      return match;
    }
    if (route.method == "GET" && get == nullptr) {
      get = &route;
      get_parameters = parameters;
    }
    allowed.push_back(route.method);
  }
  if (method == "HEAD" && get != nullptr) {
    match.handler = &get->handler;
    match.parameters = std::move(get_parameters);
    return match;
  }
  if (get != nullptr) allowed.emplace_back("HEAD");
  std::ranges::sort(allowed);
  const auto repeated = std::ranges::unique(allowed);
  allowed.erase(repeated.begin(), repeated.end());
  for (const std::string& one : allowed) match.allowed += (match.allowed.empty() ? "" : ", ") + one;
  return match;
}

}  // namespace weir::serve
