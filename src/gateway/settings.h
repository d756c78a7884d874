// gateway.toml: where the gateway listens, its limits, its upstreams and routes.
//
//   listen = ["127.0.0.1:7700"]
//   admin = "127.0.0.1:7701"
//   [upstream.shop]
//   addresses = ["127.0.0.1:7710"]
//   [[route]]
//   name = "items"
//   path = "/items"
//   upstream = "shop"
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "gateway/core/route_table.h"
#include "wire/http1/limits.h"

namespace weir::gateway {

struct Settings {
  std::vector<std::string> listen = {"127.0.0.1:8080"};
  std::string admin;  // /metrics and /healthz; empty: none.
  std::string event_loop = "auto";
  std::size_t workers = 1;               // Loops, each on a thread of its own.
  std::size_t max_connections = 10'000;  // Clients, a worker.
  base::log::Level log_level = base::log::Level::kInfo;
  wire::http1::Limits limits;
  base::Duration head_timeout = std::chrono::seconds(10);
  base::Duration body_timeout = std::chrono::seconds(30);  // Without a byte.
  base::Duration idle_timeout = std::chrono::seconds(75);
  base::Duration drain_timeout = std::chrono::seconds(10);
  std::vector<UpstreamSpec> upstreams;
  std::vector<RouteSpec> routes;
};

// Complains by file, line and setting.
base::Result<Settings> parse_settings(std::string_view file, std::string_view text);

}  // namespace weir::gateway
