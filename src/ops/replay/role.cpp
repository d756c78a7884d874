#include "ops/replay/role.h"

#include <fmt/format.h>
#include <charconv>

#include <CLI/CLI.hpp>

#include "base/log.h"
#include "ops/command_line.h"
#include "ops/replay/replay.h"
#include "ops/up/running.h"
#include "runtime/io_thread.h"

namespace weir::ops {

using base::Result;

namespace {

// "20000x", or "max" for as fast as it goes.
Result<std::optional<double>> parse_speed(const std::string& text) {
  if (text == "max") return std::optional<double>();
  double factor = 0;
  const char* end = text.data() + text.size() - 1;
  const auto [stop, code] = std::from_chars(text.data(), end, factor);
  if (!text.ends_with('x') || code != std::errc() || stop != end || !(factor > 0)) {
    return base::reject(fmt::format("--speed {}: expected a factor like 20000x, or max", text));
  }
  return std::optional(factor);
}

}  // namespace

int run_replay(std::span<const std::string_view> arguments) {
  CLI::App app(
      "Puts the articles of real invoices into the shop's catalogue, then asks for them in the invoices' order through "
      "the gateway, and reports rate, latency, errors and cache hits.");
  ReplaySettings settings;
  std::string data = "weir-data";
  std::string speed = "max";
  app.add_option("--orders", settings.orders,
                 "CSV file, plain or .zst, with the columns InvoiceNo, StockCode, Description, Quantity, InvoiceDate, "
                 "UnitPrice, CustomerID, Country")
      ->required();
  app.add_option("--data", data, "data directory of the running system")->capture_default_str();
  app.add_option("--gateway", settings.gateway, "HOST:PORT of a gateway, instead of the one that --data leads to");
  app.add_option("--speed", speed, "how much faster than the invoices' own times: 20000x, or max")
      ->capture_default_str();
  app.add_option("--limit", settings.limit, "replay at most so many lines")->check(CLI::PositiveNumber);
  app.add_option("--connections", settings.connections, "requests under way at the same time")
      ->capture_default_str()
      ->check(CLI::Range(1, 10'000));
  if (const auto status = parse_command_line(app, "replay", arguments)) return *status;
  const auto fail = [](int status, const base::Error& error) {
    fmt::print(stderr, "weir replay: {}\n", error.text());
    return status;
  };
  const auto factor = parse_speed(speed);
  if (!factor) return fail(2, factor.error());
  settings.speed = *factor;
  base::log::start("replay", base::log::Level::kWarning);
  if (settings.gateway.empty()) {
    const Result<RunningSystem> running = find_running(data);
    if (!running) return fail(1, running.error().within("start one with `weir up`, or name one with --gateway"));
    settings.gateway = running->gateway;
  }
  const Result<ReplayReport> report = runtime::run(replay_orders(std::move(settings)));
  if (!report) return fail(1, report.error());
  fmt::print("{}", report->to_text());
  return 0;
}

}  // namespace weir::ops
