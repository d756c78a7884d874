#include "store/server/client.h"

#include "base/log.h"
#include "store/commands/dispatch.h"
#include "store/server/server.h"

namespace weir::store {

using runtime::Connection;
using wire::resp::RequestParser;

namespace {

// What a client that waits may send ahead; then it is not read from until it goes on.
constexpr std::size_t kAheadBytes = 64 << 10;
// A peer that does not read its last reply is given so long.
constexpr base::Duration kClosingTime = std::chrono::seconds(10);

bool is_loopback(const runtime::Endpoint& endpoint) {
  return endpoint.is_unix() || endpoint.host().starts_with("127.") || endpoint.host() == "::1";
}

// As CLIENT LIST spells it.
std::string address_text(const runtime::Endpoint& endpoint, const std::string& unix_path) {
  return endpoint.is_unix() ? unix_path + ":0" : endpoint.to_string();
}

}  // namespace

Client::Client(Server& server, Connection& connection, std::uint64_t id)
    : server_(server), connection_(connection), idle_timer_(connection.loop().timers(), [this] { idled(); }) {
  Node& node = server.node();
  const runtime::Endpoint peer = connection.peer();
  session_.id = id;
  session_.port = this;
  session_.address = address_text(peer, node.settings.unixsocket);
  session_.local_address = address_text(connection.local(), node.settings.unixsocket);
  session_.is_local = is_loopback(peer);
  session_.connected_at = session_.last_request_at = connection.loop().now();
  session_.authenticated = node.settings.requirepass.empty();
  parser_.set_authenticated(session_.authenticated);
  node.sessions.emplace(id, &session_);
  keep_idle_timer();
}

void Client::turn_away(std::string_view reply) {
  connection_.output() += reply;
  close_after_flush();
}

void Client::on_receive(Connection&, std::string_view bytes) {
  server_.node().stats.input_bytes += bytes.size();
  if (closing_) return;
  session_.last_request_at = connection_.loop().now();
  keep_idle_timer();
  parser_.set_max_bulk_bytes(server_.node().settings.proto_max_bulk_len);
  if (pending_.empty()) {
    const std::size_t taken = run_requests(bytes);
    if (!closing_) pending_.assign(bytes.substr(taken));
  } else {
    pending_.append(bytes);
    pending_.erase(0, run_requests(pending_));
  }
  if (!closing_) bound_requests();
}

void Client::bound_requests() {
  const std::uint64_t limit = server_.node().settings.client_query_buffer_limit;
  if (pending_.size() + session_.transaction.queued_bytes + session_.held_bytes > limit) {
    if (server_.log_throttle().pass(connection_.loop().now())) {
      base::log::warning("closing client {}: what it has sent is over client-query-buffer-limit, {} bytes", session_.id,
                         limit);
    }
    return close();
  }
  if (session_.waiting != nullptr && pending_.size() >= kAheadBytes) {
    receive_paused_ = true;
    return connection_.pause_receive();
  }
  // A large value grows the buffer once, not by doubling; nor does it leave its buffer behind.
  if (const std::size_t expected = parser_.expected_bytes(); expected > pending_.capacity()) {
    pending_.reserve(expected);
  } else if (pending_.empty() && pending_.capacity() > kAheadBytes) {
    pending_ = {};
  }
}

// A client that waits and will hear no more requests need not be served any more.
void Client::on_end(Connection&) {
  if (session_.waiting != nullptr) return close();
  close_after_flush();
}

void Client::on_drained(Connection&) { run_pending(); }

void Client::run_pending() {
  if (closing_ || session_.waiting != nullptr) return;
  if (receive_paused_) {
    receive_paused_ = false;
    connection_.resume_receive();
  }
  pending_.erase(0, run_requests(pending_));
  if (!closing_) bound_requests();
}

void Client::on_close(Connection&, const runtime::CloseReason&) { server_.forget(*this); }

bool Client::may_run() {
  if (session_.waiting != nullptr) return false;
  if (!connection_.congested()) return true;
  receive_paused_ = true;
  connection_.pause_receive();
  return false;
}

std::size_t Client::run_requests(std::string_view bytes) {
  Node& node = server_.node();
  node.mono_now = connection_.loop().now();
  node.last_ticks = node.stopwatch.ticks();
  std::size_t done = 0;
  while (may_run()) {
    Batch& batch = server_.batch();
    // AUTH changes what may follow it.
    const RequestParser::Step step = batch.take(parser_, bytes.substr(done), /*only_one=*/!session_.authenticated);
    batch.prepare(node, session_);
    const std::size_t begin = done;
    bool all = true;
    for (std::size_t i = 0; const Upcoming& request : batch.requests()) {
      if (session_.close_after_reply || (done > begin && !may_run())) {
        all = false;
        break;
      }
      run_request(request.words, request.prepared);
      done = begin + batch.end_of(i++);
    }
    if (!all) {
      // What was looked at in vain is parsed again when the session goes on.
      parser_.rewind();
    } else {
      done = begin + step.consumed;
      if (step.status == RequestParser::Status::kError && !session_.close_after_reply) {
        wire::resp::ReplyWriter(connection_.output(), session_.protocol).error("ERR " + parser_.error());
        session_.close_after_reply = true;
      }
    }
    if (session_.close_after_reply) {
      close_after_flush();
      break;
    }
    if (all && step.status == RequestParser::Status::kNeedMore) break;
  }
  enforce_output_limit();
  return done;
}

void Client::run_request(std::span<const std::string_view> words, const Prepared& prepared) {
  Node& node = server_.node();
  std::string& output = connection_.output();
  const std::size_t before = output.size();
  if (session_.reply_mode == ReplyMode::kOn) {
    execute(words, session_, node, server_.wall_ms(), output, prepared);
  } else {
    // What is not to be sent is written aside. CLIENT REPLY ON answers, so the mode afterwards decides.
    if (session_.reply_mode == ReplyMode::kSkipNext) session_.reply_mode = ReplyMode::kSkipThis;
    std::string unsent;
    execute(words, session_, node, server_.wall_ms(), unsent, prepared);
    if (session_.reply_mode == ReplyMode::kOn) output += unsent;
    const bool answered = session_.waiting == nullptr;
    if (answered && session_.reply_mode == ReplyMode::kSkipThis) session_.reply_mode = ReplyMode::kOn;
  }
  node.stats.output_bytes += output.size() - before;
  parser_.set_authenticated(session_.authenticated);
}

void Client::enforce_output_limit() {
  const Settings& settings = server_.node().settings;
  const bool is_told = session_.subscribed() || session_.monitors;
  const OutputLimit& limit = is_told ? settings.pubsub_output_limit : settings.normal_output_limit;
  if (closing_ || (limit.hard_bytes == 0 && limit.soft_bytes == 0)) return;
  const std::size_t unsent = connection_.unsent_bytes();
  bool over = limit.hard_bytes != 0 && unsent >= limit.hard_bytes;
  if (limit.soft_bytes != 0 && unsent >= limit.soft_bytes) {
    const base::MonoTime now = connection_.loop().now();
    if (!over_soft_limit_since_) over_soft_limit_since_ = now;
    over |= now - *over_soft_limit_since_ > std::chrono::seconds(limit.soft_seconds);
  } else {
    over_soft_limit_since_.reset();
  }
  if (!over) return;
  ++server_.node().stats.output_limit_disconnections;
  if (server_.log_throttle().pass(connection_.loop().now())) {
    base::log::warning("closing client {}: {} bytes that it has not read are over client-output-buffer-limit",
                       session_.id, unsent);
  }
  close();
}

std::string& Client::output() {
  server_.wrote_to(*this);
  return connection_.output();
}

void Client::resume() { server_.resume_at_turn_end(*this); }

void Client::close() {
  closing_ = true;
  connection_.close();
}

void Client::close_after_flush() {
  if (closing_) return;
  closing_ = true;
  connection_.close_after_flush();
  idle_timer_.arm(connection_.loop().now() + kClosingTime);
}

ConnectionFacts Client::facts() const {
  return {.query_bytes = pending_.size(),
          .query_capacity_bytes = pending_.capacity(),
          .unsent_bytes = connection_.unsent_bytes()};
}

std::size_t Client::held_bytes() const {
  return pending_.capacity() + connection_.unsent_bytes() + session_.transaction.queued_bytes + session_.held_bytes;
}

// Who waits for a key or for messages is not idle.
void Client::idled() {
  if (!closing_ && (session_.waiting != nullptr || session_.subscribed())) return keep_idle_timer();
  close();
}

void Client::keep_idle_timer() {
  const std::uint32_t timeout_s = server_.node().settings.timeout_s;
  if (closing_) return;
  if (timeout_s == 0) {
    idle_timer_.cancel();
  } else {
    idle_timer_.arm(connection_.loop().now() + std::chrono::seconds(timeout_s));
  }
}

}  // namespace weir::store
