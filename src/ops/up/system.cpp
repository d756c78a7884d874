#include "ops/up/system.h"

#include <signal.h>
#include <unistd.h>

#include <cstdio>

#include <fmt/format.h>

#include "base/log.h"
#include "base/random.h"
#include "client/http/client.h"
#include "runtime/signals.h"
#include "runtime/socket.h"

namespace weir::ops {

using base::Result;
using runtime::Task;
using Kind = SupervisorAction::Kind;
using namespace std::chrono_literals;

namespace {

constexpr base::Duration kProbeTimeout = 1s;
constexpr base::Duration kLogCheck = 30s;
// A part's log beyond this becomes NAME.log.1, in place of an older one.
constexpr std::uint64_t kLargestLog = 64 << 20;
// How much of a part's log is shown when the first start fails.
constexpr std::size_t kShownLog = 2000;

std::vector<PartSpec> specs_of(const Plan& plan) {
  std::vector<PartSpec> specs;
  for (const PlannedPart& part : plan.parts) specs.push_back(part.spec);
  return specs;
}

double seconds(base::Duration duration) { return std::chrono::duration<double>(duration).count(); }

void say(std::string_view line) {
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

// Moves what a log holds to "PATH.1". The part goes on appending to the same file.
Result<void> rotate_log(runtime::Files& files, const std::string& path) {
  const auto log = files.open(path, runtime::OpenMode::kReadWrite);
  if (!log) return log.error();
  const auto size = (*log)->size();
  if (!size) return size.error();
  if (*size <= kLargestLog) return {};
  const auto old = files.open(path + ".1", runtime::OpenMode::kReplace);
  if (!old) return old.error();
  std::string block(1 << 20, '\0');
  for (std::uint64_t at = 0; at < *size;) {
    const auto count = (*log)->read(at, block);
    if (!count) return count.error();
    if (*count == 0) break;
    if (auto written = (*old)->append(std::string_view(block).substr(0, *count)); !written) return written.error();
    at += *count;
  }
  return (*log)->truncate(0);
}

}  // namespace

std::string up_file_path(const std::string& data) { return data + "/up.toml"; }
std::string lock_path(const std::string& data) { return data + "/up.lock"; }

System::System(UpSettings settings, std::string executable)
    : settings_(std::move(settings)),
      executable_(std::move(executable)),
      plan_(make_plan(settings_)),
      began_(runtime::mono_now()),
      supervisor_(specs_of(plan_), base::Random::from_entropy()()),
      processes_(plan_.parts.size()) {}

System::~System() = default;

Task<int> System::run() {
  const runtime::Executor executor = co_await boost::asio::this_coro::executor;
  Result<void> ready = prepare();
  if (ready) ready = start_status_server(executor);
  if (!ready) {
    fmt::print(stderr, "weir up: {}\n", ready.error().text());
    co_return 1;
  }
  runtime::spawn(gate_, executor, wait_for_signals(), "signals");
  runtime::spawn(gate_, executor, bound_logs(), "logs");
  supervisor_.begin(runtime::mono_now());
  while (true) {
    for (const SupervisorAction& action : supervisor_.take_actions()) perform(action, executor);
    if (done_) break;
    if (wake_.is_set()) {
      wake_.reset();
      continue;
    }
    const base::MonoTime due = supervisor_.next_tick().value_or(runtime::kNever);
    const bool woken = co_await wake_.wait(due);
    if (woken) {
      wake_.reset();
    } else {
      supervisor_.tick(runtime::mono_now());
    }
  }
  co_await gate_.stop(runtime::mono_now());
  co_await status_server_->stop(runtime::deadline_after(1s));
  if (Result<void> removed = files_.remove(up_file_path(settings_.data)); !removed) {
    base::log::warning("{}", removed.error().text());
  }
  say("stopped");
  co_return failed_ ? 1 : 0;
}

Result<void> System::prepare() {
  if (auto created = files_.create_directory(settings_.data + "/logs"); !created) return created.error();
  auto lock = files_.lock(lock_path(settings_.data));
  if (!lock) {
    return base::reject(
        fmt::format("another `weir up` runs on {0} (weir status --data {0} shows it, weir stop --data {0} ends it)",
                    settings_.data));
  }
  lock_ = std::move(*lock);
  if (Result<void> free = check_ports(); !free) return free.error();
  for (const PlannedPart& part : plan_.parts) {
    if (!part.directory.empty()) {
      if (auto created = files_.create_directory(part.directory); !created) return created.error();
    }
    for (const PlannedFile& file : part.files) {
      if (auto written = runtime::replace_whole(files_, file.path, file.text); !written) return written.error();
    }
  }
  return runtime::replace_whole(files_, up_file_path(settings_.data), up_file(plan_, getpid()));
}

Result<void> System::check_ports() const {
  std::vector<PlannedPort> ports = {plan_.status_port};
  for (const PlannedPart& part : plan_.parts) ports.insert(ports.end(), part.ports.begin(), part.ports.end());
  for (const PlannedPort& port : ports) {
    if (runtime::listening_socket(runtime::Endpoint::loopback(port.port), {})) continue;
    return base::reject(
        fmt::format("port {} ({}) is taken by another process: choose other ports with --base-port N (now {}; it needs "
                    "{} from N on)",
                    port.port, port.purpose, settings_.base_port, kPortRange));
  }
  return {};
}

Result<void> System::start_status_server(runtime::Executor executor) {
  for (PartIndex i = 0; i < supervisor_.size(); ++i) {
    const std::string name = supervisor_.view(i).name;
    metrics_.gauge_from({"weir_up_part_healthy", "Whether the part answers its health check.", {{"part", name}}},
                        [this, i] { return supervisor_.view(i).state == PartState::kHealthy ? 1.0 : 0.0; });
    metrics_.counter_from({"weir_up_part_restarts_total", "How often the part was started again.", {{"part", name}}},
                          [this, i] { return supervisor_.view(i).restarts; });
    health_.add(name, [this, i]() -> Result<void> {
      const Supervisor::View view = supervisor_.view(i);
      if (view.state == PartState::kHealthy) return {};
      return base::retry(std::string(to_string(view.state)));
    });
  }
  serve::Router router;
  serve::add_built_in(router, metrics_, health_);
  const auto give = [](serve::Response response) -> Task<serve::Response> { co_return response; };
  router.add("GET", "/status", [this, give](serve::Request) { return give(serve::json(status_json())); });
  router.add("GET", "/status.txt", [this, give](serve::Request) { return give(serve::text(status_text())); });
  const auto endpoint = runtime::Endpoint::parse(plan_.status);
  if (!endpoint) return endpoint.error();
  status_server_ = std::make_unique<serve::Server>(executor, serve::ServerOptions{.listen = *endpoint},
                                                   std::move(router), metrics_, "up");
  return status_server_->start();
}

void System::perform(const SupervisorAction& action, runtime::Executor executor) {
  const auto signal_part = [&](int number) {
    runtime::Process* process = processes_[action.part].get();
    if (process == nullptr) return;
    if (Result<void> sent = process->signal(number); !sent) base::log::warning("{}", sent.error().text());
  };
  switch (action.kind) {
    case Kind::kStart: start_part(action.part, executor); break;
    case Kind::kProbe: runtime::spawn(gate_, executor, probe(action.part), "probe"); break;
    case Kind::kTerminate: signal_part(SIGTERM); break;
    case Kind::kKill: signal_part(SIGKILL); break;
    case Kind::kShow: show(action.part, action.text); break;
    case Kind::kReady: show_ready(); break;
    case Kind::kGiveUp:
      failed_ = true;
      fmt::print(stderr, "weir up: {}; stopping\n", action.text);
      show_end_of_log(action.part);
      break;
    case Kind::kDone: done_ = true; break;
  }
}

void System::start_part(PartIndex index, runtime::Executor executor) {
  const PlannedPart& part = plan_.parts[index];
  runtime::ProcessOptions options{.argv = {executable_}, .output_file = log_path(index), .own_group = true};
  options.argv.insert(options.argv.end(), part.arguments.begin(), part.arguments.end());
  Result<runtime::Process> process = runtime::Process::start(executor, std::move(options));
  if (!process) {
    supervisor_.exited(index, process.error().text(), runtime::mono_now());
    wake_.set();
    return;
  }
  processes_[index] = std::make_unique<runtime::Process>(std::move(*process));
  runtime::spawn(gate_, executor, wait_for_exit(index), "exit of " + part.spec.name);
}

Task<void> System::wait_for_exit(PartIndex index) {
  const Result<runtime::ExitStatus> status = co_await processes_[index]->wait();
  processes_[index].reset();
  supervisor_.exited(index, status ? status->to_string() : status.error().text(), runtime::mono_now());
  wake_.set();
}

Task<void> System::probe(PartIndex index) {
  client::http::Client client({.address = plan_.parts[index].health, .max_connections = 1});
  client::http::Request request{.target = "/healthz", .fields = {{"Connection", "close"}}};
  const Result<client::http::Response> response =
      co_await client.send(std::move(request), runtime::deadline_after(kProbeTimeout));
  supervisor_.probed(index, response && response->status == 200, runtime::mono_now());
  wake_.set();
}

Task<void> System::wait_for_signals() {
  co_await runtime::wait_for_termination();
  say("stopping (again: at once)");
  supervisor_.stop(runtime::mono_now());
  wake_.set();
  co_await runtime::wait_for_termination();
  supervisor_.kill_all();
  wake_.set();
}

Task<void> System::bound_logs() {
  while (true) {
    co_await runtime::sleep_for(kLogCheck);
    for (PartIndex i = 0; i < plan_.parts.size(); ++i) {
      if (Result<void> rotated = rotate_log(files_, log_path(i)); !rotated) {
        base::log::warning("{}", rotated.error().text());
      }
    }
  }
}

void System::show(PartIndex index, const std::string& why) {
  const Supervisor::View view = supervisor_.view(index);
  const std::string reason = why.empty() ? "" : ": " + why;
  say(fmt::format("{:7.3f}s  {:<8} {}{}", seconds(runtime::mono_now() - began_), view.name, to_string(view.state),
                  reason));
}

void System::show_end_of_log(PartIndex index) {
  const auto log = runtime::read_whole(files_, log_path(index), 2 * kLargestLog);
  if (!log) return;
  say(fmt::format("--- end of {}", log_path(index)));
  say(std::string_view(*log).substr(log->size() > kShownLog ? log->size() - kShownLog : 0));
}

void System::show_ready() {
  say(fmt::format("\nWeir is up after {:.1f} s.\n\n{}\nlogs in {}/logs\n\nTry:", seconds(runtime::mono_now() - began_),
                  status_text(), settings_.data));
  say(
      fmt::format("  curl -d '{{\"id\":\"85123A\",\"name\":\"WHITE HANGING HEART\",\"price_cents\":255}}' "
                  "-H 'Content-Type: application/json' http://{}/items",
                  plan_.gateway));
  say(fmt::format("  curl -i http://{}/items/85123A\n\nCtrl-C (or weir stop --data {}) stops everything.\n",
                  plan_.gateway, settings_.data));
}

std::string System::log_path(PartIndex index) const {
  return fmt::format("{}/logs/{}.log", settings_.data, plan_.parts[index].spec.name);
}

std::string System::status_text() const {
  std::string text =
      fmt::format("{:<8} {:<16} {:<12} {:>7} {:>9}  {}\n", "part", "address", "state", "pid", "restarts", "last exit");
  for (PartIndex i = 0; i < supervisor_.size(); ++i) {
    const Supervisor::View view = supervisor_.view(i);
    const std::string pid = processes_[i] ? fmt::to_string(processes_[i]->pid()) : "-";
    text += fmt::format("{:<8} {:<16} {:<12} {:>7} {:>9}  {}\n", view.name, plan_.parts[i].address,
                        to_string(view.state), pid, view.restarts, view.last_exit.empty() ? "-" : view.last_exit);
  }
  text += fmt::format("{:<8} {}\n", "status", "http://" + plan_.status + "/status");
  return text;
}

std::string System::status_json() const {
  std::string text = fmt::format("{{\"pid\":{},\"gateway\":\"{}\",\"parts\":[", getpid(), plan_.gateway);
  for (PartIndex i = 0; i < supervisor_.size(); ++i) {
    const Supervisor::View view = supervisor_.view(i);
    text += fmt::format(
        "{}{{\"name\":\"{}\",\"address\":\"{}\",\"health\":\"{}\",\"state\":\"{}\",\"pid\":{},"
        "\"restarts\":{},\"since_s\":{:.3f},\"last_exit\":",
        i == 0 ? "" : ",", view.name, plan_.parts[i].address, plan_.parts[i].health, to_string(view.state),
        processes_[i] ? processes_[i]->pid() : 0, view.restarts, seconds(runtime::mono_now() - view.since));
    serve::append_json_string(text, view.last_exit);
    text += '}';
  }
  return text + "]}\n";
}

}  // namespace weir::ops
