#include "client/redis/client.h"

#include <unordered_map>

#include <fmt/format.h>

#include "base/assert.h"
#include "base/log.h"
#include "client/redis/greeting.h"
#include "runtime/event.h"
#include "runtime/gate.h"
#include "runtime/tcp.h"

namespace weir::client::redis {

using base::Error;
using base::ErrorKind;
using base::MonoTime;
using base::Result;
using runtime::Event;
using runtime::Gate;
using runtime::Task;
using runtime::TcpStream;
using wire::resp::Value;

namespace {

enum class State : unsigned char { kConnecting, kUp, kDown };

// A call that waits for its end, in the frame of its coroutine.
struct Waiting {
  std::optional<Result<Value>> outcome;
  Event ended;
};

}  // namespace

// Shared by the reading and the writing coroutine; whoever finds the stream broken closes it, and both end.
struct Client::Connection {
  explicit Connection(TcpStream connected) : stream(std::move(connected)) {}

  TcpStream stream;
  bool closed = false;
  // When the server last showed that it is alive, or owed nothing.
  MonoTime progress_at = runtime::mono_now();
};

struct Client::Impl {
  Impl(runtime::Executor on, ClientOptions with, base::Random entropy)
      : executor(std::move(on)),
        options(std::move(with)),
        random(entropy),
        backoff(options.backoff),
        pipeline(options.limits) {}

  Task<void> maintain();
  Task<Result<std::shared_ptr<Connection>>> connect();
  Task<Error> read(std::shared_ptr<Connection> connection);
  Task<void> write(std::shared_ptr<Connection> connection);
  void end(std::vector<Pipeline::Ended> ended);
  void lost(const Error& why);
  Error give_up(Pipeline::CallId id, Waiting& waiting);

  // Fixed after construction.
  const runtime::Executor executor;
  const ClientOptions options;

  base::Random random;
  resilience::Backoff backoff;
  State state = State::kConnecting;
  Error last_failure = base::retry("not started");
  int protocol = 0;

  Pipeline pipeline;
  std::unordered_map<Pipeline::CallId, Waiting*> waiting;
  Event output_waits;
  Event up;

  Gate tasks;  // maintain() and its writer.
  Gate calls;

  base::Counter called, not_sent, unknown, connected, losses;
};

Client::Client(runtime::Executor executor, ClientOptions options, base::Random random)
    : impl_(std::make_unique<Impl>(std::move(executor), std::move(options), random)) {}
Client::~Client() = default;

void Client::start() { runtime::spawn(impl_->tasks, impl_->executor, impl_->maintain(), "redis client"); }

bool Client::is_up() const { return impl_->state == State::kUp; }
int Client::protocol() const { return impl_->protocol; }

Task<bool> Client::wait_until_up(MonoTime deadline) {
  const auto holder = impl_->calls.enter();
  if (!holder) co_return false;
  co_await impl_->up.wait(deadline);
  co_return is_up();
}

namespace {

// Takes a call out of the books however its coroutine ends; a cancelled one has nobody to tell its outcome to.
template <class Impl>
class Registration {
 public:
  Registration(Impl& impl, Pipeline::CallId id, Waiting& waiting) : impl_(impl), id_(id), waiting_(waiting) {
    impl_.waiting.emplace(id, &waiting);
  }
  Registration(const Registration&) = delete;
  Registration& operator=(const Registration&) = delete;
  ~Registration() {
    if (!waiting_.outcome) (void)impl_.give_up(id_, waiting_);
  }

 private:
  Impl& impl_;
  Pipeline::CallId id_;
  Waiting& waiting_;
};

}  // namespace

Task<Result<Value>> Client::call(Command command, MonoTime deadline) {
  Impl& impl = *impl_;
  impl.called.add();
  const auto holder = impl.calls.enter();
  if (!holder || impl.state == State::kDown || runtime::mono_now() >= deadline) {
    impl.not_sent.add();
    if (!holder) co_return base::retry(fmt::format("{}: not sent: the client is stopping", impl.options.address));
    if (impl.state == State::kDown) co_return base::retry(fmt::format("not sent: {}", impl.last_failure.text()));
    co_return base::retry(fmt::format("{}: not sent before the deadline", impl.options.address));
  }
  const auto id = impl.pipeline.add(command.bytes());
  if (!id) {
    impl.not_sent.add();
    co_return id.error().within(impl.options.address);
  }
  Waiting waiting;
  const Registration<Impl> registration(impl, *id, waiting);
  impl.output_waits.set();
  co_await waiting.ended.wait(deadline);
  if (!waiting.outcome) waiting.outcome = impl.give_up(*id, waiting);
  if (!*waiting.outcome) {
    (waiting.outcome->error().kind() == ErrorKind::kRetry ? impl.not_sent : impl.unknown).add();
    co_return waiting.outcome->error().within(impl.options.address);
  }
  co_return *std::move(waiting.outcome);
}

Error Client::Impl::give_up(Pipeline::CallId id, Waiting& call) {
  WEIR_ASSERT(!call.outcome);
  waiting.erase(id);
  return pipeline.give_up(id);
}

void Client::Impl::end(std::vector<Pipeline::Ended> ended) {
  for (auto& [id, outcome] : ended) {
    const auto found = waiting.find(id);
    WEIR_ASSERT(found != waiting.end());
    found->second->outcome = std::move(outcome);
    found->second->ended.set();
    waiting.erase(found);
  }
}

void Client::Impl::lost(const Error& why) {
  std::vector<Pipeline::Ended> ended;
  pipeline.lost(why, ended);
  end(std::move(ended));
}

// Runs as long as the client does: one turn is one attempt, and the connection's life if it succeeds.
Task<void> Client::Impl::maintain() {
  for (;;) {
    auto connection = co_await connect();
    Error why = base::retry("connected");
    if (connection) {
      state = State::kUp;
      up.set();
      connected.add();
      backoff.succeeded(runtime::mono_now());
      base::log::info("redis {}: connected, RESP{}", options.address, protocol);
      runtime::spawn(tasks, executor, write(*connection), "redis client's writer");
      why = co_await read(*connection);
      (*connection)->closed = true;
      (*connection)->stream.close();
      output_waits.set();  // The writer looks, and ends.
      up.reset();
      losses.add();
    } else {
      why = connection.error();
    }
    last_failure = why.within(options.address);
    lost(why);
    if (tasks.refusing()) co_return;
    const base::Duration pause = backoff.failed(runtime::mono_now(), random);
    // A connection that had lasted is tried anew at once, and calls wait for that; who breaks again is down.
    if (connection && backoff.failures() == 1) {
      state = State::kConnecting;
      continue;
    }
    if (state != State::kDown) base::log::warning("redis {}: down: {}", options.address, why.text());
    state = State::kDown;
    co_await runtime::sleep_for(pause);
  }
}

Task<Result<std::shared_ptr<Client::Connection>>> Client::Impl::connect() {
  const MonoTime deadline = runtime::deadline_after(options.connect_timeout);
  auto stream = co_await TcpStream::connect(options.address, deadline);
  if (!stream) co_return stream.error();
  Greeting greeting{options.user, options.password, options.name, options.database};
  const auto version = co_await greet(*stream, std::move(greeting), deadline);
  if (!version) co_return version.error();
  protocol = *version;
  co_return std::make_shared<Connection>(std::move(*stream));
}

// Returns why the connection ended.
Task<Error> Client::Impl::read(std::shared_ptr<Connection> connection) {
  std::vector<char> block(64 << 10);
  for (;;) {
    const auto count = co_await connection->stream.read_some(block, connection->progress_at + options.stall_timeout);
    const MonoTime now = runtime::mono_now();
    if (!count && count.error().kind() != ErrorKind::kRetry) co_return count.error();
    if (count && *count == 0) co_return base::retry("the server closed the connection");
    if (!count) {
      if (pipeline.awaited() > 0 && now - connection->progress_at >= options.stall_timeout) {
        co_return base::retry(fmt::format("the server owes {} replies and sends nothing", pipeline.awaited()));
      }
      if (pipeline.awaited() == 0) connection->progress_at = now;
      continue;
    }
    connection->progress_at = now;
    std::vector<Pipeline::Ended> ended;
    const auto received = pipeline.receive(std::string_view(block.data(), *count), ended);
    end(std::move(ended));
    if (!received) co_return received.error();
  }
}

Task<void> Client::Impl::write(std::shared_ptr<Connection> connection) {
  while (!connection->closed) {
    output_waits.reset();
    if (pipeline.awaited() == 0) connection->progress_at = runtime::mono_now();
    const std::string batch = pipeline.take_output();
    if (batch.empty()) {
      co_await output_waits.wait();
      continue;
    }
    const auto written = co_await connection->stream.write_all(batch, runtime::deadline_after(options.stall_timeout));
    // Closing ends the reader, which tells everybody.
    if (!written) connection->stream.close();
    if (!written) co_return;
  }
}

Task<void> Client::stop(MonoTime deadline) {
  Impl& impl = *impl_;
  co_await impl.calls.drain_until(deadline);
  co_await impl.tasks.stop(runtime::mono_now());
  impl.state = State::kDown;
  impl.up.set();  // Whoever waits for it looks, and sees that it is not.
  impl.lost(base::retry("the client was stopped"));
  co_await impl.calls.drain();
}

void Client::publish(base::Metrics& metrics) const {
  const Impl& impl = *impl_;
  const auto publish_one = [&](const char* name, const char* help, const base::Counter& counter) {
    metrics.counter_from({name, help, {{"server", impl.options.address}}}, [&counter] { return counter.value(); });
  };
  publish_one("weir_redis_calls_total", "Calls made.", impl.called);
  publish_one("weir_redis_not_sent_total", "Calls that ended before they were sent.", impl.not_sent);
  publish_one("weir_redis_unknown_outcome_total", "Calls that were sent and had no reply.", impl.unknown);
  publish_one("weir_redis_connections_total", "Connections made.", impl.connected);
  publish_one("weir_redis_connections_lost_total", "Connections lost.", impl.losses);
}

}  // namespace weir::client::redis
