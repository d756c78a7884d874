#include "store/server/server.h"

#include <unistd.h>

#include <algorithm>
#include <thread>

#include <fmt/format.h>

#include "base/id.h"
#include "runtime/file.h"
#include "store/commands/dispatch.h"
#include "store/server/host.h"
#include "store/settings/config_text.h"

namespace weir::store {

using base::Result;
using namespace std::chrono_literals;

namespace {

constexpr base::Duration kCycle = 100ms;
// While a cycle found as much to expire as it may, the next one comes sooner.
constexpr base::Duration kBusyCycle = 1ms;
constexpr std::size_t kExpiredPerCycle = 1000;
// Speeds are those of the last so much time, in cycles.
constexpr double kSpeedCycles = 16;
constexpr base::Duration kAliveWithin = 2s;
// Beside the clients': of files, threads and the loop.
constexpr std::uint64_t kOtherDescriptors = 32;
constexpr std::uint64_t kLargestConfig = 16 << 20;
// How long the data thread loads or walks between two turns: of a turn that took less than kIdleTurn nobody was served.
constexpr base::Duration kLoadingSlice = 2ms;
constexpr base::Duration kLongestSlice = 200us;
constexpr base::Duration kShortestSlice = 50us;
constexpr base::Duration kIdleTurn = 20us;

runtime::LoopEngine engine_of(const Settings& settings) {
  if (settings.event_loop == "epoll") return runtime::LoopEngine::kEpoll;
  if (settings.event_loop == "io_uring") return runtime::LoopEngine::kUring;
  return runtime::LoopEngine::kAuto;
}

// A `bind` address with the port as an endpoint: "*" is every IPv4 address, "::*" every IPv6 one.
Result<runtime::Endpoint> endpoint_of(std::string_view address, std::uint16_t port) {
  if (address == "*") address = "0.0.0.0";
  if (address == "::*") address = "::";
  const bool ipv6 = address.find(':') != std::string_view::npos;
  return runtime::Endpoint::parse(ipv6 ? fmt::format("[{}]:{}", address, port) : fmt::format("{}:{}", address, port));
}

}  // namespace

Result<std::unique_ptr<Server>> Server::create(Settings settings, std::string config_file, const base::Clock& clock) {
  const std::uint64_t allowed = allow_descriptors(std::uint64_t{settings.maxclients} + kOtherDescriptors);
  if (allowed < std::uint64_t{settings.maxclients} + kOtherDescriptors) {
    const std::uint64_t fewer = allowed - std::min(allowed, kOtherDescriptors);
    base::log::warning("maxclients is {} instead of {}: the process may have {} descriptors (ulimit -n)", fewer,
                       settings.maxclients, allowed);
    settings.maxclients = static_cast<std::uint32_t>(std::max<std::uint64_t>(fewer, 1));
  }
  runtime::LoopOptions options;
  options.engine = engine_of(settings);
  options.max_connections = settings.maxclients;
  auto loop = runtime::Loop::create(options);
  if (!loop) return loop.error();
  std::unique_ptr<Server> server(new Server(std::move(settings), clock, std::move(*loop)));
  server->config_file_ = std::move(config_file);
  if (Result<void> listening = server->listen(); !listening) return listening.error();
  return server;
}

Server::Server(Settings settings, const base::Clock& clock, std::unique_ptr<runtime::Loop> loop)
    : clock_(clock),
      node_(std::move(settings)),
      loop_(std::move(loop)),
      persistence_(node_, {.files = files_,
                           .clock = clock,
                           .process_id = getpid(),
                           // A loop that takes no more functions is awake, or ends.
                           .wake = [this] { [[maybe_unused]] const bool woken = loop_->post([] {}); }}),
      // A loop that takes no more functions is awake, or ends.
      transfers_(node_, files_, clock, [this] { [[maybe_unused]] const bool woken = loop_->post([] {}); }),
      started_(clock.mono()),
      cycle_timer_(loop_->timers(), [this] { cycle(); }),
      tick_rate_(clock.mono()),
      due_timer_(loop_->timers(), [this] { run_due_waits(); }) {
  base::Random random = base::Random::from_entropy();
  run_id_ = base::run_id(random);
  node_.keyspace.context().disposer = &disposal_;
  node_.host_facts = [this] {
    note_peak();
    return host_facts();
  };
  node_.unix_us = [this] {
    return std::chrono::duration_cast<std::chrono::microseconds>(clock_.wall().time_since_epoch()).count();
  };
  node_.sleep = [](base::Duration time) { std::this_thread::sleep_for(time); };
  node_.purge_memory = purge_allocator;
  node_.allocator_report = allocator_report;
  node_.adopt_settings = [this](const Settings& next) { return adopt(next); };
  node_.rewrite_config = [this] { return rewrite_config(); };
  node_.stopwatch.ticks = &TickRate::ticks;
  node_.startup_memory = node_.used_memory();
  loop_->on_turn_end([this] { turn_ends(); });
}

Server::~Server() = default;

Result<void> Server::listen() {
  const Settings& settings = node_.settings;
  const runtime::ListenOptions options{.backlog = settings.tcp_backlog,
                                       .keepalive = std::chrono::seconds(settings.tcp_keepalive_s)};
  const auto listen_on = [&](const runtime::Endpoint& endpoint) -> Result<void> {
    const auto listener = loop_->listen(endpoint, *this, options);
    if (!listener) return listener.error();
    listeners_.push_back(*listener);
    base::log::info("listening on {}", (*listener)->endpoint().to_string());
    return {};
  };
  if (settings.port != 0) {
    for (std::string_view address : settings.bind) {
      const bool optional = address.starts_with('-');
      if (optional) address.remove_prefix(1);
      const auto endpoint = endpoint_of(address, settings.port);
      if (!endpoint) return endpoint.error().within("bind");
      if (Result<void> listening = listen_on(*endpoint); !listening) {
        if (!optional) return listening.error();
        base::log::info("not listening there: {}", listening.error().text());
      }
    }
  }
  if (!settings.unixsocket.empty()) {
    const auto endpoint = runtime::Endpoint::parse("unix:" + settings.unixsocket);
    if (!endpoint) return endpoint.error().within("unixsocket");
    return listen_on(*endpoint);
  }
  if (settings.port == 0) return base::reject("nothing to listen on: port is 0 and unixsocket is empty");
  return {};
}

Result<void> Server::adopt(const Settings& next) {
  if (next.maxclients != node_.settings.maxclients) {
    const std::uint64_t allowed = allow_descriptors(std::uint64_t{next.maxclients} + kOtherDescriptors);
    if (next.maxclients > node_.settings.maxclients && allowed < std::uint64_t{next.maxclients} + kOtherDescriptors) {
      return base::reject(
          fmt::format("The operating system is not able to handle the specified number of clients, try with {}",
                      allowed - std::min(allowed, kOtherDescriptors)));
    }
    loop_->set_max_connections(next.maxclients);
  }
  for (runtime::Listener* listener : listeners_) {
    listener->set_keepalive(std::chrono::seconds(next.tcp_keepalive_s));
  }
  return {};
}

Result<bool> Server::rewrite_config() {
  if (config_file_.empty()) return false;
  const Result<std::string> text = runtime::read_whole(files_, config_file_, kLargestConfig);
  if (!text) return text.error();
  // Beside it first, so that a crash leaves the old file or the new one.
  if (Result<void> written = runtime::replace_whole(files_, config_file_, rewrite_config_text(*text, node_.settings));
      !written) {
    return written.error();
  }
  return true;
}

Result<void> Server::run() {
  Result<void> done = persistence_.begin_loading();
  cycle();
  while (done && !stopping_.load(std::memory_order_acquire)) {
    loop_->turn(has_work() ? base::Duration::zero() : base::Duration::max());
    if (failure_) {
      done = *failure_;
    } else if (has_work()) {
      done = work_behind_turns();
    }
  }
  stop();
  loop_->run();
  cycle_timer_.cancel();
  due_timer_.cancel();
  if (done && !node_.loading) {
    if (const Result<void> kept = persistence_.end_appending(); !kept) base::log::error("{}", kept.error().text());
  }
  return done;
}

// When all replies of the turn have left. While there are requests, as long as they took; else longer.
Result<void> Server::work_behind_turns() {
  if (node_.loading) return persistence_.work(kLoadingSlice);
  const base::Duration worked = clock_.mono() - loop_->now();
  const base::Duration slice = worked < kIdleTurn ? kLongestSlice : std::clamp(worked, kShortestSlice, kLongestSlice);
  // The keyspace has one snapshot: only one of the two walks.
  if (transfers_.has_work()) transfers_.work(slice);
  if (!persistence_.has_work()) return {};
  return persistence_.work(slice);
}

void Server::end() {
  const bool posted = loop_->post([this] {
    if (const Result<void> saved = save_at_end(node_, SaveAtEnd::kIfSet); !saved) {
      return base::log::error("not ending, because the data cannot be saved; SHUTDOWN NOSAVE ends the store without");
    }
    stop();
  });
  if (!posted) stop();
}

bool Server::alive() const {
  const base::MonoTime last{base::Duration(published_.last_cycle_ns.load(std::memory_order_relaxed))};
  return clock_.mono() - last < kAliveWithin;
}

UnixMs Server::wall_ms() {
  if (const std::uint64_t turn = loop_->stats().turns; turn != wall_turn_ || wall_ms_ == 0) {
    wall_turn_ = turn;
    wall_ms_ = base::unix_ms(clock_.wall());
    node_.keyspace.context().access.seconds = static_cast<std::uint32_t>(wall_ms_ / 1000);
  }
  return wall_ms_;
}

runtime::ConnectionHandler* Server::on_accept(runtime::Connection& connection) {
  ++node_.stats.connections_received;
  auto client = std::make_unique<Client>(*this, connection, next_client_id_++);
  Client* handler = client.get();
  clients_.emplace(handler, std::move(client));
  if (const std::string_view why = refusal_of(handler->session()); !why.empty()) {
    ++turned_away_;
    handler->turn_away(why);
  }
  return handler;
}

std::string_view Server::refusal_of(const Session& session) const {
  if (clients_.size() > node_.settings.maxclients) return refusal();
  if (node_.settings.protected_mode && node_.settings.requirepass.empty() && !session.is_local) {
    return "-DENIED Weir is running in protected mode, because it has no password: only clients of the same machine "
           "are served. Give it a password (requirepass), or, if everybody who can reach it may use it, turn the mode "
           "off (protected-mode no).\r\n";
  }
  return {};
}

void Server::forget(Client& client) {
  leave(client.session(), node_);
  std::erase(written_, &client);
  std::erase(resumed_, &client);
  clients_.erase(&client);
}

void Server::wrote_to(Client& client) {
  if (written_.empty() || written_.back() != &client) written_.push_back(&client);
}

void Server::resume_at_turn_end(Client& client) { resumed_.push_back(&client); }

void Server::run_due_waits() {
  node_.mono_now = loop_->now();
  run_due(node_, wall_ms());
}

void Server::turn_ends() {
  // Those that these wake go on in the next turn, so that no chain of clients keeps the others waiting.
  for (Client* client : std::exchange(resumed_, {})) client->run_pending();
  if (!resumed_.empty() && !loop_->post([] {})) base::log::warning("too many functions wait for the loop");
  if (const Result<void> kept = persistence_.end_turn(); !kept) return fail(kept.error());
  transfers_.pump();
  std::ranges::sort(written_);
  const auto repeated = std::ranges::unique(written_);
  written_.erase(repeated.begin(), repeated.end());
  for (Client* client : std::exchange(written_, {})) client->enforce_output_limit();
  std::optional<base::MonoTime> due = node_.blocked.next_deadline();
  if (node_.pause.mode != Pause::Mode::kNone) due = std::min(due.value_or(node_.pause.until), node_.pause.until);
  if (due && (!due_timer_.armed() || due_timer_.due() > *due)) due_timer_.arm(*due);
  if (node_.shutdown_requested) stop();
}

void Server::fail(const base::Error& why) {
  failure_ = why;
  // What they were to be told must not leave.
  for (const auto& [handler, client] : clients_) client->close();
  stop();
}

void Server::cycle() {
  node_.mono_now = clock_.mono();
  if (const Result<void> kept = persistence_.cycle(); !kept) return fail(kept.error());
  const bool more = node_.active_expire && !node_.loading && node_.keyspace.expire_some(wall_ms(), kExpiredPerCycle);
  node_.stats.busy_expire_cycles += more ? 1 : 0;
  node_.stats.connections_rejected = loop_->stats().refused + turned_away_;
  node_.client_bytes = 0;
  for (const auto& [handler, client] : clients_) {
    client->enforce_output_limit();
    node_.client_bytes += client->held_bytes();
  }
  node_.stopwatch.ns_per_tick = tick_rate_.ns_per_tick(clock_.mono());
  node_.settings_changed();
  note_peak();
  measure_speed(node_.mono_now);
  const auto store = [](std::atomic<std::uint64_t>& to, std::uint64_t value) {
    to.store(value, std::memory_order_relaxed);
  };
  store(published_.commands, node_.stats.commands_processed);
  store(published_.errors, node_.stats.error_replies);
  store(published_.connections, node_.stats.connections_received);
  store(published_.rejected, node_.stats.connections_rejected);
  store(published_.clients, clients_.size());
  std::uint64_t keys = 0;
  for (std::size_t i = 0; i < node_.keyspace.size(); ++i) keys += node_.keyspace.database(i).size();
  store(published_.keys, keys);
  store(published_.expired, node_.keyspace.stats().expired);
  store(published_.evicted, node_.keyspace.stats().evicted);
  store(published_.used_memory, node_.used_memory());
  store(published_.hits, node_.keyspace.stats().hits);
  store(published_.misses, node_.keyspace.stats().misses);
  store(published_.input_bytes, node_.stats.input_bytes);
  store(published_.output_bytes, node_.stats.output_bytes);
  const base::MonoTime now = clock_.mono();
  published_.last_cycle_ns.store(now.time_since_epoch().count(), std::memory_order_relaxed);
  cycle_timer_.arm(now + (more ? kBusyCycle : kCycle));
}

void Server::note_peak() { node_.peak_memory = std::max(node_.peak_memory, node_.used_memory()); }

// A mean that forgets.
void Server::measure_speed(base::MonoTime now) {
  const double seconds = std::chrono::duration<double>(now - speed_.at).count();
  if (seconds < std::chrono::duration<double>(kCycle).count() / 2) return;
  const auto follow = [&](double& speed, std::uint64_t after, std::uint64_t before, double unit) {
    const std::uint64_t grown = after < before ? after : after - before;  // CONFIG RESETSTAT lies between.
    speed += (static_cast<double>(grown) / unit / seconds - speed) / kSpeedCycles;
  };
  const NodeStats& stats = node_.stats;
  if (speed_.at != base::MonoTime()) {
    follow(speed_.commands_per_second, stats.commands_processed, speed_.before.commands_processed, 1);
    follow(speed_.input_kib_per_second, stats.input_bytes, speed_.before.input_bytes, 1024);
    follow(speed_.output_kib_per_second, stats.output_bytes, speed_.before.output_bytes, 1024);
  }
  speed_.at = now;
  speed_.before = stats;
}

HostFacts Server::host_facts() const {
  HostFacts facts = read_host_facts();
  facts.event_loop = runtime::to_string(loop_->engine());
  facts.run_id = run_id_;
  facts.config_file = config_file_;
  facts.port = node_.settings.port;
  facts.uptime_s = std::chrono::duration_cast<std::chrono::seconds>(clock_.mono() - started_).count();
  facts.connected_clients = clients_.size();
  facts.reads = loop_->stats().receives;
  facts.writes = loop_->stats().sends;
  facts.lazyfreed_objects = disposal_.disposed();
  facts.commands_per_second = speed_.commands_per_second;
  facts.input_kib_per_second = speed_.input_kib_per_second;
  facts.output_kib_per_second = speed_.output_kib_per_second;
  return facts;
}

void Server::publish(base::Metrics& metrics) {
  struct Row {
    const char* name;
    const char* help;
    const std::atomic<std::uint64_t>& value;
    bool counts;
  };
  const Row rows[] = {
      {"weir_store_commands_total", "Commands that ran.", published_.commands, true},
      {"weir_store_error_replies_total", "Replies that were errors.", published_.errors, true},
      {"weir_store_connections_total", "Connections accepted.", published_.connections, true},
      {"weir_store_connections_refused_total", "Connections refused at maxclients.", published_.rejected, true},
      {"weir_store_clients", "Clients connected.", published_.clients, false},
      {"weir_store_keys", "Keys in all databases.", published_.keys, false},
      {"weir_store_expired_keys_total", "Keys removed because they expired.", published_.expired, true},
      {"weir_store_evicted_keys_total", "Keys removed because memory was short.", published_.evicted, true},
      {"weir_store_used_memory_bytes", "Bytes that data and clients take.", published_.used_memory, false},
      {"weir_store_keyspace_hits_total", "Reads that found their key.", published_.hits, true},
      {"weir_store_keyspace_misses_total", "Reads that did not.", published_.misses, true},
      {"weir_store_input_bytes_total", "Bytes received from clients.", published_.input_bytes, true},
      {"weir_store_output_bytes_total", "Bytes of replies.", published_.output_bytes, true},
  };
  for (const Row& row : rows) {
    const std::atomic<std::uint64_t>* value = &row.value;
    if (row.counts) {
      metrics.counter_from({row.name, row.help}, [value] { return value->load(std::memory_order_relaxed); });
    } else {
      metrics.gauge_from({row.name, row.help},
                         [value] { return static_cast<double>(value->load(std::memory_order_relaxed)); });
    }
  }
}

}  // namespace weir::store
