// Scripts against a real server on a loopback port: bytes out, bytes in.
#include "serve/server.h"

#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/asio/this_coro.hpp>

#include "runtime/event.h"
#include "runtime/gate.h"
#include "runtime/io_thread.h"
#include "runtime/tcp.h"
#include "serve/built_in.h"

namespace weir::serve {
namespace {

namespace asio = boost::asio;
using runtime::Event;
using runtime::kNever;
using runtime::run;
using runtime::Task;
using runtime::TcpStream;
using std::chrono::milliseconds;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

Task<Response> echo(Request request) { co_return text(request.method + " " + request.body); }
Task<Response> show_item(Request request) { co_return text("item " + request.parameter("id")); }
Task<Response> no_content(Request) { co_return Response{.status = 204}; }
Task<Response> throw_error(Request) {
  co_await runtime::sleep_for(base::Duration::zero());
  throw std::runtime_error("a bug");
}
Task<Response> wait_for(Event& event) {
  co_await event.wait();
  co_return text("waited");
}

// A server with some routes. `release` lets /wait answer.
class Scenario {
 public:
  explicit Scenario(runtime::Executor executor, ServerOptions options = {})
      : server_(std::move(executor), with_address(std::move(options)), routes(), metrics_, "test") {
    const auto started = server_.start();
    if (!started) throw std::runtime_error(started.error().text());
  }

  Event release;
  std::optional<base::Error> sickness;

  Server& server() { return server_; }
  Task<TcpStream> connect() {
    auto stream = co_await TcpStream::connect(server_.local(), kNever);
    co_return std::move(stream).value();
  }
  // Sends `bytes` on a new connection and returns all that comes until the server closes it.
  Task<std::string> exchange(std::string bytes) {
    TcpStream stream = co_await connect();
    const auto written = co_await stream.write_all(bytes, kNever);
    EXPECT_TRUE(written);
    co_return co_await rest(stream);
  }
  Task<std::string> rest(TcpStream& stream) {
    std::string all;
    std::array<char, 4096> block;
    for (;;) {
      const auto count = co_await stream.read_some(block, kNever);
      if (!count || *count == 0) co_return all;
      all.append(block.data(), *count);
    }
  }
  // Reads until `end` has come.
  Task<std::string> until(TcpStream& stream, std::string end) {
    std::string all;
    std::array<char, 4096> block;
    while (!all.ends_with(end)) {
      const auto count = co_await stream.read_some(block, kNever);
      if (!count || *count == 0) throw std::runtime_error("closed after: " + all);
      all.append(block.data(), *count);
    }
    co_return all;
  }

 private:
  static ServerOptions with_address(ServerOptions options) {
    options.listen = runtime::Endpoint::loopback(0);
    return options;
  }
  Router routes() {
    Router router;
    router.add("POST", "/echo", echo);
    router.add("GET", "/items/{id}", show_item);
    router.add("GET", "/none", no_content);
    router.add("GET", "/throw", throw_error);
    router.add("GET", "/wait", [this](Request) { return wait_for(release); });
    health_.add("store", [this] { return sickness ? base::Result<void>(*sickness) : base::Result<void>(); });
    add_built_in(router, metrics_, health_);
    return router;
  }

  base::Metrics metrics_;
  Health health_;
  Server server_;
};

constexpr const char* kClose = "Host: h\r\nConnection: close\r\n\r\n";

// One exchange with a server of its own.
Task<std::string> answer(std::string bytes, ServerOptions options) {
  const runtime::Executor executor = co_await asio::this_coro::executor;
  Scenario scenario(executor, std::move(options));
  std::string got = co_await scenario.exchange(std::move(bytes));
  co_await scenario.server().stop(kNever);
  co_return got;
}
std::string ask(std::string bytes, ServerOptions options = {}) {
  return run(answer(std::move(bytes), std::move(options)));
}

TEST(Server, AnswersWithWhatTheHandlerGives) {
  const std::string got = ask(std::string("GET /items/7?x=1 HTTP/1.1\r\n") + kClose);
  EXPECT_THAT(got, AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("\r\nContent-Length: 6\r\n"),
                         HasSubstr("\r\nContent-Type: text/plain; charset=utf-8\r\n"), HasSubstr("\r\nDate: "),
                         HasSubstr(" GMT\r\n"), HasSubstr("\r\nConnection: close\r\n"), EndsWith("\r\n\r\nitem 7")));
}

TEST(Server, PipelinedRequestsAreAnsweredInOrder) {
  const std::string got = ask(std::string("GET /items/1 HTTP/1.1\r\nHost: h\r\n\r\n"
                                          "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab"
                                          "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                                          "2\r\ncd\r\n1\r\ne\r\n0\r\n\r\n"
                                          "GET /items/2 HTTP/1.1\r\n") +
                              kClose);
  const auto at = [&got](const char* text) { return got.find(text); };
  EXPECT_LT(at("item 1HTTP/1.1"), at("POST abHTTP/1.1"));
  EXPECT_LT(at("POST abHTTP/1.1"), at("POST cdeHTTP/1.1"));
  EXPECT_LT(at("POST cdeHTTP/1.1"), at("item 2"));
  EXPECT_THAT(got, EndsWith("item 2"));
}

TEST(Server, HeadHasTheHeadOfGetAndNoBody) {
  EXPECT_THAT(ask(std::string("HEAD /items/7 HTTP/1.1\r\n") + kClose),
              AllOf(StartsWith("HTTP/1.1 200 "), HasSubstr("Content-Length: 6\r\n"), EndsWith("\r\n\r\n")));
}

TEST(Server, NoContentHasNoLength) {
  EXPECT_THAT(ask(std::string("GET /none HTTP/1.1\r\n") + kClose),
              AllOf(StartsWith("HTTP/1.1 204 "), Not(HasSubstr("Content-Length")), EndsWith("\r\n\r\n")));
}

TEST(Server, PathsAndMethodsThatAreNotThere) {
  EXPECT_THAT(ask(std::string("GET /nowhere HTTP/1.1\r\n") + kClose),
              AllOf(StartsWith("HTTP/1.1 404 "), HasSubstr("Content-Type: application/problem+json\r\n")));
  EXPECT_THAT(ask(std::string("PUT /echo HTTP/1.1\r\n") + kClose),
              AllOf(StartsWith("HTTP/1.1 405 "), HasSubstr("\r\nAllow: POST\r\n")));
}

TEST(Server, BadRequestIsAnsweredOnceAndClosed) {
  const std::string got = ask("GET / HTTP/1.1\r\nHost : h\r\n\r\nGET /items/1 HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(got, AllOf(StartsWith("HTTP/1.1 400 "), HasSubstr("Connection: close\r\n"), Not(HasSubstr("item 1"))));
}

TEST(Server, LimitsOfHeadAndBody) {
  ServerOptions options;
  options.limits.head_bytes = 100;
  options.limits.body_bytes = 4;
  const std::string long_field = "X: " + std::string(200, 'x') + "\r\n";
  EXPECT_THAT(ask("GET /items/1 HTTP/1.1\r\n" + long_field + kClose, options), StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(ask("POST /echo HTTP/1.1\r\nContent-Length: 5\r\nHost: h\r\n\r\nabcde", options),
              StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(
      ask("POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\nHost: h\r\n\r\n5\r\nabcde\r\n0\r\n\r\n", options),
      StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(ask("POST /echo HTTP/1.1\r\nContent-Length: 4\r\nConnection: close\r\nHost: h\r\n\r\nabcd", options),
              AllOf(StartsWith("HTTP/1.1 200 "), EndsWith("POST abcd")));
}

TEST(Server, SlowHeadAndSlowBodyAreTimedOut) {
  ServerOptions options;
  options.head_timeout = milliseconds(5);
  options.body_timeout = milliseconds(5);
  EXPECT_THAT(ask("GET /items/1 HT", options), StartsWith("HTTP/1.1 408 "));
  EXPECT_THAT(ask("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab", options),
              StartsWith("HTTP/1.1 408 "));
}

TEST(Server, IdleConnectionIsClosedWithoutAWord) {
  ServerOptions options;
  options.idle_timeout = milliseconds(5);
  EXPECT_EQ(ask("", options), "");
  EXPECT_THAT(ask("GET /items/1 HTTP/1.1\r\nHost: h\r\n\r\n", options), EndsWith("item 1"));
}

TEST(Server, Http10IsClosedUnlessItAsksToStay) {
  EXPECT_THAT(ask("GET /items/1 HTTP/1.0\r\n\r\n"), AllOf(HasSubstr("Connection: close"), EndsWith("item 1")));
  EXPECT_THAT(ask("GET /items/1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /items/2 HTTP/1.0\r\n\r\n"),
              AllOf(HasSubstr("Connection: keep-alive"), HasSubstr("item 1HTTP/1.1 200"), EndsWith("item 2")));
}

TEST(Server, HandlerThatThrowsIsA500AndTheConnectionGoesOn) {
  EXPECT_THAT(ask(std::string("GET /throw HTTP/1.1\r\nHost: h\r\n\r\nGET /items/1 HTTP/1.1\r\n") + kClose),
              AllOf(StartsWith("HTTP/1.1 500 "), Not(HasSubstr("a bug")), EndsWith("item 1")));
}

TEST(Server, HandlerThatIsNotReadyInTimeIsA503) {
  ServerOptions options;
  options.handler_timeout = milliseconds(5);
  EXPECT_THAT(ask(std::string("GET /wait HTTP/1.1\r\n") + kClose, options), StartsWith("HTTP/1.1 503 "));
}

Task<std::string> expect_continue() {
  const runtime::Executor executor = co_await asio::this_coro::executor;
  Scenario scenario(executor);
  TcpStream stream = co_await scenario.connect();
  const std::string head =
      "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n";
  const auto head_sent = co_await stream.write_all(head, kNever);
  EXPECT_TRUE(head_sent);
  std::string got = co_await scenario.until(stream, "\r\n\r\n");
  const auto body_sent = co_await stream.write_all("ab", kNever);
  EXPECT_TRUE(body_sent);
  got += co_await scenario.rest(stream);
  stream.close();
  co_await scenario.server().stop(kNever);
  co_return got;
}

TEST(Server, ClientThatExpectsContinueIsAskedForItsBody) {
  EXPECT_THAT(run(expect_continue()),
              AllOf(StartsWith("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 "), EndsWith("POST ab")));
}

Task<std::string> one_too_many() {
  const runtime::Executor executor = co_await asio::this_coro::executor;
  ServerOptions options;
  options.max_connections = 1;
  Scenario scenario(executor, options);
  TcpStream first = co_await scenario.connect();
  const auto sent = co_await first.write_all("GET /items/1 HTTP/1.1\r\nHost: h\r\n\r\n", kNever);
  EXPECT_TRUE(sent);
  co_await scenario.until(first, "item 1");
  std::string got = co_await scenario.exchange("");
  first.close();
  co_await scenario.server().stop(kNever);
  co_return got;
}

TEST(Server, ConnectionBeyondTheLimitIsTold) {
  EXPECT_THAT(run(one_too_many()), AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("Retry-After: 1\r\n")));
}

Task<void> stop_server(Server& server, base::MonoTime deadline) { co_await server.stop(deadline); }

Task<void> drain() {
  const runtime::Executor executor = co_await asio::this_coro::executor;
  Scenario scenario(executor);
  runtime::Gate gate;
  TcpStream idle = co_await scenario.connect();
  TcpStream busy = co_await scenario.connect();
  const auto warm = co_await idle.write_all("GET /items/1 HTTP/1.1\r\nHost: h\r\n\r\n", kNever);
  EXPECT_TRUE(warm);
  co_await scenario.until(idle, "item 1");
  const auto sent = co_await busy.write_all("GET /wait HTTP/1.1\r\nHost: h\r\n\r\n", kNever);
  EXPECT_TRUE(sent);
  while (scenario.server().connections() < 2) co_await runtime::sleep_for(base::Duration::zero());
  const runtime::Endpoint address = scenario.server().local();
  // The request has reached its handler when a later one on another connection was answered.
  const auto again = co_await idle.write_all("GET /items/2 HTTP/1.1\r\nHost: h\r\n\r\n", kNever);
  EXPECT_TRUE(again);
  co_await scenario.until(idle, "item 2");

  spawn(gate, executor, stop_server(scenario.server(), kNever), "stop");
  const std::string nothing = co_await scenario.rest(idle);
  EXPECT_EQ(nothing, "") << "an idle connection is closed";
  const auto late = co_await TcpStream::connect(address, kNever);
  EXPECT_FALSE(late) << "nobody is accepted any more";
  scenario.release.set();
  const std::string response = co_await scenario.rest(busy);
  EXPECT_THAT(response, AllOf(StartsWith("HTTP/1.1 200 "), HasSubstr("Connection: close\r\n"), EndsWith("waited")));
  busy.close();
  co_await gate.drain_until(kNever);
  EXPECT_EQ(scenario.server().connections(), 0u);
}

TEST(Server, StopAnswersWhatIsUnderWayAndClosesTheRest) { run(drain()); }

Task<void> cut() {
  const runtime::Executor executor = co_await asio::this_coro::executor;
  Scenario scenario(executor);
  TcpStream busy = co_await scenario.connect();
  const auto sent = co_await busy.write_all("GET /wait HTTP/1.1\r\nHost: h\r\n\r\n", kNever);
  EXPECT_TRUE(sent);
  while (scenario.server().connections() < 1) co_await runtime::sleep_for(base::Duration::zero());
  co_await scenario.server().stop(runtime::deadline_after(milliseconds(1)));
  EXPECT_EQ(scenario.server().connections(), 0u);
}

TEST(Server, StopCutsWhatIsNotReadyAtItsDeadline) { run(cut()); }

Task<void> built_in_pages() {
  const runtime::Executor executor = co_await asio::this_coro::executor;
  Scenario scenario(executor);
  const std::string healthy = co_await scenario.exchange(std::string("GET /healthz HTTP/1.1\r\n") + kClose);
  EXPECT_THAT(healthy, StartsWith("HTTP/1.1 200 "));
  scenario.sickness = base::retry("no connection");
  const std::string sick = co_await scenario.exchange(std::string("GET /healthz HTTP/1.1\r\n") + kClose);
  EXPECT_THAT(sick, AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("store: no connection")));
  const std::string metrics = co_await scenario.exchange(std::string("GET /metrics HTTP/1.1\r\n") + kClose);
  EXPECT_THAT(metrics, AllOf(HasSubstr("weir_http_requests_total{role=\"test\",status=\"2xx\"} 1\n"),
                             HasSubstr("weir_http_requests_total{role=\"test\",status=\"5xx\"} 1\n"),
                             HasSubstr("weir_http_connections{role=\"test\"} 1\n"),
                             HasSubstr("weir_http_request_seconds_count{role=\"test\"} 2\n")));
  co_await scenario.server().stop(kNever);
}

TEST(Server, HealthNamesTheFailingCheckAndMetricsCount) { run(built_in_pages()); }

}  // namespace
}  // namespace weir::serve
