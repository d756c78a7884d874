#include "gateway/server/worker.h"

#include <array>

#include <fmt/format.h>

#include "base/id.h"
#include "base/log.h"

namespace weir::gateway {

using base::Result;
using namespace std::chrono_literals;

namespace {

constexpr base::Duration kTick = 250ms;
constexpr base::Duration kAliveWithin = 2s;
// What a connection may hold for a peer that reads slowly: enough for several receives, little enough that a thousand
// such peers cost 128 MiB.
constexpr std::size_t kOutputHighWaterBytes = 128 * 1024;
constexpr std::size_t kOutputLowWaterBytes = 32 * 1024;
// Beyond clients and upstreams: those that are being refused or closed.
constexpr std::size_t kSpareConnections = 256;

runtime::LoopEngine engine_of(const Settings& settings) {
  if (settings.event_loop == "epoll") return runtime::LoopEngine::kEpoll;
  if (settings.event_loop == "io_uring") return runtime::LoopEngine::kUring;
  return runtime::LoopEngine::kAuto;
}

}  // namespace

Result<std::unique_ptr<Worker>> Worker::create(const Settings& settings, const RouteTable& table, std::size_t index,
                                               base::Metrics& metrics) {
  runtime::LoopOptions options;
  options.engine = engine_of(settings);
  options.max_connections = settings.max_connections + kSpareConnections;
  for (const UpstreamSpec& spec : table.upstreams()) options.max_connections += spec.max_connections;
  options.output_high_water_bytes = kOutputHighWaterBytes;
  options.output_low_water_bytes = kOutputLowWaterBytes;
  auto loop = runtime::Loop::create(options);
  if (!loop) return loop.error();
  std::unique_ptr<Worker> worker(new Worker(settings, table, std::move(*loop)));
  if (Result<void> connected = worker->connect_upstreams(); !connected) return connected.error();
  if (Result<void> listening = worker->listen(index == 0); !listening) return listening.error();
  worker->register_metrics(metrics, index);
  worker->tick();
  return worker;
}

Worker::Worker(const Settings& settings, const RouteTable& table, std::unique_ptr<runtime::Loop> loop)
    : settings_(settings),
      table_(table),
      loop_(std::move(loop)),
      random_(base::Random::from_entropy()),
      tick_timer_(loop_->timers(), [this] { tick(); }),
      drain_timer_(loop_->timers(), [this] { loop_->stop(); }) {}

Worker::~Worker() {
  tick_timer_.cancel();
  drain_timer_.cancel();
}

Result<void> Worker::listen(bool first) {
  const bool share = settings_.workers > 1;
  for (const std::string& address : settings_.listen) {
    const auto endpoint = runtime::Endpoint::parse(address);
    if (!endpoint) return endpoint.error();
    if (share && first) {
      // Sharing would let a second gateway on the same port take half of the clients without a word.
      const auto alone = loop_->listen(*endpoint, *this);
      if (!alone) return alone.error();
      (*alone)->close();
    }
    const auto listener = loop_->listen(*endpoint, *this, {.reuse_port = share});
    if (!listener) return listener.error();
    listeners_.push_back(*listener);
  }
  return {};
}

Result<void> Worker::connect_upstreams() {
  for (const UpstreamSpec& spec : table_.upstreams()) {
    auto upstream = Upstream::create(spec, settings_.limits, *loop_);
    if (!upstream) return upstream.error();
    upstreams_.push_back(std::move(*upstream));
  }
  return {};
}

void Worker::register_metrics(base::Metrics& metrics, std::size_t index) {
  const std::string worker = fmt::to_string(index);
  static constexpr std::array<const char*, 4> kClasses = {"2xx", "3xx", "4xx", "5xx"};
  for (const Route& route : table_.routes()) {
    const std::string& name = route.spec.name;
    RouteMetrics row{};
    for (std::size_t i = 0; i < kClasses.size(); ++i) {
      row.by_class[i] = &metrics.counter({"weir_gateway_responses_total",
                                          "Responses of upstreams, by class of status.",
                                          {{"route", name}, {"class", kClasses[i]}, {"worker", worker}}});
    }
    row.latency = &metrics.latency({"weir_gateway_request_duration_seconds",
                                    "From a request's head to the end of its response.",
                                    {{"route", name}, {"worker", worker}}});
    row.failures = &metrics.counter({"weir_gateway_upstream_failures_total",
                                     "Exchanges that an upstream broke off or did not answer in time.",
                                     {{"route", name}, {"worker", worker}}});
    row.retries = &metrics.counter({"weir_gateway_retries_total",
                                    "Requests sent again because an idle connection had been closed.",
                                    {{"route", name}, {"worker", worker}}});
    row.local = &metrics.counter({"weir_gateway_local_answers_total",
                                  "Requests that the gateway answered itself.",
                                  {{"route", name}, {"worker", worker}}});
    routes_.push_back(row);
  }
  no_route_ = &metrics.counter({"weir_gateway_local_answers_total",
                                "Requests that the gateway answered itself.",
                                {{"route", ""}, {"worker", worker}}});
  abandoned_ = &metrics.counter(
      {"weir_gateway_abandoned_total", "Exchanges whose client went away before their end.", {{"worker", worker}}});
  open_clients_ = &metrics.gauge({"weir_gateway_clients", "Clients connected.", {{"worker", worker}}});
  refused_clients_ = &metrics.counter({"weir_gateway_refused_clients_total",
                                       "Clients that came when max_connections were open.",
                                       {{"worker", worker}}});
  for (const auto& upstream : upstreams_) {
    const UpstreamSpec& spec = upstream->spec();
    metrics.counter_from({"weir_gateway_upstream_opened_total",
                          "Connections begun to the upstream.",
                          {{"upstream", spec.name}, {"worker", worker}}},
                         [from = upstream.get()] { return from->opened(); });
    metrics.counter_from({"weir_gateway_upstream_refused_total",
                          "Connections that the upstream's max_connections, or a lack of sockets, did not allow.",
                          {{"upstream", spec.name}, {"worker", worker}}},
                         [from = upstream.get()] { return from->refused(); });
    upstream_open_.push_back(&metrics.gauge({"weir_gateway_upstream_connections",
                                             "Connections to the upstream.",
                                             {{"upstream", spec.name}, {"worker", worker}}}));
    upstream_idle_.push_back(&metrics.gauge({"weir_gateway_upstream_idle_connections",
                                             "Connections to the upstream that wait for a request.",
                                             {{"upstream", spec.name}, {"worker", worker}}}));
  }
}

void Worker::stop() {
  // If the loop has stopped already there is nothing left to drain.
  (void)loop_->post([this] { begin_drain(); });
}

void Worker::begin_drain() {
  if (draining_) return;
  draining_ = true;
  for (runtime::Listener* listener : listeners_) listener->close();
  listeners_.clear();
  for (const auto& [client, owned] : clients_) client->drain();
  drain_timer_.arm(loop_->now() + settings_.drain_timeout);
  if (clients_.empty()) loop_->stop();
}

bool Worker::alive() const {
  const base::MonoTime last{base::Duration(last_tick_ns_.load(std::memory_order_relaxed))};
  return clock_.mono() - last < kAliveWithin;
}

std::string Worker::new_request_id() { return base::request_id(random_); }

runtime::ConnectionHandler* Worker::on_accept(runtime::Connection& connection) {
  if (clients_.size() >= settings_.max_connections) {
    refused_clients_->add();
    connection.output().append(refusal());
    connection.close_after_flush();
    return &refused_;
  }
  auto client = std::make_unique<Client>(*this, connection);
  Client* handler = client.get();
  clients_.emplace(handler, std::move(client));
  return handler;
}

std::string_view Worker::refusal() const {
  return "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
}

void Worker::forget(Client& client) {
  clients_.erase(&client);
  if (draining_ && clients_.empty()) loop_->stop();
}

void Worker::tick() {
  const base::MonoTime now = clock_.mono();
  last_tick_ns_.store(now.time_since_epoch().count(), std::memory_order_relaxed);
  if (open_clients_ != nullptr) {
    open_clients_->set(static_cast<double>(clients_.size()));
    for (std::size_t i = 0; i < upstreams_.size(); ++i) {
      upstream_open_[i]->set(static_cast<double>(upstreams_[i]->open()));
      upstream_idle_[i]->set(static_cast<double>(upstreams_[i]->idle()));
    }
  }
  tick_timer_.arm(now + kTick);
}

void Worker::count_response(const Route& route, int status, base::Duration took) {
  const RouteMetrics& row = routes_[route.index];
  row.by_class[std::clamp(status / 100, 2, 5) - 2]->add();
  row.latency->record(took);
}

void Worker::count_failure(const Route& route) { routes_[route.index].failures->add(); }

void Worker::count_retry(const Route& route) { routes_[route.index].retries->add(); }

void Worker::count_local(const Route* route) {
  if (route == nullptr) {
    no_route_->add();
  } else {
    routes_[route->index].local->add();
  }
}

}  // namespace weir::gateway
