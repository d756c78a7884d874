#include "gateway/core/route_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::gateway {
namespace {

using testing::HasSubstr;

std::vector<UpstreamSpec> upstreams() { return {{.name = "shop", .addresses = {"127.0.0.1:1"}}, {.name = "api"}}; }

RouteTable sample() {
  return *RouteTable::build(upstreams(), {{.name = "all", .path = "/", .upstream = "api"},
                                          {.name = "items", .path = "/items", .upstream = "shop"},
                                          {.name = "deep", .path = "/items/special/", .upstream = "api"},
                                          {.name = "host", .path = "/items", .host = "a.example", .upstream = "api"}});
}

std::string matched(const RouteTable& table, std::string_view authority, std::string_view path) {
  const Route* route = table.match(authority, path);
  return route == nullptr ? "none" : route->spec.name;
}

TEST(RouteTable, TheLongestPathWinsByWholeSegments) {
  const RouteTable table = sample();
  EXPECT_EQ(matched(table, "x", "/items"), "items");
  EXPECT_EQ(matched(table, "x", "/items/7"), "items");
  EXPECT_EQ(matched(table, "x", "/items?page=2"), "items");
  EXPECT_EQ(matched(table, "x", "/itemsx"), "all");
  EXPECT_EQ(matched(table, "x", "/items/special/1"), "deep");
  EXPECT_EQ(matched(table, "x", "/items/special"), "items");
  EXPECT_EQ(matched(table, "x", "*"), "none");
}

TEST(RouteTable, ARouteWithTheHostComesFirst) {
  const RouteTable table = sample();
  EXPECT_EQ(matched(table, "A.Example:8080", "/items/7"), "host");
  EXPECT_EQ(matched(table, "b.example", "/items/7"), "items");
  EXPECT_EQ(matched(table, "a.example", "/items/special/1"), "deep");
}

TEST(RouteTable, RefusesWhatCannotWork) {
  const auto error = [](std::vector<RouteSpec> routes) {
    const auto table = RouteTable::build(upstreams(), std::move(routes));
    return table ? "" : table.error().text();
  };
  EXPECT_THAT(error({{.name = "r", .path = "/", .upstream = "nowhere"}}),
              HasSubstr("route 'r': upstream: there is no upstream 'nowhere'"));
  EXPECT_THAT(error({{.name = "r", .path = "items", .upstream = "shop"}}), HasSubstr("does not begin with '/'"));
  EXPECT_THAT(error({{.name = "a", .path = "/", .upstream = "shop"}, {.name = "b", .path = "/", .upstream = "api"}}),
              HasSubstr("route 'b': path: never matches: route 'a'"));
  EXPECT_THAT(error({{.name = "a", .path = "/", .upstream = "shop"}, {.name = "a", .path = "/x", .upstream = "api"}}),
              HasSubstr("two routes are called 'a'"));
  EXPECT_THAT(error({{.name = "a", .path = "/", .host = "A.example", .upstream = "shop"},
                     {.name = "b", .path = "/", .host = "a.example", .upstream = "shop"}}),
              HasSubstr("never matches"));
}

TEST(RouteTable, HostIsTheAuthorityWithoutItsPort) {
  EXPECT_EQ(host_of("example.com:80"), "example.com");
  EXPECT_EQ(host_of("example.com"), "example.com");
  EXPECT_EQ(host_of("[::1]:80"), "[::1]");
  EXPECT_EQ(host_of(""), "");
}

}  // namespace
}  // namespace weir::gateway
