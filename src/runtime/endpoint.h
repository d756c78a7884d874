// Endpoint: a numeric address that a stream socket is bound or connected to, as a value. Names are not resolved here:
// a lookup can block and can answer with many addresses, which is the business of whoever holds the name.
//
//   127.0.0.1:6379    [::1]:6379    unix:/run/weir/store.sock    (port 0: the kernel picks one when it is bound)
//
// Values only: no I/O, any thread.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace weir::runtime {

class Endpoint {
 public:
  // 0.0.0.0:0.
  Endpoint();

  // Reads one of the three forms above; the error names the text and what was expected.
  static base::Result<Endpoint> parse(std::string_view text);
  static Endpoint loopback(std::uint16_t port);
  // An address as the kernel returned it. Requires: one of the three families, and a size that fits it.
  static Endpoint from_kernel(const sockaddr* address, socklen_t size);

  int family() const { return address_.any.sa_family; }
  bool is_unix() const { return family() == AF_UNIX; }
  // Without brackets; for a Unix socket its path.
  std::string host() const;
  // 0 for a Unix socket.
  std::uint16_t port() const;
  // The form that parse() reads. The unnamed end of a Unix connection is "unix:".
  std::string to_string() const;

  const sockaddr* address() const { return &address_.any; }
  socklen_t address_size() const { return size_; }

  friend bool operator==(const Endpoint& a, const Endpoint& b) { return a.to_string() == b.to_string(); }

 private:
  union {
    sockaddr any;
    sockaddr_in ipv4;
    sockaddr_in6 ipv6;
    sockaddr_un local;
  } address_;
  socklen_t size_;
};

}  // namespace weir::runtime
