#include "runtime/loop_core.h"

#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/assert.h"

namespace weir::runtime {

namespace {

// Output buffers that wait for their next use: at most this many, none larger than this.
constexpr std::size_t kSpareBuffers = 256;
constexpr std::size_t kSpareBufferBytes = 64 * 1024;
// How long accepting rests when it failed for want of something: the backlog keeps the peers meanwhile.
constexpr std::chrono::milliseconds kAcceptRest{100};

}  // namespace

// ---- Connection

bool CoreConnection::congested() {
  if (is_over()) return false;
  if (unsent_bytes() >= core.options().output_high_water_bytes) drain_promised = true;
  return drain_promised;
}

void CoreConnection::pause_receive() {
  receive_paused = true;
  core.touch(*this);
}

void CoreConnection::resume_receive() {
  receive_paused = false;
  core.touch(*this);
}

void CoreConnection::shutdown_send() {
  shutdown_wanted = true;
  core.touch(*this);
}

void CoreConnection::close_after_flush() {
  close_when_flushed = true;
  core.touch(*this);
}

void CoreConnection::close() { core.begin_close(*this, {}); }

Loop& CoreConnection::loop() const { return core; }

void CoreConnection::queue_output() {
  if (is_over()) {
    output_.clear();
    return;
  }
  WEIR_ASSERT(!shutdown_wanted);
  if (output_.empty()) core.lend_buffer(output_);
  core.touch(*this);
}

bool CoreConnection::next_to_send() {
  if (!in_flight.empty()) return true;
  if (output_.empty()) return false;
  in_flight.swap(output_);
  in_flight_sent = 0;
  return true;
}

// ---- Listener

CoreListener::CoreListener(LoopCore& core_, Descriptor socket_, Acceptor& acceptor_)
    : core(core_),
      socket(std::move(socket_)),
      bound(local_endpoint(socket.get())),
      acceptor(acceptor_),
      rest(core_.timers(), [this] { core.resume_accepting(*this); }) {}

void CoreListener::set_keepalive(std::chrono::seconds idle) {
  if (!bound.is_unix()) runtime::set_keepalive(socket.get(), idle);
}

void CoreListener::close() { core.close_listener(*this); }

// ---- LoopCore: the public side

LoopCore::LoopCore(const LoopOptions& options) : options_(options), max_connections_(options.max_connections) {
  now_ = clock_.mono();
}

LoopCore::~LoopCore() {
  // The engine's destructor has closed everything: here its virtual functions are gone already.
  WEIR_ASSERT(open_.empty() && dead_.empty());
}

base::Result<void> LoopCore::open_wakeup() {
  wakeup_.reset(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!wakeup_) return base::system_error(base::ErrorKind::kRetry, "open the event loop's wake-up", errno);
  return watch(wakeup_.get(), [this] {
    std::uint64_t count = 0;
    // Only to reset it; what was posted is looked at in every turn.
    [[maybe_unused]] const auto bytes = ::read(wakeup_.get(), &count, sizeof count);
  });
}

base::Result<Listener*> LoopCore::listen(const Endpoint& endpoint, Acceptor& acceptor, const ListenOptions& options) {
  if (finished_) return base::fatal("listen on " + endpoint.to_string() + ": the loop has stopped");
  auto socket = listening_socket(endpoint, options);
  if (!socket) return socket.error();
  auto listener = std::make_unique<CoreListener>(*this, std::move(*socket), acceptor);
  if (auto started = start_accepting(*listener); !started) return started.error();
  listeners_.push_back(std::move(listener));
  return listeners_.back().get();
}

base::Result<Connection*> LoopCore::connect(const Endpoint& endpoint, ConnectionHandler& handler,
                                            base::MonoTime deadline) {
  if (finished_) return base::fatal("connect to " + endpoint.to_string() + ": the loop has stopped");
  if (open_.size() >= max_connections_) {
    return base::retry("connect to " + endpoint.to_string() + ": all " + std::to_string(max_connections_) +
                       " connections of this loop are in use (max_connections)");
  }
  auto attempt = start_connect(endpoint);
  if (!attempt) return attempt.error();
  open_.push_back(make_connection(std::move(attempt->socket), &handler, CoreConnection::Phase::kConnecting));
  CoreConnection& connection = *open_.back();
  connection.place = open_.size() - 1;
  if (attempt->error_number != 0) {
    begin_close(connection, {CloseReason::Kind::kNotConnected, attempt->error_number});
    return &connection;
  }
  connection.connect_deadline = std::make_unique<Timer>(
      timers_, [this, &connection] { begin_close(connection, {CloseReason::Kind::kNotConnected, ETIMEDOUT}); });
  connection.connect_deadline->arm(deadline);
  touch(connection);
  return &connection;
}

base::Result<void> LoopCore::watch(int fd, std::function<void()> on_readable) {
  WEIR_ASSERT(!watches_.contains(fd));
  auto watch = std::make_unique<CoreWatch>();
  watch->fd = fd;
  watch->on_readable = std::move(on_readable);
  if (auto started = start_watching(*watch); !started) return started.error();
  watches_.emplace(fd, std::move(watch));
  return {};
}

void LoopCore::unwatch(int fd) {
  const auto found = watches_.find(fd);
  if (found == watches_.end()) return;
  found->second->active = false;
  stop_watching(*found->second);
  dead_.push_back(std::move(found->second));
  watches_.erase(found);
}

bool LoopCore::post(std::function<void()> function) {
  {
    const std::scoped_lock lock(posted_mutex_);
    if (refuses_posts_ || posted_.size() >= options_.max_posted) return false;
    posted_.push_back(std::move(function));
    if (posted_.size() > 1) return true;  // The first one has woken the loop.
  }
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto bytes = ::write(wakeup_.get(), &one, sizeof one);
  return true;
}

void LoopCore::stop() {
  stopping_.store(true, std::memory_order_release);
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto bytes = ::write(wakeup_.get(), &one, sizeof one);
}

void LoopCore::run() {
  while (!stopping_.load(std::memory_order_acquire)) turn(base::Duration::max());
  std::vector<std::function<void()>> never_run;
  {
    const std::scoped_lock lock(posted_mutex_);
    refuses_posts_ = true;
    never_run.swap(posted_);
  }
  submit();
  close_all(true);
}

// ---- LoopCore: the turn

void LoopCore::turn(base::Duration max_wait) {
  wait(time_to_wait(max_wait));
  now_ = clock_.mono();
  ++stats_.turns;
  handle_events();
  report_drained();
  timers_.fire(now_);
  run_posted();
  reap();
  if (turn_end_) turn_end_();
  flush();
  free_dead();
}

std::optional<base::Duration> LoopCore::time_to_wait(base::Duration max_wait) const {
  if (!touched_.empty() || !closing_.empty() || !drained_.empty() || has_deferred_events() ||
      stopping_.load(std::memory_order_acquire)) {
    return base::Duration::zero();
  }
  if (const auto next = timers_.next()) max_wait = std::min(max_wait, *next - clock_.mono());
  if (max_wait == base::Duration::max()) return std::nullopt;
  return std::max(max_wait, base::Duration::zero());
}

void LoopCore::report_drained() {
  // Entries come from the events of this turn and the flush of the last one. A connection that was closed since is
  // still there: it is reaped later in this turn.
  for (CoreConnection* connection : drained_) {
    connection->drain_due = false;
    if (!connection->is_over()) connection->handler->on_drained(*connection);
  }
  drained_.clear();
}

void LoopCore::run_posted() {
  {
    const std::scoped_lock lock(posted_mutex_);
    running_posted_.swap(posted_);
  }
  for (auto& function : running_posted_) function();
  running_posted_.clear();
}

void LoopCore::reap() {
  // By index: an on_close may close more.
  for (std::size_t i = 0; i < closing_.size(); ++i) {
    CoreConnection& connection = *closing_[i];
    forget(connection);
    // The shutdown tells the peer at once, even if a forked child or an operation still holds the socket.
    ::shutdown(connection.socket.get(), SHUT_RDWR);
    connection.socket.reset();
    connection.connect_deadline.reset();
    connection.phase = CoreConnection::Phase::kClosed;
    ++stats_.closed;

    open_.back()->place = connection.place;
    std::swap(open_[connection.place], open_.back());
    dead_.push_back(std::move(open_.back()));
    open_.pop_back();
    if (connection.handler != nullptr) connection.handler->on_close(connection, connection.reason);
  }
  closing_.clear();
}

void LoopCore::flush() {
  flushing_.swap(touched_);
  for (CoreConnection* connection : flushing_) {
    connection->output_queued_ = false;
    if (!connection->is_over()) apply(*connection);
  }
  flushing_.clear();
}

void LoopCore::free_dead() {
  std::erase_if(dead_, [](const auto& source) { return source->pending_operations == 0; });
}

void LoopCore::close_all(bool report) {
  finished_ = true;
  while (!listeners_.empty()) close_listener(*listeners_.back());
  while (!watches_.empty()) unwatch(watches_.begin()->first);
  for (const auto& connection : open_) {
    if (!report) connection->handler = nullptr;
    begin_close(*connection, {CloseReason::Kind::kLoopStopped, 0});
  }
  reap();
  touched_.clear();
  drained_.clear();
  drain();
}

// ---- LoopCore: what connections and listeners ask for

void LoopCore::touch(CoreConnection& connection) {
  if (connection.output_queued_ || connection.is_over()) return;
  connection.output_queued_ = true;
  touched_.push_back(&connection);
}

void LoopCore::begin_close(CoreConnection& connection, CloseReason reason) {
  if (connection.is_over()) return;
  connection.phase = CoreConnection::Phase::kClosing;
  connection.reason = reason;
  closing_.push_back(&connection);
}

void LoopCore::close_listener(CoreListener& listener) {
  if (!listener.open) return;
  listener.open = false;
  listener.rest.cancel();
  stop_accepting(listener);
  listener.socket.reset();
  if (listener.bound.is_unix()) ::unlink(listener.bound.host().c_str());
  const auto found = std::ranges::find(listeners_, &listener, &std::unique_ptr<CoreListener>::get);
  dead_.push_back(std::move(*found));
  listeners_.erase(found);
}

void LoopCore::resume_accepting(CoreListener& listener) {
  // What was lacking may still be lacking.
  if (!start_accepting(listener)) listener.rest.arm(now_ + kAcceptRest);
}

void LoopCore::lend_buffer(std::string& to) {
  if (spare_buffers_.empty()) return;
  to.swap(spare_buffers_.back());
  spare_buffers_.pop_back();
}

void LoopCore::return_buffer(std::string& buffer) {
  if (buffer.capacity() <= kSpareBufferBytes && spare_buffers_.size() < kSpareBuffers) {
    buffer.clear();
    spare_buffers_.push_back(std::move(buffer));
  }
  // A moved-from string is valid but unspecified, and a large one is to give its memory back: both end up fresh.
  std::string().swap(buffer);
}

// ---- LoopCore: what engines report

void LoopCore::report_accepted(CoreListener& listener, Descriptor socket) {
  if (!listener.open) return;
  if (open_.size() >= max_connections_) {
    ++stats_.refused;
    const std::string_view refusal = listener.acceptor.refusal();
    if (!refusal.empty()) ::send(socket.get(), refusal.data(), refusal.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return;
  }
  ++stats_.accepted;
  open_.push_back(make_connection(std::move(socket), nullptr, CoreConnection::Phase::kOpen));
  CoreConnection& connection = *open_.back();
  connection.place = open_.size() - 1;
  touch(connection);
  ConnectionHandler* handler = listener.acceptor.on_accept(connection);
  // A set_handler() inside on_accept is overruled by what it returns.
  connection.handler = handler;
  if (handler == nullptr) begin_close(connection, {});
}

void LoopCore::report_accept_error(CoreListener& listener, int error_number) {
  if (!listener.open) return;
  // These speak of one connection that died in the backlog; the next one may well be whole.
  if (error_number == ECONNABORTED || error_number == EINTR || error_number == EPROTO) return;
  ++stats_.accept_errors;
  if (listener.rest.armed()) return;
  stop_accepting(listener);
  listener.rest.arm(now_ + kAcceptRest);
}

void LoopCore::report_connected(CoreConnection& connection, int error_number) {
  connection.connect_deadline.reset();
  if (error_number != 0) {
    begin_close(connection, {CloseReason::Kind::kNotConnected, error_number});
    return;
  }
  ++stats_.connected;
  connection.phase = CoreConnection::Phase::kOpen;
  touch(connection);
  connection.handler->on_connect(connection);
}

void LoopCore::report_received(CoreConnection& connection, std::string_view bytes) {
  ++stats_.receives;
  stats_.received_bytes += bytes.size();
  connection.handler->on_receive(connection, bytes);
}

void LoopCore::report_end(CoreConnection& connection) {
  connection.peer_ended = true;
  touch(connection);
  connection.handler->on_end(connection);
  if (connection.shutdown_done) begin_close(connection, {CloseReason::Kind::kEnded, 0});
}

void LoopCore::report_broken(CoreConnection& connection, int error_number) {
  begin_close(connection, {CloseReason::Kind::kBroken, error_number});
}

void LoopCore::report_sent(CoreConnection& connection, std::size_t bytes) {
  ++stats_.sends;
  stats_.sent_bytes += bytes;
  connection.in_flight_sent += bytes;
  if (connection.in_flight_sent == connection.in_flight.size()) {
    return_buffer(connection.in_flight);
    connection.in_flight_sent = 0;
  }
  if (connection.drain_promised && connection.unsent_bytes() <= options_.output_low_water_bytes) {
    connection.drain_promised = false;
    if (!connection.drain_due) drained_.push_back(&connection);
    connection.drain_due = true;
  }
}

void LoopCore::report_readable(CoreWatch& watch) {
  if (watch.active) watch.on_readable();
}

void LoopCore::settle(CoreConnection& connection) {
  if (connection.is_over() || connection.unsent_bytes() > 0) return;
  if (connection.close_when_flushed) {
    begin_close(connection, {});
    return;
  }
  if (!connection.shutdown_wanted) return;
  if (!connection.shutdown_done) ::shutdown(connection.socket.get(), SHUT_WR);
  connection.shutdown_done = true;
  if (connection.peer_ended) begin_close(connection, {CloseReason::Kind::kEnded, 0});
}

// ---- Names and the choice of the engine

void ConnectionHandler::on_end(Connection& connection) { connection.close_after_flush(); }

std::string CloseReason::to_string() const {
  switch (kind) {
    case Kind::kClosedHere: return "closed here";
    case Kind::kEnded: return "both sides ended";
    case Kind::kBroken: return std::string("broken: ") + std::strerror(error_number);
    case Kind::kNotConnected: return std::string("not connected: ") + std::strerror(error_number);
    case Kind::kLoopStopped: return "the loop stopped";
  }
  return "unknown";
}

std::string_view to_string(LoopEngine engine) {
  switch (engine) {
    case LoopEngine::kAuto: return "auto";
    case LoopEngine::kEpoll: return "epoll";
    case LoopEngine::kUring: return "io_uring";
  }
  return "unknown";
}

base::Result<std::unique_ptr<Loop>> Loop::create(const LoopOptions& options) {
  if (options.engine == LoopEngine::kEpoll) return create_epoll_loop(options);
  auto loop = create_uring_loop(options);
  if (loop || options.engine == LoopEngine::kUring) return loop;
  return create_epoll_loop(options);
}

}  // namespace weir::runtime
