// The echo server, the pass-through proxy and an origin for it, on the loop of src/runtime with either engine.
//
//   bench-loop echo|proxy|origin --engine epoll|io_uring [--port N] [--upstream HOST:PORT]
//
// Prints "listening on HOST:PORT" and serves until it is killed.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "loop/http_framer.h"
#include "loop/resp_echo.h"
#include "runtime/loop.h"

namespace {

using namespace weir;
using runtime::CloseReason;
using runtime::Connection;
using runtime::ConnectionHandler;

// ---- Echo

class EchoClient final : public ConnectionHandler {
 public:
  void on_receive(Connection& connection, std::string_view bytes) override {
    if (!echo_.answer(bytes, connection.output())) connection.close_after_flush();
  }
  void on_close(Connection&, const CloseReason&) override { delete this; }

 private:
  bench::RespEcho echo_;
};

class Echo final : public runtime::Acceptor {
  ConnectionHandler* on_accept(Connection&) override { return new EchoClient; }
};

// ---- Origin

class OriginClient final : public ConnectionHandler {
 public:
  void on_receive(Connection& connection, std::string_view bytes) override {
    static const std::string kResponse =
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 1024\r\n\r\n" + std::string(1024, 'o');
    while (!bytes.empty()) {
      bytes.remove_prefix(framer_.take(bytes));
      if (framer_.is_complete()) connection.output().append(kResponse);
    }
  }
  void on_close(Connection&, const CloseReason&) override { delete this; }

 private:
  bench::HttpFramer framer_;
};

class Origin final : public runtime::Acceptor {
  ConnectionHandler* on_accept(Connection&) override { return new OriginClient; }
};

// ---- Proxy

class Proxy;
class ProxyClient;

// A connection to the origin; lent to one client for one exchange at a time.
class ProxyUpstream final : public ConnectionHandler {
 public:
  explicit ProxyUpstream(Proxy& proxy) : proxy_(proxy) {}

  void on_receive(Connection& connection, std::string_view bytes) override;
  void on_close(Connection& connection, const CloseReason& reason) override;

  Connection* connection = nullptr;
  ProxyClient* client = nullptr;

 private:
  Proxy& proxy_;
  bench::HttpFramer framer_;
};

class ProxyClient final : public ConnectionHandler {
 public:
  explicit ProxyClient(Proxy& proxy) : proxy_(proxy) {}

  void on_receive(Connection& connection, std::string_view bytes) override;
  void on_close(Connection& connection, const CloseReason& reason) override;
  void exchange_done();

  Connection* connection = nullptr;
  ProxyUpstream* upstream = nullptr;

 private:
  void forward(std::string_view bytes);

  Proxy& proxy_;
  bench::HttpFramer framer_;
  bool awaits_response_ = false;
  std::string pipelined_;  // Came before the response to what came first.
};

class Proxy final : public runtime::Acceptor {
 public:
  Proxy(runtime::Loop& loop, const runtime::Endpoint& origin) : loop_(loop), origin_(origin) {}

  ConnectionHandler* on_accept(Connection& connection) override {
    auto* client = new ProxyClient(*this);
    client->connection = &connection;
    return client;
  }
  ProxyUpstream* take() {
    if (!idle_.empty()) {
      ProxyUpstream* upstream = idle_.back();
      idle_.pop_back();
      return upstream;
    }
    auto upstream = std::make_unique<ProxyUpstream>(*this);
    const auto connection = loop_.connect(origin_, *upstream, loop_.now() + std::chrono::seconds(5));
    if (!connection) return nullptr;
    upstream->connection = *connection;
    return upstream.release();
  }
  void give_back(ProxyUpstream& upstream) { idle_.push_back(&upstream); }
  void remove(ProxyUpstream& upstream) { std::erase(idle_, &upstream); }

 private:
  runtime::Loop& loop_;
  runtime::Endpoint origin_;
  std::vector<ProxyUpstream*> idle_;
};

void ProxyUpstream::on_receive(Connection&, std::string_view bytes) {
  if (client == nullptr) {
    connection->close();
    return;
  }
  const std::size_t taken = framer_.take(bytes);
  client->connection->output().append(bytes.substr(0, taken));
  if (!framer_.is_complete()) return;
  ProxyClient* done = std::exchange(client, nullptr);
  proxy_.give_back(*this);
  done->exchange_done();
}

void ProxyUpstream::on_close(Connection&, const CloseReason&) {
  proxy_.remove(*this);
  if (client != nullptr) {
    client->upstream = nullptr;
    client->connection->close_after_flush();
  }
  delete this;
}

void ProxyClient::on_receive(Connection&, std::string_view bytes) {
  if (awaits_response_) {
    pipelined_.append(bytes);
    return;
  }
  forward(bytes);
}

void ProxyClient::forward(std::string_view bytes) {
  if (upstream == nullptr) {
    upstream = proxy_.take();
    if (upstream == nullptr) {
      connection->close();
      return;
    }
    upstream->client = this;
  }
  const std::size_t taken = framer_.take(bytes);
  upstream->connection->output().append(bytes.substr(0, taken));
  awaits_response_ = framer_.is_complete();
  pipelined_.append(bytes.substr(taken));
}

void ProxyClient::exchange_done() {
  upstream = nullptr;
  awaits_response_ = false;
  if (pipelined_.empty()) return;
  const std::string next = std::exchange(pipelined_, {});
  forward(next);
}

void ProxyClient::on_close(Connection&, const CloseReason&) {
  // The response to nobody would poison the next exchange.
  if (upstream != nullptr) {
    upstream->client = nullptr;
    upstream->connection->close();
  }
  delete this;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Servers that do as little as possible, on the event loop under test.", "bench-loop");
  std::string role;
  std::string engine = "epoll";
  std::string upstream = "127.0.0.1:0";
  std::uint16_t port = 0;
  app.add_option("role", role)->required()->check(CLI::IsMember({"echo", "proxy", "origin"}));
  app.add_option("--engine", engine)->check(CLI::IsMember({"epoll", "io_uring"}));
  app.add_option("--port", port);
  app.add_option("--upstream", upstream, "HOST:PORT of the origin, for the proxy");
  CLI11_PARSE(app, argc, argv);

  auto loop =
      runtime::Loop::create({.engine = engine == "epoll" ? runtime::LoopEngine::kEpoll : runtime::LoopEngine::kUring});
  const auto origin = runtime::Endpoint::parse(upstream);
  if (!loop || !origin) {
    std::fprintf(stderr, "bench-loop: %s\n", (!loop ? loop.error() : origin.error()).text().c_str());
    return 1;
  }
  Echo echo;
  Origin responder;
  Proxy proxy(**loop, *origin);
  runtime::Acceptor& acceptor = role == "echo"    ? static_cast<runtime::Acceptor&>(echo)
                                : role == "proxy" ? static_cast<runtime::Acceptor&>(proxy)
                                                  : responder;
  const auto listener = (*loop)->listen(runtime::Endpoint::loopback(port), acceptor);
  if (!listener) {
    std::fprintf(stderr, "bench-loop: %s\n", listener.error().text().c_str());
    return 1;
  }
  std::printf("listening on %s\n", (*listener)->endpoint().to_string().c_str());
  std::fflush(stdout);
  (*loop)->run();
}
