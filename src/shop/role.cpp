#include "shop/role.h"

#include <fmt/format.h>
#include <boost/asio/this_coro.hpp>

#include "base/bytes.h"
#include "base/log.h"
#include "runtime/file.h"
#include "runtime/io_thread.h"
#include "runtime/signals.h"
#include "shop/api.h"
#include "shop/schema.h"
#include "shop/settings.h"

namespace weir::shop {

using base::Result;
using runtime::Task;

namespace {

constexpr std::uint64_t kLargestSettings = 1 << 20;
constexpr base::Duration kMigrationTimeout = std::chrono::minutes(1);

constexpr std::string_view kHelp = R"(usage: weir shop api shop.toml

The reference shop. api: its HTTP interface, with /metrics and /healthz beside it; any number of processes may share a
database and a store. Without the store it goes on, answered by the database. SIGTERM and SIGINT end it after the
requests under way.

  POST /items         {"id": "85123A", "name": "Holder", "price_cents": 255, "currency": "GBP"}
  GET /items/{id}     X-Cache says how the store took part: hit, miss or bypass

  listen = "127.0.0.1:8081"
  log_level = "info"              debug, info, warning or error
  currency = "EUR"                of items that name none
  [store]                         Redis, Valkey or weir store
  address = "127.0.0.1:6379"      or "[IPv6]:port", "name:port", "unix:/path"
  user = ""                       empty: the default user
  password = ""                   empty: none
  timeout = "100ms"               for a call; later, the database answers
  [database]
  path = "shop.db"                SQLite, created if it is not there
  [cache]
  expiry = "10m"                  also the longest time for which an old value may be served
  negative_expiry = "10s"         of items that are not there
  [limits]
  connections = 1000              beyond it 503
  body_bytes = 65536              else 413
  loads = 64                      from the database into the cache at a time; beyond it 503
  database_queue = 1000           statements that wait for the database; beyond it 503
  request = "5s"                  for the work of a request
  drain = "10s"                   for the requests under way when it stops
)";

Result<Settings> read_settings(const std::string& path) {
  runtime::RealFiles files;
  const Result<std::string> text = runtime::read_whole(files, path, kLargestSettings);
  if (!text) return text.error();
  return parse_settings(path, *text);
}

// Until SIGTERM or SIGINT.
Task<Result<void>> serve_api(Settings settings) {
  const runtime::Executor executor = co_await boost::asio::this_coro::executor;
  client::sql::DatabaseOptions options{.sqlite = {.path = settings.database.path},
                                       .max_queued = settings.limits.database_queue};
  auto database = client::sql::Database::open(options);
  if (!database) co_return database.error();
  const auto migrated = co_await migrate(**database, runtime::deadline_after(kMigrationTimeout));
  if (!migrated) co_return migrated.error().within(settings.database.path);

  Api api(executor, settings, *std::move(database), base::Random::from_entropy());
  const auto started = api.start();
  if (started) {
    base::log::info("listening on {}, database {}, store {}", api.local().to_string(), settings.database.path,
                    settings.store.address);
    const int number = co_await runtime::wait_for_termination();
    base::log::info("signal {}: stopping", number);
  }
  co_await api.stop(runtime::deadline_after(settings.limits.drain));
  if (started) base::log::info("stopped");
  co_return started;
}

}  // namespace

int run_shop(std::span<const std::string_view> arguments) {
  const auto is_help = [](std::string_view word) { return word == "--help" || word == "-h"; };
  if (!arguments.empty() && arguments.size() <= 2 && is_help(arguments.back())) {
    fmt::print("{}", kHelp);
    return 0;
  }
  const auto fail = [](int status, std::string_view why) {
    fmt::print(stderr, "weir shop: {}\n", why);
    return status;
  };
  if (arguments.empty() || arguments[0] != "api") {
    return fail(2, fmt::format("expected a part, api{} (weir shop --help)",
                               arguments.empty() ? "" : fmt::format(", not '{}'", base::printable(arguments[0]))));
  }
  if (arguments.size() != 2) return fail(2, "api: expected one argument, the settings file (weir shop --help)");
  Result<Settings> settings = read_settings(std::string(arguments[1]));
  if (!settings) return fail(2, settings.error().text());
  base::log::start("shop", settings->log_level);
  const Result<void> ended = runtime::run(serve_api(*std::move(settings)));
  if (!ended) return fail(1, ended.error().text());
  return 0;
}

}  // namespace weir::shop
