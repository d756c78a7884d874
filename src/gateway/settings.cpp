#include "gateway/settings.h"

#include <fmt/format.h>

#include "base/toml.h"
#include "runtime/endpoint.h"

namespace weir::gateway {

using base::Result;
using base::Toml;
using base::TomlTable;

namespace {

std::size_t size_setting(TomlTable& table, std::string_view name, std::size_t otherwise, std::int64_t low,
                         std::int64_t high) {
  return static_cast<std::size_t>(table.integer(name, static_cast<std::int64_t>(otherwise), low, high));
}

void check_address(TomlTable& table, std::string_view name, const std::string& address) {
  const auto endpoint = runtime::Endpoint::parse(address);
  if (!endpoint) return table.complain(name, endpoint.error().text());
  if (!endpoint->is_unix() && endpoint->port() == 0) table.complain(name, "expected a port, not 0");
}

base::Duration timeout_setting(TomlTable& table, std::string_view name, base::Duration otherwise) {
  const base::Duration timeout = table.duration(name, otherwise);
  if (timeout == base::Duration::zero()) table.complain(name, "expected more than nothing: there is no \"unlimited\"");
  return timeout;
}

UpstreamSpec read_upstream(const std::string& name, TomlTable table) {
  UpstreamSpec upstream{.name = name};
  upstream.addresses = table.texts("addresses");
  if (upstream.addresses.size() != 1) {
    table.complain("addresses", "expected a list with one \"host:port\" (balancing over several is to come)");
  }
  for (const std::string& address : upstream.addresses) check_address(table, "addresses", address);
  upstream.connect_timeout = timeout_setting(table, "connect_timeout", upstream.connect_timeout);
  upstream.max_connections = size_setting(table, "max_connections", upstream.max_connections, 1, 100'000);
  upstream.max_idle_connections =
      size_setting(table, "max_idle_connections", upstream.max_idle_connections, 0, 100'000);
  upstream.idle_timeout = timeout_setting(table, "idle_timeout", upstream.idle_timeout);
  return upstream;
}

RouteSpec read_route(TomlTable table) {
  RouteSpec route;
  route.path = table.required_text("path");
  route.name = table.text("name", route.path);
  route.host = table.text("host", "");
  route.upstream = table.required_text("upstream");
  route.timeout = timeout_setting(table, "timeout", route.timeout);
  return route;
}

}  // namespace

Result<Settings> parse_settings(std::string_view file, std::string_view text) {
  const Result<Toml> toml = Toml::parse(file, text);
  if (!toml) return toml.error();
  TomlTable root = toml->root();
  Settings settings;
  if (root.has("listen")) settings.listen = root.texts("listen");
  if (settings.listen.empty()) root.complain("listen", "expected at least one \"host:port\"");
  for (const std::string& address : settings.listen) check_address(root, "listen", address);
  settings.admin = root.text("admin", settings.admin);
  if (!settings.admin.empty()) check_address(root, "admin", settings.admin);
  settings.event_loop = root.text("event_loop", settings.event_loop);
  if (settings.event_loop != "auto" && settings.event_loop != "epoll" && settings.event_loop != "io_uring") {
    root.complain("event_loop", "expected \"auto\", \"epoll\" or \"io_uring\"");
  }
  settings.workers = size_setting(root, "workers", settings.workers, 1, 256);
  settings.max_connections = size_setting(root, "max_connections", settings.max_connections, 1, 1'000'000);
  if (const auto level = base::log::parse_level(root.text("log_level", "info"))) {
    settings.log_level = *level;
  } else {
    root.complain("log_level", level.error().text());
  }
  TomlTable limits = root.table("limits");
  settings.limits.head_bytes = size_setting(limits, "head_bytes", settings.limits.head_bytes, 64, 1 << 20);
  settings.limits.fields = size_setting(limits, "fields", settings.limits.fields, 1, wire::http1::kMaxFields);
  settings.limits.target_bytes = size_setting(limits, "target_bytes", settings.limits.target_bytes, 1, 1 << 20);
  settings.limits.body_bytes = size_setting(limits, "body_bytes", settings.limits.body_bytes, 0, 1ll << 40);
  settings.head_timeout = timeout_setting(root, "head_timeout", settings.head_timeout);
  settings.body_timeout = timeout_setting(root, "body_timeout", settings.body_timeout);
  settings.idle_timeout = timeout_setting(root, "idle_timeout", settings.idle_timeout);
  settings.drain_timeout = root.duration("drain_timeout", settings.drain_timeout);
  TomlTable upstreams = root.table("upstream");
  for (const std::string& name : upstreams.table_names()) {
    settings.upstreams.push_back(read_upstream(name, upstreams.table(name)));
  }
  std::vector<TomlTable> routes = root.tables("route");
  for (TomlTable& route : routes) settings.routes.push_back(read_route(route));
  if (settings.routes.empty()) root.complain("route", "there is none: a gateway without routes answers nothing");
  if (const auto problem = RouteTable::check(settings.upstreams, settings.routes)) {
    routes[problem->route].complain(problem->setting, problem->why);
  }
  if (Result<void> finished = toml->finish(); !finished) return finished.error();
  return settings;
}

}  // namespace weir::gateway
