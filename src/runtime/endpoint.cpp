#include "runtime/endpoint.h"

#include <arpa/inet.h>

#include <cstddef>
#include <cstring>

#include "base/assert.h"
#include "base/bytes.h"

namespace weir::runtime {

namespace {

constexpr std::string_view kUnixPrefix = "unix:";

}  // namespace

Endpoint::Endpoint() : size_(sizeof(sockaddr_in)) {
  std::memset(&address_, 0, sizeof address_);
  address_.ipv4.sin_family = AF_INET;
}

base::Result<Endpoint> Endpoint::parse(std::string_view text) {
  const auto refuse = [text](std::string_view what) {
    return base::reject("address '" + base::printable(text) + "': " + std::string(what));
  };
  Endpoint endpoint;
  if (text.starts_with(kUnixPrefix)) {
    const std::string_view path = text.substr(kUnixPrefix.size());
    if (path.empty()) return refuse("a path is missing after 'unix:'");
    if (path.size() >= sizeof endpoint.address_.local.sun_path) return refuse("a socket path has at most 107 bytes");
    if (path.find('\0') != path.npos) return refuse("a socket path holds no NUL");
    endpoint.address_.local.sun_family = AF_UNIX;
    std::memcpy(endpoint.address_.local.sun_path, path.data(), path.size());
    endpoint.address_.local.sun_path[path.size()] = '\0';
    endpoint.size_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
    return endpoint;
  }

  const std::size_t colon = text.rfind(':');
  if (colon == text.npos) return refuse("expected ADDRESS:PORT, [ADDRESS]:PORT or unix:PATH");
  const auto port = base::parse_decimal<std::uint16_t>(text.substr(colon + 1));
  if (!port) return refuse("the port is not a number from 0 to 65535");
  std::string host(text.substr(0, colon));
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
    endpoint.address_.ipv6.sin6_family = AF_INET6;
    endpoint.address_.ipv6.sin6_port = htons(*port);
    endpoint.size_ = sizeof(sockaddr_in6);
    if (::inet_pton(AF_INET6, host.c_str(), &endpoint.address_.ipv6.sin6_addr) != 1) {
      return refuse("not an IPv6 address between the brackets");
    }
    return endpoint;
  }
  endpoint.address_.ipv4.sin_port = htons(*port);
  if (::inet_pton(AF_INET, host.c_str(), &endpoint.address_.ipv4.sin_addr) != 1) {
    return refuse("not an IPv4 address (an IPv6 address stands in brackets; names are not looked up here)");
  }
  return endpoint;
}

Endpoint Endpoint::loopback(std::uint16_t port) {
  Endpoint endpoint;
  endpoint.address_.ipv4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  endpoint.address_.ipv4.sin_port = htons(port);
  return endpoint;
}

Endpoint Endpoint::from_kernel(const sockaddr* address, socklen_t size) {
  Endpoint endpoint;
  WEIR_ASSERT(size >= sizeof(sa_family_t) && size <= sizeof endpoint.address_);
  WEIR_ASSERT(address->sa_family == AF_INET || address->sa_family == AF_INET6 || address->sa_family == AF_UNIX);
  // The rest stays zero, so that a path is terminated even where the kernel did not count its NUL.
  std::memset(&endpoint.address_, 0, sizeof endpoint.address_);
  std::memcpy(&endpoint.address_, address, size);
  endpoint.size_ = size;
  return endpoint;
}

std::string Endpoint::host() const {
  char text[INET6_ADDRSTRLEN] = "";
  switch (family()) {
    case AF_INET: ::inet_ntop(AF_INET, &address_.ipv4.sin_addr, text, sizeof text); return text;
    case AF_INET6: ::inet_ntop(AF_INET6, &address_.ipv6.sin6_addr, text, sizeof text); return text;
    default: return size_ > offsetof(sockaddr_un, sun_path) ? std::string(address_.local.sun_path) : std::string();
  }
}

std::uint16_t Endpoint::port() const {
  switch (family()) {
    case AF_INET: return ntohs(address_.ipv4.sin_port);
    case AF_INET6: return ntohs(address_.ipv6.sin6_port);
    default: return 0;
  }
}

std::string Endpoint::to_string() const {
  switch (family()) {
    case AF_INET: return host() + ":" + std::to_string(port());
    case AF_INET6: return "[" + host() + "]:" + std::to_string(port());
    default: return std::string(kUnixPrefix) + host();
  }
}

}  // namespace weir::runtime
