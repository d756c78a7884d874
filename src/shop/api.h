// Api: the shop's HTTP interface, one process of any number that share a database and a store.
//
//   HTTP --> serve::Server --> handler --> use case --> cache --> store
//                                             |           |
//                                             +-----------+-----> database, on a thread of its own
//
// Healthy while the database answers. Without the store it is slower, not broken: the gauge weir_shop_degraded tells.
// One loop.
#pragma once

#include <memory>

#include "base/metrics.h"
#include "client/redis/client.h"
#include "client/sql/database.h"
#include "serve/built_in.h"
#include "serve/server.h"
#include "shop/database_watch.h"
#include "shop/http.h"
#include "shop/items/create_item.h"
#include "shop/items/read_item.h"
#include "shop/settings.h"
#include "toolkit/cache/cache.h"

namespace weir::shop {

class Api {
 public:
  // The database has been migrated; the executor outlives it, and this.
  Api(runtime::Executor executor, const Settings& settings, std::unique_ptr<client::sql::Database> database,
      base::Random random);
  // Requires: stop() has returned, or start() was never called.
  ~Api() = default;

  // An error, after which stop() is called too, names what cannot be had: the address that is taken.
  base::Result<void> start();
  runtime::Endpoint local() const { return server_.local(); }

  // Answers the requests under way, at most until `deadline`, and ends all that runs here.
  runtime::Task<void> stop(base::MonoTime deadline);

 private:
  serve::Router routes();

  // Fixed after construction.
  const runtime::Executor executor_;
  const std::string currency_;

  // In the order in which each needs those before it.
  base::Metrics metrics_;
  serve::Health health_;
  std::unique_ptr<client::sql::Database> database_;
  client::redis::Client store_;
  toolkit::Cache item_cache_;
  DatabaseWatch database_watch_;
  Failures failures_;
  ReadItem read_item_;
  CreateItem create_item_;
  serve::Server server_;
};

}  // namespace weir::shop
