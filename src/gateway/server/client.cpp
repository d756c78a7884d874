#include "gateway/server/client.h"

#include <algorithm>
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

// How long a client that was answered for good may take nothing of it.
constexpr base::Duration kFlushWithin = 10s;
// How long a client that was refused may go on sending.
constexpr base::Duration kLingerFor = 5s;
// A body that trickles in must come at this rate on average, after body_timeout's start.
constexpr std::uint64_t kSlowestBodyBytesPerSecond = 512;
// What an idle connection may keep of its buffer.
constexpr std::size_t kIdleBufferBytes = 1024;

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
  if (phase_ == Phase::kHead && !head_begun_ && pending_.empty()) close_soon();
}

// ---- What the client sends

void Client::on_receive(Connection&, std::string_view bytes) {
  if (phase_ == Phase::kClosing) return;
  if (!pending_.empty()) {
    pending_.append(bytes);
    return take_pending();
  }
  const std::size_t used = consume(bytes);
  pending_.assign(bytes.substr(used));
  hold_back();
}

void Client::take_pending() {
  if (!pending_.empty()) pending_.erase(0, consume(pending_));
  hold_back();
}

void Client::hold_back() {
  if (phase_ == Phase::kClosing) pending_.clear();
  const bool waits = phase_ == Phase::kResponding || (phase_ == Phase::kHead && connection_.congested());
  if (waits && !pending_.empty()) connection_.pause_receive();
  if (pending_.empty() && pending_.capacity() > kIdleBufferBytes) std::string().swap(pending_);
}

void Client::on_end(Connection&) {
  peer_ended_ = true;
  side_.keep_alive = false;
  switch (phase_) {
    case Phase::kHead:
      if (head_begun_) return answer(400, "the request ended in the middle of its head", true);
      return close_soon();
    case Phase::kBody:
      // What arrived must not be taken for the whole.
      if (responded_) return cut();
      return answer(400, "the request ended in the middle of its body", true);
    case Phase::kDraining: return close_soon();
    case Phase::kResponding:
    case Phase::kClosing: return;  // It may still be reading the response.
  }
}

void Client::on_drained(Connection&) {
  if (upstream_ != nullptr) upstream_->connection().resume_receive();
  if (phase_ != Phase::kHead) return;
  connection_.resume_receive();
  take_pending();
}

void Client::on_close(Connection&, const runtime::CloseReason&) {
  if (upstream_ != nullptr) worker_.count_abandoned();
  end_exchange();
  worker_.forget(*this);  // Destroys this.
}

std::size_t Client::consume(std::string_view received) {
  std::size_t used = 0;
  for (bool more = true; more;) {
    std::size_t step = 0;
    const std::string_view rest = received.substr(used);
    switch (phase_) {
      case Phase::kHead: more = take_head(rest, step); break;
      case Phase::kBody:
      case Phase::kDraining: more = take_body(rest, step); break;
      case Phase::kResponding:
      case Phase::kClosing: more = false; break;
    }
    used += step;
  }
  return used;
}

bool Client::take_head(std::string_view received, std::size_t& used) {
  if (received.empty() || connection_.congested()) return false;
  switch (scanner_.scan(received)) {
    case HeadScanner::Status::kNeedMore:
      // Only the first byte starts the clock: a head has to be whole in time, however it trickles in.
      if (!std::exchange(head_begun_, true)) arm(worker_.settings().head_timeout);
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
  return true;
}

void Client::begin_exchange(const RequestHead& head) {
  began_ = body_since_ = connection_.loop().now();
  method_ = head.method;
  may_send_more_ = head.keep_alive;
  chunked_ = head.body.framing == Framing::kChunked;
  responded_ = false;
  body_held_ = false;
  side_ = {.minor_version = head.minor_version,
           .is_head = head.method == "HEAD",
           .keep_alive = head.keep_alive && !draining_ && !peer_ended_};
  body_.emplace(head.body, Message::kRequest, worker_.settings().limits);
  awaits_continue_ = head.expects_continue && !body_->done();
  phase_ = Phase::kBody;
  if (head.form == wire::http1::TargetForm::kAuthority) return answer(501, "this gateway opens no tunnels");
  if (forwards_exhausted(head)) return answer(501, "Max-Forwards ends here, where this method is not known");
  if (head.form != wire::http1::TargetForm::kAsterisk) {
    route_ = worker_.table().match(head.authority, head.path.starts_with('/') ? head.path : "/");
  }
  if (route_ == nullptr) return answer(404, "no route matches this host and path");

  upstream_ = worker_.upstream(route_->upstream).acquire();
  if (upstream_ == nullptr) return answer(503, "too many connections to the upstream");
  upstream_->lend(*this, method_);
  std::string& request = upstream_->connection().output();
  const std::size_t from = request.size();
  const std::string request_id = worker_.new_request_id();
  append_upstream_request(request, head, {.client_address = address_, .request_id = request_id});
  if (upstream_->reused() && body_->done() && is_repeatable(head)) retry_head_.assign(request, from);
  if (awaits_continue_) arm(route_->spec.timeout);
}

bool Client::take_body(std::string_view received, std::size_t& used) {
  const BodyDecoder::Step step = body_->decode(received);
  used = step.consumed;
  switch (step.status) {
    case BodyDecoder::Status::kNeedMore:
      if (!awaits_continue_) arm_for_body();
      return false;
    case BodyDecoder::Status::kData:
      awaits_continue_ = false;
      if (phase_ == Phase::kBody) forward_body(step.data);
      return true;
    case BodyDecoder::Status::kRejected:
      if (responded_) {
        cut();
      } else {
        answer(body_->rejection().status, body_->rejection().reason, true);
      }
      return false;
    case BodyDecoder::Status::kDone: break;
  }
  if (phase_ == Phase::kDraining) {
    begin_next();
    return true;
  }
  // Trailers of requests are dropped: nothing behind a gateway may rely on them (RFC 9110, 6.5.1).
  if (chunked_) upstream_->connection().output().append(wire::http1::kLastChunk);
  upstream_->request_sent();
  if (std::exchange(body_held_, false)) connection_.resume_receive();
  phase_ = Phase::kResponding;
  if (!responded_) arm(route_->spec.timeout);
  return false;
}

void Client::forward_body(std::string_view data) {
  Connection& to = upstream_->connection();
  if (chunked_) {
    wire::http1::append_chunk(to.output(), data);
  } else {
    to.output().append(data);
  }
  if (!to.congested()) return;
  body_held_ = true;
  connection_.pause_receive();
}

// ---- What the upstream answers

void Client::on_interim(const ResponseHead& head) {
  if (head.status == 100 && std::exchange(awaits_continue_, false)) {
    body_since_ = connection_.loop().now();
    arm_for_body();
  }
  // An HTTP/1.0 client knows none.
  if (side_.minor_version == 0) return;
  append_client_response(connection_.output(), head, side_);
  if (connection_.congested()) upstream_->connection().pause_receive();
}

void Client::on_response(const ResponseHead& head) {
  retry_head_.clear();
  responded_ = true;
  status_ = head.status;
  // It was not asked for its body, and whether that comes all the same nobody can know.
  if (awaits_continue_) side_.keep_alive = false;
  delivery_ = append_client_response(connection_.output(), head, side_);
  if (delivery_ == Delivery::kUntilClose) side_.keep_alive = false;
  arm(worker_.settings().body_timeout);
}

void Client::on_response_data(std::string_view data) {
  std::string& output = connection_.output();
  if (delivery_ == Delivery::kChunked) {
    wire::http1::append_chunk(output, data);
  } else {
    output.append(data);
  }
  arm(worker_.settings().body_timeout);
  if (connection_.congested()) upstream_->connection().pause_receive();
}

void Client::on_response_end(const wire::http1::Fields& trailers) {
  upstream_ = nullptr;
  body_held_ = false;
  if (delivery_ == Delivery::kChunked) wire::http1::append_last_chunk(connection_.output(), trailers);
  worker_.count_response(*route_, status_, connection_.loop().now() - began_);
  if (phase_ == Phase::kBody) {
    // Answered before the request was read whole: what is left of it goes nowhere.
    if (!side_.keep_alive) return linger();
    phase_ = Phase::kDraining;
    connection_.resume_receive();
    return arm_for_body();
  }
  begin_next();
  take_pending();
}

void Client::on_upstream_failure(std::string_view why, bool silent) {
  upstream_ = nullptr;
  if (responded_) {
    worker_.count_failure(*route_);
    return cut();
  }
  // The server closed an idle connection while the request was on its way: it has not looked at it.
  if (silent && !retry_head_.empty() && try_again()) return worker_.count_retry(*route_);
  worker_.count_failure(*route_);
  answer(502, fmt::format("upstream {}: {}", route_->spec.upstream, why));
  take_pending();
}

bool Client::try_again() {
  upstream_ = worker_.upstream(route_->upstream).acquire_new();
  if (upstream_ == nullptr) return false;
  upstream_->lend(*this, method_);
  upstream_->connection().output().append(std::exchange(retry_head_, {}));
  upstream_->request_sent();
  return true;
}

void Client::on_upstream_drained() {
  if (!std::exchange(body_held_, false)) return;
  connection_.resume_receive();
  body_since_ = connection_.loop().now();
  arm_for_body();
}

// ---- From one exchange to the next

void Client::end_exchange() {
  retry_head_.clear();
  body_held_ = false;
  if (upstream_ != nullptr) std::exchange(upstream_, nullptr)->abandon();
}

void Client::answer(int status, std::string_view detail, bool close) {
  end_exchange();
  // A client that was not asked for its body may send it or not: what follows could be either.
  if (close || awaits_continue_) side_.keep_alive = false;
  append_problem(connection_.output(), status, detail, side_);
  worker_.count_local(route_);
  if (body_ && body_->done()) return begin_next();
  if (!side_.keep_alive) return linger();
  phase_ = Phase::kDraining;
  connection_.resume_receive();
  arm_for_body();
}

void Client::begin_next() {
  route_ = nullptr;
  body_.reset();
  if (!side_.keep_alive) return may_send_more_ && !peer_ended_ ? linger() : close_soon();
  side_ = kUnread;
  phase_ = Phase::kHead;
  head_begun_ = false;
  connection_.resume_receive();
  arm(worker_.settings().idle_timeout);
}

void Client::close_soon() {
  phase_ = Phase::kClosing;
  connection_.close_after_flush();
  arm(kFlushWithin);
}

void Client::linger() {
  phase_ = Phase::kClosing;
  connection_.shutdown_send();
  connection_.resume_receive();
  arm(kLingerFor);
}

void Client::cut() {
  phase_ = Phase::kClosing;
  end_exchange();
  connection_.close();
}

// ---- Time

void Client::arm(base::Duration timeout) {
  timer_.arm(connection_.loop().now() + timeout);
  to_take_at_arm_ = bytes_to_take();
}

void Client::arm_for_body() {
  const base::Duration timeout = worker_.settings().body_timeout;
  const base::Duration earned = 1s * (body_->payload_bytes() / kSlowestBodyBytesPerSecond);
  arm(std::min(timeout, body_since_ + timeout + earned - connection_.loop().now()));
}

bool Client::is_taking() const { return bytes_to_take() < to_take_at_arm_; }

std::size_t Client::bytes_to_take() const {
  return (body_held_ ? upstream_->connection() : connection_).unsent_bytes();
}

void Client::on_timeout() {
  switch (phase_) {
    case Phase::kHead:
      if (head_begun_) return answer(408, "the head of the request did not arrive in time", true);
      if (is_taking()) return arm(worker_.settings().idle_timeout);
      return cut();
    case Phase::kBody:
    case Phase::kResponding: break;
    case Phase::kDraining: return linger();
    case Phase::kClosing:
      if (is_taking()) return arm(kFlushWithin);
      return cut();
  }
  if ((responded_ || body_held_) && is_taking()) return arm(worker_.settings().body_timeout);
  if (responded_) {
    // Who holds things up? Without anything to send it is the upstream.
    if (connection_.unsent_bytes() == 0) {
      worker_.count_failure(*route_);
      end_exchange();
    }
    return connection_.close();
  }
  if (phase_ == Phase::kBody && !body_held_ && !awaits_continue_) {
    return answer(408, "the body of the request did not arrive in time", true);
  }
  worker_.count_failure(*route_);
  answer(504, fmt::format("upstream {} did not answer in time", route_->spec.upstream));
  take_pending();
}

}  // namespace weir::gateway
