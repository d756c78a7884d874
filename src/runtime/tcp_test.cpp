#include "runtime/tcp.h"

#include <unistd.h>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <boost/asio/this_coro.hpp>

#include "runtime/gate.h"
#include "runtime/io_thread.h"

namespace weir::runtime {
namespace {

namespace asio = boost::asio;
using base::ErrorKind;
using base::Result;

struct Pair {
  TcpStream client;
  TcpStream server;
};

Task<Pair> connected(std::string address) {
  const Executor executor = co_await asio::this_coro::executor;
  auto listener = TcpListener::bind(executor, *Endpoint::parse(address));
  if (!listener) throw std::runtime_error(listener.error().text());
  auto client = co_await TcpStream::connect(listener->local(), kNever);
  auto server = co_await listener->accept();
  co_return Pair{std::move(client).value(), std::move(server).value()};
}

Task<std::string> read_all(TcpStream& stream) {
  std::string all;
  std::array<char, 4096> block;
  for (;;) {
    const auto count = co_await stream.read_some(block, kNever);
    if (!count) throw std::runtime_error(count.error().text());
    if (*count == 0) co_return all;
    all.append(block.data(), *count);
  }
}

Task<void> write_and_finish(TcpStream& stream, std::string bytes) {
  const auto written = co_await stream.write_all(bytes, kNever);
  EXPECT_TRUE(written) << written.error().text();
  stream.finish_sending();
}

Task<std::string> send_through(std::string address, std::string bytes, Gate& gate) {
  Pair pair = co_await connected(address);
  EXPECT_EQ(pair.client.peer(), pair.server.local());
  const Executor executor = co_await asio::this_coro::executor;
  spawn(gate, executor, write_and_finish(pair.client, std::move(bytes)), "writer");
  auto received = co_await read_all(pair.server);
  co_await gate.stop(kNever);
  co_return received;
}

TEST(Tcp, CarriesBytesOverEachFamily) {
  std::string bytes(3'000'000, 'x');  // More than the socket buffers hold: writing waits for reading.
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 31);
  const std::string path = fmt::format("unix:{}/weir_tcp_test_{}.sock", testing::TempDir(), ::getpid());
  for (const std::string& address : {std::string("127.0.0.1:0"), std::string("[::1]:0"), path}) {
    Gate gate;
    EXPECT_TRUE(run(send_through(address, bytes, gate)) == bytes) << address;
  }
  ::unlink(path.c_str() + std::string_view("unix:").size());
}

Task<void> read_with_passed_deadline() {
  Pair pair = co_await connected("127.0.0.1:0");
  std::array<char, 16> block;
  const auto late = co_await pair.server.read_some(block, mono_now() + std::chrono::milliseconds(1));
  if (late) throw std::runtime_error("read something");
  EXPECT_EQ(late.error().kind(), ErrorKind::kRetry) << late.error().text();
  // Nothing was lost and nothing is left of that deadline.
  const auto written = co_await pair.client.write_all("later", kNever);
  EXPECT_TRUE(written);
  const auto count = co_await pair.server.read_some(block, kNever);
  EXPECT_EQ(count.value(), 5u);
}

TEST(Tcp, ReadDeadlineTakesNothingFromTheStream) { run(read_with_passed_deadline()); }

Task<void> shorter_deadline_after_a_longer_one() {
  Pair pair = co_await connected("127.0.0.1:0");
  std::array<char, 16> block;
  const auto written = co_await pair.client.write_all("now", kNever);
  EXPECT_TRUE(written);
  const auto in_time = co_await pair.server.read_some(block, deadline_after(std::chrono::hours(1)));
  EXPECT_EQ(in_time.value(), 3u);
  const auto late = co_await pair.server.read_some(block, mono_now() + std::chrono::milliseconds(1));
  EXPECT_FALSE(late);
}

TEST(Tcp, LazyTimerIsSetAnewForAShorterDeadline) { run(shorter_deadline_after_a_longer_one()); }

Task<void> write_to_a_peer_that_does_not_read() {
  Pair pair = co_await connected("127.0.0.1:0");
  const std::string bytes(20'000'000, 'x');
  const auto written = co_await pair.client.write_all(bytes, deadline_after(std::chrono::milliseconds(20)));
  if (written) throw std::runtime_error("wrote more than the buffers hold");
  EXPECT_EQ(written.error().kind(), ErrorKind::kUnknownOutcome);
}

TEST(Tcp, WriteDeadlineIsAnUnknownOutcome) { run(write_to_a_peer_that_does_not_read()); }

Task<void> read_into(TcpStream& stream, std::optional<Result<std::size_t>>* result) {
  std::array<char, 16> block;
  *result = co_await stream.read_some(block, kNever);
}

Task<void> close_under_a_read(Gate& gate, std::optional<Result<std::size_t>>* result) {
  Pair pair = co_await connected("127.0.0.1:0");
  const Executor executor = co_await asio::this_coro::executor;
  spawn(gate, executor, read_into(pair.server, result), "reader");
  co_await sleep_for(base::Duration::zero());
  pair.server.close();
  co_await gate.stop(kNever);
}

TEST(Tcp, ClosingEndsAReadInProgress) {
  Gate gate;
  std::optional<Result<std::size_t>> result;
  run(close_under_a_read(gate, &result));
  ASSERT_TRUE(result && !*result);
  EXPECT_EQ(result->error().kind(), ErrorKind::kFatal);
}

Task<void> cancel_a_read(Gate& gate, std::optional<Result<std::size_t>>* result) {
  Pair pair = co_await connected("127.0.0.1:0");
  const Executor executor = co_await asio::this_coro::executor;
  spawn(gate, executor, read_into(pair.server, result), "reader");
  co_await sleep_for(base::Duration::zero());
  co_await gate.stop(mono_now());
}

TEST(Tcp, CancellationReachesAReadThatHasItsOwnDeadlineTimer) {
  Gate gate;
  std::optional<Result<std::size_t>> result;
  run(cancel_a_read(gate, &result));
  ASSERT_TRUE(result && !*result);
}

Task<Result<TcpStream>> connect_to(std::string address) {
  auto stream = co_await TcpStream::connect(std::move(address), kNever);
  co_return stream;
}

Task<std::string> free_address() {
  const Executor executor = co_await asio::this_coro::executor;
  const auto listener = TcpListener::bind(executor, Endpoint::loopback(0));
  co_return listener->local().to_string();
}

TEST(Tcp, ConnectionRefusedMayBeTriedAgain) {
  const auto stream = run(connect_to(run(free_address())));
  ASSERT_FALSE(stream);
  EXPECT_EQ(stream.error().kind(), ErrorKind::kRetry);
}

TEST(Tcp, TextThatIsNoAddressIsRejected) {
  for (const char* text : {"", ":80", "localhost", "localhost:"}) {
    const auto stream = run(connect_to(text));
    ASSERT_FALSE(stream) << text;
    EXPECT_EQ(stream.error().kind(), ErrorKind::kReject) << text;
  }
}

Task<void> connect_by_name() {
  const Executor executor = co_await asio::this_coro::executor;
  auto listener = TcpListener::bind(executor, Endpoint::loopback(0));
  std::string address = fmt::format("localhost:{}", listener->local().port());
  const auto stream = co_await TcpStream::connect(std::move(address), kNever);
  EXPECT_TRUE(stream) << stream.error().text();
}

TEST(Tcp, LocalhostIsLoopbackWithoutANameService) { run(connect_by_name()); }

Task<void> bind_twice() {
  const Executor executor = co_await asio::this_coro::executor;
  auto first = TcpListener::bind(executor, Endpoint::loopback(0));
  auto second = TcpListener::bind(executor, first->local());
  if (second) throw std::runtime_error("two listeners on one port");
  EXPECT_NE(second.error().text().find(first->local().to_string()), std::string::npos) << second.error().text();
}

TEST(Tcp, TakenPortIsNamed) { run(bind_twice()); }

}  // namespace
}  // namespace weir::runtime
