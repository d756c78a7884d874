#include "store/server/client.h"

#include "base/log.h"
#include "store/commands/command.h"
#include "store/server/server.h"

namespace weir::store {

using runtime::Connection;
using wire::resp::RequestParser;

Client::Client(Server& server, Connection& connection, Session session)
    : server_(server),
      connection_(connection),
      session_(std::move(session)),
      idle_timer_(connection.loop().timers(), [this] { connection_.close(); }) {
  parser_.set_authenticated(session_.authenticated);
  keep_idle_timer();
}

void Client::on_receive(Connection& connection, std::string_view bytes) {
  server_.node().stats.input_bytes += bytes.size();
  keep_idle_timer();
  parser_.set_max_bulk_bytes(server_.node().settings.proto_max_bulk_len);
  if (pending_.empty()) {
    const std::size_t taken = run_requests(bytes);
    if (!closing_) pending_.assign(bytes.substr(taken));
  } else {
    pending_.append(bytes);
    pending_.erase(0, run_requests(pending_));
  }
  if (closing_) return;
  if (pending_.size() > kQueryBufferBytes) {
    if (server_.log_throttle().pass(connection.loop().now())) {
      base::log::warning("closing client {}: its unfinished request is over {} bytes", session_.id, kQueryBufferBytes);
    }
    connection.close();
    return;
  }
  // A large value grows the buffer once, not by doubling.
  if (const std::size_t expected = parser_.expected_bytes(); expected > pending_.capacity()) pending_.reserve(expected);
}

void Client::on_drained(Connection& connection) {
  if (closing_) return;
  connection.resume_receive();
  pending_.erase(0, run_requests(pending_));
}

void Client::on_close(Connection&, const runtime::CloseReason&) { server_.forget(*this); }

std::size_t Client::run_requests(std::string_view bytes) {
  std::string_view rest = bytes;
  while (true) {
    if (connection_.congested()) {
      connection_.pause_receive();
      break;
    }
    const RequestParser::Step step = parser_.parse(rest);
    if (step.status == RequestParser::Status::kCommand) {
      std::string& output = connection_.output();
      const std::size_t before = output.size();
      execute(parser_.arguments(), session_, server_.node(), server_.wall_ms(), output);
      server_.node().stats.output_bytes += output.size() - before;
      parser_.set_authenticated(session_.authenticated);
    } else if (step.status == RequestParser::Status::kError) {
      wire::resp::ReplyWriter(connection_.output(), session_.protocol).error("ERR " + parser_.error());
      session_.close_after_reply = true;
    }
    rest.remove_prefix(step.consumed);
    if (session_.close_after_reply) {
      closing_ = true;
      connection_.close_after_flush();
      idle_timer_.arm(connection_.loop().now() + std::chrono::seconds(10));
      break;
    }
    if (step.status == RequestParser::Status::kNeedMore) break;
  }
  return bytes.size() - rest.size();
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
