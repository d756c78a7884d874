// shop.toml: where the shop listens, its store, its database, and its limits. `weir shop --help` lists all of it.
//
//   listen = "127.0.0.1:7720"
//   [store]
//   address = "127.0.0.1:6379"
//   [database]
//   path = "shop.db"
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/log.h"
#include "base/time.h"
#include "runtime/endpoint.h"

namespace weir::shop {

struct Settings {
  runtime::Endpoint listen = runtime::Endpoint::loopback(8081);
  base::log::Level log_level = base::log::Level::kInfo;
  std::string currency = "EUR";  // Of items that name none.

  struct Store {
    std::string address = "127.0.0.1:6379";
    std::string user;
    std::string password;
    base::Duration timeout = std::chrono::milliseconds(100);
  } store;

  struct Database {
    std::string path = "shop.db";
  } database;

  struct Cache {
    base::Duration expiry = std::chrono::minutes(10);
    base::Duration negative_expiry = std::chrono::seconds(10);
  } cache;

  struct Limits {
    std::size_t connections = 1000;
    std::size_t body_bytes = 64 << 10;
    std::size_t loads = 64;             // From the database into the cache, at a time.
    std::size_t database_queue = 1000;  // Statements that wait for the database.
    base::Duration request = std::chrono::seconds(5);
    base::Duration drain = std::chrono::seconds(10);
  } limits;
};

// Complains by file, line and setting.
base::Result<Settings> parse_settings(std::string_view file, std::string_view text);

}  // namespace weir::shop
