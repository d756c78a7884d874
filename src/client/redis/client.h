// Client: one server of the Redis protocol (Redis, Valkey, `weir store`) for the coroutines of one loop.
//
// All calls share one connection. What is asked while the loop turns once goes out in one write, and replies are handed
// out in order, so many callers together make the pipeline that a single one would have to build. Commands that block
// the connection (BLPOP, WAIT) or change it (SELECT, MULTI, SUBSCRIBE, MONITOR) do not belong here.
//
//   start() --> connecting --> up --connection lost--> connecting --attempt failed--> down --attempt succeeds--> up
//
// While it is connecting, calls wait in the queue; while it is down they end at once, so that an outage costs its
// callers nothing. It goes on trying, with backoff, until stop().
//
// Outcomes of a call:
//   a value          the server's reply, which may be an error reply (Type::kError): the server has judged
//   kRetry           not sent: down, or no room, or the deadline or the loss of the connection came before
//   kUnknownOutcome  sent, and no reply before the deadline or the loss of the connection. Never repeated here.
#pragma once

#include <memory>
#include <string>

#include "base/error.h"
#include "base/metrics.h"
#include "base/random.h"
#include "client/redis/command.h"
#include "client/redis/pipeline.h"
#include "resilience/backoff.h"
#include "runtime/task.h"
#include "wire/resp/value.h"

namespace weir::client::redis {

struct ClientOptions {
  // "host:port", "[IPv6]:port" or "unix:/path".
  std::string address;
  // Empty: no authentication; a password alone is for the user "default".
  std::string user = {};
  std::string password = {};
  int database = 0;
  // What CLIENT LIST shows; empty: nothing.
  std::string name = {};
  // For connecting and the greeting together.
  base::Duration connect_timeout = std::chrono::seconds(1);
  // A server that owes replies and sends nothing for so long is taken for lost.
  base::Duration stall_timeout = std::chrono::seconds(5);
  PipelineLimits limits = {};
  resilience::Backoff::Settings backoff = {};
};

class Client {
 public:
  Client(runtime::Executor executor, ClientOptions options, base::Random random);
  // Requires: stop() has returned, or start() was never called.
  ~Client();

  void start();
  runtime::Task<base::Result<wire::resp::Value>> call(Command command, base::MonoTime deadline);
  // Refuses new calls, lets those under way end until `deadline`, then ends them as a lost connection does.
  runtime::Task<void> stop(base::MonoTime deadline);

  // Returns true when it is up; false when the deadline passed before.
  runtime::Task<bool> wait_until_up(base::MonoTime deadline);
  bool is_up() const;
  // 3, or 2 with a server that knows no HELLO. Requires: is_up().
  int protocol() const;

  // weir_redis_calls_total and its like, with the label server=ADDRESS. The client must outlive the rendering.
  void publish(base::Metrics& metrics) const;

 private:
  struct Connection;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir::client::redis
