#include "gateway/server/client.h"

#include <utility>

#include <fmt/format.h>

#include "gateway/core/problem.h"
#include "gateway/server/worker.h"
#include "wire/http1/writer.h"

namespace weir::gateway {

using runtime::Connection;
using wire::http1::BodyDecoder;
using wire::http1::Framing;
using wire::http1::HeadScanner;
using wire::http1::Message;
using wire::http1::RequestHead;
using wire::http1::ResponseHead;
using namespace std::chrono_literals;

namespace {

// How long a client that was answered for good may take to read it.
constexpr base::Duration kFlushWithin = 10s;

}  // namespace

Client::Client(Worker& worker, Connection& connection)
    : worker_(worker),
      connection_(connection),
      address_(connection.peer().host()),
      timer_(connection.loop().timers(), [this] { on_timeout(); }),
      scanner_(Message::kRequest, worker.settings().limits) {
  arm(worker_.settings().idle_timeout);
}

void Client::drain() {
  draining_ = true;
  side_.keep_alive = false;
  if (phase_ == Phase::kHead && pending_.empty()) close_soon();
}

void Client::on_receive(Connection& connection, std::string_view bytes) {
  if (pending_.empty()) {
    const std::size_t used = consume(bytes);
    if (phase_ != Phase::kClosing) pending_.assign(bytes.substr(used));
  } else {
    pending_.append(bytes);
    pending_.erase(0, consume(pending_));
  }
  if (phase_ == Phase::kResponding && !pending_.empty()) connection.pause_receive();
  if (pending_.empty() && pending_.capacity() > 1024) std::string().swap(pending_);
}

void Client::on_end(Connection& connection) {
  peer_ended_ = true;
  side_.keep_alive = false;
  switch (phase_) {
    case Phase::kHead:
      if (pending_.empty()) {
        connection.close();
      } else {
        answer(400, "the request ended in the middle of its head", true);
      }
      return;
    case Phase::kBody:
      // What arrived must not be taken for the whole.
      connection.close();
      return;
    case Phase::kDraining: close_soon(); return;
    case Phase::kResponding:
    case Phase::kClosing: return;  // It may still be reading the response.
  }
}

void Client::on_drained(Connection&) {
  if (upstream_ != nullptr) upstream_->connection().resume_receive();
}

void Client::on_close(Connection&, const runtime::CloseReason&) {
  if (upstream_ != nullptr) {
    worker_.count_abandoned();
    std::exchange(upstream_, nullptr)->abandon();
  }
  worker_.forget(*this);  // Destroys this.
}

std::size_t Client::consume(std::string_view received) {
  std::size_t used = 0;
  while (phase_ == Phase::kHead || phase_ == Phase::kBody || phase_ == Phase::kDraining) {
    std::size_t step = 0;
    const std::string_view rest = received.substr(used);
    const bool more = phase_ == Phase::kHead ? take_head(rest, step) : take_body(rest, step);
    used += step;
    if (!more) break;
  }
  return used;
}

bool Client::take_head(std::string_view received, std::size_t& used) {
  if (received.empty()) return false;
  switch (scanner_.scan(received)) {
    case HeadScanner::Status::kNeedMore:
      // Only the first byte starts the clock: a head has to be whole in time, however it trickles in.
      if (pending_.empty()) arm(worker_.settings().head_timeout);
      return false;
    case HeadScanner::Status::kRejected:
      answer(scanner_.rejection().status, scanner_.rejection().reason, true);
      return false;
    case HeadScanner::Status::kComplete: break;
  }
  used = scanner_.head_bytes();
  RequestHead& head = worker_.head();
  if (const auto rejection = parse_request_head(received.substr(0, used), worker_.settings().limits, head)) {
    answer(rejection->status, rejection->reason, true);
    return false;
  }
  scanner_.restart();
  begin_exchange(head);
  return phase_ != Phase::kClosing;
}

void Client::begin_exchange(const RequestHead& head) {
  began_ = connection_.loop().now();
  method_ = head.method;
  request_body_ = head.body;
  responded_ = false;
  status_ = 0;
  route_ = nullptr;
  retry_head_.clear();
  side_ = {.minor_version = head.minor_version,
           .is_head = head.method == "HEAD",
           .keep_alive = head.keep_alive && !draining_ && !peer_ended_};
  body_.emplace(head.body, Message::kRequest, worker_.settings().limits);
  phase_ = Phase::kBody;
  arm(worker_.settings().body_timeout);
  if (head.form == wire::http1::TargetForm::kAuthority) return answer(501, "this gateway opens no tunnels");
  if (forwards_exhausted(head)) return answer(head.method == "TRACE" ? 405 : 200, "Max-Forwards is used up");
  route_ = worker_.table().match(head.authority, head.path.starts_with('/') ? head.path : "/");
  if (head.form == wire::http1::TargetForm::kAsterisk || route_ == nullptr) {
    return answer(404, "no route matches this host and path");
  }
  const std::string request_id = worker_.new_request_id();
  std::string sent;
  append_upstream_request(sent, head, {.client_address = address_, .request_id = request_id});
  retry_head_ = std::move(sent);
  const bool repeatable = is_repeatable(head) && head.body.framing == Framing::kNone;
  if (!send_upstream(/*fresh=*/false)) return answer(503, "too many connections to the upstream");
  if (!repeatable) retry_head_.clear();
}

bool Client::send_upstream(bool fresh) {
  upstream_ = worker_.upstream(route_->upstream).acquire(fresh);
  if (upstream_ == nullptr) return false;
  upstream_reused_ = upstream_->reused();
  upstream_->lend(*this, method_);
  upstream_->connection().output().append(retry_head_);
  return true;
}

bool Client::take_body(std::string_view received, std::size_t& used) {
  const BodyDecoder::Step step = body_->decode(received);
  used = step.consumed;
  const bool forwards = phase_ == Phase::kBody && upstream_ != nullptr;
  switch (step.status) {
    case BodyDecoder::Status::kNeedMore: arm(worker_.settings().body_timeout); return false;
    case BodyDecoder::Status::kData:
      if (forwards) {
        Connection& to = upstream_->connection();
        if (request_body_.framing == Framing::kChunked) {
          wire::http1::append_chunk(to.output(), step.data);
        } else {
          to.output().append(step.data);
        }
        if (to.congested()) connection_.pause_receive();
      }
      return true;
    case BodyDecoder::Status::kRejected:
      end_exchange();
      if (responded_) {
        connection_.close();
        phase_ = Phase::kClosing;
      } else {
        answer(body_->rejection().status, body_->rejection().reason, true);
      }
      return false;
    case BodyDecoder::Status::kDone: break;
  }
  if (phase_ == Phase::kDraining) {
    begin_next();
    return phase_ == Phase::kHead;
  }
  if (forwards && request_body_.framing == Framing::kChunked) {
    // Trailers of requests are dropped: nothing behind a gateway may rely on them (RFC 9110, 6.5.1).
    upstream_->connection().output().append(wire::http1::kLastChunk);
  }
  phase_ = Phase::kResponding;
  // From the head on, so that a slow body does not lengthen it; but never over before it began.
  timer_.arm(std::max(began_ + route_->spec.timeout, connection_.loop().now() + 1s));
  return false;
}

void Client::on_interim(const ResponseHead& head) {
  // Early hints and the like pass; an HTTP/1.0 client knows none.
  if (side_.minor_version >= 1) append_client_response(connection_.output(), head, side_);
}

void Client::on_response(const ResponseHead& head) {
  retry_head_.clear();
  responded_ = true;
  status_ = head.status;
  delivery_ = append_client_response(connection_.output(), head, side_);
  if (delivery_ == Delivery::kUntilClose) side_.keep_alive = false;
  arm(worker_.settings().body_timeout);
}

void Client::on_response_data(std::string_view data) {
  if (delivery_ == Delivery::kNone) return;
  std::string& output = connection_.output();
  if (delivery_ == Delivery::kChunked) {
    wire::http1::append_chunk(output, data);
  } else {
    output.append(data);
  }
  // While it is congested, on_drained and not the clock decides; a client that does not read at all is cut off.
  arm(worker_.settings().body_timeout);
  if (connection_.congested()) upstream_->connection().pause_receive();
}

void Client::on_response_end(const wire::http1::Fields& trailers) {
  upstream_ = nullptr;
  if (delivery_ == Delivery::kChunked) wire::http1::append_last_chunk(connection_.output(), trailers);
  worker_.count_response(*route_, status_, connection_.loop().now() - began_);
  if (phase_ == Phase::kBody) {
    // Answered before the request was read whole: what is left of it goes nowhere.
    phase_ = Phase::kDraining;
    connection_.resume_receive();
    arm(worker_.settings().body_timeout);
    if (!side_.keep_alive) close_soon();
    return;
  }
  begin_next();
  if (phase_ == Phase::kHead) take_pending();
}

void Client::on_upstream_failure(std::string_view why, bool silent) {
  upstream_ = nullptr;
  if (responded_) {
    // The client must see that the response is not whole.
    worker_.count_failure(*route_);
    phase_ = Phase::kClosing;
    connection_.close();
    return;
  }
  if (silent && upstream_reused_ && !retry_head_.empty()) {
    // The server closed an idle connection while the request was on its way: it has not looked at it.
    worker_.count_retry(*route_);
    if (send_upstream(/*fresh=*/true)) {
      retry_head_.clear();
      return;
    }
  }
  worker_.count_failure(*route_);
  answer(502, fmt::format("upstream {}: {}", route_->spec.upstream, why));
  if (phase_ == Phase::kHead) take_pending();
}

void Client::on_upstream_drained() {
  if (phase_ == Phase::kBody) connection_.resume_receive();
}

void Client::end_exchange() {
  if (upstream_ != nullptr) std::exchange(upstream_, nullptr)->abandon();
}

void Client::answer(int status, std::string_view detail, bool close) {
  end_exchange();
  retry_head_.clear();
  if (close) side_.keep_alive = false;
  append_problem(connection_.output(), status, detail, side_);
  worker_.count_local(route_);
  if (close) {
    close_soon();
  } else if (phase_ == Phase::kResponding || (body_ && body_->done())) {
    begin_next();
  } else {
    phase_ = Phase::kDraining;
    connection_.resume_receive();
    arm(worker_.settings().body_timeout);
    if (peer_ended_) close_soon();
  }
}

void Client::begin_next() {
  route_ = nullptr;
  body_.reset();
  if (!side_.keep_alive || draining_) return close_soon();
  phase_ = Phase::kHead;
  connection_.resume_receive();
  arm(worker_.settings().idle_timeout);
}

// What a client sent ahead while it was being answered.
void Client::take_pending() {
  if (pending_.empty()) return;
  pending_.erase(0, consume(pending_));
  if (phase_ == Phase::kResponding && !pending_.empty()) connection_.pause_receive();
}

void Client::close_soon() {
  phase_ = Phase::kClosing;
  end_exchange();
  connection_.close_after_flush();
  arm(kFlushWithin);
}

void Client::on_timeout() {
  switch (phase_) {
    case Phase::kHead:
      if (pending_.empty()) {
        connection_.close();
      } else {
        answer(408, "the head of the request did not arrive in time", true);
      }
      return;
    case Phase::kBody:
      if (responded_) {
        connection_.close();
      } else {
        answer(408, "the body of the request did not arrive in time", true);
      }
      return;
    case Phase::kResponding:
      worker_.count_failure(*route_);
      if (responded_) {
        phase_ = Phase::kClosing;
        connection_.close();
      } else {
        answer(504, fmt::format("upstream {} did not answer in time", route_->spec.upstream));
        if (phase_ == Phase::kHead) take_pending();
      }
      return;
    case Phase::kDraining:
    case Phase::kClosing: connection_.close(); return;
  }
}

void Client::arm(base::Duration timeout) { timer_.arm(connection_.loop().now() + timeout); }

}  // namespace weir::gateway
