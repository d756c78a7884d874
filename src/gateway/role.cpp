#include "gateway/role.h"

#include <sys/resource.h>

#include <algorithm>
#include <thread>

#include <fmt/format.h>

#include "base/log.h"
#include "gateway/server/worker.h"
#include "gateway/settings.h"
#include "runtime/file.h"
#include "serve/side.h"

namespace weir::gateway {

using base::Result;

namespace {

constexpr std::uint64_t kLargestSettings = 16 << 20;

constexpr std::string_view kHelp = R"(usage: weir gateway gateway.toml

A strict HTTP/1.1 gateway. SIGTERM and SIGINT end it after the requests under way (at most drain_timeout).

  listen = ["127.0.0.1:8080"]     where clients connect
  admin = ""                      "host:port" of /metrics and /healthz; empty: none
  workers = 1                     event loops, each on a thread of its own
  max_connections = 10000         clients, a worker; beyond it they get 503
  event_loop = "auto"             auto, epoll or io_uring
  log_level = "info"              debug, info, warning or error
  head_timeout = "10s"            for the whole head of a request
  body_timeout = "30s"            without a byte of a body, or with a reader that takes none
  idle_timeout = "75s"            between requests
  drain_timeout = "10s"           for the requests under way when it stops
  [limits]
  head_bytes = 16384              else 431
  fields = 100                    else 431
  target_bytes = 8192             else 414
  body_bytes = 1048576            else 413
  [upstream.NAME]
  addresses = ["127.0.0.1:9000"]
  connect_timeout = "1s"
  max_connections = 1024          a worker; beyond it requests get 503
  max_idle_connections = 512
  idle_timeout = "60s"
  [[route]]
  path = "/items"                 a prefix, by whole segments
  host = ""                       empty: any
  upstream = "NAME"
  name = "/items"                 in metrics and logs
  timeout = "15s"                 from the whole request until the response begins, else 504
)";

Result<Settings> read_settings(const std::string& path) {
  runtime::RealFiles files;
  const Result<std::string> text = runtime::read_whole(files, path, kLargestSettings);
  if (!text) return text.error();
  return parse_settings(path, *text);
}

// Every client and upstream is a descriptor, and a process has 1,024 of them unless it asks for more.
void allow_descriptors(const Settings& settings) {
  constexpr rlim_t kOthers = 512;
  rlim_t needed = settings.max_connections + kOthers;
  for (const UpstreamSpec& upstream : settings.upstreams) needed += upstream.max_connections;
  needed *= settings.workers;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= needed) return;
  limit.rlim_cur = std::min(needed, limit.rlim_max);
  if (::setrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur == needed) return;
  base::log::warning("max_connections of all workers need {} descriptors, the process may have {} (ulimit -n)", needed,
                     limit.rlim_cur);
}

}  // namespace

int run_gateway(std::span<const std::string_view> arguments) {
  if (arguments.size() == 1 && (arguments[0] == "--help" || arguments[0] == "-h")) {
    fmt::print("{}", kHelp);
    return 0;
  }
  if (arguments.size() != 1) {
    fmt::print(stderr, "weir gateway: expected one argument, the settings file (weir gateway --help)\n");
    return 2;
  }
  const auto fail = [](int status, const base::Error& error) {
    fmt::print(stderr, "weir gateway: {}\n", error.text());
    return status;
  };
  const Result<Settings> settings = read_settings(std::string(arguments[0]));
  if (!settings) return fail(2, settings.error());
  base::log::start("gateway", settings->log_level);
  allow_descriptors(*settings);
  const Result<RouteTable> table = RouteTable::build(settings->upstreams, settings->routes);
  if (!table) return fail(2, table.error());

  base::Metrics metrics;
  std::vector<std::unique_ptr<Worker>> workers;
  for (std::size_t i = 0; i < settings->workers; ++i) {
    Result<std::unique_ptr<Worker>> worker = Worker::create(*settings, *table, i, metrics);
    if (!worker) return fail(1, worker.error());
    workers.push_back(std::move(*worker));
  }
  serve::Health health;
  health.add("workers", [&workers]() -> Result<void> {
    for (std::size_t i = 0; i < workers.size(); ++i) {
      if (!workers[i]->alive()) return base::retry(fmt::format("worker {} has not come round for two seconds", i));
    }
    return {};
  });
  serve::Side side("gateway", metrics, health);
  const Result<void> started = side.start(settings->admin, [&workers] {
    for (const auto& worker : workers) worker->stop();
  });
  if (!started) return fail(1, started.error());
  for (const std::string& address : settings->listen) {
    base::log::info("listening on {} ({} workers, {})", address, workers.size(), workers[0]->engine());
  }
  std::vector<std::jthread> threads;
  for (std::size_t i = 1; i < workers.size(); ++i) threads.emplace_back([worker = workers[i].get()] { worker->run(); });
  workers[0]->run();
  threads.clear();
  side.stop();
  return 0;
}

}  // namespace weir::gateway
