// The same echo server and pass-through proxy on Boost.Asio, with what makes it fast: one thread, an io_context that
// knows it, callbacks rather than coroutines, buffers that live as long as their connection.
//
//   bench-asio echo|proxy [--port N] [--upstream HOST:PORT]
#include <CLI/CLI.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <cstdio>
#include <memory>
#include <vector>

#include "loop/http_framer.h"
#include "loop/resp_echo.h"
#include "runtime/endpoint.h"

namespace {

using namespace weir;
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t kBufferBytes = 16 * 1024;

// ---- Echo

class EchoClient : public std::enable_shared_from_this<EchoClient> {
 public:
  explicit EchoClient(tcp::socket socket) : socket_(std::move(socket)), buffer_(kBufferBytes) {}

  void receive() {
    socket_.async_read_some(asio::buffer(buffer_), [self = shared_from_this()](error_code error, std::size_t size) {
      if (!error) self->answer(size);
    });
  }

 private:
  void answer(std::size_t size) {
    output_.clear();
    if (!echo_.answer({buffer_.data(), size}, output_)) return;
    if (output_.empty()) return receive();
    asio::async_write(socket_, asio::buffer(output_), [self = shared_from_this()](error_code error, std::size_t) {
      if (!error) self->receive();
    });
  }

  tcp::socket socket_;
  std::vector<char> buffer_;
  std::string output_;
  bench::RespEcho echo_;
};

// ---- Proxy

struct Upstream {
  explicit Upstream(asio::io_context& context) : socket(context), buffer(kBufferBytes) {}

  tcp::socket socket;
  std::vector<char> buffer;
  bench::HttpFramer framer;
};

class UpstreamPool {
 public:
  UpstreamPool(asio::io_context& context, tcp::endpoint origin) : context_(context), origin_(std::move(origin)) {}

  std::unique_ptr<Upstream> take_idle() {
    if (idle_.empty()) return nullptr;
    auto upstream = std::move(idle_.back());
    idle_.pop_back();
    return upstream;
  }
  void give_back(std::unique_ptr<Upstream> upstream) { idle_.push_back(std::move(upstream)); }
  asio::io_context& context() { return context_; }
  const tcp::endpoint& origin() const { return origin_; }

 private:
  asio::io_context& context_;
  tcp::endpoint origin_;
  std::vector<std::unique_ptr<Upstream>> idle_;
};

// One exchange at a time; a client that pipelines is read on when its response has been written.
class ProxyClient : public std::enable_shared_from_this<ProxyClient> {
 public:
  ProxyClient(tcp::socket socket, UpstreamPool& pool)
      : socket_(std::move(socket)), pool_(pool), buffer_(kBufferBytes) {}

  void receive() {
    socket_.async_read_some(asio::buffer(buffer_), [self = shared_from_this()](error_code error, std::size_t size) {
      if (!error) self->forward({self->buffer_.data(), size});
    });
  }

 private:
  void forward(std::string_view bytes) {
    const std::size_t taken = framer_.take(bytes);
    rest_ = bytes.substr(taken);
    forwarding_ = bytes.substr(0, taken);
    if (!upstream_) upstream_ = pool_.take_idle();
    if (upstream_) return send_request();
    upstream_ = std::make_unique<Upstream>(pool_.context());
    upstream_->socket.async_connect(pool_.origin(), [self = shared_from_this()](error_code error) {
      if (error) return;
      self->upstream_->socket.set_option(tcp::no_delay(true));
      self->send_request();
    });
  }
  void send_request() {
    asio::async_write(upstream_->socket, asio::buffer(forwarding_),
                      [self = shared_from_this()](error_code error, std::size_t) {
                        if (error) return;
                        if (self->framer_.is_complete()) return self->receive_response();
                        self->receive();
                      });
  }
  void receive_response() {
    upstream_->socket.async_read_some(asio::buffer(upstream_->buffer),
                                      [self = shared_from_this()](error_code error, std::size_t size) {
                                        if (!error) self->send_response(size);
                                      });
  }
  void send_response(std::size_t size) {
    const std::size_t taken = upstream_->framer.take({upstream_->buffer.data(), size});
    asio::async_write(socket_, asio::buffer(upstream_->buffer.data(), taken),
                      [self = shared_from_this()](error_code error, std::size_t) {
                        if (!error) self->response_sent();
                      });
  }
  void response_sent() {
    if (!upstream_->framer.is_complete()) return receive_response();
    pool_.give_back(std::move(upstream_));
    if (rest_.empty()) return receive();
    forward(rest_);
  }

  tcp::socket socket_;
  UpstreamPool& pool_;
  std::vector<char> buffer_;
  bench::HttpFramer framer_;
  std::unique_ptr<Upstream> upstream_;
  std::string_view forwarding_;  // In buffer_, as is what follows it.
  std::string_view rest_;
};

template <class Serve>
void accept(tcp::acceptor& acceptor, Serve serve) {
  acceptor.async_accept([&acceptor, serve](error_code error, tcp::socket socket) {
    if (!error) {
      socket.set_option(tcp::no_delay(true));
      serve(std::move(socket));
    }
    accept(acceptor, serve);
  });
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Servers that do as little as possible, on Boost.Asio.", "bench-asio");
  std::string role;
  std::string upstream = "127.0.0.1:0";
  std::uint16_t port = 0;
  app.add_option("role", role)->required()->check(CLI::IsMember({"echo", "proxy"}));
  app.add_option("--port", port);
  app.add_option("--upstream", upstream, "HOST:PORT of the origin, for the proxy");
  CLI11_PARSE(app, argc, argv);

  const auto origin = runtime::Endpoint::parse(upstream);
  if (!origin) {
    std::fprintf(stderr, "bench-asio: %s\n", origin.error().text().c_str());
    return 1;
  }
  asio::io_context context(1);
  UpstreamPool pool(context, {asio::ip::make_address(origin->host()), origin->port()});
  tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), port});
  if (role == "echo") {
    accept(acceptor, [](tcp::socket socket) { std::make_shared<EchoClient>(std::move(socket))->receive(); });
  } else {
    accept(acceptor,
           [&pool](tcp::socket socket) { std::make_shared<ProxyClient>(std::move(socket), pool)->receive(); });
  }
  std::printf("listening on 127.0.0.1:%u\n", unsigned{acceptor.local_endpoint().port()});
  std::fflush(stdout);
  context.run();
}
