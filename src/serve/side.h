// Side: what a role with a data path of its own runs beside it, on one thread: /metrics, /healthz, and the wait for
// SIGTERM or SIGINT.
//
//   base::Metrics metrics;  serve::Health health;           fill both
//   Side side("store", metrics, health);
//   if (auto started = side.start(settings.admin, [&] { server->stop(); }); !started) ...
//   server->run();                                          the data path, on the calling thread
//   side.stop();
//
// Belongs to the thread that made it; `on_termination` is called on the side's thread, at most once.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/metrics.h"
#include "runtime/gate.h"
#include "runtime/io_thread.h"
#include "serve/built_in.h"
#include "serve/server.h"

namespace weir::serve {

class Side {
 public:
  // `metrics` and `health` outlive it.
  Side(std::string role, base::Metrics& metrics, const Health& health);
  ~Side();

  // `admin`: "host:port" of /metrics and /healthz; empty: none. The error names what is taken.
  base::Result<void> start(const std::string& admin, std::function<void()> on_termination);
  void stop();

  // Where the admin server listens. Requires: started with an address.
  runtime::Endpoint admin() const { return server_->local(); }

 private:
  runtime::Task<base::Result<void>> open(runtime::Endpoint endpoint);
  runtime::Task<void> close();
  static runtime::Task<void> wait_and_call(std::function<void()> on_termination);

  const std::string role_;
  base::Metrics& metrics_;
  const Health& health_;
  runtime::IoThread thread_;
  runtime::Gate gate_;              // On the thread.
  std::unique_ptr<Server> server_;  // On the thread.
  bool stopped_ = false;
};

}  // namespace weir::serve
