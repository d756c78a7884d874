// LoopCore: what the two engines have in common, which is everything but the talking to the kernel: the order of a
// turn, the life of a connection, back-pressure, limits, posting. An engine derives from it, reports what the kernel
// said (the "report" functions) and does what the core asks (the pure virtual ones). Only the engines include this.
//
// The life of a connection:
//
//   kConnecting --connected--> kOpen --close, error, both ended--> kClosing --on_close, at reap--> kClosed
//        |                                                            ^
//        +------------------ refused, deadline -----------------------+
//
// Between a handler's wish and the kernel stands one list: whatever changes what a connection wants (output, pausing,
// shutdown) touches it, and in the flush every touched connection is compared with what the kernel was last told
// (apply()). So a turn costs each connection at most one change, however often its handlers changed their minds.
//
// Nothing is freed while a turn works with it: what is over moves to dead_, and is freed at the end of the turn when
// no operation of the kernel (pending_operations) refers to it any more.
#pragma once

#include <atomic>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "runtime/loop.h"

namespace weir::runtime {

class LoopCore;

// What an event of the kernel can refer to. Its address travels through the kernel with a tag in the low bits.
struct EventSource {
  EventSource() = default;
  EventSource(const EventSource&) = delete;
  EventSource& operator=(const EventSource&) = delete;
  virtual ~EventSource() = default;

  // Operations that the kernel has not completed yet and that will name this object (io_uring only).
  unsigned pending_operations = 0;
};

class CoreConnection : public Connection, public EventSource {
 public:
  enum class Phase : unsigned char { kConnecting, kOpen, kClosing, kClosed };

  CoreConnection(LoopCore& core_, Descriptor socket_, ConnectionHandler* handler_, Phase phase_)
      : core(core_), handler(handler_), socket(std::move(socket_)), phase(phase_) {}

  std::size_t unsent_bytes() const final { return output_.size() + in_flight.size() - in_flight_sent; }
  bool congested() final;
  void pause_receive() final;
  void resume_receive() final;
  void shutdown_send() final;
  void close_after_flush() final;
  void close() final;
  Endpoint peer() const final { return peer_endpoint(socket.get()); }
  Endpoint local() const final { return local_endpoint(socket.get()); }
  Loop& loop() const final;
  void set_handler(ConnectionHandler& new_handler) final { handler = &new_handler; }

  bool is_over() const { return phase >= Phase::kClosing; }
  // What the handler wants now; the engine compares it with what the kernel was told.
  bool wants_receive() const { return phase == Phase::kOpen && !receive_paused && !peer_ended && !close_when_flushed; }
  // Makes in_flight hold what is to be sent next; false if all is sent. Only in the flush: what stands in output_ must
  // not leave before the end of its turn.
  bool next_to_send();

  LoopCore& core;
  ConnectionHandler* handler;
  Descriptor socket;
  Phase phase;
  bool receive_paused = false;
  bool peer_ended = false;
  bool shutdown_wanted = false;
  bool shutdown_done = false;
  bool close_when_flushed = false;
  bool drain_promised = false;
  bool drain_due = false;
  CloseReason reason;
  // Taken from output_ by a flush: the kernel may be reading it. Sent up to in_flight_sent.
  std::string in_flight;
  std::size_t in_flight_sent = 0;
  std::size_t place = 0;  // In LoopCore::open_.
  std::unique_ptr<Timer> connect_deadline;

 protected:
  void queue_output() final;

 private:
  friend class LoopCore;
};

class CoreListener final : public Listener, public EventSource {
 public:
  CoreListener(LoopCore& core_, Descriptor socket_, Acceptor& acceptor_);

  const Endpoint& endpoint() const override { return bound; }
  void set_keepalive(std::chrono::seconds idle) override;
  void close() override;

  LoopCore& core;
  Descriptor socket;
  Endpoint bound;
  Acceptor& acceptor;
  bool open = true;
  Timer rest;  // Armed while accepting rests after an error.
};

struct CoreWatch final : EventSource {
  int fd = -1;
  std::function<void()> on_readable;
  bool active = true;
};

class LoopCore : public Loop {
 public:
  base::Result<Listener*> listen(const Endpoint& endpoint, Acceptor& acceptor, const ListenOptions& options) final;
  base::Result<Connection*> connect(const Endpoint& endpoint, ConnectionHandler& handler,
                                    base::MonoTime deadline) final;
  base::Result<void> watch(int fd, std::function<void()> on_readable) final;
  void unwatch(int fd) final;
  void on_turn_end(std::function<void()> function) final { turn_end_ = std::move(function); }
  void run() final;
  void turn(base::Duration max_wait) final;
  bool post(std::function<void()> function) final;
  void stop() final;
  std::size_t connections() const final { return open_.size(); }
  void set_max_connections(std::size_t most) final { max_connections_ = most; }

  const LoopOptions& options() const { return options_; }

  // For CoreConnection and CoreListener.
  void touch(CoreConnection& connection);
  void begin_close(CoreConnection& connection, CloseReason reason);
  void close_listener(CoreListener& listener);
  void resume_accepting(CoreListener& listener);
  void lend_buffer(std::string& to);

 protected:
  explicit LoopCore(const LoopOptions& options);
  ~LoopCore() override;

  // Engines call this once they can watch: post() needs it.
  base::Result<void> open_wakeup();

  // An engine implements these.
  // Sleeps until there are events or `timeout` has passed; without one, until there are events.
  virtual void wait(std::optional<base::Duration> timeout) = 0;
  // Reports what wait() found.
  virtual void handle_events() = 0;
  // Whether there is something to report that no event of the kernel will announce.
  virtual bool has_deferred_events() const { return false; }
  // Makes the kernel's view of a touched connection equal to what it wants: sends, receives, or waits for its connect.
  // Then settles it if nothing is left unsent. Requires: connection.is_over() is false.
  virtual void apply(CoreConnection& connection) = 0;
  // Hands what apply() prepared to the kernel now instead of at the next wait().
  virtual void submit() {}
  // Frees what is over, waiting until the kernel has finished with it. Everything is closed and cancelled already.
  virtual void drain() { free_dead(); }
  virtual std::unique_ptr<CoreConnection> make_connection(Descriptor socket, ConnectionHandler* handler,
                                                          CoreConnection::Phase phase) = 0;
  // Stop telling about it, and cancel its operations; the descriptor is closed right afterwards.
  virtual void forget(CoreConnection& connection) = 0;
  virtual base::Result<void> start_accepting(CoreListener& listener) = 0;
  virtual void stop_accepting(CoreListener& listener) = 0;
  virtual base::Result<void> start_watching(CoreWatch& watch) = 0;
  virtual void stop_watching(CoreWatch& watch) = 0;

  // An engine reports with these. Requires, where a connection is given: connection.is_over() is false.
  void report_accepted(CoreListener& listener, Descriptor socket);
  void report_accept_error(CoreListener& listener, int error_number);
  void report_connected(CoreConnection& connection, int error_number);
  // Requires: connection.wants_receive().
  void report_received(CoreConnection& connection, std::string_view bytes);
  void report_end(CoreConnection& connection);
  void report_broken(CoreConnection& connection, int error_number);
  void report_sent(CoreConnection& connection, std::size_t bytes);
  void report_readable(CoreWatch& watch);

  // What follows when nothing is left unsent: the shutdown or the close that was asked for.
  void settle(CoreConnection& connection);
  // Closes everything that is still open; with `report`, calling on_close.
  void close_all(bool report);
  void free_dead();
  bool has_dead() const { return !dead_.empty(); }

 private:
  std::optional<base::Duration> time_to_wait(base::Duration max_wait) const;
  void report_drained();
  void run_posted();
  void reap();
  void flush();
  void return_buffer(std::string& buffer);

  const LoopOptions options_;
  std::size_t max_connections_;
  base::RealClock clock_;
  std::function<void()> turn_end_;

  std::vector<std::unique_ptr<CoreConnection>> open_;
  std::vector<std::unique_ptr<CoreListener>> listeners_;
  std::unordered_map<int, std::unique_ptr<CoreWatch>> watches_;
  std::vector<std::unique_ptr<EventSource>> dead_;

  // Filled during a turn; the connections in them live until its end.
  std::vector<CoreConnection*> touched_;
  std::vector<CoreConnection*> flushing_;
  std::vector<CoreConnection*> closing_;
  std::vector<CoreConnection*> drained_;

  bool finished_ = false;  // Everything is closed or being closed: nothing new is opened.

  // Emptied output buffers that kept their memory: an idle connection has none of its own.
  std::vector<std::string> spare_buffers_;

  // Shared with the threads that post.
  Descriptor wakeup_;
  std::atomic<bool> stopping_ = false;
  std::mutex posted_mutex_;
  std::vector<std::function<void()>> posted_;  // Guarded by posted_mutex_.
  bool refuses_posts_ = false;                 // Guarded by posted_mutex_.
  std::vector<std::function<void()>> running_posted_;
};

base::Result<std::unique_ptr<Loop>> create_epoll_loop(const LoopOptions& options);
base::Result<std::unique_ptr<Loop>> create_uring_loop(const LoopOptions& options);

}  // namespace weir::runtime
