// RouteTable: which upstream answers a request. Immutable once built; a new table replaces the old one whole, and
// whoever still serves a request by the old one keeps it until that request is done.
//
// The longest matching path wins; among equally long ones a route with a host before one without. A path is a prefix by
// whole segments: "/items" matches "/items", "/items/7" and "/items?x", but not "/itemsx". "/" matches everything.
//
// A core: values only, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"

namespace weir::gateway {

struct UpstreamSpec {
  std::string name;
  std::vector<std::string> addresses;  // "host:port", numeric.
  base::Duration connect_timeout = std::chrono::seconds(1);
  // Connections to each address: open at most, and kept while idle.
  std::size_t max_connections = 1024;
  std::size_t max_idle_connections = 512;
  base::Duration idle_timeout = std::chrono::seconds(60);
};

struct RouteSpec {
  std::string name;  // In metrics and logs.
  std::string path;
  std::string host = {};  // Without port, lower case; empty: any.
  std::string upstream;
  // From the end of the request until the response's head, over all tries.
  base::Duration timeout = std::chrono::seconds(15);
};

struct Route {
  RouteSpec spec;
  std::size_t index;     // In the table; also of its metrics.
  std::size_t upstream;  // In RouteTable::upstreams().
};

// What stands in the way of a table, and at which route: for a complaint at its place in the file.
struct RouteProblem {
  std::size_t route;
  std::string_view setting;  // "path", "upstream", ...
  std::string why;
};

class RouteTable {
 public:
  // Routes to unknown upstreams, paths that do not begin with '/', names that are taken, and routes that can never
  // match because an earlier one has the same path and host.
  static std::optional<RouteProblem> check(const std::vector<UpstreamSpec>& upstreams,
                                           const std::vector<RouteSpec>& routes);
  // Rejects what check() finds.
  static base::Result<RouteTable> build(std::vector<UpstreamSpec> upstreams, std::vector<RouteSpec> routes);
  // Not copied: the order points into the routes.
  RouteTable(RouteTable&&) = default;
  RouteTable& operator=(RouteTable&&) = default;

  // `authority`: host with an optional port. `path` may carry a query. Null: no route.
  const Route* match(std::string_view authority, std::string_view path) const;

  const std::vector<UpstreamSpec>& upstreams() const { return upstreams_; }
  const std::vector<Route>& routes() const { return routes_; }

 private:
  RouteTable() = default;

  std::vector<UpstreamSpec> upstreams_;
  std::vector<Route> routes_;        // As they were given.
  std::vector<const Route*> order_;  // As they are tried: the first that matches wins.
};

// "Example.com:80" -> "Example.com"; "[::1]:80" -> "[::1]".
std::string_view host_of(std::string_view authority);

}  // namespace weir::gateway
