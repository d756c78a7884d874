#include "runtime/socket.h"

#include <netinet/tcp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace weir::runtime {

namespace {

using base::ErrorKind;
using base::system_error;

base::Result<Descriptor> stream_socket(const Endpoint& endpoint, std::string_view purpose) {
  Descriptor socket(::socket(endpoint.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) {
    return system_error(ErrorKind::kRetry, "open a socket to " + std::string(purpose) + " " + endpoint.to_string(),
                        errno);
  }
  const int on = 1;
  if (!endpoint.is_unix()) ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return socket;
}

void remove_stale_socket(const std::string& path) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode)) ::unlink(path.c_str());
}

template <class Ask>
Endpoint ask_endpoint(int socket, Ask ask) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  auto* address = reinterpret_cast<sockaddr*>(&storage);
  if (ask(socket, address, &size) != 0 || size > sizeof(sockaddr_un)) return Endpoint();
  return Endpoint::from_kernel(address, size);
}

}  // namespace

void Descriptor::reset(int fd) {
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

base::Result<Descriptor> listening_socket(const Endpoint& endpoint, const ListenOptions& options) {
  auto socket = stream_socket(endpoint, "listen on");
  if (!socket) return socket;
  const int fd = socket->get();
  const int on = 1;
  if (endpoint.is_unix()) {
    remove_stale_socket(endpoint.host());
  } else {
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    // An IPv6 listener takes IPv6 only, so that both families can be listed side by side.
    if (endpoint.family() == AF_INET6) ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  }
  if (options.keepalive.count() > 0 && !endpoint.is_unix()) set_keepalive(fd, options.keepalive);
  if (options.reuse_port && ::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0) {
    return system_error(ErrorKind::kFatal, "share the port of " + endpoint.to_string(), errno);
  }
  if (::bind(fd, endpoint.address(), endpoint.address_size()) != 0) {
    return system_error(ErrorKind::kFatal, "bind " + endpoint.to_string(), errno);
  }
  if (::listen(fd, options.backlog) != 0) {
    return system_error(ErrorKind::kFatal, "listen on " + endpoint.to_string(), errno);
  }
  return socket;
}

void set_keepalive(int socket, std::chrono::seconds idle) {
  constexpr int kProbes = 3;
  // What the kernel takes for each.
  const int idle_s = static_cast<int>(std::clamp<std::int64_t>(idle.count(), 1, 32'767));
  const int interval_s = std::max(idle_s / kProbes, 1);
  const int on = idle.count() > 0 ? 1 : 0;
  ::setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  ::setsockopt(socket, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof idle_s);
  ::setsockopt(socket, IPPROTO_TCP, TCP_KEEPINTVL, &interval_s, sizeof interval_s);
  ::setsockopt(socket, IPPROTO_TCP, TCP_KEEPCNT, &kProbes, sizeof kProbes);
}

base::Result<ConnectAttempt> start_connect(const Endpoint& endpoint) {
  auto socket = stream_socket(endpoint, "connect to");
  if (!socket) return socket.error();
  ConnectAttempt attempt{.socket = std::move(*socket)};
  if (::connect(attempt.socket.get(), endpoint.address(), endpoint.address_size()) != 0 && errno != EINPROGRESS) {
    attempt.error_number = errno;
  }
  return attempt;
}

int pending_error(int socket) {
  int error_number = 0;
  socklen_t size = sizeof error_number;
  return ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error_number, &size) == 0 ? error_number : errno;
}

Endpoint local_endpoint(int socket) { return ask_endpoint(socket, ::getsockname); }
Endpoint peer_endpoint(int socket) { return ask_endpoint(socket, ::getpeername); }

}  // namespace weir::runtime
