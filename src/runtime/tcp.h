// Stream connections for coroutines: TCP over IPv4 and IPv6, and Unix sockets. The data paths of store, gateway and
// queue do not come through here (runtime/loop.h); everything else does.
//
// One loop only. One read and one write may be in progress on a stream at the same time. Every operation has a
// deadline; its error tells what the caller can do:
//   read    kRetry: the deadline passed, nothing was taken from the stream    kFatal: the connection is broken or
//   closed write   kUnknownOutcome: some of it may have been sent; the stream can only be closed now connect kRetry:
//   nobody there, or not in time    kReject: not an address
// An operation that is in progress when the stream is closed or its task is cancelled ends with kFatal or
// kUnknownOutcome likewise.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "runtime/endpoint.h"
#include "runtime/socket.h"
#include "runtime/task.h"

namespace weir::runtime {

class TcpStream {
 public:
  // Takes over a connected, non-blocking socket.
  static base::Result<TcpStream> adopt(Executor executor, Descriptor socket);
  static Task<base::Result<TcpStream>> connect(Endpoint endpoint, base::MonoTime deadline);
  // Takes an Endpoint's text or "name:port"; of a name's addresses the first that accepts.
  static Task<base::Result<TcpStream>> connect(std::string address, base::MonoTime deadline);

  TcpStream(TcpStream&&) noexcept;
  TcpStream& operator=(TcpStream&&) noexcept;
  ~TcpStream();

  // At least one byte, or 0 when the peer has finished sending. Requires: `into` is not empty and outlives the call.
  Task<base::Result<std::size_t>> read_some(std::span<char> into, base::MonoTime deadline);
  // Requires: `bytes` outlive the call.
  Task<base::Result<void>> write_all(std::string_view bytes, base::MonoTime deadline);

  // Tells the peer that nothing more will be sent; reading goes on.
  void finish_sending();
  // Ends what is in progress. Idempotent.
  void close();
  bool is_open() const;

  Endpoint local() const;
  Endpoint peer() const;

 private:
  struct Impl;
  explicit TcpStream(std::shared_ptr<Impl> impl);

  // Shared with the operation in progress, so that closing or moving the stream meanwhile is safe.
  std::shared_ptr<Impl> impl_;
};

class TcpListener {
 public:
  // Port 0 becomes a free port; local() tells which.
  static base::Result<TcpListener> bind(Executor executor, const Endpoint& endpoint, const ListenOptions& options = {});

  TcpListener(TcpListener&&) noexcept;
  TcpListener& operator=(TcpListener&&) noexcept;
  ~TcpListener();

  // kRetry: this connection was lost, or descriptors or memory ran out (wait a moment); kFatal: the listener is closed.
  Task<base::Result<TcpStream>> accept();

  void close();
  Endpoint local() const;

 private:
  struct Impl;
  explicit TcpListener(std::shared_ptr<Impl> impl);

  std::shared_ptr<Impl> impl_;
};

// The addresses of "name:port"; an Endpoint's text is its own only address. kReject: not of that form;
// kRetry: the name is not known, or not in time.
Task<base::Result<std::vector<Endpoint>>> resolve(std::string address, base::MonoTime deadline);

}  // namespace weir::runtime
