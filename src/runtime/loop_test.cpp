// One suite for both engines: what loop.h promises, whichever of them stands behind it. Both ends of a connection
// live on the loop under test where possible, so that one thread drives everything; a plain socket is the peer where
// the test has to see the wire.
#include "runtime/loop.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <map>
#include <set>
#include <thread>

#include "base/clock.h"
#include "base/random.h"

namespace weir::runtime {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::size_t open_descriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

// Notes what was called, and does what the test hangs into it.
struct Recorder final : ConnectionHandler {
  std::function<void(Connection&)> when_connected = [](Connection&) {};
  std::function<void(Connection&, std::string_view)> when_received = [](Connection&, std::string_view) {};
  std::function<void(Connection&)> when_ended = [](Connection& connection) { connection.close_after_flush(); };
  std::function<void(Connection&)> when_drained = [](Connection&) {};
  std::function<void(Connection&)> when_closed = [](Connection&) {};

  void on_connect(Connection& connection) override {
    ++connects;
    EXPECT_EQ(closes, 0);
    when_connected(connection);
  }
  void on_receive(Connection& connection, std::string_view bytes) override {
    EXPECT_FALSE(bytes.empty());
    EXPECT_EQ(closes, 0);
    received.append(bytes);
    when_received(connection, bytes);
  }
  void on_end(Connection& connection) override {
    ++ends;
    EXPECT_EQ(closes, 0);
    when_ended(connection);
  }
  void on_drained(Connection& connection) override {
    ++drains;
    EXPECT_EQ(closes, 0);
    when_drained(connection);
  }
  void on_close(Connection& connection, const CloseReason& why) override {
    ++closes;
    reason = why;
    when_closed(connection);
  }

  std::string received;
  int connects = 0;
  int ends = 0;
  int drains = 0;
  int closes = 0;
  CloseReason reason;
};

struct RecordingAcceptor final : Acceptor {
  explicit RecordingAcceptor(ConnectionHandler& handler_) : handler(&handler_) {}
  ConnectionHandler* on_accept(Connection& connection) override {
    accepted.push_back(&connection);
    return handler;
  }
  std::string_view refusal() const override { return refusal_text; }

  ConnectionHandler* handler;
  std::vector<Connection*> accepted;
  std::string refusal_text;
};

void echo(Connection& connection, std::string_view bytes) { connection.output().append(bytes); }

// A blocking socket of the test's own. A receive that would hang fails after a while instead.
Descriptor plain_client(const Endpoint& endpoint) {
  Descriptor socket(::socket(endpoint.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval patience{.tv_sec = 20, .tv_usec = 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  EXPECT_EQ(::connect(socket.get(), endpoint.address(), endpoint.address_size()), 0) << std::strerror(errno);
  return socket;
}

void send_plain(const Descriptor& socket, std::string_view bytes) {
  EXPECT_EQ(::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
}

// The next `size` bytes, fewer only if the peer ends or resets.
std::string receive_plain(const Descriptor& socket, std::size_t size) {
  std::string bytes(size, '\0');
  std::size_t have = 0;
  while (have < size) {
    const ssize_t count = ::recv(socket.get(), bytes.data() + have, size - have, 0);
    // A thread that has to do with a ring is interrupted by the kernel's notifications.
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) ADD_FAILURE() << "neither bytes nor an end came";
    if (count <= 0) break;
    have += static_cast<std::size_t>(count);
  }
  bytes.resize(have);
  return bytes;
}

std::vector<LoopEngine> engines() {
  std::vector<LoopEngine> engines{LoopEngine::kEpoll};
  if (Loop::create({.engine = LoopEngine::kUring})) engines.push_back(LoopEngine::kUring);
  return engines;
}

std::string engine_name(const ::testing::TestParamInfo<LoopEngine>& engine) {
  return engine.param == LoopEngine::kEpoll ? "epoll" : "uring";
}

class LoopTest : public ::testing::TestWithParam<LoopEngine> {
 protected:
  void SetUp() override {
    descriptors_before_ = open_descriptors();
    make_loop({});
  }
  void TearDown() override {
    loop_.reset();
    EXPECT_EQ(open_descriptors(), descriptors_before_);
  }

  void make_loop(LoopOptions options) {
    options.engine = GetParam();
    auto loop = Loop::create(options);
    ASSERT_TRUE(loop) << loop.error().text();
    loop_ = std::move(*loop);
    ASSERT_EQ(loop_->engine(), GetParam());
  }

  Endpoint listen(Acceptor& acceptor, const Endpoint& at = Endpoint::loopback(0)) {
    auto listener = loop_->listen(at, acceptor);
    EXPECT_TRUE(listener) << listener.error().text();
    return (*listener)->endpoint();
  }
  Connection& connect(const Endpoint& endpoint, ConnectionHandler& handler) {
    auto connection = loop_->connect(endpoint, handler, base::RealClock().mono() + seconds(20));
    EXPECT_TRUE(connection) << connection.error().text();
    return **connection;
  }

  // Turns until `done`; gives up only when the machine must have hung.
  template <class Done>
  void run_until(Done done) {
    const auto hung = base::RealClock().mono() + seconds(30);
    while (!done()) {
      ASSERT_LT(base::RealClock().mono(), hung) << "nothing happens";
      loop_->turn(milliseconds(100));
    }
  }
  // As many turns as it takes to see that nothing more comes.
  void settle() {
    for (int i = 0; i < 5; ++i) loop_->turn(milliseconds(2));
  }

  std::unique_ptr<Loop> loop_;
  std::size_t descriptors_before_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Engines, LoopTest, ::testing::ValuesIn(engines()), engine_name);

TEST_P(LoopTest, EchoesOverIpv4Ipv6AndUnix) {
  const std::string path = ::testing::TempDir() + "weir_loop_" + std::to_string(::getpid()) + ".sock";
  for (const std::string& address : {std::string("127.0.0.1:0"), std::string("[::1]:0"), "unix:" + path}) {
    SCOPED_TRACE(address);
    Recorder server;
    server.when_received = echo;
    RecordingAcceptor acceptor(server);
    const Endpoint bound = listen(acceptor, *Endpoint::parse(address));
    Recorder client;
    Connection& connection = connect(bound, client);
    connection.output() = "before it stands,";
    client.when_connected = [&](Connection& c) {
      EXPECT_EQ(c.peer().to_string(), bound.to_string());
      c.output() += "after";
    };
    run_until([&] { return client.received == "before it stands,after"; });
    EXPECT_EQ(acceptor.accepted.at(0)->local().to_string(), bound.to_string());
    EXPECT_EQ(connection.local().to_string(), acceptor.accepted.at(0)->peer().to_string());
    connection.close();
    run_until([&] { return server.closes == 1 && client.closes == 1; });
    EXPECT_EQ(client.reason.kind, CloseReason::Kind::kClosedHere);
    EXPECT_EQ(client.connects, 1);
    EXPECT_EQ(server.connects, 0);
    EXPECT_EQ(server.ends, 1);
  }
  // A path that is a socket already, left by a process that died, is taken over; the loop's end removes it.
  Recorder server;
  RecordingAcceptor acceptor(server);
  EXPECT_TRUE(std::filesystem::exists(path));
  loop_.reset();
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_P(LoopTest, TakesOverAStaleSocketFileButNoOtherFile) {
  const std::string path = ::testing::TempDir() + "weir_stale_" + std::to_string(::getpid()) + ".sock";
  const Endpoint endpoint = *Endpoint::parse("unix:" + path);
  {
    const Descriptor left_behind(::socket(AF_UNIX, SOCK_STREAM, 0));
    ASSERT_EQ(::bind(left_behind.get(), endpoint.address(), endpoint.address_size()), 0);
  }
  Recorder server;
  RecordingAcceptor acceptor(server);
  auto listener = loop_->listen(endpoint, acceptor);
  ASSERT_TRUE(listener) << listener.error().text();
  (*listener)->close();
  EXPECT_FALSE(std::filesystem::exists(path));

  const Descriptor file(::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  const auto refused = loop_->listen(endpoint, acceptor);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().text().find(path), std::string::npos);
  std::filesystem::remove(path);
}

TEST_P(LoopTest, OutputLeavesOnlyAfterTheTurnEnd) {
  Recorder server;
  server.when_received = echo;
  RecordingAcceptor acceptor(server);
  const Descriptor client = plain_client(listen(acceptor));
  int ends_with_output = 0;
  loop_->on_turn_end([&] {
    if (acceptor.accepted.empty() || acceptor.accepted[0]->unsent_bytes() == 0) return;
    ++ends_with_output;
    char byte;
    EXPECT_EQ(::recv(client.get(), &byte, 1, MSG_DONTWAIT), -1);
    // What the hook itself writes leaves with the same flush.
    acceptor.accepted[0]->output() += "!";
  });
  send_plain(client, "ping");
  char reply[16];
  ssize_t size = 0;
  run_until([&] {
    const ssize_t count =
        ::recv(client.get(), reply + size, sizeof reply - static_cast<std::size_t>(size), MSG_DONTWAIT);
    if (count > 0) size += count;
    return size >= 5;
  });
  EXPECT_EQ(std::string_view(reply, static_cast<std::size_t>(size)), "ping!");
  EXPECT_EQ(ends_with_output, 1);
}

TEST_P(LoopTest, SlowReaderStopsTheWriterAndLosesNothing) {
  constexpr std::size_t kTotal = 48 * 1024 * 1024;
  LoopOptions options;
  options.output_high_water_bytes = 256 * 1024;
  options.output_low_water_bytes = 64 * 1024;
  make_loop(options);
  std::size_t produced = 0;
  std::size_t most_unsent = 0;
  const auto pattern = [](std::size_t position) { return static_cast<char>(position * 31 + (position >> 12)); };
  const auto produce = [&](Connection& connection) {
    while (produced < kTotal && !connection.congested()) {
      std::string& output = connection.output();
      for (std::size_t i = 0; i < 32 * 1024; ++i) output.push_back(pattern(produced++));
    }
    most_unsent = std::max(most_unsent, connection.unsent_bytes());
    if (produced == kTotal && !connection.congested()) connection.close_after_flush();
  };
  Recorder server;
  server.when_received = [&](Connection& connection, std::string_view) { produce(connection); };
  server.when_drained = produce;
  RecordingAcceptor acceptor(server);
  Recorder client;
  std::size_t checked = 0;
  client.when_received = [&](Connection&, std::string_view bytes) {
    for (const char byte : bytes) ASSERT_EQ(byte, pattern(checked++));
    client.received.clear();
  };
  Connection& connection = connect(listen(acceptor), client);
  connection.output() = "go";
  connection.pause_receive();
  run_until([&] { return produced > 0 && acceptor.accepted[0]->congested(); });
  // The sockets' own buffers take some megabytes; then it must stand still, far from the end.
  std::size_t produced_before = 0;
  while (produced_before != produced) {
    produced_before = produced;
    settle();
  }
  EXPECT_LT(produced, kTotal);
  EXPECT_EQ(checked, 0U);
  EXPECT_EQ(server.drains == 0, produced == options.output_high_water_bytes);

  connection.resume_receive();
  run_until([&] { return client.closes == 1; });
  EXPECT_EQ(checked, kTotal);
  EXPECT_EQ(client.ends, 1);
  EXPECT_GT(server.drains, 10);
  EXPECT_LE(most_unsent, options.output_high_water_bytes + 32 * 1024);
  EXPECT_EQ(server.reason.kind, CloseReason::Kind::kClosedHere);
}

TEST_P(LoopTest, OutputThatComesWhileASendIsUnderWayFollowsIt) {
  Recorder server;
  RecordingAcceptor acceptor(server);
  Recorder client;
  Connection& connection = connect(listen(acceptor), client);
  connection.pause_receive();
  run_until([&] { return acceptor.accepted.size() == 1; });
  Connection& writer = *acceptor.accepted[0];
  // More than the sockets hold, so that a part of it waits for the reader.
  const std::string large(16 * 1024 * 1024, 'l');
  writer.output() = large;
  settle();
  writer.output() += "tail";
  settle();
  EXPECT_GT(writer.unsent_bytes(), 4U);
  connection.resume_receive();
  run_until([&] { return client.received.size() == large.size() + 4; });
  EXPECT_TRUE(client.received.ends_with("ltail"));
  EXPECT_EQ(writer.unsent_bytes(), 0U);
}

TEST_P(LoopTest, CongestionSeenBeforeTheFlushIsDrainedToo) {
  // The kernel takes all of it at once: whoever saw congested() must still hear that it is over.
  LoopOptions options;
  options.output_high_water_bytes = 1024;
  options.output_low_water_bytes = 512;
  make_loop(options);
  Recorder server;
  server.when_received = [](Connection& connection, std::string_view) {
    EXPECT_FALSE(connection.congested());
    connection.output().append(2048, 'x');
    EXPECT_TRUE(connection.congested());
  };
  RecordingAcceptor acceptor(server);
  Recorder client;
  connect(listen(acceptor), client).output() = "go";
  run_until([&] { return client.received.size() == 2048 && server.drains == 1; });
  EXPECT_FALSE(acceptor.accepted[0]->congested());
}

TEST_P(LoopTest, PausedConnectionHearsNothingUntilResumed) {
  Recorder server;
  RecordingAcceptor acceptor(server);
  const Endpoint endpoint = listen(acceptor);
  Descriptor client = plain_client(endpoint);
  run_until([&] { return acceptor.accepted.size() == 1; });
  Connection& connection = *acceptor.accepted[0];
  connection.pause_receive();
  send_plain(client, "first");
  settle();
  send_plain(client, "second");
  ::shutdown(client.get(), SHUT_WR);
  settle();
  EXPECT_EQ(server.received, "");
  EXPECT_EQ(server.ends, 0);
  connection.resume_receive();
  run_until([&] { return server.ends == 1; });
  EXPECT_EQ(server.received, "firstsecond");
}

TEST_P(LoopTest, PausingInsideOnReceiveHoldsBackTheRest) {
  Recorder server;
  server.when_received = [](Connection& connection, std::string_view) { connection.pause_receive(); };
  RecordingAcceptor acceptor(server);
  const Descriptor client = plain_client(listen(acceptor));
  const std::string sent(200'000, 'a');
  std::thread sender([&] { send_plain(client, sent); });
  std::size_t resumed = 0;
  while (server.received.size() < sent.size()) {
    const std::size_t before = server.received.size();
    run_until([&] { return server.received.size() > before; });
    const std::size_t after = server.received.size();
    EXPECT_LE(after - before, LoopOptions().receive_buffer_bytes);
    settle();
    EXPECT_EQ(server.received.size(), after) << "received while paused";
    acceptor.accepted[0]->resume_receive();
    ++resumed;
  }
  sender.join();
  EXPECT_GE(resumed, sent.size() / LoopOptions().receive_buffer_bytes);
}

TEST_P(LoopTest, HangUpOfAPausedConnectionDoesNotSpin) {
  Recorder server;
  RecordingAcceptor acceptor(server);
  Descriptor client = plain_client(listen(acceptor));
  run_until([&] { return acceptor.accepted.size() == 1; });
  Connection& connection = *acceptor.accepted[0];
  connection.pause_receive();
  connection.shutdown_send();
  settle();
  send_plain(client, "last words");
  ::shutdown(client.get(), SHUT_WR);
  settle();
  const auto turns = loop_->stats().turns;
  const auto until = base::RealClock().mono() + milliseconds(50);
  while (base::RealClock().mono() < until) loop_->turn(milliseconds(20));
  EXPECT_LE(loop_->stats().turns - turns, 10U);
  connection.resume_receive();
  run_until([&] { return server.closes == 1; });
  EXPECT_EQ(server.received, "last words");
  EXPECT_EQ(server.ends, 1);
  EXPECT_EQ(server.reason.kind, CloseReason::Kind::kEnded);
}

TEST_P(LoopTest, HalfClosedConnectionStillCarriesTheOtherDirection) {
  Recorder server;
  server.when_ended = [](Connection& connection) {
    connection.output() += "all " + std::string(300'000, 'b');
    connection.shutdown_send();
  };
  RecordingAcceptor acceptor(server);
  Recorder client;
  client.when_ended = [](Connection&) {};
  Connection& connection = connect(listen(acceptor), client);
  connection.output() = "question";
  connection.shutdown_send();
  run_until([&] { return client.closes == 1 && server.closes == 1; });
  EXPECT_EQ(server.received, "question");
  EXPECT_EQ(client.received.size(), 300'004U);
  EXPECT_EQ(client.ends, 1);
  EXPECT_EQ(server.ends, 1);
  EXPECT_EQ(client.reason.kind, CloseReason::Kind::kEnded);
  EXPECT_EQ(server.reason.kind, CloseReason::Kind::kEnded);
}

TEST_P(LoopTest, CloseAfterFlushSendsEverythingAndHearsNothingMore) {
  Recorder server;
  server.when_received = [](Connection& connection, std::string_view) {
    connection.output().append(3'000'000, 'z');
    connection.close_after_flush();
  };
  RecordingAcceptor acceptor(server);
  Recorder client;
  Connection& connection = connect(listen(acceptor), client);
  connection.output() = "one";
  run_until([&] { return client.received.size() > 0; });
  run_until([&] { return client.closes == 1 && server.closes == 1; });
  EXPECT_EQ(client.received.size(), 3'000'000U);
  EXPECT_EQ(server.received, "one");
}

TEST_P(LoopTest, ClosingItselfAndOthersInsideACallback) {
  Recorder server;
  RecordingAcceptor acceptor(server);
  const Endpoint endpoint = listen(acceptor);
  std::vector<Descriptor> clients;
  for (int i = 0; i < 10; ++i) clients.push_back(plain_client(endpoint));
  run_until([&] { return acceptor.accepted.size() == 10; });
  // All are readable in the same turn; the first that is served closes all of them.
  int served = 0;
  server.when_received = [&](Connection&, std::string_view) {
    ++served;
    EXPECT_EQ(served, 1) << "a connection that was closed still received";
    for (Connection* connection : acceptor.accepted) {
      connection->close();
      connection->close();
      connection->output() += "goes nowhere";
      connection->pause_receive();
      connection->resume_receive();
      connection->close_after_flush();
    }
    EXPECT_EQ(server.closes, 0) << "on_close was called from inside close()";
  };
  std::map<Connection*, int> closes;
  // Recorder counts closes of all ten; here each by its connection.
  struct Counting final : ConnectionHandler {
    Counting(Recorder& to_, std::map<Connection*, int>& closes_) : to(to_), closes(closes_) {}
    void on_receive(Connection& c, std::string_view bytes) override { to.on_receive(c, bytes); }
    void on_close(Connection& c, const CloseReason&) override { ++closes[&c]; }
    Recorder& to;
    std::map<Connection*, int>& closes;
  } counting(server, closes);
  for (Connection* connection : acceptor.accepted) connection->set_handler(counting);
  for (const auto& client : clients) send_plain(client, "x");
  run_until([&] { return closes.size() == 10; });
  settle();
  EXPECT_EQ(closes.size(), 10U);
  for (const auto& [connection, count] : closes) EXPECT_EQ(count, 1);
  EXPECT_EQ(loop_->connections(), 0U);
  for (const auto& client : clients) {
    EXPECT_EQ(receive_plain(client, 1), "");
  }
}

TEST_P(LoopTest, HandlerMayDestroyItselfInOnClose) {
  struct Suicidal final : ConnectionHandler {
    explicit Suicidal(int& deaths_) : deaths(deaths_) {}
    ~Suicidal() { ++deaths; }
    void on_receive(Connection& connection, std::string_view) override { connection.close(); }
    void on_close(Connection&, const CloseReason&) override { delete this; }
    int& deaths;
  };
  struct Door final : Acceptor {
    ConnectionHandler* on_accept(Connection&) override { return new Suicidal(deaths); }
    int deaths = 0;
  } acceptor;
  const Endpoint endpoint = listen(acceptor);
  std::vector<Descriptor> clients;
  for (int i = 0; i < 20; ++i) clients.push_back(plain_client(endpoint));
  for (const auto& client : clients) send_plain(client, "x");
  run_until([&] { return acceptor.deaths == 20; });
}

TEST_P(LoopTest, ResetByThePeerIsBroken) {
  Recorder server;
  RecordingAcceptor acceptor(server);
  Descriptor client = plain_client(listen(acceptor));
  run_until([&] { return acceptor.accepted.size() == 1; });
  const linger reset{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(client.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  client.reset();
  run_until([&] { return server.closes == 1; });
  EXPECT_EQ(server.reason.kind, CloseReason::Kind::kBroken);
  EXPECT_EQ(server.reason.error_number, ECONNRESET);
  EXPECT_EQ(server.ends, 0);
}

TEST_P(LoopTest, WritingToAClosedPeerIsBrokenWithoutASignal) {
  Recorder server;
  server.when_ended = [](Connection&) {};
  RecordingAcceptor acceptor(server);
  Descriptor client = plain_client(listen(acceptor));
  run_until([&] { return acceptor.accepted.size() == 1; });
  client.reset();
  run_until([&] { return server.ends == 1; });
  run_until([&] {
    if (server.closes == 0) acceptor.accepted[0]->output() += "into the void";
    return server.closes == 1;
  });
  EXPECT_EQ(server.reason.kind, CloseReason::Kind::kBroken);
}

TEST_P(LoopTest, RefusedConnectIsReportedOnce) {
  Endpoint nobody;
  {
    const auto socket = listening_socket(Endpoint::loopback(0), {});
    ASSERT_TRUE(socket);
    nobody = local_endpoint(socket->get());
  }
  Recorder client;
  connect(nobody, client).output() = "never sent";
  EXPECT_EQ(client.closes, 0) << "called from inside connect()";
  run_until([&] { return client.closes == 1; });
  EXPECT_EQ(client.reason.kind, CloseReason::Kind::kNotConnected);
  EXPECT_EQ(client.reason.error_number, ECONNREFUSED);
  EXPECT_EQ(client.connects, 0);

  Recorder unix_client;
  connect(*Endpoint::parse("unix:" + ::testing::TempDir() + "weir_nobody.sock"), unix_client);
  run_until([&] { return unix_client.closes == 1; });
  EXPECT_EQ(unix_client.reason.error_number, ENOENT);
}

TEST_P(LoopTest, ConnectGivesUpAtItsDeadline) {
  // Nobody accepts, and the backlog is full: further connections are left without an answer.
  const auto full = listening_socket(Endpoint::loopback(0), {.backlog = 0});
  ASSERT_TRUE(full);
  const Endpoint endpoint = local_endpoint(full->get());
  std::vector<ConnectAttempt> fillers;
  for (int i = 0; i < 4; ++i) fillers.push_back(std::move(*start_connect(endpoint)));
  Recorder client;
  const base::MonoTime deadline = base::RealClock().mono() + milliseconds(30);
  ASSERT_TRUE(loop_->connect(endpoint, client, deadline));
  run_until([&] { return client.closes == 1; });
  EXPECT_GE(loop_->now(), deadline);
  EXPECT_EQ(client.reason.kind, CloseReason::Kind::kNotConnected);
  EXPECT_EQ(client.reason.error_number, ETIMEDOUT);
  EXPECT_EQ(client.connects, 0);
}

TEST_P(LoopTest, ClosingWhileConnectingIsAllowed) {
  const auto full = listening_socket(Endpoint::loopback(0), {.backlog = 0});
  ASSERT_TRUE(full);
  std::vector<ConnectAttempt> fillers;
  for (int i = 0; i < 4; ++i) fillers.push_back(std::move(*start_connect(local_endpoint(full->get()))));
  Recorder client;
  Connection& connection = connect(local_endpoint(full->get()), client);
  settle();
  connection.close();
  run_until([&] { return client.closes == 1; });
  EXPECT_EQ(client.reason.kind, CloseReason::Kind::kClosedHere);
  EXPECT_EQ(client.connects, 0);
}

TEST_P(LoopTest, TimersFireInOrderAndNotBeforeTheirMoment) {
  std::vector<int> order;
  std::vector<std::unique_ptr<Timer>> timers;
  const base::MonoTime start = loop_->now();
  for (const int ms : {7, 1, 5, 3}) {
    timers.push_back(std::make_unique<Timer>(loop_->timers(), [&, ms] {
      EXPECT_GE(loop_->now(), start + milliseconds(ms));
      order.push_back(ms);
    }));
    timers.back()->arm(start + milliseconds(ms));
  }
  run_until([&] { return order.size() == 4; });
  EXPECT_EQ(order, (std::vector<int>{1, 3, 5, 7}));
  timers.clear();
}

TEST_P(LoopTest, EventsOfATurnComeBeforeItsTimers) {
  std::string order;
  Recorder server;
  server.when_received = [&](Connection&, std::string_view) { order += 'r'; };
  RecordingAcceptor acceptor(server);
  const Descriptor client = plain_client(listen(acceptor));
  run_until([&] { return acceptor.accepted.size() == 1; });
  settle();
  Timer timer(loop_->timers(), [&] { order += 't'; });
  timer.arm(loop_->now());
  send_plain(client, "x");
  run_until([&] { return order.size() == 2; });
  EXPECT_EQ(order, "rt");
}

TEST_P(LoopTest, PostedFunctionsRunOnTheLoopInTheOrderOfTheirThread) {
  constexpr int kThreads = 4;
  constexpr int kEach = 2000;
  std::vector<int> last(kThreads, -1);
  int run = 0;
  std::thread::id loop_thread;
  std::thread runner([&] {
    loop_thread = std::this_thread::get_id();
    loop_->run();
  });
  std::vector<std::thread> posters;
  for (int t = 0; t < kThreads; ++t) {
    posters.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        const auto function = [&, t, i] {
          EXPECT_EQ(std::this_thread::get_id(), loop_thread);
          EXPECT_EQ(last[static_cast<std::size_t>(t)], i - 1);
          last[static_cast<std::size_t>(t)] = i;
          if (++run == kThreads * kEach) loop_->stop();
        };
        while (!loop_->post(function)) std::this_thread::yield();
      }
    });
  }
  for (auto& poster : posters) poster.join();
  runner.join();
  EXPECT_EQ(run, kThreads * kEach);
  EXPECT_FALSE(loop_->post([] { FAIL() << "ran after stop"; }));
}

TEST_P(LoopTest, PostIsBounded) {
  make_loop({.max_posted = 3});
  int run = 0;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(loop_->post([&] { ++run; }));
  EXPECT_FALSE(loop_->post([&] { ++run; }));
  run_until([&] { return run == 3; });
  EXPECT_TRUE(loop_->post([&] { ++run; }));
  run_until([&] { return run == 4; });
}

TEST_P(LoopTest, StopFlushesAndReportsEveryConnection) {
  Recorder server;
  server.when_received = [&](Connection& connection, std::string_view) {
    connection.output() += "farewell";
    loop_->stop();
  };
  server.when_closed = [&](Connection&) {
    Recorder nobody;
    EXPECT_FALSE(loop_->connect(Endpoint::loopback(1), nobody, loop_->now()));
  };
  RecordingAcceptor acceptor(server);
  const Endpoint endpoint = listen(acceptor);
  Descriptor client = plain_client(endpoint);
  Descriptor idle = plain_client(endpoint);
  send_plain(client, "x");
  loop_->run();
  EXPECT_EQ(server.closes, static_cast<int>(acceptor.accepted.size()));
  EXPECT_EQ(server.reason.kind, CloseReason::Kind::kLoopStopped);
  EXPECT_EQ(loop_->connections(), 0U);
  EXPECT_EQ(receive_plain(client, 8), "farewell");
}

TEST_P(LoopTest, RunsOnAnotherThreadThanItWasCreatedOn) {
  Recorder server;
  server.when_received = echo;
  RecordingAcceptor acceptor(server);
  const Endpoint endpoint = listen(acceptor);
  std::thread runner([&] { loop_->run(); });
  {
    const Descriptor client = plain_client(endpoint);
    send_plain(client, "hello");
    EXPECT_EQ(receive_plain(client, 5), "hello");
  }
  loop_->stop();
  runner.join();
  EXPECT_EQ(server.closes, 1);
}

TEST_P(LoopTest, RefusesBeyondMaxConnectionsWithAWord) {
  make_loop({.max_connections = 2});
  Recorder server;
  server.when_received = echo;
  RecordingAcceptor acceptor(server);
  acceptor.refusal_text = "-ERR max number of clients reached\r\n";
  const Endpoint endpoint = listen(acceptor);
  std::vector<Descriptor> clients;
  for (int i = 0; i < 3; ++i) clients.push_back(plain_client(endpoint));
  run_until([&] { return loop_->stats().refused == 1; });
  EXPECT_EQ(loop_->connections(), 2U);
  EXPECT_EQ(receive_plain(clients[2], 64), acceptor.refusal_text);

  Recorder outgoing;
  const auto refused = loop_->connect(endpoint, outgoing, loop_->now() + seconds(1));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), base::ErrorKind::kRetry);

  clients[0].reset();
  run_until([&] { return loop_->connections() == 1; });
  clients.push_back(plain_client(endpoint));
  run_until([&] { return acceptor.accepted.size() == 3; });

  loop_->set_max_connections(3);
  clients.push_back(plain_client(endpoint));
  run_until([&] { return acceptor.accepted.size() == 4; });
  EXPECT_EQ(loop_->connections(), 3U);
  // Those that are open stay.
  loop_->set_max_connections(1);
  clients.push_back(plain_client(endpoint));
  run_until([&] { return loop_->stats().refused == 2; });
  EXPECT_EQ(loop_->connections(), 3U);
}

TEST_P(LoopTest, DroppedByItsAcceptorIsClosedWithoutAHandler) {
  struct Door final : Acceptor {
    ConnectionHandler* on_accept(Connection&) override { return nullptr; }
  } nobody;
  const Descriptor client = plain_client(listen(nobody));
  run_until([&] { return loop_->stats().closed == 1; });
  EXPECT_EQ(receive_plain(client, 1), "");
}

TEST_P(LoopTest, OutOfDescriptorsRestsInsteadOfSpinningAndRecovers) {
  Recorder server;
  server.when_received = echo;
  RecordingAcceptor acceptor(server);
  const Endpoint endpoint = listen(acceptor);
  // Before the first turn: io_uring notes the limit when it begins to accept.
  const Descriptor client = plain_client(endpoint);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = before;
  none.rlim_cur = 0;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  run_until([&] { return loop_->stats().accept_errors > 0; });
  const auto errors = loop_->stats().accept_errors;
  const auto until = base::RealClock().mono() + milliseconds(50);
  while (base::RealClock().mono() < until) loop_->turn(milliseconds(20));
  EXPECT_LE(loop_->stats().accept_errors - errors, 2U) << "it spins";
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  run_until([&] { return acceptor.accepted.size() == 1; });
}

TEST_P(LoopTest, WatchReportsWhileReadableAndEndsInsideItsFunction) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
  const Descriptor reader(ends[0]);
  const Descriptor writer(ends[1]);
  int calls = 0;
  ASSERT_TRUE(loop_->watch(reader.get(), [&] {
    char byte;
    EXPECT_EQ(::read(reader.get(), &byte, 1), 1);
    if (++calls == 3) loop_->unwatch(reader.get());
  }));
  settle();
  EXPECT_EQ(calls, 0);
  // Five bytes, one read each: level-triggered, so it is called again without a new write.
  ASSERT_EQ(::write(writer.get(), "12345", 5), 5);
  run_until([&] { return calls == 3; });
  settle();
  EXPECT_EQ(calls, 3);
  ASSERT_TRUE(loop_->watch(reader.get(), [&] {
    char byte;
    if (::read(reader.get(), &byte, 1) == 1) ++calls;
  }));
  run_until([&] { return calls == 5; });
  loop_->unwatch(reader.get());
}

TEST_P(LoopTest, ClosedListenerAcceptsNoMore) {
  Recorder server;
  server.when_received = echo;
  RecordingAcceptor acceptor(server);
  auto listener = loop_->listen(Endpoint::loopback(0), acceptor);
  ASSERT_TRUE(listener);
  const Endpoint endpoint = (*listener)->endpoint();
  const Descriptor client = plain_client(endpoint);
  run_until([&] { return acceptor.accepted.size() == 1; });
  (*listener)->close();
  settle();
  Recorder late;
  connect(endpoint, late);
  run_until([&] { return late.closes == 1; });
  EXPECT_EQ(late.reason.kind, CloseReason::Kind::kNotConnected);
  send_plain(client, "still here");
  run_until([&] { return server.received == "still here"; });
}

TEST_P(LoopTest, PeerHearsACloseEvenWhileAForkedChildHoldsTheSocket) {
  Recorder server;
  server.when_received = [](Connection& connection, std::string_view) { connection.close(); };
  RecordingAcceptor acceptor(server);
  const Descriptor client = plain_client(listen(acceptor));
  run_until([&] { return acceptor.accepted.size() == 1; });
  const pid_t child = ::fork();
  if (child == 0) {
    while (true) ::pause();
  }
  ASSERT_GT(child, 0);
  send_plain(client, "x");
  run_until([&] { return server.closes == 1; });
  settle();
  EXPECT_EQ(receive_plain(client, 1), "");
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

TEST_P(LoopTest, ThousandsOfConnectionsAtOnce) {
  constexpr std::size_t kConnections = 3000;
  struct Counting final : ConnectionHandler {
    void on_connect(Connection& connection) override {
      ++connects;
      connection.output() += "12345678";
    }
    void on_receive(Connection& connection, std::string_view bytes) override {
      received += bytes.size();
      if (echoes) connection.output().append(bytes);
    }
    void on_close(Connection&, const CloseReason&) override { ++closes; }
    bool echoes = false;
    std::size_t connects = 0;
    std::size_t received = 0;
    std::size_t closes = 0;
  } client, server;
  server.echoes = true;
  RecordingAcceptor acceptor(server);
  auto listener = loop_->listen(Endpoint::loopback(0), acceptor, {.backlog = 4096});
  ASSERT_TRUE(listener);
  std::vector<Connection*> connections;
  for (std::size_t i = 0; i < kConnections; ++i) {
    connections.push_back(&connect((*listener)->endpoint(), client));
    if (i % 500 == 0) loop_->turn(milliseconds(0));
  }
  run_until([&] { return client.received == 8 * kConnections; });
  EXPECT_EQ(client.connects, kConnections);
  EXPECT_EQ(loop_->connections(), 2 * kConnections);
  for (Connection* connection : connections) connection->close();
  run_until([&] { return loop_->connections() == 0; });
  EXPECT_EQ(client.closes, kConnections);
  EXPECT_EQ(server.closes, kConnections);
}

// Both ends of many connections send random amounts of a known stream, pause, resume, end and close at random. Whatever
// arrives must be the stream from its beginning; whoever was not closed by either side must have got all of it.
class Torture {
 public:
  struct Side final : ConnectionHandler {
    Torture* torture = nullptr;
    Connection* connection = nullptr;
    Side* other = nullptr;
    std::uint64_t key = 0;  // The stream that this side sends.
    std::uint64_t sent = 0;
    std::uint64_t received = 0;
    bool ended = false;  // Has called shutdown_send().
    bool peer_ended = false;
    bool connected = false;
    int closes = 0;
    bool aborted = false;  // Has called close().

    static char byte(std::uint64_t key, std::uint64_t position) {
      return static_cast<char>((position * 0x9E3779B97F4A7C15ULL + key) >> 56);
    }
    void write(std::uint64_t count) {
      std::string& output = connection->output();
      for (std::uint64_t i = 0; i < count; ++i) output.push_back(byte(key, sent++));
    }
    void on_connect(Connection&) override {
      EXPECT_FALSE(connected);
      connected = true;
      torture->act(*this);
    }
    void on_receive(Connection& c, std::string_view bytes) override {
      EXPECT_EQ(&c, connection);
      EXPECT_EQ(closes, 0);
      EXPECT_FALSE(aborted);
      EXPECT_FALSE(peer_ended);
      if (torture->paused.contains(this)) ADD_FAILURE() << "received while paused";
      if (other == nullptr) {
        // The first four bytes tell the accepted side whom it talks to; they come in one piece on loopback.
        ASSERT_GE(bytes.size(), 4U);
        std::uint32_t index;
        std::memcpy(&index, bytes.data(), 4);
        other = torture->clients.at(index).get();
        other->other = this;
        bytes.remove_prefix(4);
      }
      for (const char got : bytes) ASSERT_EQ(got, byte(other->key, received++));
      torture->act(*this);
    }
    void on_end(Connection&) override {
      EXPECT_FALSE(peer_ended);
      EXPECT_EQ(closes, 0);
      peer_ended = true;
      if (other != nullptr && !other->aborted) {
        EXPECT_EQ(received, other->sent) << "bytes were lost";
      }
      torture->act(*this);
    }
    void on_drained(Connection&) override { EXPECT_EQ(closes, 0); }
    void on_close(Connection&, const CloseReason& reason) override {
      EXPECT_EQ(++closes, 1);
      EXPECT_TRUE(reason.kind != CloseReason::Kind::kClosedHere || aborted) << reason.to_string();
      connection = nullptr;
      torture->paused.erase(this);
      ++torture->closed;
    }
  };
  struct Door final : Acceptor {
    explicit Door(Torture& torture_) : torture(torture_) {}
    ConnectionHandler* on_accept(Connection& connection) override {
      Side& side = *torture.servers.emplace_back(std::make_unique<Side>());
      side.torture = &torture;
      side.connection = &connection;
      side.connected = true;
      side.key = torture.random();
      return &side;
    }
    Torture& torture;
  };

  Torture(Loop& loop_, std::uint64_t seed) : loop(loop_), random(seed), door(*this) {}

  void open(const Endpoint& endpoint) {
    Side& side = *clients.emplace_back(std::make_unique<Side>());
    side.torture = this;
    side.key = random();
    auto connection = loop.connect(endpoint, side, base::RealClock().mono() + seconds(20));
    ASSERT_TRUE(connection) << connection.error().text();
    side.connection = *connection;
    const auto index = static_cast<std::uint32_t>(clients.size() - 1);
    side.connection->output().append(reinterpret_cast<const char*>(&index), 4);
  }

  void act(Side& side) {
    if (side.connection == nullptr || side.aborted || side.other == nullptr) return;
    const std::uint64_t dice = random.below(100);
    if (dice < 60 && !side.ended && !side.connection->congested()) {
      side.write(random.chance(0.05) ? random.below(300'000) : random.below(2000));
    } else if (dice < 70) {
      paused.insert(&side);
      side.connection->pause_receive();
    } else if (dice < 80) {
      wake(side);
    } else if (dice < 85 && side.other->connection != nullptr && !side.other->aborted) {
      wake(*side.other);
    } else if (dice < 90 && winding_down && !side.ended) {
      end(side);
    } else if (dice == 90 && random.chance(0.3) && aborts) {
      abort(side);
    } else if (dice == 91 && side.other != nullptr && side.other->connection != nullptr && random.chance(0.1) &&
               aborts) {
      abort(*side.other);
    }
  }
  void wake(Side& side) {
    paused.erase(&side);
    side.connection->resume_receive();
  }
  void end(Side& side) {
    side.ended = true;
    side.connection->shutdown_send();
  }
  void abort(Side& side) {
    side.aborted = true;
    paused.erase(&side);
    side.connection->close();
  }

  Loop& loop;
  base::Random random;
  Door door;
  std::vector<std::unique_ptr<Side>> clients;
  std::vector<std::unique_ptr<Side>> servers;
  std::set<Side*> paused;
  std::size_t closed = 0;
  bool winding_down = false;
  bool aborts = true;
};

class LoopTortureTest : public LoopTest {};
INSTANTIATE_TEST_SUITE_P(Engines, LoopTortureTest, ::testing::ValuesIn(engines()), engine_name);

TEST_P(LoopTortureTest, StreamsArriveWholeAndEveryCloseIsReportedOnce) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    LoopOptions options;
    // Small pools and marks, so that running out is the normal case.
    options.receive_buffer_bytes = 2048;
    options.receive_buffers = 8;
    options.output_high_water_bytes = 64 * 1024;
    options.output_low_water_bytes = 16 * 1024;
    make_loop(options);
    Torture torture(*loop_, seed);
    torture.aborts = seed % 2 == 0;
    const Endpoint endpoint = listen(torture.door);
    for (int i = 0; i < 60; ++i) torture.open(endpoint);
    for (int turn = 0; turn < 400; ++turn) {
      loop_->turn(milliseconds(0));
      for (auto* sides : {&torture.clients, &torture.servers}) {
        Torture::Side& side = *(*sides)[torture.random.below(std::max<std::size_t>(sides->size(), 1)) % sides->size()];
        if (side.connected) torture.act(side);
      }
    }
    torture.winding_down = true;
    run_until([&] {
      for (auto* sides : {&torture.clients, &torture.servers}) {
        for (std::size_t i = 0; i < sides->size(); ++i) {
          Torture::Side& side = *(*sides)[i];
          if (side.connection == nullptr || side.aborted || !side.connected) continue;
          torture.wake(side);
          if (!side.ended) torture.end(side);
        }
      }
      return loop_->connections() == 0;
    });
    EXPECT_EQ(torture.closed, torture.clients.size() + torture.servers.size());
    EXPECT_EQ(torture.servers.size(), 60U);
    for (const auto& side : torture.servers) {
      if (side->other != nullptr && !side->aborted && !side->other->aborted) {
        EXPECT_EQ(side->received, side->other->sent);
        EXPECT_EQ(side->other->received, side->sent);
      }
    }
    loop_.reset();
  }
}

TEST(LoopEngines, AutoTakesOneThatWorks) {
  const auto loop = Loop::create();
  ASSERT_TRUE(loop);
  EXPECT_NE((*loop)->engine(), LoopEngine::kAuto);
}

}  // namespace
}  // namespace weir::runtime
