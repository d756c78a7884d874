#include "ops/up/role.h"

#include <signal.h>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "base/log.h"
#include "base/toml.h"
#include "client/http/client.h"
#include "ops/command_line.h"
#include "ops/up/running.h"
#include "ops/up/system.h"
#include "runtime/io_thread.h"

namespace weir::ops {

using base::Result;
using runtime::Task;
using namespace std::chrono_literals;

namespace {

constexpr base::Duration kStopWithin = 60s;

Result<UpSettings> read_up_file(const std::string& path) {
  runtime::RealFiles files;
  const Result<std::string> text = runtime::read_whole(files, path, 1 << 20);
  if (!text) return text.error();
  const Result<base::Toml> toml = base::Toml::parse(path, *text);
  if (!toml) return toml.error();
  base::TomlTable root = toml->root();
  UpSettings settings;
  settings.data = root.text("data", settings.data);
  settings.base_port =
      static_cast<std::uint16_t>(root.integer("base_port", settings.base_port, 1024, 65'536 - kPortRange));
  settings.log_level = root.text("log_level", settings.log_level);
  if (Result<void> finished = toml->finish(); !finished) return finished.error();
  return settings;
}

// The executable that runs now: the parts are other processes of the same.
std::string own_executable() {
  char path[4096];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof path);
  return length > 0 ? std::string(path, static_cast<std::size_t>(length)) : "weir";
}

Task<Result<client::http::Response>> get(std::string address, std::string target) {
  client::http::Client client({.address = std::move(address)});
  client::http::Request request{.target = std::move(target), .fields = {{"Connection", "close"}}};
  auto response = co_await client.send(std::move(request), runtime::deadline_after(5s));
  co_return response;
}

int fail(std::string_view command, const base::Error& error) {
  fmt::print(stderr, "weir {}: {}\n", command, error.text());
  return 1;
}

}  // namespace

int run_up(std::span<const std::string_view> arguments) {
  CLI::App app(
      "Starts a store, the shop and a gateway on loopback, keeps them up until Ctrl-C, and shows what happens.");
  std::string file;
  std::string data;
  std::string log_level;
  std::uint16_t base_port = 0;
  app.add_option("settings", file, "weir.toml with data, base_port and log_level; options overrule it");
  app.add_option("--data", data, "directory of all data, settings files and logs (default: weir-data)");
  app.add_option("--base-port", base_port, "first of the 100 ports that the parts use (default: 7700)")
      ->check(CLI::Range(1024, 65'536 - kPortRange));
  app.add_option("--log-level", log_level, "of the parts: debug, info, warning or error (default: info)");
  if (const auto status = parse_command_line(app, "up", arguments)) return *status;
  Result<UpSettings> settings = file.empty() ? Result<UpSettings>(UpSettings()) : read_up_file(file);
  if (!settings) {
    fmt::print(stderr, "weir up: {}\n", settings.error().text());
    return 2;
  }
  if (!data.empty()) settings->data = data;
  if (base_port != 0) settings->base_port = base_port;
  if (!log_level.empty()) settings->log_level = log_level;
  if (const auto level = base::log::parse_level(settings->log_level); !level) {
    fmt::print(stderr, "weir up: {}\n", level.error().text());
    return 2;
  }
  base::log::start("up", base::log::Level::kWarning);
  System system(*std::move(settings), own_executable());
  return runtime::run(system.run());
}

int run_status(std::span<const std::string_view> arguments) {
  CLI::App app("Shows the parts of the system that `weir up` runs on a data directory.");
  std::string data = UpSettings().data;
  bool as_json = false;
  app.add_option("--data", data, "the data directory")->capture_default_str();
  app.add_flag("--json", as_json, "as JSON");
  if (const auto status = parse_command_line(app, "status", arguments)) return *status;
  const Result<RunningSystem> running = find_running(data);
  if (!running) return fail("status", running.error());
  const auto response = runtime::run(get(running->status, as_json ? "/status" : "/status.txt"));
  if (!response) return fail("status", response.error());
  fmt::print("{}", response->body);
  return 0;
}

int run_stop(std::span<const std::string_view> arguments) {
  CLI::App app("Stops the system that `weir up` runs on a data directory, and waits until it has.");
  std::string data = UpSettings().data;
  app.add_option("--data", data, "the data directory")->capture_default_str();
  if (const auto status = parse_command_line(app, "stop", arguments)) return *status;
  const Result<RunningSystem> running = find_running(data);
  if (!running) {
    fmt::print("{}\n", running.error().text());
    return 0;
  }
  if (kill(static_cast<pid_t>(running->pid), SIGTERM) != 0) {
    return fail("stop",
                base::system_error(base::ErrorKind::kFatal, fmt::format("signal process {}", running->pid), errno));
  }
  const base::MonoTime deadline = runtime::deadline_after(kStopWithin);
  while (runtime::mono_now() < deadline) {
    if (!find_running(data)) {
      fmt::print("stopped\n");
      return 0;
    }
    runtime::run(runtime::sleep_for(20ms));
  }
  return fail("stop", base::retry(fmt::format("process {} still runs after {} s", running->pid, kStopWithin / 1s)));
}

}  // namespace weir::ops
