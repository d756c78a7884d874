// Client: one connection to the store. Takes requests out of what arrives, runs them in order and appends the replies
// to the connection's output, which leaves at the end of the loop's turn.
//
// Bounded, so that a client costs itself, nobody else:
//   work per turn     what one receive brought, at most the loop's receive buffer; of a client that waited, as much
//   again requests          the unfinished one and what a transaction queued by client-query-buffer-limit replies above
//   the loop's high-water mark no further request runs until the client has read messages          by
//   client-output-buffer-limit, above which it is closed
// Data thread only.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "runtime/loop.h"
#include "store/commands/dispatch.h"
#include "store/commands/session.h"
#include "store/settings/settings.h"
#include "wire/resp/request.h"

namespace weir::store {

class Server;

class Client final : public runtime::ConnectionHandler, public ClientPort {
 public:
  Client(Server& server, runtime::Connection& connection, std::uint64_t id);
  ~Client() = default;

  Session& session() { return session_; }
  // Says so and closes: too many clients, or not from here.
  void turn_away(std::string_view reply);
  // Runs what arrived while the session waited. The server calls it at the end of the turn.
  void run_pending();
  // Closes the client if it reads too slowly for its class.
  void enforce_output_limit();
  // What it sent that did not run yet, and replies that it has not read.
  std::size_t held_bytes() const;

  void on_receive(runtime::Connection& connection, std::string_view bytes) override;
  void on_end(runtime::Connection& connection) override;
  void on_drained(runtime::Connection& connection) override;
  void on_close(runtime::Connection& connection, const runtime::CloseReason& reason) override;

  std::string& output() override;
  void resume() override;
  void close() override;
  void close_after_flush() override;
  bool congested() override { return connection_.congested(); }
  ConnectionFacts facts() const override;

 private:
  // Runs the requests that stand complete in `bytes`; returns how many bytes they took.
  std::size_t run_requests(std::string_view bytes);
  void run_request(std::span<const std::string_view> words, const Prepared& prepared);
  // Whether the session takes the next request now.
  bool may_run();
  void idled();
  void keep_idle_timer();
  void bound_requests();

  Server& server_;
  runtime::Connection& connection_;
  wire::resp::RequestParser parser_;
  Session session_;
  std::string pending_;  // What arrived and was not run yet.
  runtime::Timer idle_timer_;
  std::optional<base::MonoTime> over_soft_limit_since_;
  bool closing_ = false;
  bool receive_paused_ = false;
};

}  // namespace weir::store
