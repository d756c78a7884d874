// Client: one client's connection and the exchange that is under way on it. Requests are answered in order, one at a
// time; what a client sends ahead waits (bounded by one receive buffer, then its connection is not read).
//
//        +----------------------- response over, keep alive -----------------------+
//        v                                                                         |
//      kHead --head--> kBody --request sent whole--> kResponding ------------------+--close--> kClosing
//        |               |                                                         |
//        +- answered ----+-- answered here, or early --> kDraining --body over ----+
//           here
//
// The worker's thread only.
#pragma once

#include <optional>
#include <string>

#include "gateway/core/rewrite.h"
#include "gateway/server/upstream.h"
#include "runtime/loop.h"
#include "wire/http1/body.h"
#include "wire/http1/head.h"

namespace weir::gateway {

class Worker;

class Client final : public runtime::ConnectionHandler, private ResponseReceiver {
 public:
  Client(Worker& worker, runtime::Connection& connection);

  // Finishes the exchange under way, takes no other.
  void drain();

  void on_receive(runtime::Connection& connection, std::string_view bytes) override;
  void on_end(runtime::Connection& connection) override;
  void on_drained(runtime::Connection& connection) override;
  void on_close(runtime::Connection& connection, const runtime::CloseReason& reason) override;

 private:
  enum class Phase : unsigned char { kHead, kBody, kResponding, kDraining, kClosing };

  // ResponseReceiver
  void on_interim(const wire::http1::ResponseHead& head) override;
  void on_response(const wire::http1::ResponseHead& head) override;
  void on_response_data(std::string_view data) override;
  void on_response_end(const wire::http1::Fields& trailers) override;
  void on_upstream_failure(std::string_view why, bool silent) override;
  void on_upstream_drained() override;

  // Requests out of `received`, as far as they may be taken now; returns how many bytes that were.
  std::size_t consume(std::string_view received);
  bool take_head(std::string_view received, std::size_t& used);
  bool take_body(std::string_view received, std::size_t& used);
  void begin_exchange(const wire::http1::RequestHead& head);
  bool send_upstream(bool fresh);
  void end_exchange();
  // An answer of our own, as problem+json. The rest of the request is read and dropped, unless `close`.
  void answer(int status, std::string_view detail, bool close = false);
  void begin_next();
  void close_soon();
  void on_timeout();
  void arm(base::Duration timeout);
  void take_pending();

  Worker& worker_;
  runtime::Connection& connection_;
  const std::string address_;  // Of the client, without port.
  runtime::Timer timer_;
  wire::http1::HeadScanner scanner_;
  std::string pending_;
  Phase phase_ = Phase::kHead;
  bool draining_ = false;    // No further request.
  bool peer_ended_ = false;  // The client will send no more.

  // The exchange; meaningless in kHead.
  const Route* route_ = nullptr;
  UpstreamConnection* upstream_ = nullptr;  // Lent to us: null before and after.
  std::optional<wire::http1::BodyDecoder> body_;
  wire::http1::Body request_body_;
  std::string method_;
  std::string retry_head_;  // What to send again if a reused connection turns out to be closed; empty: nothing.
  Delivery delivery_ = Delivery::kNone;
  ClientSide side_{};
  bool upstream_reused_ = false;
  bool responded_ = false;  // The head of a final response was sent to the client.
  int status_ = 0;
  base::MonoTime began_{};
};

}  // namespace weir::gateway
