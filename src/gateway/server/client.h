// Client: one client's connection and the exchange that is under way on it. Requests are answered in order, one at a
// time; what a client sends ahead waits (bounded by one receive buffer, then its connection is not read).
//
//        +----------------------- response over, keep alive -----------------------+
//        v                                                                         |
//      kHead --head--> kBody --request read whole--> kResponding ------------------+--close--> kClosing
//        |               |                                                         |
//        +- answered ----+-- answered here, or early --> kDraining --body over ----+
//           here
//
// One timer, which waits for whoever is to move next: the client (its head, its body, taking what we send) or the
// upstream (its response, taking what we forward). A peer that takes bytes, however slowly, is not silent.
//
// Back-pressure: an upstream is not read while its client is congested, a client not while its upstream is; and no
// request is begun while the answers to earlier ones congest the connection.
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
  // What a client sent ahead, when its turn comes.
  void take_pending();
  void hold_back();

  void begin_exchange(const wire::http1::RequestHead& head);
  void forward_body(std::string_view data);
  bool try_again();
  // The upstream's part of the exchange is over, whether it knows or not.
  void end_exchange();
  void begin_next();
  // An answer of our own, as problem+json. The rest of the request is read and dropped, unless `close`.
  void answer(int status, std::string_view detail, bool close = false);

  // Closes when what stands in the output was sent.
  void close_soon();
  // The same towards a client that may still be sending: were its bytes left unread, the kernel would reset the
  // connection and with it the answer.
  void linger();
  // Closes at once: the client must not take what it got for the whole.
  void cut();

  void arm(base::Duration timeout);
  void arm_for_body();
  // Whether the peer that the timer waits for took bytes since it was armed.
  bool is_taking() const;
  std::size_t bytes_to_take() const;
  void on_timeout();

  Worker& worker_;
  runtime::Connection& connection_;
  const std::string address_;  // Of the client, without port.
  runtime::Timer timer_;
  std::size_t to_take_at_arm_ = 0;
  wire::http1::HeadScanner scanner_;
  std::string pending_;
  Phase phase_ = Phase::kHead;
  bool head_begun_ = false;  // In kHead: its first byte came.
  bool draining_ = false;    // No further request.
  bool peer_ended_ = false;  // The client will send no more.

  // The exchange; as begin_next() left it in kHead.
  const Route* route_ = nullptr;
  UpstreamConnection* upstream_ = nullptr;  // Lent to us: null before and after.
  std::optional<wire::http1::BodyDecoder> body_;
  std::string method_;
  std::string retry_head_;  // What to send again if a reused connection turns out to be closed; empty: nothing.
  Delivery delivery_ = Delivery::kNone;
  ClientSide side_ = kUnread;
  bool may_send_more_ = false;    // The client did not say that this is its last request.
  bool chunked_ = false;          // The request's body.
  bool awaits_continue_ = false;  // The client keeps its body back until it is asked for it.
  bool body_held_ = false;        // In kBody: the upstream is congested, so the client is not read.
  bool responded_ = false;        // The head of a final response was sent to the client.
  int status_ = 0;
  base::MonoTime began_{};
  base::MonoTime body_since_{};  // When the client could last begin to send its body.

  // Whom to answer when a request cannot be read.
  static constexpr ClientSide kUnread = {.minor_version = 1, .is_head = false, .keep_alive = true};
};

}  // namespace weir::gateway
