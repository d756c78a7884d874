#include "runtime/tcp.h"

#include <sys/socket.h>

#include <cerrno>

#include <fmt/format.h>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "base/bytes.h"
#include "runtime/deadline.h"
#include "runtime/steady.h"

namespace weir::runtime {

namespace asio = boost::asio;
using base::Error;
using base::ErrorKind;
using base::MonoTime;
using base::Result;
using Protocol = asio::generic::stream_protocol;

namespace {

// One direction of a stream: the operation in progress, cancelled by its deadline or with its task. The timer is lazy:
// an operation that ends in time leaves it running, and when it fires it looks at the deadline of that moment. So a
// busy connection sets a timer about once per deadline's length, not once per operation.
struct Direction {
  explicit Direction(const Executor& executor) : timer(executor) {}

  asio::steady_timer timer;
  asio::cancellation_signal cancel;
  MonoTime deadline = kNever;
  MonoTime armed_for = kNever;
  bool deadline_passed = false;
};

}  // namespace

struct TcpStream::Impl {
  Impl(const Executor& executor, const Protocol& protocol, int fd)
      : socket(executor, protocol, fd), read(executor), write(executor) {}

  asio::basic_stream_socket<Protocol> socket;
  Direction read;
  Direction write;
};

namespace {

// Watches the deadline of one operation. `Stream` is TcpStream::Impl, which only members of TcpStream can name.
template <class Stream>
void arm(const std::shared_ptr<Stream>& stream, Direction Stream::* which) {
  Direction& direction = (*stream).*which;
  direction.armed_for = direction.deadline;
  direction.timer.expires_at(steady(direction.armed_for));
  direction.timer.async_wait([weak = std::weak_ptr<Stream>(stream), which](boost::system::error_code code) {
    const auto alive = weak.lock();
    if (code || alive == nullptr) return;
    Direction& fired = (*alive).*which;
    fired.armed_for = kNever;
    if (fired.deadline == kNever) return;
    if (mono_now() < fired.deadline) return arm(alive, which);
    fired.deadline_passed = true;
    fired.cancel.emit(asio::cancellation_type::terminal);
  });
}

// For the length of one operation: its deadline is watched, and the cancellation of its task reaches it.
template <class Stream>
class Watch {
 public:
  Watch(const std::shared_ptr<Stream>& stream, Direction Stream::* which, MonoTime deadline,
        asio::cancellation_slot task_slot)
      : direction_((*stream).*which), task_slot_(task_slot) {
    direction_.deadline_passed = false;
    direction_.deadline = deadline;
    if (deadline < direction_.armed_for) arm(stream, which);
    if (task_slot_.is_connected()) {
      task_slot_.assign([&signal = direction_.cancel](asio::cancellation_type type) { signal.emit(type); });
    }
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  ~Watch() {
    direction_.deadline = kNever;
    task_slot_.clear();
  }

 private:
  Direction& direction_;
  asio::cancellation_slot task_slot_;
};

Protocol protocol_of(const Endpoint& endpoint) { return {endpoint.family(), endpoint.is_unix() ? 0 : IPPROTO_TCP}; }

}  // namespace

TcpStream::TcpStream(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
TcpStream::TcpStream(TcpStream&&) noexcept = default;
TcpStream& TcpStream::operator=(TcpStream&& other) noexcept {
  if (this != &other) {
    close();
    impl_ = std::move(other.impl_);
  }
  return *this;
}
TcpStream::~TcpStream() { close(); }

Result<TcpStream> TcpStream::adopt(Executor executor, Descriptor socket) {
  try {
    auto impl = std::make_shared<Impl>(executor, protocol_of(local_endpoint(socket.get())), socket.get());
    socket.release();
    return TcpStream(std::move(impl));
  } catch (const boost::system::system_error& error) {
    return base::retry(fmt::format("cannot watch a socket: {}", error.what()));
  }
}

Task<Result<TcpStream>> TcpStream::connect(Endpoint endpoint, MonoTime deadline) {
  const Executor executor = co_await asio::this_coro::executor;
  auto attempt = start_connect(endpoint);
  if (!attempt) co_return attempt.error();
  int error_number = attempt->error_number;
  if (error_number != 0) {
    co_return base::system_error(ErrorKind::kRetry, fmt::format("connect to {}", endpoint.to_string()), error_number);
  }
  auto impl = std::make_shared<Impl>(executor, protocol_of(endpoint), attempt->socket.get());
  attempt->socket.release();
  const auto cancellation = co_await asio::this_coro::cancellation_state;
  {
    const Watch watch(impl, &Impl::write, deadline, cancellation.slot());
    const auto [code] = co_await impl->socket.async_wait(
        asio::socket_base::wait_write,
        asio::bind_cancellation_slot(impl->write.cancel.slot(), asio::as_tuple(asio::use_awaitable)));
    if (code) {
      co_return base::retry(fmt::format("connect to {}: {}", endpoint.to_string(),
                                        impl->write.deadline_passed ? "not in time" : code.message()));
    }
  }
  error_number = pending_error(impl->socket.native_handle());
  if (error_number != 0) {
    co_return base::system_error(ErrorKind::kRetry, fmt::format("connect to {}", endpoint.to_string()), error_number);
  }
  co_return TcpStream(std::move(impl));
}

Task<Result<TcpStream>> TcpStream::connect(std::string address, MonoTime deadline) {
  auto endpoints = co_await resolve(address, deadline);
  if (!endpoints) co_return endpoints.error();
  Error last = base::retry(fmt::format("connect to {}: the name has no address", address));
  for (const Endpoint& endpoint : *endpoints) {
    auto stream = co_await connect(endpoint, deadline);
    if (stream) co_return std::move(stream);
    last = std::move(stream).error();
  }
  co_return last;
}

Task<Result<std::size_t>> TcpStream::read_some(std::span<char> into, MonoTime deadline) {
  const auto impl = impl_;
  const auto cancellation = co_await asio::this_coro::cancellation_state;
  const Watch watch(impl, &Impl::read, deadline, cancellation.slot());
  const auto [code, count] = co_await impl->socket.async_read_some(
      asio::mutable_buffer(into.data(), into.size()),
      asio::bind_cancellation_slot(impl->read.cancel.slot(), asio::as_tuple(asio::use_awaitable)));
  if (!code) co_return count;
  if (code == asio::error::eof) co_return std::size_t{0};
  if (impl->read.deadline_passed) co_return base::retry("read: nothing came before the deadline");
  co_return base::fatal(fmt::format("read: {}", code.message()));
}

Task<Result<void>> TcpStream::write_all(std::string_view bytes, MonoTime deadline) {
  const auto impl = impl_;
  const auto cancellation = co_await asio::this_coro::cancellation_state;
  const Watch watch(impl, &Impl::write, deadline, cancellation.slot());
  const auto [code, count] = co_await asio::async_write(
      impl->socket, asio::const_buffer(bytes.data(), bytes.size()),
      asio::bind_cancellation_slot(impl->write.cancel.slot(), asio::as_tuple(asio::use_awaitable)));
  if (!code) co_return Result<void>();
  co_return base::unknown_outcome(fmt::format("write: {} of {} bytes sent: {}", count, bytes.size(),
                                              impl->write.deadline_passed ? "the deadline passed" : code.message()));
}

void TcpStream::finish_sending() {
  boost::system::error_code ignored;  // Already disconnected is what was asked for.
  impl_->socket.shutdown(asio::socket_base::shutdown_send, ignored);
}

void TcpStream::close() {
  if (impl_ == nullptr) return;
  boost::system::error_code ignored;  // The descriptor is released whatever close() reports.
  impl_->socket.close(ignored);
  impl_->read.timer.cancel();
  impl_->write.timer.cancel();
}

bool TcpStream::is_open() const { return impl_ != nullptr && impl_->socket.is_open(); }
Endpoint TcpStream::local() const { return local_endpoint(impl_->socket.native_handle()); }
Endpoint TcpStream::peer() const { return peer_endpoint(impl_->socket.native_handle()); }

struct TcpListener::Impl {
  Impl(const Executor& executor, const Protocol& protocol, int fd) : acceptor(executor, protocol, fd) {}

  asio::basic_socket_acceptor<Protocol> acceptor;
};

TcpListener::TcpListener(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
TcpListener::TcpListener(TcpListener&&) noexcept = default;
TcpListener& TcpListener::operator=(TcpListener&& other) noexcept {
  if (this != &other) {
    close();
    impl_ = std::move(other.impl_);
  }
  return *this;
}
TcpListener::~TcpListener() { close(); }

Result<TcpListener> TcpListener::bind(Executor executor, const Endpoint& endpoint, const ListenOptions& options) {
  auto socket = listening_socket(endpoint, options);
  if (!socket) return socket.error();
  try {
    auto impl = std::make_shared<Impl>(executor, protocol_of(endpoint), socket->get());
    socket->release();
    return TcpListener(std::move(impl));
  } catch (const boost::system::system_error& error) {
    return base::fatal(fmt::format("listen on {}: {}", endpoint.to_string(), error.what()));
  }
}

Task<Result<TcpStream>> TcpListener::accept() {
  const auto impl = impl_;
  const Executor executor = co_await asio::this_coro::executor;
  while (impl->acceptor.is_open()) {
    // Not Asio's own accept, which leaves the descriptor open across exec.
    Descriptor socket(::accept4(impl->acceptor.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket) co_return TcpStream::adopt(executor, std::move(socket));
    if (errno != EAGAIN && errno != EINTR) {
      co_return base::system_error(ErrorKind::kRetry, "accept", errno);
    }
    const auto [code] =
        co_await impl->acceptor.async_wait(asio::socket_base::wait_read, asio::as_tuple(asio::use_awaitable));
    if (code) co_return base::fatal(fmt::format("accept: {}", code.message()));
  }
  co_return base::fatal("accept: the listener is closed");
}

void TcpListener::close() {
  if (impl_ == nullptr) return;
  boost::system::error_code ignored;  // The descriptor is released whatever close() reports.
  impl_->acceptor.close(ignored);
}

Endpoint TcpListener::local() const { return local_endpoint(impl_->acceptor.native_handle()); }

namespace {

Task<Result<std::vector<Endpoint>>> look_up(std::string address, std::string host, std::string port) {
  const Executor executor = co_await asio::this_coro::executor;
  asio::ip::tcp::resolver resolver(executor);
  const auto [code, found] = co_await resolver.async_resolve(host, port, asio::ip::resolver_base::numeric_service,
                                                             asio::as_tuple(asio::use_awaitable));
  if (code) co_return base::retry(fmt::format("look up {}: {}", address, code.message()));
  std::vector<Endpoint> endpoints;
  for (const auto& entry : found) {
    const auto& endpoint = entry.endpoint();
    endpoints.push_back(Endpoint::from_kernel(endpoint.data(), static_cast<socklen_t>(endpoint.size())));
  }
  co_return endpoints;
}

}  // namespace

Task<Result<std::vector<Endpoint>>> resolve(std::string address, MonoTime deadline) {
  if (auto numeric = Endpoint::parse(address)) co_return std::vector<Endpoint>{*numeric};
  const auto colon = address.rfind(':');
  if (colon == 0 || colon == std::string::npos || colon + 1 == address.size()) {
    co_return base::reject(
        fmt::format("'{}' is not an address: expected host:port, [IPv6]:port or unix:/path", address));
  }
  std::string host = address.substr(0, colon);
  std::string port = address.substr(colon + 1);
  // Loopback whatever the machine's name service knows (RFC 6761, 6.3).
  if (base::equal_ignoring_case(host, "localhost")) {
    const auto number = base::parse_decimal<std::uint16_t>(port);
    if (!number) co_return base::reject(fmt::format("'{}' is not an address: '{}' is no port", address, port));
    co_return std::vector<Endpoint>{Endpoint::loopback(*number), *Endpoint::parse(fmt::format("[::1]:{}", *number))};
  }
  auto lookup = look_up(address, std::move(host), std::move(port));
  auto outcome = co_await with_deadline(std::move(lookup), deadline);
  if (outcome.value) co_return *std::move(outcome.value);
  co_return base::retry(fmt::format("look up {}: not in time", address));
}

}  // namespace weir::runtime
