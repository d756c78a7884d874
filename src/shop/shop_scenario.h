// For the tests of this room: a database in a directory of its own, with the shop's tables, a real redis-server as the
// store, and the cache between them. Header only, because only tests include it.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <stdexcept>
#include <string>

#include "client/redis/testing/redis_server.h"
#include "client/sql/database.h"
#include "runtime/task.h"
#include "shop/schema.h"
#include "toolkit/cache/cache.h"

namespace weir::shop {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "weir_shop_XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no directory for the test");
    path_ = pattern;
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline std::unique_ptr<client::sql::Database> open_database(const std::string& path, std::size_t max_queued = 100) {
  auto database = client::sql::Database::open({.sqlite = {.path = path}, .max_queued = max_queued});
  if (!database) throw std::runtime_error(database.error().text());
  return std::move(database).value();
}

class ShopScenario {
 public:
  explicit ShopScenario(const runtime::Executor& executor)
      : database(open_database(directory.path() + "/shop.db")),
        server(executor),
        store(executor, store_options(server.address()), base::Random(1)),
        cache(executor, store, cache_options(), base::Random(1), metrics) {
    store.start();
  }

  // The tables are there and the store is up.
  runtime::Task<void> ready() {
    const auto migrated = co_await migrate(*database, runtime::kNever);
    if (!migrated) throw std::runtime_error(migrated.error().text());
    co_await store.wait_until_up(runtime::kNever);
  }
  runtime::Task<void> end() {
    co_await cache.stop(runtime::kNever);
    co_await store.stop(runtime::mono_now());
  }

 private:
  static client::redis::ClientOptions store_options(std::string address) {
    client::redis::ClientOptions options;
    options.address = std::move(address);
    options.backoff = {.first = std::chrono::milliseconds(1),
                       .limit = std::chrono::milliseconds(20),
                       .settle = std::chrono::milliseconds(1)};
    return options;
  }
  // No test is about the passing of these.
  static toolkit::CacheOptions cache_options() {
    return {.name = "items", .store_timeout = std::chrono::seconds(20), .load_timeout = std::chrono::seconds(20)};
  }

 public:
  TemporaryDirectory directory;
  base::Metrics metrics;
  std::unique_ptr<client::sql::Database> database;
  client::redis::testing::RedisServer server;
  client::redis::Client store;
  toolkit::Cache cache;
};

}  // namespace weir::shop
