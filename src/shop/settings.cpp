#include "shop/settings.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "base/bytes.h"
#include "base/toml.h"
#include "shop/items/item.h"

namespace weir::shop {

using base::Duration;
using base::Result;
using base::Toml;
using base::TomlTable;
using namespace std::chrono_literals;

namespace {

std::size_t size_setting(TomlTable& table, std::string_view name, std::size_t otherwise, std::int64_t low,
                         std::int64_t high) {
  return static_cast<std::size_t>(table.integer(name, static_cast<std::int64_t>(otherwise), low, high));
}

Duration duration_setting(TomlTable& table, std::string_view name, Duration otherwise, std::chrono::milliseconds low,
                          std::chrono::milliseconds high) {
  const Duration value = table.duration(name, otherwise);
  if (value < low || value > high) table.complain(name, fmt::format("expected a duration from {} to {}", low, high));
  return value;
}

// An Endpoint's text, or a name to look up: "store.internal:6379".
bool is_address(std::string_view address) {
  if (runtime::Endpoint::parse(address)) return true;
  const std::size_t colon = address.rfind(':');
  if (colon == std::string_view::npos || colon == 0 || address.find(':') != colon) return false;
  const auto port = base::parse_decimal<std::uint16_t>(address.substr(colon + 1));
  return port && *port != 0;
}

Settings::Store read_store(TomlTable table) {
  Settings::Store store;
  store.address = table.text("address", store.address);
  if (!is_address(store.address)) {
    table.complain("address", fmt::format("'{}': expected \"host:port\", \"[IPv6]:port\" or \"unix:/path\"",
                                          base::printable(store.address)));
  }
  store.user = table.text("user", store.user);
  store.password = table.text("password", store.password);
  store.timeout = duration_setting(table, "timeout", store.timeout, 1ms, 10s);
  return store;
}

Settings::Cache read_cache(TomlTable table) {
  Settings::Cache cache;
  constexpr auto kLongest = std::chrono::duration_cast<std::chrono::milliseconds>(24h * 30);
  cache.expiry = duration_setting(table, "expiry", cache.expiry, 1ms, kLongest);
  cache.negative_expiry = duration_setting(table, "negative_expiry", cache.negative_expiry, 1ms, kLongest);
  return cache;
}

Settings::Limits read_limits(TomlTable table) {
  Settings::Limits limits;
  limits.connections = size_setting(table, "connections", limits.connections, 1, 1'000'000);
  limits.body_bytes = size_setting(table, "body_bytes", limits.body_bytes, 1, 64 << 20);
  limits.loads = size_setting(table, "loads", limits.loads, 1, 100'000);
  limits.database_queue = size_setting(table, "database_queue", limits.database_queue, 1, 1'000'000);
  limits.request = duration_setting(table, "request", limits.request, 10ms, 10min);
  limits.drain = duration_setting(table, "drain", limits.drain, 0ms, 10min);
  return limits;
}

}  // namespace

Result<Settings> parse_settings(std::string_view file, std::string_view text) {
  const Result<Toml> toml = Toml::parse(file, text);
  if (!toml) return toml.error();
  TomlTable root = toml->root();
  Settings settings;
  const auto listen = runtime::Endpoint::parse(root.text("listen", settings.listen.to_string()));
  if (listen) {
    settings.listen = *listen;
  } else {
    root.complain("listen", listen.error().text());
  }
  const auto level = base::log::parse_level(root.text("log_level", "info"));
  if (level) {
    settings.log_level = *level;
  } else {
    root.complain("log_level", level.error().text());
  }
  settings.currency = root.text("currency", settings.currency);
  if (const auto checked = check_currency(settings.currency); !checked) {
    root.complain("currency", checked.error().text());
  }
  settings.store = read_store(root.table("store"));
  TomlTable database = root.table("database");
  settings.database.path = database.text("path", settings.database.path);
  if (settings.database.path.empty()) database.complain("path", "expected the path of a file");
  settings.cache = read_cache(root.table("cache"));
  settings.limits = read_limits(root.table("limits"));
  if (Result<void> finished = toml->finish(); !finished) return finished.error();
  return settings;
}

}  // namespace weir::shop
