// Client: one connection to the store. Takes requests out of what arrives, runs them in order and appends the replies
// to the connection's output, which leaves at the end of the loop's turn.
//
// Bounded: the unfinished request by kQueryBufferBytes; the replies by the loop's high-water mark, above which no
// further request of this client is run until it has read what is there. So a client that sends without reading costs
// itself, nobody else. Data thread only.
#pragma once

#include <string>
#include <string_view>

#include "runtime/loop.h"
#include "store/commands/session.h"
#include "wire/resp/request.h"

namespace weir::store {

class Server;

class Client final : public runtime::ConnectionHandler {
 public:
  // As Redis's client-query-buffer-limit.
  static constexpr std::size_t kQueryBufferBytes = 1ull << 30;

  Client(Server& server, runtime::Connection& connection, Session session);

  void on_receive(runtime::Connection& connection, std::string_view bytes) override;
  void on_drained(runtime::Connection& connection) override;
  void on_close(runtime::Connection& connection, const runtime::CloseReason& reason) override;

 private:
  // Runs the requests that stand complete in `bytes`; returns how many bytes they took.
  std::size_t run_requests(std::string_view bytes);
  void keep_idle_timer();

  Server& server_;
  runtime::Connection& connection_;
  wire::resp::RequestParser parser_;
  Session session_;
  std::string pending_;  // What arrived and was not run yet.
  runtime::Timer idle_timer_;
  bool closing_ = false;
};

}  // namespace weir::store
