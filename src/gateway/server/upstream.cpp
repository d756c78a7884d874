#include "gateway/server/upstream.h"

#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "base/assert.h"

namespace weir::gateway {

using base::Result;
using runtime::Connection;
using wire::http1::BodyDecoder;
using wire::http1::HeadScanner;
using wire::http1::Message;

UpstreamConnection::UpstreamConnection(Upstream& upstream, const wire::http1::Limits& limits)
    : upstream_(upstream), scanner_(Message::kResponse, limits), idle_timer_(upstream.loop_.timers(), [this] {
        if (state_ == State::kIdle) upstream_.retire(*this);
      }) {}

void UpstreamConnection::lend(ResponseReceiver& receiver, std::string_view method) {
  WEIR_ASSERT(state_ == State::kIdle && receiver_ == nullptr);
  state_ = State::kLent;
  receiver_ = &receiver;
  method_ = method;
  scanner_.restart();
  body_.reset();
  request_sent_ = false;
  got_bytes_ = false;
}

void UpstreamConnection::abandon() {
  receiver_ = nullptr;
  upstream_.retire(*this);
}

void UpstreamConnection::on_receive(Connection&, std::string_view bytes) {
  // Bytes that nobody asked for would be taken for the next response: the connection is not to be trusted.
  if (state_ != State::kLent) return upstream_.retire(*this);
  got_bytes_ = true;
  // A whole response leaves no rest; if it did, the connection is retired. So whatever its receiver does next,
  // lending this same connection included, finds nothing pending.
  if (pending_.empty()) {
    const std::size_t used = consume(bytes);
    pending_.assign(bytes.substr(used));
  } else {
    pending_.append(bytes);
    pending_.erase(0, consume(pending_));
    if (pending_.empty()) std::string().swap(pending_);
  }
}

void UpstreamConnection::on_end(Connection&) {
  if (state_ != State::kLent) return upstream_.retire(*this);
  if (body_ && body_->whole_at_close()) {
    keep_alive_ = false;
    return finish(upstream_.no_trailers_);
  }
  fail(got_bytes_ ? "the upstream ended in the middle of a response" : "the upstream closed the connection");
}

void UpstreamConnection::on_drained(Connection&) {
  if (receiver_ != nullptr) receiver_->on_upstream_drained();
}

void UpstreamConnection::on_close(Connection&, const runtime::CloseReason& reason) {
  if (state_ == State::kLent) fail(reason.to_string());
  upstream_.retire(*this);
  upstream_.connections_.erase(this);  // Destroys this.
}

std::size_t UpstreamConnection::consume(std::string_view received) {
  std::size_t used = 0;
  while (receiver_ != nullptr) {
    std::size_t step = 0;
    const std::string_view rest = received.substr(used);
    const bool more = body_ ? take_body(rest, step) : take_head(rest, step);
    used += step;
    if (!more) break;
  }
  return used;
}

bool UpstreamConnection::take_head(std::string_view received, std::size_t& used) {
  switch (scanner_.scan(received)) {
    case HeadScanner::Status::kNeedMore: return false;
    case HeadScanner::Status::kRejected: fail(scanner_.rejection().reason); return false;
    case HeadScanner::Status::kComplete: break;
  }
  used = scanner_.head_bytes();
  wire::http1::ResponseHead& head = upstream_.head_;
  if (const auto rejection = parse_response_head(received.substr(0, used), method_, upstream_.limits_, head)) {
    fail(rejection->reason);
    return false;
  }
  if (head.tunnel) {
    fail("the upstream switched to a protocol that was not asked for");
    return false;
  }
  scanner_.restart();
  if (head.status < 200) {
    receiver_->on_interim(head);
    return true;
  }
  keep_alive_ = head.keep_alive;
  body_.emplace(head.body, Message::kResponse, upstream_.limits_);
  receiver_->on_response(head);
  return true;
}

bool UpstreamConnection::take_body(std::string_view received, std::size_t& used) {
  const BodyDecoder::Step step = body_->decode(received);
  used = step.consumed;
  switch (step.status) {
    case BodyDecoder::Status::kNeedMore: return false;
    case BodyDecoder::Status::kData: receiver_->on_response_data(step.data); return true;
    case BodyDecoder::Status::kRejected: fail(body_->rejection().reason); return false;
    case BodyDecoder::Status::kDone: break;
  }
  const bool has_trailers = !body_->trailer_section().empty();
  if (has_trailers) {
    if (const auto rejection =
            parse_trailers(body_->trailer_section(), Message::kResponse, upstream_.limits_, upstream_.trailers_)) {
      fail(rejection->reason);
      return false;
    }
  }
  // What stands behind a whole response was not asked for.
  if (received.size() > used) keep_alive_ = false;
  finish(has_trailers ? upstream_.trailers_ : upstream_.no_trailers_);
  return false;
}

void UpstreamConnection::finish(const wire::http1::Fields& trailers) {
  ResponseReceiver* receiver = std::exchange(receiver_, nullptr);
  reused_ = true;
  // First the connection, then the news: the receiver's next request may want it at once.
  if (keep_alive_ && request_sent_ && connection_->unsent_bytes() == 0) {
    upstream_.release(*this);
  } else {
    upstream_.retire(*this);
  }
  receiver->on_response_end(trailers);
}

void UpstreamConnection::fail(std::string_view why) {
  ResponseReceiver* receiver = std::exchange(receiver_, nullptr);
  upstream_.retire(*this);
  receiver->on_upstream_failure(why, !got_bytes_);
}

Result<std::unique_ptr<Upstream>> Upstream::create(const UpstreamSpec& spec, const wire::http1::Limits& limits,
                                                   runtime::Loop& loop) {
  WEIR_ASSERT(!spec.addresses.empty());
  const auto endpoint = runtime::Endpoint::parse(spec.addresses[0]);
  if (!endpoint) return endpoint.error().within(fmt::format("upstream {}", spec.name));
  return std::unique_ptr<Upstream>(new Upstream(spec, limits, *endpoint, loop));
}

Upstream::Upstream(const UpstreamSpec& spec, const wire::http1::Limits& limits, runtime::Endpoint endpoint,
                   runtime::Loop& loop)
    : spec_(spec), limits_(limits), endpoint_(endpoint), loop_(loop) {
  limits_.body_bytes = std::numeric_limits<std::uint64_t>::max();
}

Upstream::~Upstream() = default;

UpstreamConnection* Upstream::acquire() {
  if (idle_.empty()) return acquire_new();
  UpstreamConnection* newest = idle_.back();
  idle_.pop_back();
  return newest;
}

UpstreamConnection* Upstream::acquire_new() {
  if (open_ >= spec_.max_connections) {
    refused_.add();
    return nullptr;
  }
  auto created = std::make_unique<UpstreamConnection>(*this, limits_);
  const auto connection = loop_.connect(endpoint_, *created, loop_.now() + spec_.connect_timeout);
  if (!connection) {
    refused_.add();
    return nullptr;
  }
  opened_.add();
  ++open_;
  created->connection_ = *connection;
  UpstreamConnection* lent = created.get();
  connections_.emplace(lent, std::move(created));
  return lent;
}

void Upstream::release(UpstreamConnection& connection) {
  if (idle_.size() >= spec_.max_idle_connections) return retire(connection);
  connection.state_ = UpstreamConnection::State::kIdle;
  connection.connection_->resume_receive();
  idle_.push_back(&connection);
  connection.idle_timer_.arm(loop_.now() + spec_.idle_timeout);
}

void Upstream::retire(UpstreamConnection& connection) {
  if (connection.state_ == UpstreamConnection::State::kRetired) return;
  if (connection.state_ == UpstreamConnection::State::kIdle) std::erase(idle_, &connection);
  connection.state_ = UpstreamConnection::State::kRetired;
  --open_;
  connection.connection_->close();
}

}  // namespace weir::gateway
