// Server: HTTP/1.1 for Weir's own roles: their interfaces, /metrics and /healthz. (What users of the gateway send goes
// through gateway/, on the data path's own loop.)
//
// One loop, many connections. A connection's requests are read, handled and answered one after the other, so pipelined
// ones are answered in order. Everything is bounded: connections, heads, bodies, and the time for each step:
//
//   idle --first byte--> head --complete--> body --complete--> handler --> response --+
//    ^    idle_timeout        head_timeout      body_timeout   handler_timeout   write_timeout
//    +--------------------------------------------------------------------------------+
//
// Whatever a peer does wrong is answered once, as problem+json, and its connection closed. A handler that throws is a
// 500 and a line in the log; the server goes on.
#pragma once

#include <memory>

#include "base/metrics.h"
#include "runtime/endpoint.h"
#include "runtime/task.h"
#include "serve/router.h"
#include "wire/http1/limits.h"

namespace weir::serve {

struct ServerOptions {
  runtime::Endpoint listen;
  // Who comes beyond gets a 503.
  std::size_t max_connections = 1000;
  wire::http1::Limits limits = {};
  base::Duration idle_timeout = std::chrono::seconds(75);
  base::Duration head_timeout = std::chrono::seconds(10);
  base::Duration body_timeout = std::chrono::seconds(30);
  // A handler that is not ready by then is cancelled, and a 503 sent.
  base::Duration handler_timeout = std::chrono::seconds(15);
  base::Duration write_timeout = std::chrono::seconds(30);
};

class Server {
 public:
  // `role` labels the metrics: weir_http_requests_total{role,status}, weir_http_request_seconds{role} and
  // weir_http_connections{role}. `metrics` must outlive the server.
  Server(runtime::Executor executor, ServerOptions options, Router router, base::Metrics& metrics, std::string role);
  // Requires: stop() has returned, or start() failed or was never called.
  ~Server();

  // Listens, and serves from then on. kRetry or kFatal: the address is taken or not ours.
  base::Result<void> start();
  // Where it listens; port 0 has become a port. Requires: started.
  runtime::Endpoint local() const;

  // Accepts nobody more, closes idle connections, answers the requests under way with Connection: close, and cuts what
  // is left at `deadline`.
  runtime::Task<void> stop(base::MonoTime deadline);

  std::size_t connections() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir::serve
