#include "gateway/core/route_table.h"

#include <algorithm>
#include <span>

#include <fmt/format.h>

#include "base/bytes.h"

namespace weir::gateway {

using base::reject;
using base::Result;

namespace {

bool path_matches(std::string_view prefix, std::string_view path) {
  if (!path.starts_with(prefix)) return false;
  if (prefix.ends_with('/') || path.size() == prefix.size()) return true;
  return path[prefix.size()] == '/' || path[prefix.size()] == '?';
}

}  // namespace

std::optional<RouteProblem> RouteTable::check(const std::vector<UpstreamSpec>& upstreams,
                                              const std::vector<RouteSpec>& routes) {
  for (std::size_t i = 0; i < routes.size(); ++i) {
    const RouteSpec& spec = routes[i];
    if (!spec.path.starts_with('/')) return {{i, "path", fmt::format("'{}' does not begin with '/'", spec.path)}};
    if (std::ranges::find(upstreams, spec.upstream, &UpstreamSpec::name) == upstreams.end()) {
      return {{i, "upstream", fmt::format("there is no upstream '{}'", spec.upstream)}};
    }
    for (const RouteSpec& earlier : std::span(routes).first(i)) {
      if (earlier.path == spec.path && base::equal_ignoring_case(earlier.host, spec.host)) {
        return {{i, "path", fmt::format("never matches: route '{}' has the same path and host", earlier.name)}};
      }
      if (earlier.name == spec.name) return {{i, "name", fmt::format("two routes are called '{}'", spec.name)}};
    }
  }
  return std::nullopt;
}

Result<RouteTable> RouteTable::build(std::vector<UpstreamSpec> upstreams, std::vector<RouteSpec> routes) {
  if (const auto problem = check(upstreams, routes)) {
    return reject(fmt::format("route '{}': {}: {}", routes[problem->route].name, problem->setting, problem->why));
  }
  RouteTable table;
  table.upstreams_ = std::move(upstreams);
  table.routes_.reserve(routes.size());
  for (RouteSpec& spec : routes) {
    const auto upstream = std::ranges::find(table.upstreams_, spec.upstream, &UpstreamSpec::name);
    table.routes_.push_back({.spec = std::move(spec),
                             .index = table.routes_.size(),
                             .upstream = static_cast<std::size_t>(upstream - table.upstreams_.begin())});
  }
  // Moving a vector keeps its elements in place, so these stay valid when the table is moved.
  for (const Route& route : table.routes_) table.order_.push_back(&route);
  std::ranges::sort(table.order_, [](const Route* a, const Route* b) {
    if (a->spec.path.size() != b->spec.path.size()) return a->spec.path.size() > b->spec.path.size();
    if (a->spec.host.empty() != b->spec.host.empty()) return b->spec.host.empty();
    return a->index < b->index;
  });
  return table;
}

const Route* RouteTable::match(std::string_view authority, std::string_view path) const {
  const std::string_view host = host_of(authority);
  for (const Route* route : order_) {
    if (!route->spec.host.empty() && !base::equal_ignoring_case(route->spec.host, host)) continue;
    if (path_matches(route->spec.path, path)) return route;
  }
  return nullptr;
}

std::string_view host_of(std::string_view authority) {
  if (authority.starts_with('[')) return authority.substr(0, authority.find(']') + 1);
  return authority.substr(0, authority.rfind(':'));
}

}  // namespace weir::gateway
