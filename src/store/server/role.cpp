#include "store/server/role.h"

#include <filesystem>

#include <fmt/format.h>

#include "base/log.h"
#include "runtime/file.h"
#include "serve/side.h"
#include "store/persist/check_aof.h"
#include "store/persist/check_rdb.h"
#include "store/server/server.h"
#include "store/settings/config_text.h"
#include "store/settings/directives.h"

namespace weir::store {

using base::Result;

namespace {

constexpr std::uint64_t kLargestConfig = 16 << 20;

void print_help() {
  fmt::print(
      "usage: weir store [redis.conf] [--DIRECTIVE VALUE...]\n"
      "       weir store check-rdb FILE\n"
      "       weir store check-aof [--fix] FILE|MANIFEST\n\n"
      "A store that speaks Redis's protocol (RESP2 and RESP3). Settings are Redis's directives; the command line "
      "overrides\nthe file. CONFIG SET changes those marked with * while the store runs.\n\n");
  const Settings defaults;
  for (const Directive& directive : directives()) {
    fmt::print("  {:<20}{} {}\n", directive.name, directive.changeable ? '*' : ' ', directive.summary);
    const std::string value = directive.get(defaults);
    fmt::print("  {:22}{} (default: {})\n", "", directive.expects, value.empty() ? "none" : value);
  }
}

struct Configured {
  Settings settings;
  std::string file;  // Empty: there was none.
};

Result<Configured> read_settings(std::span<const std::string_view> arguments) {
  Configured configured;
  auto& [settings, path] = configured;
  if (!arguments.empty() && !arguments[0].starts_with("--")) {
    path = arguments[0];
    runtime::RealFiles files;
    const Result<std::string> text = runtime::read_whole(files, path, kLargestConfig);
    if (!text) return text.error();
    if (auto applied = apply_config_text(settings, path, *text); !applied) return applied.error();
    arguments = arguments.subspan(1);
  }
  if (auto applied = apply_command_line(settings, arguments); !applied) return applied.error();
  return configured;
}

base::log::Level log_level(std::string_view loglevel) {
  if (loglevel == "debug" || loglevel == "verbose") return base::log::Level::kDebug;
  return loglevel == "warning" ? base::log::Level::kWarning : base::log::Level::kInfo;
}

}  // namespace

int run_store(std::span<const std::string_view> arguments) {
  if (!arguments.empty() && (arguments[0] == "--help" || arguments[0] == "-h")) {
    print_help();
    return 0;
  }
  if (!arguments.empty() && arguments[0] == "check-rdb") return run_check_rdb(arguments.subspan(1));
  if (!arguments.empty() && arguments[0] == "check-aof") return run_check_aof(arguments.subspan(1));
  Result<Configured> configured = read_settings(arguments);
  if (!configured) {
    fmt::print(stderr, "weir store: {}\n", configured.error().text());
    return 2;
  }
  Settings& settings = configured->settings;
  std::error_code error;
  const std::filesystem::path directory = std::filesystem::canonical(settings.dir, error);
  if (error) {
    fmt::print(stderr, "weir store: dir {}: {}\n", settings.dir, error.message());
    return 1;
  }
  settings.dir = directory.string();
  base::log::start("store", log_level(settings.loglevel));
  const base::RealClock clock;
  const std::string admin = settings.admin;
  const Result<std::unique_ptr<Server>> server =
      Server::create(std::move(settings), std::move(configured->file), clock);
  if (!server) {
    fmt::print(stderr, "weir store: {}\n", server.error().text());
    return 1;
  }
  base::Metrics metrics;
  (*server)->publish(metrics);
  serve::Health health;
  health.add("data_thread", [&server]() -> Result<void> {
    if ((*server)->alive()) return {};
    return base::retry("the data thread has not come round for two seconds");
  });
  serve::Side side("store", metrics, health);
  if (Result<void> started = side.start(admin, [&server] { (*server)->end(); }); !started) {
    fmt::print(stderr, "weir store: {}\n", started.error().text());
    return 1;
  }
  const Result<void> ran = (*server)->run();
  side.stop();
  if (!ran) {
    fmt::print(stderr, "weir store: {}\n", ran.error().text());
    return 1;
  }
  return 0;
}

}  // namespace weir::store
