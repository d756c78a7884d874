// Loop: sockets and timers of one thread, in turns. It carries the data paths of store, gateway and queue, where a
// request costs a few microseconds and most of them are the kernel's; everything else runs on Asio (runtime/task.h).
// Two engines stand behind the interface: io_uring, and epoll where io_uring is refused (containers often do). Which
// costs what: docs/design/001-event-loop.md.
//
// A turn, in this order:
//
//   wait      sleep in the kernel until something happened or a timer is due; then read the clock once: now()
//   events    accepted, connected, received, ended, drained: the handlers run and append to outputs
//   timers    after the events, so that a reply which arrived while the process was stopped beats its own timeout
//   posted    what other threads asked for
//   closes    on_close of every connection that was closed up to here
//   turn end  the on_turn_end function: all requests of the turn ran, no reply has left yet (the store appends its
//             effects to the file here, once for all)
//   flush     outputs go to the kernel, together
//
// What on_turn_end closes or a flush finds broken is reported in the next turn, which then begins without waiting.
//
// Threads: everything is called and calls on one thread, the one that runs the loop, except post() and stop().
//
// Callbacks are called by the turn only, never from inside a call that a handler makes. So a handler may, inside any
// callback, close, pause or write to any connection including its own, connect, listen, arm timers; nothing is
// re-entered, and a Connection stays valid until its on_close has returned. After close() on a connection nothing is
// called for it but on_close.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/time.h"
#include "runtime/endpoint.h"
#include "runtime/loop_timer.h"
#include "runtime/socket.h"

namespace weir::runtime {

class Connection;
class Loop;

// Why a connection is over.
struct CloseReason {
  enum class Kind : unsigned char {
    kClosedHere,    // close() or close_after_flush().
    kEnded,         // Both sides said that they would send no more.
    kBroken,        // The kernel reported error_number while receiving or sending.
    kNotConnected,  // connect() failed with error_number; ETIMEDOUT: at its deadline.
    kLoopStopped,
  };
  Kind kind = Kind::kClosedHere;
  int error_number = 0;

  std::string to_string() const;
};

// What happens on a connection. One object may serve one connection or many; Connection::user tells them apart.
// Outlives its connections: on_close is the last call, and it may destroy the handler.
class ConnectionHandler {
 public:
  // An outgoing connection stands. Not called for accepted ones (their Acceptor was).
  virtual void on_connect(Connection&) {}
  // `bytes` is never empty and belongs to the loop: valid during this call only, so a handler keeps (copies) the
  // unfinished rest of a message itself.
  virtual void on_receive(Connection&, std::string_view bytes) = 0;
  // The peer will send no more; it may still be receiving.
  virtual void on_end(Connection& connection);
  // The unsent output has fallen to LoopOptions::output_low_water_bytes after congested() was true.
  virtual void on_drained(Connection&) {}
  // Exactly once for each connection that was accepted or returned by connect(). The reference dies with this call.
  virtual void on_close(Connection&, const CloseReason&) {}

 protected:
  ~ConnectionHandler() = default;
};

// Where accepted connections go.
class Acceptor {
 public:
  // Returns the handler of this connection, or null to drop it at once (then there is no on_close).
  virtual ConnectionHandler* on_accept(Connection&) = 0;
  // Sent, as far as the socket takes it at once, to a peer that came when max_connections were open.
  virtual std::string_view refusal() const { return {}; }

 protected:
  ~Acceptor() = default;
};

class Connection {
 public:
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Append what is to be sent; it goes out at the end of the turn. Never shorten or replace what stands there. The
  // reference is valid until the callback returns. Before the connection stands it gathers; after close() it is
  // dropped. Requires: no shutdown_send() before.
  std::string& output() {
    if (!output_queued_) queue_output();
    return output_;
  }
  // Appended and not yet taken by the kernel.
  virtual std::size_t unsent_bytes() const = 0;
  // Whether unsent_bytes() has reached LoopOptions::output_high_water_bytes: the peer reads slower than we write, and
  // who produces the output should stop (pause_receive() on its source). Once true was returned, it stays true and
  // on_drained is certain to follow, unless the connection closes first.
  virtual bool congested() = 0;

  // While paused no on_receive and no on_end comes; the kernel's buffer fills and the peer is slowed down. That the
  // connection broke may go unnoticed meanwhile.
  virtual void pause_receive() = 0;
  virtual void resume_receive() = 0;

  // Sends what is unsent, then tells the peer that no more will come. When the peer ends too, the connection closes.
  virtual void shutdown_send() = 0;
  // Receives no more, sends what is unsent, then closes. A peer that does not read holds it open: keep a timer.
  virtual void close_after_flush() = 0;
  // Closes now; what is unsent is lost. Closing again does nothing.
  virtual void close() = 0;

  // Each asks the kernel (a system call). Endpoint() once the peer is gone.
  virtual Endpoint peer() const = 0;
  virtual Endpoint local() const = 0;

  virtual Loop& loop() const = 0;
  virtual void set_handler(ConnectionHandler& handler) = 0;

  // For the handler: whatever it wants to find again. The loop never looks at it.
  void* user = nullptr;

 protected:
  Connection() = default;
  ~Connection() = default;
  // Sees to it that output_ is sent at the end of the turn, and sets output_queued_.
  virtual void queue_output() = 0;

  bool output_queued_ = false;
  std::string output_;
};

// Owned by its loop.
class Listener {
 public:
  // As bound: port 0 has become the port that the kernel chose.
  virtual const Endpoint& endpoint() const = 0;
  // As ListenOptions::keepalive, for what is accepted from now on.
  virtual void set_keepalive(std::chrono::seconds idle) = 0;
  // Accepts no more; accepted connections go on. The reference dies with this call. Removes a Unix socket's file.
  virtual void close() = 0;

 protected:
  ~Listener() = default;
};

enum class LoopEngine : unsigned char { kAuto, kEpoll, kUring };
std::string_view to_string(LoopEngine engine);

struct LoopOptions {
  // kAuto: io_uring, or epoll where the kernel (before 6.1) or a container's filter refuses it.
  LoopEngine engine = LoopEngine::kAuto;
  // Accepted and outgoing together. Beyond it accepted ones are refused (Acceptor::refusal) and connect() fails.
  std::size_t max_connections = 10'000;
  // The most that one on_receive brings. io_uring keeps a pool of such buffers, a power of two.
  std::size_t receive_buffer_bytes = 16 * 1024;
  std::size_t receive_buffers = 256;
  // See Connection::congested().
  std::size_t output_high_water_bytes = 1024 * 1024;
  std::size_t output_low_water_bytes = 256 * 1024;
  // How many functions may wait in post().
  std::size_t max_posted = 65'536;
};

// Counted since the loop was created; for metrics.
struct LoopStats {
  std::uint64_t turns = 0;
  std::uint64_t accepted = 0;
  std::uint64_t refused = 0;        // max_connections was reached.
  std::uint64_t accept_errors = 0;  // Above all, out of descriptors: accepting then rests for 100 ms.
  std::uint64_t connected = 0;      // Outgoing.
  std::uint64_t closed = 0;
  std::uint64_t receives = 0;
  std::uint64_t received_bytes = 0;
  std::uint64_t sends = 0;
  std::uint64_t sent_bytes = 0;
};

class Loop {
 public:
  static base::Result<std::unique_ptr<Loop>> create(const LoopOptions& options = {});
  // Handlers of connections that are still open are not called. Requires: run() has returned, or this is the thread
  // that called turn(); no timer is armed.
  virtual ~Loop() = default;
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // The engine that stands behind it: kEpoll or kUring.
  virtual LoopEngine engine() const = 0;

  virtual base::Result<Listener*> listen(const Endpoint& endpoint, Acceptor& acceptor,
                                         const ListenOptions& options = {}) = 0;
  // Either on_connect follows, or on_close with kNotConnected, at `deadline` at the latest. An error (too many
  // connections, out of descriptors) means that no connection came to be and nothing is called.
  virtual base::Result<Connection*> connect(const Endpoint& endpoint, ConnectionHandler& handler,
                                            base::MonoTime deadline) = 0;

  // Calls the function in every turn in which `fd` is readable or has ended. The fd stays the caller's: unwatch it
  // before it is closed. One watch for each fd.
  virtual base::Result<void> watch(int fd, std::function<void()> on_readable) = 0;
  virtual void unwatch(int fd) = 0;

  // Replaces the function that runs between the events of a turn and the sending of its outputs.
  virtual void on_turn_end(std::function<void()> function) = 0;

  // Turns until stop(); then listeners and connections are closed (kLoopStopped), after one last flush, and it
  // returns. A loop that has stopped does not run again.
  virtual void run() = 0;
  // One turn, waiting at most `max_wait`. For tests, and for who has a loop of his own around it.
  virtual void turn(base::Duration max_wait) = 0;

  // From any thread. False: the function is not run, because max_posted wait already or the loop has stopped.
  [[nodiscard]] virtual bool post(std::function<void()> function) = 0;
  // From any thread: the current turn is the last one.
  virtual void stop() = 0;

  // When this turn began to handle its events.
  base::MonoTime now() const { return now_; }
  TimerHeap& timers() { return timers_; }
  const LoopStats& stats() const { return stats_; }
  virtual std::size_t connections() const = 0;
  // Instead of LoopOptions::max_connections, from now on. Those that are open stay.
  virtual void set_max_connections(std::size_t most) = 0;

 protected:
  Loop() = default;

  base::MonoTime now_{};
  TimerHeap timers_;
  LoopStats stats_;
};

}  // namespace weir::runtime
