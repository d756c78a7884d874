// One run of load: opens the connections, keeps them busy or paced, counts and times what comes back.
//
//   closed loop (rate 0)   every connection sends `pipeline` requests at once, waits until all are answered, and sends
//                          the next ones: the server is saturated, and the latencies are those of saturation.
//   open loop (rate > 0)   request k is due at start + k / rate, whatever the server does. It is sent by the next
//                          connection with fewer than `pipeline` unanswered requests, and its latency counts from the
//                          moment at which it was due, so that a server which stalls cannot hide it (no coordinated
//                          omission).
//
// One thread, on the epoll loop of src/runtime, whichever engine the server under test may use.
#pragma once

#include <cstdint>
#include <optional>

#include "base/error.h"
#include "base/histogram.h"
#include "base/time.h"
#include "load/workload.h"
#include "runtime/endpoint.h"

namespace weir::load {

struct RunOptions {
  runtime::Endpoint target{};
  std::size_t connections = 50;
  std::size_t pipeline = 1;
  double rate = 0;             // Requests a second, over all connections; 0: closed loop.
  std::uint64_t requests = 0;  // 0: until the time is over.
  base::Duration duration{};   // 0: until the requests are answered. One of the two is set.
  base::Duration warmup{};     // Sent but not counted.
};

struct RunResult {
  std::uint64_t replies = 0;
  std::uint64_t errors = 0;  // Of those, error replies.
  std::uint64_t failed = 0;  // Sent, but the connection closed or spoke nonsense before the reply.
  std::uint64_t reconnects = 0;
  std::uint64_t unsent = 0;  // Open loop: due, but no connection became free for them.
  double seconds = 0;
  double client_cpu_seconds = 0;
  double client_waited_seconds = 0;  // For its core, because something else ran there.
  base::Histogram latency_ns;

  double rate() const { return seconds > 0 ? static_cast<double>(replies) / seconds : 0; }
};

// Blocks until the run is over. An error: the target cannot be reached.
base::Result<RunResult> run_load(const RunOptions& options, Workload& workload);

}  // namespace weir::load
