#include "shop/api.h"

namespace weir::shop {

using base::Result;
using runtime::Task;
using serve::Request;

namespace {

base::Random split(base::Random& random) { return base::Random(random()); }

client::redis::ClientOptions store_options(const Settings::Store& store) {
  client::redis::ClientOptions options;
  options.address = store.address;
  options.user = store.user;
  options.password = store.password;
  options.name = "weir-shop";
  // A store that stands still costs every read the timeout until it is taken for lost.
  options.stall_timeout = std::max<base::Duration>(10 * store.timeout, std::chrono::seconds(1));
  return options;
}

toolkit::CacheOptions cache_options(const Settings& settings) {
  return {.name = "items",
          .expiry = settings.cache.expiry,
          .negative_expiry = settings.cache.negative_expiry,
          .store_timeout = settings.store.timeout,
          .load_timeout = settings.limits.request,
          .max_loads = settings.limits.loads};
}

serve::ServerOptions server_options(const Settings& settings) {
  serve::ServerOptions options;
  options.listen = settings.listen;
  options.max_connections = settings.limits.connections;
  options.limits.body_bytes = settings.limits.body_bytes;
  options.handler_timeout = settings.limits.request + kAnswerMargin;
  return options;
}

}  // namespace

Api::Api(runtime::Executor executor, const Settings& settings, std::unique_ptr<client::sql::Database> database,
         base::Random random)
    : executor_(std::move(executor)),
      currency_(settings.currency),
      database_(std::move(database)),
      store_(executor_, store_options(settings.store), split(random)),
      item_cache_(executor_, store_, cache_options(settings), split(random), metrics_),
      database_watch_(*database_, {}),
      read_item_(item_cache_, *database_),
      create_item_(item_cache_, *database_),
      server_(executor_, server_options(settings), routes(), metrics_, "shop") {
  store_.publish(metrics_);
  metrics_.gauge_from(
      {"weir_shop_degraded", "1: this part is away, and the shop goes on without it.", {{"part", "store"}}},
      [this] { return store_.is_up() ? 0.0 : 1.0; });
  metrics_.gauge_from({"weir_shop_database_queued", "Statements that wait for the database.", {}},
                      [this] { return static_cast<double>(database_->queued()); });
  health_.add("database", [this] { return database_watch_.check(); });
}

serve::Router Api::routes() {
  serve::Router router;
  router.add("GET", "/items/{id}",
             [this](Request request) { return handle_read_item(read_item_, failures_, std::move(request)); });
  router.add("POST", "/items", [this](Request request) {
    return handle_create_item(create_item_, failures_, currency_, std::move(request));
  });
  serve::add_built_in(router, metrics_, health_);
  return router;
}

Result<void> Api::start() {
  // Whatever can fail comes first, so that a start that fails has left no trace. Nobody is served before this returns.
  if (Result<void> started = server_.start(); !started) return started;
  store_.start();
  database_watch_.start(executor_);
  return {};
}

Task<void> Api::stop(base::MonoTime deadline) {
  co_await server_.stop(deadline);
  // Nobody asks any more.
  co_await item_cache_.stop(runtime::mono_now());
  co_await database_watch_.stop();
  co_await store_.stop(runtime::mono_now());
}

}  // namespace weir::shop
