// Worker: one loop of the gateway with its clients and its connections to the upstreams. Several share the listening
// ports (the kernel spreads connections among them) and nothing else. run() is the worker's thread; stop() and the
// figures may be used from any.
#pragma once

#include <atomic>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/random.h"
#include "gateway/core/route_table.h"
#include "gateway/server/client.h"
#include "gateway/server/upstream.h"
#include "gateway/settings.h"
#include "runtime/loop.h"

namespace weir::gateway {

class Worker final : public runtime::Acceptor {
 public:
  // Listens at once; the error names the address that is taken. `settings` and `table` outlive the worker.
  static base::Result<std::unique_ptr<Worker>> create(const Settings& settings, const RouteTable& table,
                                                      std::size_t index, base::Metrics& metrics);
  ~Worker();

  void run() { loop_->run(); }
  // Listens no more, lets exchanges end within the drain timeout, then returns from run().
  void stop();
  // Whether the loop came round within the last two seconds.
  bool alive() const;
  // "epoll" or "io_uring".
  std::string_view engine() const { return runtime::to_string(loop_->engine()); }

  // For clients.
  const Settings& settings() const { return settings_; }
  const RouteTable& table() const { return table_; }
  Upstream& upstream(std::size_t index) { return *upstreams_[index]; }
  // Of the request being read just now; large, so one for all.
  wire::http1::RequestHead& head() { return head_; }
  std::string new_request_id();
  void forget(Client& client);

  void count_response(const Route& route, int status, base::Duration took);
  void count_failure(const Route& route);
  void count_retry(const Route& route);
  void count_abandoned() { abandoned_->add(); }
  // An answer of the gateway's own; `route` may be null.
  void count_local(const Route* route);

  runtime::ConnectionHandler* on_accept(runtime::Connection& connection) override;
  std::string_view refusal() const override;

 private:
  struct RouteMetrics {
    base::Counter* by_class[4];  // 2xx to 5xx
    base::LatencyHistogram* latency;
    base::Counter* failures;
    base::Counter* retries;
    base::Counter* local;
  };

  // Whoever is told to come again later.
  struct Refused final : runtime::ConnectionHandler {
    void on_receive(runtime::Connection&, std::string_view) override {}
  };

  Worker(const Settings& settings, const RouteTable& table, std::unique_ptr<runtime::Loop> loop);
  // The first worker finds out whether the address is free.
  base::Result<void> listen(bool first);
  base::Result<void> connect_upstreams();
  void register_metrics(base::Metrics& metrics, std::size_t index);
  void tick();
  void begin_drain();

  const Settings& settings_;
  const RouteTable& table_;
  const base::RealClock clock_;
  std::atomic<std::int64_t> last_tick_ns_{0};

  // The worker's thread only.
  std::unique_ptr<runtime::Loop> loop_;
  std::vector<runtime::Listener*> listeners_;
  std::vector<std::unique_ptr<Upstream>> upstreams_;
  std::unordered_map<Client*, std::unique_ptr<Client>> clients_;
  Refused refused_;
  wire::http1::RequestHead head_;
  base::Random random_;
  runtime::Timer tick_timer_;
  runtime::Timer drain_timer_;
  bool draining_ = false;

  // Owned by the Metrics; written by this thread.
  std::vector<RouteMetrics> routes_;
  base::Counter* no_route_ = nullptr;
  base::Counter* abandoned_ = nullptr;
  base::Gauge* open_clients_ = nullptr;
  base::Counter* refused_clients_ = nullptr;
  std::vector<base::Gauge*> upstream_open_;
  std::vector<base::Gauge*> upstream_idle_;
};

}  // namespace weir::gateway
