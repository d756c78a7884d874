// The epoll engine: level-triggered, so that the kernel remembers what a handler did not want yet. A turn is one
// epoll_wait, one recv for each readable connection into one buffer of the loop, one send for each that has output.
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <vector>

#include "base/assert.h"
#include "runtime/loop_core.h"

namespace weir::runtime {

namespace {

constexpr std::size_t kEventsPerWait = 512;
// So that a flood of new connections does not hold up those that stand.
constexpr int kAcceptsPerTurn = 64;

// What an event's address points to, in its low bits.
enum class Tag : std::uintptr_t { kConnection = 0, kListener = 1, kWatch = 2 };
constexpr std::uintptr_t kTagMask = 3;

epoll_data_t tagged(EventSource& source, Tag tag) {
  epoll_data_t data;
  data.u64 = reinterpret_cast<std::uintptr_t>(&source) | static_cast<std::uintptr_t>(tag);
  return data;
}

struct EpollConnection final : CoreConnection {
  using CoreConnection::CoreConnection;

  // What the kernel was last told to watch for. 0 is not the same as not being registered: errors and hang-ups are
  // reported even then.
  std::uint32_t watched_events = 0;
  bool registered = false;
  // Both directions are over, and what was received last waits in the kernel until the handler resumes: not
  // registered meanwhile, because epoll would report it in every turn.
  bool hung_up = false;
};

class EpollLoop final : public LoopCore {
 public:
  explicit EpollLoop(const LoopOptions& options) : LoopCore(options), receive_buffer_(options.receive_buffer_bytes) {}
  ~EpollLoop() override { close_all(false); }

  base::Result<void> open();
  LoopEngine engine() const override { return LoopEngine::kEpoll; }

 private:
  void wait(std::optional<base::Duration> timeout) override;
  void handle_events() override;
  void apply(CoreConnection& connection) override;
  std::unique_ptr<CoreConnection> make_connection(Descriptor socket, ConnectionHandler* handler,
                                                  CoreConnection::Phase phase) override {
    return std::make_unique<EpollConnection>(*this, std::move(socket), handler, phase);
  }
  void forget(CoreConnection& connection) override { unregister(static_cast<EpollConnection&>(connection)); }
  base::Result<void> start_accepting(CoreListener& listener) override;
  void stop_accepting(CoreListener& listener) override;
  base::Result<void> start_watching(CoreWatch& watch) override;
  void stop_watching(CoreWatch& watch) override;

  void handle_event(EpollConnection& connection, std::uint32_t events);
  void accept(CoreListener& listener);
  void receive(EpollConnection& connection);
  // Sends in_flight as far as the socket takes it; false if the connection broke.
  bool send_in_flight(EpollConnection& connection);
  void unregister(EpollConnection& connection);
  base::Result<void> register_readable(int fd, epoll_data_t data, std::string_view what);

  Descriptor epoll_;
  std::vector<char> receive_buffer_;
  std::array<epoll_event, kEventsPerWait> events_;
  int event_count_ = 0;
  bool has_nanosecond_wait_ = true;
};

base::Result<void> EpollLoop::open() {
  epoll_.reset(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll_) return base::system_error(base::ErrorKind::kRetry, "create an epoll instance", errno);
  return open_wakeup();
}

void EpollLoop::wait(std::optional<base::Duration> timeout) {
  using std::chrono::ceil;
  using std::chrono::floor;
  using std::chrono::milliseconds;
  using std::chrono::seconds;
  constexpr int kCapacity = static_cast<int>(kEventsPerWait);

  event_count_ = -1;
  // epoll_pwait2 is Linux 5.11; a container's filter may not know it. Without it timers are up to 1 ms late.
  if (timeout && *timeout > base::Duration::zero() && has_nanosecond_wait_) {
    const auto whole = floor<seconds>(*timeout);
    const timespec time{.tv_sec = whole.count(), .tv_nsec = (*timeout - whole).count()};
    event_count_ = ::epoll_pwait2(epoll_.get(), events_.data(), kCapacity, &time, nullptr);
    has_nanosecond_wait_ = event_count_ >= 0 || (errno != ENOSYS && errno != EPERM);
    if (has_nanosecond_wait_ && event_count_ < 0) WEIR_ASSERT(errno == EINTR);
    if (has_nanosecond_wait_) return;
  }
  const int ms = timeout ? static_cast<int>(std::min(ceil<milliseconds>(*timeout), milliseconds(60'000)).count()) : -1;
  event_count_ = ::epoll_wait(epoll_.get(), events_.data(), kCapacity, ms);
  if (event_count_ < 0) WEIR_ASSERT(errno == EINTR);
}

void EpollLoop::handle_events() {
  // What these point to stays allocated until the end of the turn, whatever the handlers close.
  for (int i = 0; i < event_count_; ++i) {
    const auto& event = events_[static_cast<std::size_t>(i)];
    auto* source = reinterpret_cast<EventSource*>(event.data.u64 & ~kTagMask);
    switch (static_cast<Tag>(event.data.u64 & kTagMask)) {
      case Tag::kConnection: handle_event(static_cast<EpollConnection&>(*source), event.events); break;
      case Tag::kListener: accept(static_cast<CoreListener&>(*source)); break;
      case Tag::kWatch: report_readable(static_cast<CoreWatch&>(*source)); break;
    }
  }
}

void EpollLoop::handle_event(EpollConnection& connection, std::uint32_t events) {
  if (connection.is_over()) return;
  if (connection.phase == CoreConnection::Phase::kConnecting) {
    report_connected(connection, pending_error(connection.socket.get()));
    return;
  }
  if ((events & EPOLLOUT) != 0 && !connection.in_flight.empty()) {
    if (!send_in_flight(connection)) return;
    touch(connection);
  }
  const bool hung_up = (events & (EPOLLERR | EPOLLHUP)) != 0;
  if (connection.wants_receive()) {
    if (hung_up || (events & EPOLLIN) != 0) receive(connection);
    return;
  }
  if (!hung_up) return;
  if ((events & EPOLLERR) != 0) {
    report_broken(connection, pending_error(connection.socket.get()));
  } else if (connection.peer_ended || connection.close_when_flushed) {
    report_broken(connection, EPIPE);
  } else {
    connection.hung_up = true;
    unregister(connection);
  }
}

void EpollLoop::receive(EpollConnection& connection) {
  // One recv a turn: whoever sends more is read again in the next one, after the others had theirs.
  const ssize_t count = ::recv(connection.socket.get(), receive_buffer_.data(), receive_buffer_.size(), 0);
  if (count > 0) {
    report_received(connection, {receive_buffer_.data(), static_cast<std::size_t>(count)});
  } else if (count == 0) {
    report_end(connection);
  } else if (errno != EAGAIN && errno != EINTR) {
    report_broken(connection, errno);
  }
}

bool EpollLoop::send_in_flight(EpollConnection& connection) {
  while (!connection.in_flight.empty()) {
    const ssize_t count = ::send(connection.socket.get(), connection.in_flight.data() + connection.in_flight_sent,
                                 connection.in_flight.size() - connection.in_flight_sent, MSG_NOSIGNAL);
    if (count >= 0) {
      report_sent(connection, static_cast<std::size_t>(count));
    } else if (errno == EAGAIN) {
      return true;
    } else if (errno != EINTR) {
      report_broken(connection, errno);
      return false;
    }
  }
  return true;
}

void EpollLoop::apply(CoreConnection& core_connection) {
  auto& connection = static_cast<EpollConnection&>(core_connection);
  std::uint32_t wanted = EPOLLOUT;
  if (connection.phase == CoreConnection::Phase::kOpen) {
    // A send that the socket refused is tried again when the socket says so, not in every turn.
    const bool waits_for_socket = !connection.in_flight.empty();
    if (!waits_for_socket && connection.next_to_send() && !send_in_flight(connection)) return;
    settle(connection);
    if (connection.is_over()) return;
    wanted = 0;
    if (!connection.in_flight.empty()) wanted |= EPOLLOUT;
    if (connection.wants_receive()) wanted |= EPOLLIN;
    if (wanted == 0 && connection.hung_up) return;
  }
  if (connection.registered && connection.watched_events == wanted) return;
  epoll_event event{.events = wanted, .data = tagged(connection, Tag::kConnection)};
  const int operation = connection.registered ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  if (::epoll_ctl(epoll_.get(), operation, connection.socket.get(), &event) != 0) {
    report_broken(connection, errno);
    return;
  }
  connection.registered = true;
  connection.watched_events = wanted;
}

void EpollLoop::unregister(EpollConnection& connection) {
  if (!connection.registered) return;
  // Closing the descriptor is not enough: a forked child that holds the socket too would keep it registered.
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, connection.socket.get(), nullptr);
  connection.registered = false;
}

void EpollLoop::accept(CoreListener& listener) {
  for (int i = 0; i < kAcceptsPerTurn && listener.open; ++i) {
    Descriptor socket(::accept4(listener.socket.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket) {
      report_accepted(listener, std::move(socket));
      continue;
    }
    if (errno != EAGAIN) report_accept_error(listener, errno);
    return;
  }
}

base::Result<void> EpollLoop::register_readable(int fd, epoll_data_t data, std::string_view what) {
  epoll_event event{.events = EPOLLIN, .data = data};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
    return base::system_error(base::ErrorKind::kRetry, "watch " + std::string(what), errno);
  }
  return {};
}

base::Result<void> EpollLoop::start_accepting(CoreListener& listener) {
  return register_readable(listener.socket.get(), tagged(listener, Tag::kListener), listener.bound.to_string());
}

void EpollLoop::stop_accepting(CoreListener& listener) {
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, listener.socket.get(), nullptr);
}

base::Result<void> EpollLoop::start_watching(CoreWatch& watch) {
  return register_readable(watch.fd, tagged(watch, Tag::kWatch), "descriptor " + std::to_string(watch.fd));
}

void EpollLoop::stop_watching(CoreWatch& watch) { ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, watch.fd, nullptr); }

}  // namespace

base::Result<std::unique_ptr<Loop>> create_epoll_loop(const LoopOptions& options) {
  auto loop = std::make_unique<EpollLoop>(options);
  if (auto opened = loop->open(); !opened) return opened.error();
  return loop;
}

}  // namespace weir::runtime
