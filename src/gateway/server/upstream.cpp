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
        upstream_.leave_idle(*this);
        connection_->close();
      }) {}

void UpstreamConnection::lend(ResponseReceiver& receiver, std::string_view method) {
  WEIR_ASSERT(receiver_ == nullptr);
  receiver_ = &receiver;
  method_ = method;
  scanner_.restart();
  body_.reset();
  got_bytes_ = false;
}

void UpstreamConnection::abandon() {
  receiver_ = nullptr;
  connection_->close();
}

void UpstreamConnection::on_connect(Connection&) {}

void UpstreamConnection::on_receive(Connection& connection, std::string_view bytes) {
  if (receiver_ == nullptr) {
    // Bytes that nobody asked for would be taken for the next response: the connection is not to be trusted.
    upstream_.leave_idle(*this);
    connection.close();
    return;
  }
  got_bytes_ = true;
  if (pending_.empty()) {
    const std::size_t used = consume(bytes);
    if (receiver_ != nullptr) pending_.assign(bytes.substr(used));
  } else {
    pending_.append(bytes);
    pending_.erase(0, consume(pending_));
  }
}

void UpstreamConnection::on_end(Connection& connection) {
  if (receiver_ == nullptr) {
    upstream_.leave_idle(*this);
  } else if (body_ && body_->whole_at_close()) {
    keep_alive_ = false;
    finish(upstream_.no_trailers_);
    return;
  } else {
    fail(got_bytes_ ? "the upstream ended in the middle of a response" : "the upstream closed the connection");
    return;
  }
  connection.close();
}

void UpstreamConnection::on_drained(Connection&) {
  if (receiver_ != nullptr) receiver_->on_upstream_drained();
}

void UpstreamConnection::on_close(Connection&, const runtime::CloseReason& reason) {
  ResponseReceiver* receiver = std::exchange(receiver_, nullptr);
  const bool silent = !got_bytes_;
  upstream_.forget(*this);  // Destroys this.
  if (receiver != nullptr) receiver->on_upstream_failure(reason.to_string(), silent);
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
  ++served_;
  pending_.clear();
  // First the connection, then the news: the receiver's next request may want it at once.
  if (keep_alive_ && connection_->unsent_bytes() == 0) {
    upstream_.release(*this);
  } else {
    connection_->close();
  }
  receiver->on_response_end(trailers);
}

void UpstreamConnection::fail(std::string_view why) {
  ResponseReceiver* receiver = std::exchange(receiver_, nullptr);
  const bool silent = !got_bytes_;
  connection_->close();
  receiver->on_upstream_failure(why, silent);
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

UpstreamConnection* Upstream::acquire(bool fresh) {
  if (!fresh && !idle_.empty()) {
    UpstreamConnection* newest = idle_.back();
    idle_.pop_back();
    newest->idle_timer_.cancel();
    return newest;
  }
  if (connections_.size() >= spec_.max_connections) {
    ++refused_;
    return nullptr;
  }
  auto created = std::make_unique<UpstreamConnection>(*this, limits_);
  const auto connection = loop_.connect(endpoint_, *created, loop_.now() + spec_.connect_timeout);
  if (!connection) {
    ++refused_;
    return nullptr;
  }
  ++opened_;
  created->connection_ = *connection;
  UpstreamConnection* lent = created.get();
  connections_.emplace(lent, std::move(created));
  return lent;
}

void Upstream::release(UpstreamConnection& connection) {
  if (idle_.size() >= spec_.max_idle_connections) {
    connection.connection_->close();
    return;
  }
  connection.connection_->resume_receive();
  idle_.push_back(&connection);
  connection.idle_timer_.arm(loop_.now() + spec_.idle_timeout);
}

void Upstream::forget(UpstreamConnection& connection) {
  leave_idle(connection);
  connections_.erase(&connection);
}

void Upstream::leave_idle(UpstreamConnection& connection) { std::erase(idle_, &connection); }

}  // namespace weir::gateway
