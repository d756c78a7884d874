// Stream sockets as the loops use them: non-blocking, closed on exec, without Nagle's delay, and owned by a value.
// Thin over the system calls; every failure says which call on which address.
#pragma once

#include <chrono>
#include <utility>

#include "base/error.h"
#include "runtime/endpoint.h"

namespace weir::runtime {

// Owns a file descriptor and closes it. Movable, one owner.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) reset(std::exchange(other.fd_, -1));
    return *this;
  }
  ~Descriptor() { reset(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void reset(int fd = -1);

 private:
  int fd_ = -1;
};

struct ListenOptions {
  // How many established connections the kernel keeps for us to accept (bounded by net.core.somaxconn).
  int backlog = 511;
  // Several sockets on one port, among which the kernel spreads connections: one loop per core.
  bool reuse_port = false;
  // A peer that was silent for so long is asked whether it is there, and given up after three times a third of that
  // again. Zero: never. What is accepted inherits it.
  std::chrono::seconds keepalive{0};
};

// Bound and listening. A socket file that an earlier process left at a Unix path is replaced; any other file there is
// not touched and fails. What is accepted inherits TCP_NODELAY.
base::Result<Descriptor> listening_socket(const Endpoint& endpoint, const ListenOptions& options);

// As ListenOptions::keepalive. Requires: a TCP socket.
void set_keepalive(int socket, std::chrono::seconds idle);

struct ConnectAttempt {
  Descriptor socket;
  // 0: connected or on its way (wait until it is writable, then ask pending_error()); else it has failed already.
  int error_number = 0;
};
base::Result<ConnectAttempt> start_connect(const Endpoint& endpoint);

// SO_ERROR: reads and clears it.
int pending_error(int socket);

// What a connection between such sockets calls its ends. A socket that has neither gives Endpoint().
Endpoint local_endpoint(int socket);
Endpoint peer_endpoint(int socket);

}  // namespace weir::runtime
