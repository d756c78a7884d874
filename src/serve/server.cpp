#include "serve/server.h"

#include <array>
#include <unordered_set>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "base/assert.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/log.h"
#include "runtime/deadline.h"
#include "runtime/gate.h"
#include "runtime/tcp.h"
#include "wire/http1/body.h"
#include "wire/http1/head.h"
#include "wire/http1/writer.h"

namespace weir::serve {

namespace http1 = wire::http1;
using base::MonoTime;
using base::Result;
using runtime::deadline_after;
using runtime::Executor;
using runtime::Task;
using runtime::TcpListener;
using runtime::TcpStream;

namespace {

// How long, and how much, a peer whose request was refused is listened to before its connection is closed: a close with
// unread bytes resets the connection, and the peer may lose the very response that explains it.
constexpr base::Duration kLingerTimeout = std::chrono::seconds(1);
constexpr std::size_t kLingerBytes = 1 << 20;

// After accept() failed because something ran out.
constexpr base::Duration kAcceptPause = std::chrono::milliseconds(50);

bool has_body(int status) { return status >= 200 && status != 204 && status != 304; }

}  // namespace

struct Server::Impl {
  // A connection's parts that the server itself needs to reach.
  struct Connection {
    Connection(TcpStream accepted, const http1::Limits& limits)
        : stream(std::move(accepted)), scanner(http1::Message::kRequest, limits) {}

    TcpStream stream;
    bool idle = true;
    std::string received;  // From the first byte that is not yet understood.
    http1::HeadScanner scanner;
    http1::RequestHead head;
  };
  // What became of reading a request: there is one, or there is a refusal to send, or the connection is over.
  struct Incoming {
    std::optional<Request> request = {};
    std::optional<Response> refusal = {};
  };

  Impl(Executor on, ServerOptions with, Router routes, base::Metrics& metrics, const std::string& role)
      : executor(std::move(on)),
        options(with),
        router(std::move(routes)),
        latency(metrics.latency(
            {"weir_http_request_seconds", "From a request's last byte to its response's first.", {{"role", role}}})),
        open(metrics.gauge({"weir_http_connections", "Open connections.", {{"role", role}}})),
        refused(metrics.counter(
            {"weir_http_connections_refused_total", "Connections beyond the limit.", {{"role", role}}})) {
    for (std::size_t i = 0; i < answered.size(); ++i) {
      answered[i] = &metrics.counter(
          {"weir_http_requests_total", "Requests answered.", {{"role", role}, {"status", fmt::format("{}xx", i + 1)}}});
    }
  }

  Task<void> accept();
  Task<void> refuse(TcpStream stream);
  Task<void> serve(TcpStream stream);
  Task<Incoming> receive(Connection& connection);
  Task<std::optional<Response>> receive_body(Connection& connection, Request& request);
  Task<Result<void>> more(Connection& connection, MonoTime deadline);
  Task<Response> answer(Request request);
  Task<bool> send(Connection& connection, Response response, bool head_only, bool keep_alive);
  Task<void> linger(Connection& connection);

  // Fixed after construction.
  const Executor executor;
  const ServerOptions options;
  const Router router;
  base::LatencyHistogram& latency;
  base::Gauge& open;
  base::Counter& refused;
  std::array<base::Counter*, 5> answered;

  std::optional<TcpListener> listener;
  std::unordered_set<Connection*> connections;
  base::log::Throttle handler_failures{std::chrono::seconds(1)};
  bool draining = false;

  runtime::Gate accepting;
  runtime::Gate serving;
};

Server::Server(Executor executor, ServerOptions options, Router router, base::Metrics& metrics, std::string role)
    : impl_(std::make_unique<Impl>(std::move(executor), options, std::move(router), metrics, role)) {}
Server::~Server() = default;

Result<void> Server::start() {
  auto listener = TcpListener::bind(impl_->executor, impl_->options.listen);
  if (!listener) return std::move(listener).error();
  impl_->listener.emplace(std::move(*listener));
  runtime::spawn(impl_->accepting, impl_->executor, impl_->accept(), "http accept");
  return {};
}

runtime::Endpoint Server::local() const { return impl_->listener->local(); }
std::size_t Server::connections() const { return impl_->connections.size(); }

Task<void> Server::stop(MonoTime deadline) {
  Impl& impl = *impl_;
  impl.draining = true;
  if (impl.listener) impl.listener->close();
  co_await impl.accepting.stop(runtime::mono_now());
  for (Impl::Connection* connection : impl.connections) {
    if (connection->idle) connection->stream.close();
  }
  co_await impl.serving.stop(deadline);
}

Task<void> Server::Impl::accept() {
  while (!draining) {
    auto stream = co_await listener->accept();
    if (!stream) {
      if (stream.error().kind() == base::ErrorKind::kFatal) co_return;
      base::log::warning("http {}: {}", options.listen.to_string(), stream.error().text());
      co_await runtime::sleep_for(kAcceptPause);
      continue;
    }
    // Those who are being refused hold a place too, but as many again at most; beyond, they are dropped without a word.
    if (connections.size() < options.max_connections) {
      runtime::spawn(serving, executor, serve(std::move(*stream)), "http connection");
    } else {
      refused.add();
      if (serving.holders() < 2 * options.max_connections) {
        runtime::spawn(serving, executor, refuse(std::move(*stream)), "http refusal");
      }
    }
  }
}

Task<void> Server::Impl::refuse(TcpStream stream) {
  Connection connection(std::move(stream), options.limits);
  Response response = problem(503, "too many connections");
  response.fields.emplace_back("Retry-After", "1");
  const bool sent = co_await send(connection, std::move(response), false, false);
  if (sent) co_await linger(connection);
}

Task<void> Server::Impl::serve(TcpStream stream) {
  Connection connection(std::move(stream), options.limits);
  // However this ends.
  struct Listed {
    Impl& impl;
    Connection* connection;
    Listed(Impl& owner, Connection* listed) : impl(owner), connection(listed) {
      impl.connections.insert(connection);
      impl.open.add(1);
    }
    ~Listed() {
      impl.connections.erase(connection);
      impl.open.add(-1);
    }
  } const listed(*this, &connection);

  for (;;) {
    Incoming incoming = co_await receive(connection);
    if (incoming.refusal) {
      const bool sent = co_await send(connection, std::move(*incoming.refusal), false, false);
      if (sent) co_await linger(connection);
      co_return;
    }
    if (!incoming.request) co_return;
    const bool head_only = incoming.request->method == "HEAD";
    const MonoTime began = runtime::mono_now();
    Response response = co_await answer(std::move(*incoming.request));
    latency.record(runtime::mono_now() - began);
    const bool keep_alive = connection.head.keep_alive && !draining;
    const bool sent = co_await send(connection, std::move(response), head_only, keep_alive);
    if (!sent) co_return;
    if (!keep_alive) {
      co_await linger(connection);
      co_return;
    }
  }
}

Task<Result<void>> Server::Impl::more(Connection& connection, MonoTime deadline) {
  std::array<char, 16 << 10> block;
  const auto count = co_await connection.stream.read_some(block, deadline);
  if (!count) co_return count.error();
  if (*count == 0) co_return base::fatal("the peer closed the connection");
  connection.received.append(block.data(), *count);
  co_return Result<void>();
}

Task<Server::Impl::Incoming> Server::Impl::receive(Connection& connection) {
  connection.scanner.restart();
  connection.idle = connection.received.empty();
  if (connection.idle) {
    const auto first = co_await more(connection, deadline_after(options.idle_timeout));
    if (!first) co_return Incoming{};
    connection.idle = false;
  }

  const MonoTime head_deadline = deadline_after(options.head_timeout);
  http1::HeadScanner& scanner = connection.scanner;
  auto status = scanner.scan(connection.received);
  while (status == http1::HeadScanner::Status::kNeedMore) {
    const auto next = co_await more(connection, head_deadline);
    if (!next && next.error().kind() == base::ErrorKind::kRetry) {
      co_return Incoming{.refusal = problem(408, "the request's head did not arrive in time")};
    }
    if (!next) co_return Incoming{};
    status = scanner.scan(connection.received);
  }
  const auto rejected =
      status == http1::HeadScanner::Status::kRejected
          ? std::optional(scanner.rejection())
          : http1::parse_request_head(std::string_view(connection.received).substr(0, scanner.head_bytes()),
                                      options.limits, connection.head);
  if (rejected) co_return Incoming{.refusal = problem(rejected->status, rejected->reason)};

  // Copied before the buffer moves on.
  const http1::RequestHead& head = connection.head;
  Incoming incoming;
  Request& request = incoming.request.emplace();
  request.method = head.method;
  const std::size_t question = head.path.find('?');
  request.path = head.path.substr(0, question);
  if (request.path.empty() && head.form == http1::TargetForm::kAbsolute) request.path = "/";
  if (question != std::string_view::npos) request.query = head.path.substr(question + 1);
  for (const http1::Field& field : head.fields) request.fields.emplace_back(field.name, field.value);
  connection.received.erase(0, scanner.head_bytes());

  incoming.refusal = co_await receive_body(connection, request);
  co_return incoming;
}

// Returns a refusal, also (with nobody left to read it) when the peer has gone.
Task<std::optional<Response>> Server::Impl::receive_body(Connection& connection, Request& request) {
  const MonoTime deadline = deadline_after(options.body_timeout);
  http1::BodyDecoder decoder(connection.head.body, http1::Message::kRequest, options.limits);
  bool asked_to_continue = !connection.head.expects_continue;
  for (;;) {
    const auto step = decoder.decode(connection.received);
    if (step.status == http1::BodyDecoder::Status::kData) request.body += step.data;
    connection.received.erase(0, step.consumed);
    if (step.status == http1::BodyDecoder::Status::kData) continue;
    if (step.status == http1::BodyDecoder::Status::kDone) co_return std::nullopt;
    if (step.status == http1::BodyDecoder::Status::kRejected) {
      const auto rejection = decoder.rejection();
      co_return problem(rejection.status, rejection.reason);
    }
    if (!asked_to_continue) {
      asked_to_continue = true;
      const auto asked = co_await connection.stream.write_all("HTTP/1.1 100 Continue\r\n\r\n", deadline);
      if (!asked) co_return problem(408, asked.error().text());
    }
    const auto next = co_await more(connection, deadline);
    if (!next) co_return problem(408, "the request's body did not arrive in time");
  }
}

Task<Response> Server::Impl::answer(Request request) {
  Router::Match match = router.find(request.method, request.path);
  if (match.handler == nullptr) {
    if (match.allowed.empty()) co_return problem(404, "there is nothing at this path");
    Response response = problem(405, "this path has other methods");
    response.fields.emplace_back("Allow", match.allowed);
    co_return response;
  }
  request.parameters = std::move(match.parameters);
  request.deadline = deadline_after(options.handler_timeout);
  const MonoTime deadline = request.deadline;
  const std::string what = fmt::format("{} {}", request.method, request.path);
  std::string failure;
  try {
    Task<Response> handled = (*match.handler)(std::move(request));
    auto outcome = co_await runtime::with_deadline(std::move(handled), deadline);
    if (outcome.value) co_return *std::move(outcome.value);
    co_return problem(503, "the request could not be handled in time");
  } catch (const std::exception& error) {
    failure = error.what();
  }
  // Of a stranger's request: escaped, cut, and not more often than once in a while.
  if (handler_failures.pass(runtime::mono_now())) {
    base::log::error("http: the handler of {} threw: {} (and {} others before)", base::printable(what), failure,
                     handler_failures.suppressed());
  }
  co_return problem(500, "the request could not be handled; the reason is in the server's log");
}

// False when the connection is over.
Task<bool> Server::Impl::send(Connection& connection, Response response, bool head_only, bool keep_alive) {
  WEIR_ASSERT(response.status >= 200 && response.status <= 599);
  answered[static_cast<std::size_t>(response.status / 100 - 1)]->add();
  std::string bytes;
  http1::HeadWriter writer(bytes);
  writer.response(response.status);
  const auto now = std::chrono::system_clock::to_time_t(
      std::chrono::time_point_cast<std::chrono::system_clock::duration>(base::RealClock().wall()));
  writer.field("Date", fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(now)));
  if (!response.content_type.empty()) writer.field("Content-Type", response.content_type);
  for (const auto& [name, value] : response.fields) writer.field(name, value);
  if (!keep_alive) writer.field("Connection", "close");
  if (keep_alive && connection.head.minor_version == 0) writer.field("Connection", "keep-alive");
  if (has_body(response.status)) writer.framing({http1::Framing::kLength, response.body.size()});
  writer.finish();
  if (has_body(response.status) && !head_only) bytes += response.body;
  const auto written = co_await connection.stream.write_all(bytes, deadline_after(options.write_timeout));
  co_return written.has_value();
}

Task<void> Server::Impl::linger(Connection& connection) {
  connection.stream.finish_sending();
  const MonoTime deadline = deadline_after(kLingerTimeout);
  std::array<char, 4096> block;
  for (std::size_t taken = 0; taken < kLingerBytes;) {
    const auto count = co_await connection.stream.read_some(block, deadline);
    if (!count || *count == 0) co_return;
    taken += *count;
  }
}

}  // namespace weir::serve
