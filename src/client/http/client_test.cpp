// The client against a server that plays a script: for each connection the bytes to wait for and the bytes to answer.
#include "client/http/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/gate.h"
#include "runtime/io_thread.h"

namespace weir::client::http {
namespace {

using base::ErrorKind;
using runtime::Task;
using testing::HasSubstr;
using testing::StartsWith;
using namespace std::chrono_literals;

struct Exchange {
  std::string ends_with;  // The request was read whole when it ends so.
  std::string answer;
  bool close_after = false;
};
using Script = std::vector<std::vector<Exchange>>;  // Connections, in the order in which they are accepted.

struct Server {
  Script script;
  std::vector<std::string> requests = {};
  std::size_t connections = 0;

  Task<void> serve(runtime::TcpListener* listener) {
    for (const auto& exchanges : script) {
      auto stream = co_await listener->accept();
      if (!stream) co_return;
      ++connections;
      for (const Exchange& exchange : exchanges) {
        std::string request;
        std::array<char, 4096> buffer;
        while (!request.ends_with(exchange.ends_with) || request.empty()) {
          const auto count = co_await stream->read_some(buffer, runtime::deadline_after(5s));
          if (!count || *count == 0) co_return;
          request.append(buffer.data(), *count);
        }
        requests.push_back(request);
        const auto written = co_await stream->write_all(exchange.answer, runtime::deadline_after(5s));
        if (!written || exchange.close_after) break;
      }
    }
  }
};

struct Played {
  std::vector<base::Result<Response>> responses;
  Server server;
};

Task<void> play(Played* played, std::vector<Request> requests, base::Duration patience) {
  const runtime::Executor executor = co_await boost::asio::this_coro::executor;
  auto listener = runtime::TcpListener::bind(executor, runtime::Endpoint::loopback(0));
  EXPECT_TRUE(listener);
  runtime::Gate gate;
  runtime::spawn(gate, executor, played->server.serve(&*listener), "server");
  Client client({.address = listener->local().to_string(), .max_body_bytes = 1000});
  for (Request& request : requests) {
    auto response = co_await client.send(std::move(request), runtime::deadline_after(patience));
    played->responses.push_back(std::move(response));
  }
  client.close();
  listener->close();
  co_await gate.stop(runtime::mono_now());
}

Played run(Script script, std::vector<Request> requests, base::Duration patience = 5s) {
  Played played{.responses = {}, .server = {.script = std::move(script)}};
  runtime::run(play(&played, std::move(requests), patience));
  return played;
}

constexpr const char* kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: b\r\n\r\nhi";

TEST(HttpClient, KeepsItsConnectionAndReadsEachFraming) {
  const Played played =
      run({{{"\r\n\r\n", kOk},
            {"body",
             "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n"
             "3\r\nabc\r\n0\r\n\r\n"},
            {"\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n"}}},
          {{.target = "/a"}, {.method = "POST", .target = "/b", .fields = {{"X-K", "v"}}, .body = "body"}, {}});
  ASSERT_EQ(played.responses.size(), 3u);
  EXPECT_EQ(played.server.connections, 1u);
  ASSERT_TRUE(played.responses[0]) << played.responses[0].error().text();
  EXPECT_EQ(played.responses[0]->body, "hi");
  EXPECT_EQ(played.responses[0]->field("x-a"), "b");
  EXPECT_EQ(played.responses[1]->status, 201);
  EXPECT_EQ(played.responses[1]->body, "abc");
  EXPECT_EQ(played.responses[2]->status, 204);
  EXPECT_THAT(played.server.requests[0], StartsWith("GET /a HTTP/1.1\r\nHost: 127.0.0.1:"));
  EXPECT_THAT(played.server.requests[1], HasSubstr("\r\nX-K: v\r\nContent-Length: 4\r\n\r\nbody"));
}

TEST(HttpClient, AnIdempotentRequestOutlivesAKeptConnectionThatWasClosed) {
  const Played played = run({{{"\r\n\r\n", kOk, true}}, {{"\r\n\r\n", kOk}}}, {{}, {}});
  EXPECT_TRUE(played.responses[0]);
  ASSERT_TRUE(played.responses[1]) << played.responses[1].error().text();
  EXPECT_EQ(played.server.connections, 2u);
}

TEST(HttpClient, APostIsNeverSentTwice) {
  const Played played = run({{{"\r\n\r\n", kOk, true}}, {{"\r\n\r\n", kOk}}}, {{}, {.method = "POST"}});
  ASSERT_FALSE(played.responses[1]);
  EXPECT_EQ(played.responses[1].error().kind(), ErrorKind::kUnknownOutcome);
  EXPECT_EQ(played.server.connections, 1u);
}

TEST(HttpClient, ACutOffResponseIsAnUnknownOutcome) {
  const Played played = run({{{"\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhi", true}}}, {{}});
  ASSERT_FALSE(played.responses[0]);
  EXPECT_EQ(played.responses[0].error().kind(), ErrorKind::kUnknownOutcome);
  EXPECT_THAT(played.responses[0].error().text(), HasSubstr("cut off"));
}

TEST(HttpClient, ABodyUpToTheEndOfTheConnectionIsWhole) {
  const Played played = run({{{"\r\n\r\n", "HTTP/1.0 200 OK\r\n\r\nhi", true}}}, {{}});
  ASSERT_TRUE(played.responses[0]);
  EXPECT_EQ(played.responses[0]->body, "hi");
}

TEST(HttpClient, TheDeadlineEndsTheWaitWithAnUnknownOutcome) {
  const Played played = run({{{"\r\n\r\n", ""}}}, {{}}, 50ms);
  ASSERT_FALSE(played.responses[0]);
  EXPECT_EQ(played.responses[0].error().kind(), ErrorKind::kUnknownOutcome);
}

TEST(HttpClient, ATooLargeOrMalformedResponseIsRefused) {
  EXPECT_FALSE(run({{{"\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n"}}}, {{}}).responses[0]);
  EXPECT_FALSE(run({{{"\r\n\r\n", "SSH-2.0-OpenSSH\r\n"}}}, {{}}, 200ms).responses[0]);
}

TEST(HttpClient, WhatWouldBreakTheMessageIsRejectedBeforeItIsSent) {
  const Played played = run({}, {{.target = "/a b"}, {.fields = {{"X", "a\r\nY: b"}}}, {.method = "G T"}});
  for (const auto& response : played.responses) {
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().kind(), ErrorKind::kReject);
  }
}

Task<void> refuse(base::Result<Response>* response) {
  const runtime::Executor executor = co_await boost::asio::this_coro::executor;
  auto listener = runtime::TcpListener::bind(executor, runtime::Endpoint::loopback(0));
  Client client({.address = listener->local().to_string()});
  listener->close();
  Request request;
  *response = co_await client.send(std::move(request), runtime::deadline_after(5s));
}

TEST(HttpClient, NobodyThereMeansNothingWasSent) {
  base::Result<Response> response = base::fatal("not asked");
  runtime::run(refuse(&response));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind(), ErrorKind::kRetry);
}

}  // namespace
}  // namespace weir::client::http
