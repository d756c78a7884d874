// weir-load: a load client that is cheaper than the servers it saturates.
#include <sys/prctl.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "load/http_workload.h"
#include "load/report.h"
#include "load/resp_workload.h"
#include "load/run.h"

namespace {

using namespace weir;

struct Settings {
  std::string target;
  load::RunOptions run;
  double seconds = 0;
  double warmup_seconds = 0;
  bool human = false;
  load::RespOptions resp;
  load::HttpOptions http;
};

void add_run_options(CLI::App& app, Settings& settings) {
  app.add_option("target", settings.target, "HOST:PORT (numeric), [IPv6]:PORT or unix:PATH")->required();
  app.add_option("-c,--connections", settings.run.connections, "Connections, all on one thread")
      ->check(CLI::Range(1, 60'000))
      ->capture_default_str();
  app.add_option("-P,--pipeline", settings.run.pipeline, "Requests sent at once on a connection")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  app.add_option("-r,--rate", settings.run.rate,
                 "Open loop: requests a second over all connections, latency counted from the moment each was due. "
                 "0: closed loop, as fast as replies come")
      ->check(CLI::NonNegativeNumber);
  app.add_option("-n,--requests", settings.run.requests, "Stop when so many are answered");
  app.add_option("-t,--seconds", settings.seconds, "Stop after this time (10 if there is no other limit)")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--warmup", settings.warmup_seconds, "Seconds of load before counting begins")
      ->check(CLI::NonNegativeNumber);
  app.add_flag("--human", settings.human, "Text instead of one JSON object");
}

void add_resp_options(CLI::App& app, load::RespOptions& resp) {
  app.add_option("--mix", resp.mix, "ping, get, set, incr, or several with weights: get=9,set=1")
      ->capture_default_str();
  app.add_option("--command", resp.command,
                 "Instead of --mix: a command, for example 'HSET user:__key__ name __value__'");
  app.add_option("--keys", resp.keys, "Size of the key space")->capture_default_str();
  app.add_flag("--keys-in-order", resp.keys_in_order, "Every key in turn instead of random ones (to fill a store)");
  app.add_option("--value-bytes", resp.value_bytes, "Size of the values that are set")->capture_default_str();
  app.add_option("--seed", resp.seed, "Of the random keys and the mix")->capture_default_str();
}

void add_http_options(CLI::App& app, load::HttpOptions& http) {
  app.add_option("--method", http.method)->capture_default_str();
  app.add_option("--path", http.path, "May hold __key__, a random number below --keys")->capture_default_str();
  app.add_option("--host", http.host, "The Host field (the target, if not given)");
  app.add_option("-H,--header", http.headers, "NAME: VALUE, any number of times");
  app.add_option("--body", http.body, "May hold __key__");
  app.add_option("--keys", http.keys, "Size of the key space")->capture_default_str();
  app.add_option("--seed", http.seed, "Of the random keys")->capture_default_str();
}

int fail(const base::Error& error, int status) {
  std::fprintf(stderr, "weir-load: %s\n", error.text().c_str());
  return status;
}

base::Duration seconds(double count) { return base::Duration(static_cast<std::int64_t>(count * 1e9)); }

}  // namespace

int main(int argc, char** argv) {
  constexpr int kUsage = 2;
  Settings settings;
  CLI::App app("Loads a server and prints rate and latencies.", "weir-load");
  app.require_subcommand(1);
  CLI::App& resp = *app.add_subcommand("resp", "A Redis-like server");
  CLI::App& http = *app.add_subcommand("http", "An HTTP/1.1 server");
  add_run_options(resp, settings);
  add_run_options(http, settings);
  add_resp_options(resp, settings.resp);
  add_http_options(http, settings.http);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsage;
  }

  const auto target = runtime::Endpoint::parse(settings.target);
  if (!target) return fail(target.error(), kUsage);
  settings.run.target = *target;
  if (settings.seconds == 0 && settings.run.requests == 0) settings.seconds = 10;
  settings.run.duration = seconds(settings.seconds);
  settings.run.warmup = seconds(settings.warmup_seconds);
  if (settings.http.host.empty()) settings.http.host = settings.target;

  auto workload = resp.parsed() ? load::RespWorkload::create(settings.resp) : load::HttpWorkload::create(settings.http);
  if (!workload) return fail(workload.error(), kUsage);

  // Linux lets timers be 50 us late unless told otherwise: too coarse for pacing requests.
  ::prctl(PR_SET_TIMERSLACK, 1000);
  const auto result = load::run_load(settings.run, **workload);
  if (!result) return fail(result.error(), 1);
  const std::string report =
      settings.human ? load::report_text(settings.run, *result) : load::report_json(settings.run, *result) + "\n";
  std::fputs(report.c_str(), stdout);
  return 0;
}
