#include "load/run.h"

#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <fstream>

#include "base/clock.h"
#include "runtime/loop.h"

namespace weir::load {

namespace {

using base::Duration;
using base::MonoTime;
using runtime::CloseReason;
using runtime::Connection;

constexpr std::chrono::seconds kConnectPatience{10};

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// How long this process was ready to run and did not, by the scheduler's count: "ran waited slices", in nanoseconds.
// Zero where the kernel does not count.
double waited_seconds() {
  std::uint64_t ran_ns = 0;
  std::uint64_t waited_ns = 0;
  std::ifstream("/proc/self/schedstat") >> ran_ns >> waited_ns;
  return static_cast<double>(waited_ns) / 1e9;
}

class Run;

// A connection, and the moments from which the latencies of its unanswered requests count, oldest first.
class LoadConnection final : public runtime::ConnectionHandler {
 public:
  LoadConnection(Run& run, std::unique_ptr<ReplyScanner> scanner) : run_(run), scanner_(std::move(scanner)) {}

  void on_connect(Connection& connection) override;
  void on_receive(Connection& connection, std::string_view bytes) override;
  void on_close(Connection& connection, const CloseReason& reason) override;

  void send(Workload& workload, MonoTime counts_from) {
    workload.append_request(connection_->output());
    unanswered_.push_back(counts_from);
  }
  std::size_t unanswered() const { return unanswered_.size(); }
  void reset(std::unique_ptr<ReplyScanner> scanner) {
    scanner_ = std::move(scanner);
    unanswered_.clear();
    connection_ = nullptr;
  }

  bool is_in_free_list = false;

 private:
  Run& run_;
  std::unique_ptr<ReplyScanner> scanner_;
  Connection* connection_ = nullptr;
  std::deque<MonoTime> unanswered_;
};

class Run {
 public:
  Run(const RunOptions& options, Workload& workload, std::unique_ptr<runtime::Loop> loop)
      : options_(options),
        workload_(workload),
        loop_(std::move(loop)),
        phase_end_(loop_->timers(), [this] { phase_ended(); }),
        pace_(loop_->timers(), [this] { send_due(); }) {}

  base::Result<RunResult> execute();

  // What its connections tell.
  void connected(LoadConnection& connection);
  void answered(LoadConnection& connection, const Replies& replies);
  void record(MonoTime counts_from, MonoTime now);
  void closed(LoadConnection& connection, const CloseReason& reason, std::uint64_t unanswered);
  MonoTime read_clock() const { return clock_.mono(); }

 private:
  enum class Phase : unsigned char { kConnecting, kWarmup, kMeasuring, kOver };

  bool is_open_loop() const { return options_.rate > 0; }
  bool may_send() const { return options_.requests == 0 || sent_ < options_.requests; }
  void open(LoadConnection& connection);
  void begin_measuring();
  void phase_ended();
  void finish();
  void refill(LoadConnection& connection);
  void send_due();
  MonoTime due(std::uint64_t index) const {
    return pace_start_ + Duration(std::llround(static_cast<double>(index) * 1e9 / options_.rate));
  }
  void offer(LoadConnection& connection);

  const RunOptions options_;
  Workload& workload_;
  base::RealClock clock_;
  std::unique_ptr<runtime::Loop> loop_;
  runtime::Timer phase_end_;
  runtime::Timer pace_;
  std::vector<std::unique_ptr<LoadConnection>> connections_;
  std::deque<LoadConnection*> free_;  // Open loop: those that may send, longest free first.

  Phase phase_ = Phase::kConnecting;
  std::size_t connected_ = 0;
  std::uint64_t sent_ = 0;   // Since measuring began.
  std::uint64_t paced_ = 0;  // Open loop: requests sent since pace_start_.
  MonoTime pace_start_{};
  MonoTime start_{};
  double cpu_start_ = 0;
  double waited_start_ = 0;
  std::optional<base::Error> failure_;
  RunResult result_;
};

// ---- A connection

void LoadConnection::on_connect(Connection& connection) {
  connection_ = &connection;
  run_.connected(*this);
}

void LoadConnection::on_receive(Connection& connection, std::string_view bytes) {
  Replies replies;
  const bool is_protocol = scanner_->scan(bytes, replies);
  if (!is_protocol || replies.complete > unanswered_.size()) {
    connection.close();
    return;
  }
  if (replies.complete == 0) return;
  const MonoTime now = run_.read_clock();
  for (std::uint64_t i = 0; i < replies.complete; ++i) {
    run_.record(unanswered_.front(), now);
    unanswered_.pop_front();
  }
  run_.answered(*this, replies);
}

void LoadConnection::on_close(Connection&, const CloseReason& reason) {
  run_.closed(*this, reason, unanswered_.size());
}

// ---- The run

base::Result<RunResult> Run::execute() {
  for (std::size_t i = 0; i < options_.connections; ++i) {
    connections_.push_back(std::make_unique<LoadConnection>(*this, workload_.make_scanner()));
    open(*connections_.back());
  }
  if (!failure_) loop_->run();
  phase_end_.cancel();
  pace_.cancel();
  if (failure_) return *failure_;
  return std::move(result_);
}

void Run::open(LoadConnection& connection) {
  const auto opened = loop_->connect(options_.target, connection, clock_.mono() + kConnectPatience);
  if (opened) return;
  if (!failure_) failure_ = opened.error();
  loop_->stop();
}

void Run::connected(LoadConnection& connection) {
  if (phase_ != Phase::kConnecting) {
    offer(connection);
    return;
  }
  if (++connected_ < options_.connections) return;
  pace_start_ = clock_.mono();
  if (options_.warmup > Duration::zero()) {
    phase_ = Phase::kWarmup;
    phase_end_.arm(pace_start_ + options_.warmup);
  } else {
    begin_measuring();
  }
  for (const auto& each : connections_) offer(*each);
  if (is_open_loop()) send_due();
}

void Run::begin_measuring() {
  phase_ = Phase::kMeasuring;
  start_ = clock_.mono();
  cpu_start_ = cpu_seconds();
  waited_start_ = waited_seconds();
  if (options_.duration > Duration::zero()) phase_end_.arm(start_ + options_.duration);
}

void Run::phase_ended() {
  if (phase_ == Phase::kWarmup) {
    begin_measuring();
  } else {
    finish();
  }
}

void Run::finish() {
  if (phase_ == Phase::kOver) return;
  const MonoTime now = clock_.mono();
  phase_ = Phase::kOver;
  result_.seconds = std::chrono::duration<double>(now - start_).count();
  result_.client_cpu_seconds = cpu_seconds() - cpu_start_;
  result_.client_waited_seconds = waited_seconds() - waited_start_;
  if (is_open_loop()) {
    while (may_send() && due(paced_) <= now) {
      ++paced_;
      ++sent_;
      ++result_.unsent;
    }
  }
  loop_->stop();
}

void Run::record(MonoTime counts_from, MonoTime now) {
  if (phase_ == Phase::kMeasuring && counts_from >= start_) {
    result_.latency_ns.record(static_cast<std::uint64_t>(std::max<std::int64_t>((now - counts_from).count(), 0)));
  }
}

void Run::answered(LoadConnection& connection, const Replies& replies) {
  if (phase_ == Phase::kMeasuring) {
    result_.replies += replies.complete;
    result_.errors += replies.errors;
    if (options_.requests > 0 && result_.replies + result_.failed >= options_.requests) {
      finish();
      return;
    }
  }
  offer(connection);
}

void Run::closed(LoadConnection& connection, const CloseReason& reason, std::uint64_t unanswered) {
  if (phase_ == Phase::kOver) return;
  if (reason.kind == CloseReason::Kind::kNotConnected) {
    if (!failure_) {
      failure_ = base::retry("connect to " + options_.target.to_string() + ": " + reason.to_string() +
                             " (is the server running there?)");
    }
    loop_->stop();
    return;
  }
  if (phase_ == Phase::kMeasuring) {
    result_.failed += unanswered;
    ++result_.reconnects;
  }
  std::erase(free_, &connection);
  connection.is_in_free_list = false;
  connection.reset(workload_.make_scanner());
  if (options_.requests > 0 && result_.replies + result_.failed >= options_.requests) {
    finish();
    return;
  }
  open(connection);
}

void Run::offer(LoadConnection& connection) {
  if (phase_ == Phase::kOver) return;
  if (!is_open_loop()) {
    refill(connection);
    return;
  }
  if (connection.unanswered() >= options_.pipeline || connection.is_in_free_list) return;
  connection.is_in_free_list = true;
  free_.push_back(&connection);
  // When none was free before, nothing waits for the next due moment yet.
  if (!pace_.armed() || due(paced_) <= clock_.mono()) send_due();
}

void Run::refill(LoadConnection& connection) {
  if (connection.unanswered() > 0) return;
  const MonoTime now = clock_.mono();
  while (connection.unanswered() < options_.pipeline && may_send()) {
    if (phase_ == Phase::kMeasuring) ++sent_;
    connection.send(workload_, now);
  }
}

void Run::send_due() {
  const MonoTime now = clock_.mono();
  while (!free_.empty() && may_send() && due(paced_) <= now) {
    LoadConnection& connection = *free_.front();
    free_.pop_front();
    connection.send(workload_, due(paced_++));
    if (phase_ == Phase::kMeasuring) ++sent_;
    connection.is_in_free_list = connection.unanswered() < options_.pipeline;
    if (connection.is_in_free_list) free_.push_back(&connection);
  }
  // Without a free connection the next reply calls; the overdue ones keep the moment at which they were due.
  if (may_send() && !free_.empty()) pace_.arm(due(paced_));
}

}  // namespace

base::Result<RunResult> run_load(const RunOptions& options, Workload& workload) {
  auto loop = runtime::Loop::create({.engine = runtime::LoopEngine::kEpoll,
                                     .max_connections = options.connections + 1,
                                     .receive_buffer_bytes = 256 * 1024});
  if (!loop) return loop.error();
  Run run(options, workload, std::move(*loop));
  return run.execute();
}

}  // namespace weir::load
