// The io_uring engine: the kernel receives into buffers of a shared pool and reports what is there (multishot receive),
// accepts by itself (multishot accept), and everything that a turn wants, sends above all, is handed over by the one
// io_uring_enter that also waits for what comes next.
//
// DEFER_TASKRUN (Linux 6.1) makes completions appear only inside that call, so nothing changes while handlers run.
// SINGLE_ISSUER binds the ring to one thread; so that a loop can be created on another thread than it runs on, the ring
// is created disabled and enabled by its first turn. A kernel or a filter that knows one of these not refuses the
// creation, and Loop::create falls back.
//
// An operation refers to its connection until its last completion, so a connection that is over stays allocated until
// its operations were cancelled (EventSource::pending_operations).
#include <liburing.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cerrno>
#include <vector>

#include "base/assert.h"
#include "runtime/loop_core.h"

namespace weir::runtime {

namespace {

// What one turn hands over without an extra system call; and what one may bring, beyond which the kernel keeps lists.
constexpr unsigned kSubmissions = 1024;
constexpr unsigned kCompletions = 4096;
constexpr int kBufferGroup = 0;

// What a completion belongs to: the address of its EventSource with this in the low bits. All zero is a cancellation,
// whose own outcome nobody asks for.
enum class Operation : std::uintptr_t { kAccept = 1, kReceive, kSend, kConnect, kWatch };
constexpr std::uintptr_t kOperationMask = 7;

std::uint64_t tagged(EventSource& source, Operation operation) {
  return reinterpret_cast<std::uintptr_t>(&source) | static_cast<std::uintptr_t>(operation);
}

// Memory mapped for the kernel and us; starts at a page.
class Mapping {
 public:
  explicit Mapping(std::size_t size)
      : size_(size), at_(::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) {}
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() {
    if (is_valid()) ::munmap(at_, size_);
  }
  bool is_valid() const { return at_ != MAP_FAILED; }
  void* at() const { return at_; }

 private:
  std::size_t size_;
  void* at_;
};

// The pool that the kernel receives into: it takes a buffer from the ring for each receive, and gets it back as soon
// as the handler has seen the bytes.
class ReceiveBuffers {
 public:
  ReceiveBuffers(std::size_t count, std::size_t bytes)
      : count_(std::bit_ceil(count)),
        bytes_(bytes),
        stride_((bytes + 63) / 64 * 64 + 64),
        ring_memory_(count_ * sizeof(io_uring_buf)),
        memory_(count_ * stride_) {}

  base::Result<void> register_with(io_uring& ring) {
    if (!ring_memory_.is_valid() || !memory_.is_valid()) {
      return base::system_error(base::ErrorKind::kRetry, "map the receive buffers of an io_uring loop", ENOMEM);
    }
    ring_ = static_cast<io_uring_buf_ring*>(ring_memory_.at());
    io_uring_buf_reg registration{};
    registration.ring_addr = reinterpret_cast<std::uintptr_t>(ring_);
    registration.ring_entries = static_cast<unsigned>(count_);
    registration.bgid = kBufferGroup;
    if (const int code = io_uring_register_buf_ring(&ring, &registration, 0); code != 0) {
      return base::system_error(base::ErrorKind::kReject, "register the receive buffers of an io_uring loop", -code);
    }
    io_uring_buf_ring_init(ring_);
    for (std::size_t id = 0; id < count_; ++id) give_back(static_cast<unsigned short>(id));
    return {};
  }

  std::string_view view(unsigned short id, std::size_t size) const { return {buffer(id), size}; }

  void give_back(unsigned short id) {
    io_uring_buf_ring_add(ring_, buffer(id), static_cast<unsigned>(bytes_), id,
                          io_uring_buf_ring_mask(static_cast<unsigned>(count_)), 0);
    io_uring_buf_ring_advance(ring_, 1);
  }

 private:
  char* buffer(unsigned short id) const { return static_cast<char*>(memory_.at()) + id * stride_; }

  const std::size_t count_;
  const std::size_t bytes_;
  // One cache line more than a buffer: at a distance of a power of two the beginnings of all buffers, which are the
  // parts in use, would compete for the same few lines of the cache.
  const std::size_t stride_;
  Mapping ring_memory_;
  Mapping memory_;
  io_uring_buf_ring* ring_ = nullptr;
};

struct UringConnection final : CoreConnection {
  using CoreConnection::CoreConnection;

  // Operations that the kernel has.
  bool receiving = false;
  bool receive_cancelled = false;  // And its last completion has not come yet.
  bool sending = false;
  bool connecting = false;

  // What had arrived before the cancellation that a pause_receive() asked for took effect. It goes first.
  std::string held;
  std::size_t held_taken = 0;
  bool held_end = false;
  bool is_in_deferred = false;

  bool holds_back() const { return !held.empty() || held_end; }
};

class UringLoop final : public LoopCore {
 public:
  explicit UringLoop(const LoopOptions& options)
      : LoopCore(options), buffers_(options.receive_buffers, options.receive_buffer_bytes) {}
  ~UringLoop() override {
    if (!is_open_) return;
    close_all(false);
    io_uring_queue_exit(&ring_);
  }

  base::Result<void> open();
  LoopEngine engine() const override { return LoopEngine::kUring; }

 private:
  void wait(std::optional<base::Duration> timeout) override;
  void handle_events() override;
  bool has_deferred_events() const override { return !deferred_.empty(); }
  void apply(CoreConnection& connection) override;
  void submit() override;
  void drain() override;
  std::unique_ptr<CoreConnection> make_connection(Descriptor socket, ConnectionHandler* handler,
                                                  CoreConnection::Phase phase) override {
    return std::make_unique<UringConnection>(*this, std::move(socket), handler, phase);
  }
  void forget(CoreConnection& connection) override;
  base::Result<void> start_accepting(CoreListener& listener) override;
  void stop_accepting(CoreListener& listener) override;
  base::Result<void> start_watching(CoreWatch& watch) override;
  void stop_watching(CoreWatch& watch) override;

  void enable();
  void handle_completions();
  void complete(const io_uring_cqe& completion);
  void complete_accept(CoreListener& listener, int result, bool is_last);
  void complete_receive(UringConnection& connection, const io_uring_cqe& completion, bool is_last);
  void complete_send(UringConnection& connection, int result);
  void complete_connect(UringConnection& connection, int result);
  void complete_watch(CoreWatch& watch, int result);
  void receive_bytes(UringConnection& connection, std::string_view bytes);
  void receive_end(UringConnection& connection);
  void defer(UringConnection& connection);
  void deliver_deferred();

  // An empty submission, to be filled in: the operation's completions will name `source`.
  io_uring_sqe& submission(EventSource& source, Operation operation);
  void cancel(EventSource& source, Operation operation);
  void start_receive(UringConnection& connection);
  void start_send(UringConnection& connection);
  io_uring_sqe& next_submission();

  ReceiveBuffers buffers_;
  io_uring ring_{};
  bool is_open_ = false;
  bool is_enabled_ = false;
  // Connections that may have what was held back for them. Delivered in the next turn.
  std::vector<UringConnection*> deferred_;
  std::vector<UringConnection*> delivering_;
};

// ---- The ring

base::Result<void> UringLoop::open() {
  io_uring_params parameters{};
  parameters.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_COOP_TASKRUN |
                     IORING_SETUP_R_DISABLED | IORING_SETUP_CQSIZE;
  parameters.cq_entries = kCompletions;
  if (const int code = io_uring_queue_init_params(kSubmissions, &ring_, &parameters); code != 0) {
    return base::system_error(base::ErrorKind::kReject, "create an io_uring (Linux 6.1 or newer, not filtered)", -code);
  }
  is_open_ = true;
  if (auto registered = buffers_.register_with(ring_); !registered) return registered;
  return open_wakeup();
}

void UringLoop::enable() {
  // liburing 2.3 declares io_uring_enable_rings() but its library lacks it.
  const long code = ::syscall(__NR_io_uring_register, ring_.ring_fd, IORING_REGISTER_ENABLE_RINGS, nullptr, 0);
  WEIR_ASSERT(code == 0);
  // Spares the kernel a look-up in every enter; it goes without, too.
  io_uring_register_ring_fd(&ring_);
  is_enabled_ = true;
}

void UringLoop::wait(std::optional<base::Duration> timeout) {
  if (!is_enabled_) enable();
  int code = 0;
  if (timeout && *timeout <= base::Duration::zero()) {
    code = io_uring_submit_and_get_events(&ring_);
  } else {
    __kernel_timespec time{};
    if (timeout) {
      const auto whole = std::chrono::floor<std::chrono::seconds>(*timeout);
      time.tv_sec = whole.count();
      time.tv_nsec = (*timeout - whole).count();
    }
    io_uring_cqe* first = nullptr;
    code = io_uring_submit_and_wait_timeout(&ring_, &first, 1, timeout ? &time : nullptr, nullptr);
  }
  // EBUSY and EAGAIN: completions have to be taken first, or memory is short; what was not submitted stays queued.
  WEIR_ASSERT(code >= 0 || code == -ETIME || code == -EINTR || code == -EBUSY || code == -EAGAIN);
}

void UringLoop::submit() {
  if (!is_enabled_) enable();
  io_uring_submit(&ring_);
}

void UringLoop::drain() {
  free_dead();
  while (has_dead()) {
    wait(std::chrono::seconds(1));
    handle_completions();
    free_dead();
  }
}

io_uring_sqe& UringLoop::next_submission() {
  io_uring_sqe* sqe = io_uring_get_sqe(&ring_);
  while (sqe == nullptr) {
    submit();
    sqe = io_uring_get_sqe(&ring_);
  }
  return *sqe;
}

io_uring_sqe& UringLoop::submission(EventSource& source, Operation operation) {
  io_uring_sqe& sqe = next_submission();
  // The prep functions of liburing leave user_data alone.
  sqe.user_data = tagged(source, operation);
  ++source.pending_operations;
  return sqe;
}

void UringLoop::cancel(EventSource& source, Operation operation) {
  io_uring_sqe& sqe = next_submission();
  io_uring_prep_cancel64(&sqe, tagged(source, operation), 0);
  sqe.user_data = 0;
  sqe.flags |= IOSQE_CQE_SKIP_SUCCESS;
}

// ---- What the core asks for

void UringLoop::apply(CoreConnection& core_connection) {
  auto& connection = static_cast<UringConnection&>(core_connection);
  if (connection.phase == CoreConnection::Phase::kConnecting) {
    if (connection.connecting) return;
    connection.connecting = true;
    io_uring_prep_poll_add(&submission(connection, Operation::kConnect), connection.socket.get(), POLLOUT);
    return;
  }
  if (!connection.sending && connection.next_to_send()) start_send(connection);
  settle(connection);
  if (connection.is_over()) return;
  if (!connection.wants_receive()) {
    if (connection.receiving && !connection.receive_cancelled) cancel(connection, Operation::kReceive);
    connection.receive_cancelled = connection.receiving;
  } else if (connection.holds_back()) {
    defer(connection);
  } else if (!connection.receiving) {
    start_receive(connection);
  }
}

void UringLoop::start_receive(UringConnection& connection) {
  io_uring_sqe& sqe = submission(connection, Operation::kReceive);
  io_uring_prep_recv_multishot(&sqe, connection.socket.get(), nullptr, 0, 0);
  sqe.flags |= IOSQE_BUFFER_SELECT;
  sqe.buf_group = kBufferGroup;
  connection.receiving = true;
}

void UringLoop::start_send(UringConnection& connection) {
  io_uring_prep_send(&submission(connection, Operation::kSend), connection.socket.get(),
                     connection.in_flight.data() + connection.in_flight_sent,
                     connection.in_flight.size() - connection.in_flight_sent, MSG_NOSIGNAL);
  connection.sending = true;
}

void UringLoop::forget(CoreConnection& core_connection) {
  auto& connection = static_cast<UringConnection&>(core_connection);
  // The core's shutdown would end most of these too, but not one that still connects, nor soon one whose peer goes on
  // sending.
  if (connection.receiving && !connection.receive_cancelled) cancel(connection, Operation::kReceive);
  if (connection.sending) cancel(connection, Operation::kSend);
  if (connection.connecting) cancel(connection, Operation::kConnect);
  if (connection.is_in_deferred) std::erase(deferred_, &connection);
}

base::Result<void> UringLoop::start_accepting(CoreListener& listener) {
  // While an earlier accept is still being cancelled its last completion starts the next one.
  if (listener.pending_operations > 0) return {};
  io_uring_prep_multishot_accept(&submission(listener, Operation::kAccept), listener.socket.get(), nullptr, nullptr,
                                 SOCK_NONBLOCK | SOCK_CLOEXEC);
  return {};
}

void UringLoop::stop_accepting(CoreListener& listener) {
  if (listener.pending_operations > 0) cancel(listener, Operation::kAccept);
}

base::Result<void> UringLoop::start_watching(CoreWatch& watch) {
  // One shot each: it looks at the descriptor anew when it is armed, which makes it level-triggered.
  io_uring_prep_poll_add(&submission(watch, Operation::kWatch), watch.fd, POLLIN);
  return {};
}

void UringLoop::stop_watching(CoreWatch& watch) {
  if (watch.pending_operations > 0) cancel(watch, Operation::kWatch);
}

// ---- What the kernel reports

void UringLoop::handle_events() {
  deliver_deferred();
  handle_completions();
}

void UringLoop::handle_completions() {
  std::array<io_uring_cqe*, 256> completions;
  while (const unsigned count = io_uring_peek_batch_cqe(&ring_, completions.data(), completions.size())) {
    for (unsigned i = 0; i < count; ++i) complete(*completions[i]);
    io_uring_cq_advance(&ring_, count);
  }
}

void UringLoop::complete(const io_uring_cqe& completion) {
  if (completion.user_data == 0) return;
  auto& source = *reinterpret_cast<EventSource*>(completion.user_data & ~kOperationMask);
  const bool is_last = (completion.flags & IORING_CQE_F_MORE) == 0;
  if (is_last) --source.pending_operations;
  switch (static_cast<Operation>(completion.user_data & kOperationMask)) {
    case Operation::kAccept: complete_accept(static_cast<CoreListener&>(source), completion.res, is_last); break;
    case Operation::kReceive: complete_receive(static_cast<UringConnection&>(source), completion, is_last); break;
    case Operation::kSend: complete_send(static_cast<UringConnection&>(source), completion.res); break;
    case Operation::kConnect: complete_connect(static_cast<UringConnection&>(source), completion.res); break;
    case Operation::kWatch: complete_watch(static_cast<CoreWatch&>(source), completion.res); break;
  }
}

void UringLoop::complete_accept(CoreListener& listener, int result, bool is_last) {
  if (result >= 0) {
    report_accepted(listener, Descriptor(result));
  } else if (result != -ECANCELED) {
    report_accept_error(listener, -result);
  }
  if (!is_last || !listener.open || listener.rest.armed()) return;
  const auto started = start_accepting(listener);
  WEIR_ASSERT(started.has_value());
}

void UringLoop::complete_receive(UringConnection& connection, const io_uring_cqe& completion, bool is_last) {
  if (is_last) connection.receiving = connection.receive_cancelled = false;
  const int result = completion.res;
  if ((completion.flags & IORING_CQE_F_BUFFER) != 0) {
    const auto id = static_cast<unsigned short>(completion.flags >> IORING_CQE_BUFFER_SHIFT);
    if (result > 0 && !connection.is_over()) {
      receive_bytes(connection, buffers_.view(id, static_cast<std::size_t>(result)));
    }
    buffers_.give_back(id);
  }
  if (connection.is_over()) return;
  if (result == 0) {
    receive_end(connection);
  } else if (result < 0 && result != -ENOBUFS && result != -ECANCELED && result != -EINTR && result != -EAGAIN) {
    report_broken(connection, -result);
  }
  // Cancelled, or the pool was empty for a moment: all buffers are back by the end of the turn, when it is compared.
  if (is_last) touch(connection);
}

void UringLoop::receive_bytes(UringConnection& connection, std::string_view bytes) {
  if (connection.wants_receive() && !connection.holds_back()) {
    report_received(connection, bytes);
  } else if (!connection.close_when_flushed) {
    connection.held.append(bytes);
  }
}

void UringLoop::receive_end(UringConnection& connection) {
  if (connection.wants_receive() && !connection.holds_back()) {
    report_end(connection);
  } else {
    connection.held_end = true;
  }
}

void UringLoop::defer(UringConnection& connection) {
  if (connection.is_in_deferred) return;
  connection.is_in_deferred = true;
  deferred_.push_back(&connection);
}

void UringLoop::deliver_deferred() {
  delivering_.swap(deferred_);
  for (UringConnection* connection : delivering_) {
    connection->is_in_deferred = false;
    if (!connection->wants_receive()) continue;
    if (!connection->held.empty()) {
      const std::string_view next = std::string_view(connection->held).substr(connection->held_taken);
      const std::string_view bytes = next.substr(0, options().receive_buffer_bytes);
      connection->held_taken += bytes.size();
      report_received(*connection, bytes);
      if (connection->held_taken == connection->held.size()) {
        std::string().swap(connection->held);
        connection->held_taken = 0;
      }
    } else if (connection->held_end) {
      connection->held_end = false;
      report_end(*connection);
    }
    // For the rest, or to receive from the kernel again.
    touch(*connection);
  }
  delivering_.clear();
}

void UringLoop::complete_send(UringConnection& connection, int result) {
  connection.sending = false;
  if (connection.is_over()) return;
  if (result < 0 && result != -EAGAIN && result != -EINTR) {
    report_broken(connection, -result);
    return;
  }
  if (result > 0) report_sent(connection, static_cast<std::size_t>(result));
  if (!connection.in_flight.empty()) {
    // The socket took a part. The rest may go at once: it was flushed before.
    start_send(connection);
  } else if (connection.unsent_bytes() > 0 || connection.close_when_flushed || connection.shutdown_wanted) {
    touch(connection);
  }
}

void UringLoop::complete_connect(UringConnection& connection, int result) {
  connection.connecting = false;
  if (connection.is_over()) return;
  report_connected(connection, result < 0 ? -result : pending_error(connection.socket.get()));
}

void UringLoop::complete_watch(CoreWatch& watch, int result) {
  if (!watch.active || result == -ECANCELED) return;
  report_readable(watch);
  if (!watch.active) return;
  const auto started = start_watching(watch);
  WEIR_ASSERT(started.has_value());
}

}  // namespace

base::Result<std::unique_ptr<Loop>> create_uring_loop(const LoopOptions& options) {
  auto loop = std::make_unique<UringLoop>(options);
  if (auto opened = loop->open(); !opened) return opened.error();
  return loop;
}

}  // namespace weir::runtime
