#include "store/server/server.h"

#include <unistd.h>

#include <fmt/format.h>

#include "base/id.h"
#include "store/server/host.h"

namespace weir::store {

using base::Result;
using namespace std::chrono_literals;

namespace {

constexpr base::Duration kCycle = 100ms;
// While a cycle found as much to expire as it may, the next one comes sooner.
constexpr base::Duration kBusyCycle = 1ms;
constexpr std::size_t kExpiredPerCycle = 1000;
constexpr base::Duration kAliveWithin = 2s;

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

Result<std::unique_ptr<Server>> Server::create(Settings settings, const base::Clock& clock) {
  runtime::LoopOptions options;
  options.engine = engine_of(settings);
  options.max_connections = settings.maxclients;
  auto loop = runtime::Loop::create(options);
  if (!loop) return loop.error();
  std::unique_ptr<Server> server(new Server(std::move(settings), clock, std::move(*loop)));
  if (Result<void> listening = server->listen(); !listening) return listening.error();
  return server;
}

Server::Server(Settings settings, const base::Clock& clock, std::unique_ptr<runtime::Loop> loop)
    : clock_(clock),
      node_(std::move(settings)),
      loop_(std::move(loop)),
      started_(clock.mono()),
      cycle_timer_(loop_->timers(), [this] { cycle(); }) {
  base::Random random = base::Random::from_entropy();
  run_id_ = base::run_id(random);
  node_.host_facts = [this] { return host_facts(); };
}

Server::~Server() = default;

Result<void> Server::listen() {
  const Settings& settings = node_.settings;
  const runtime::ListenOptions options{.backlog = settings.tcp_backlog};
  const auto listen_on = [&](const runtime::Endpoint& endpoint) -> Result<void> {
    const auto listener = loop_->listen(endpoint, *this, options);
    if (!listener) return listener.error();
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

void Server::run() {
  cycle();
  loop_->run();
  cycle_timer_.cancel();
}

bool Server::alive() const {
  const base::MonoTime last{base::Duration(published_.last_cycle_ns.load(std::memory_order_relaxed))};
  return clock_.mono() - last < kAliveWithin;
}

UnixMs Server::wall_ms() {
  if (const std::uint64_t turn = loop_->stats().turns; turn != wall_turn_ || wall_ms_ == 0) {
    wall_turn_ = turn;
    wall_ms_ = base::unix_ms(clock_.wall());
  }
  return wall_ms_;
}

runtime::ConnectionHandler* Server::on_accept(runtime::Connection& connection) {
  ++node_.stats.connections_received;
  Session session;
  session.id = next_client_id_++;
  session.authenticated = node_.settings.requirepass.empty();
  auto client = std::make_unique<Client>(*this, connection, std::move(session));
  Client* handler = client.get();
  clients_.emplace(handler, std::move(client));
  return handler;
}

void Server::forget(Client& client) { clients_.erase(&client); }

void Server::cycle() {
  const bool more = node_.keyspace.expire_some(base::unix_ms(clock_.wall()), kExpiredPerCycle);
  node_.stats.connections_rejected = loop_->stats().refused;
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
  store(published_.hits, node_.keyspace.stats().hits);
  store(published_.misses, node_.keyspace.stats().misses);
  store(published_.input_bytes, node_.stats.input_bytes);
  store(published_.output_bytes, node_.stats.output_bytes);
  const base::MonoTime now = clock_.mono();
  published_.last_cycle_ns.store(now.time_since_epoch().count(), std::memory_order_relaxed);
  cycle_timer_.arm(now + (more ? kBusyCycle : kCycle));
}

HostFacts Server::host_facts() const {
  HostFacts facts = read_host_facts();
  facts.event_loop = runtime::to_string(loop_->engine());
  facts.run_id = run_id_;
  facts.port = node_.settings.port;
  facts.uptime_s = std::chrono::duration_cast<std::chrono::seconds>(clock_.mono() - started_).count();
  facts.connected_clients = clients_.size();
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
  metrics.gauge_from({"weir_store_used_memory_bytes", "Bytes allocated."},
                     [] { return static_cast<double>(read_host_facts().used_memory_bytes); });
}

}  // namespace weir::store
