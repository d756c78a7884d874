#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "load/http_workload.h"
#include "load/resp_workload.h"
#include "load/run.h"
#include "runtime/loop.h"

namespace weir::load {
namespace {

using std::chrono::milliseconds;

// The counts must not depend on where the network cuts: whole, byte by byte, and cut once at every place.
template <class Scanner>
void expect_replies(const std::function<Scanner()>& make, std::string_view bytes, std::uint64_t complete,
                    std::uint64_t errors) {
  const auto check = [&](std::size_t first, std::size_t step) {
    Scanner scanner = make();
    Replies replies;
    ASSERT_TRUE(scanner.scan(bytes.substr(0, first), replies));
    for (std::size_t at = first; at < bytes.size(); at += step) {
      ASSERT_TRUE(scanner.scan(bytes.substr(at, step), replies));
    }
    EXPECT_EQ(replies.complete, complete) << "cut at " << first << ", then every " << step;
    EXPECT_EQ(replies.errors, errors) << "cut at " << first << ", then every " << step;
  };
  check(0, 1);
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) check(cut, bytes.size());
}

const std::function<RespScanner()> kResp = [] { return RespScanner(); };
const std::function<HttpScanner()> kHttp = [] { return HttpScanner(false); };

TEST(RespScanner, CountsEveryKindOfReply) {
  expect_replies(kResp, "+OK\r\n", 1, 0);
  expect_replies(kResp, "-ERR no\r\n+OK\r\n:12\r\n", 3, 1);
  expect_replies(kResp, "$5\r\nhe\r\no\r\n$0\r\n\r\n$-1\r\n*-1\r\n*0\r\n", 5, 0);
  expect_replies(kResp, "*2\r\n*2\r\n:1\r\n$1\r\n-\r\n*0\r\n_\r\n", 2, 0);
  expect_replies(kResp, "%2\r\n+a\r\n:1\r\n+b\r\n*1\r\n,1.5\r\n~1\r\n#t\r\n(123\r\n=5\r\ntxt:x\r\n", 4, 0);
  expect_replies(kResp, "!5\r\nERR x\r\n", 1, 1);
  expect_replies(kResp, "*1\r\n-ERR inside a reply is not an error reply\r\n", 1, 0);
}

TEST(RespScanner, PushesAndAttributesAreNotReplies) {
  expect_replies(kResp, ">2\r\n+message\r\n+hello\r\n+OK\r\n", 1, 0);
  expect_replies(kResp, "|1\r\n+ttl\r\n:3600\r\n+OK\r\n", 1, 0);
}

TEST(RespScanner, RefusesWhatIsNotResp) {
  for (const std::string text : {"HTTP/1.1 200 OK\r\n", "$x\r\n", "*\r\n", "+OK\n"}) {
    RespScanner scanner;
    Replies replies;
    EXPECT_FALSE(scanner.scan(text, replies)) << text;
  }
}

TEST(HttpScanner, CountsByLengthByChunksAndWithoutBody) {
  expect_replies(
      kHttp, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel\r\nHTTP/1.1 404 No\r\ncontent-length:0\r\n\r\n", 2, 1);
  expect_replies(
      kHttp,
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1a;x=y\r\nabcdefghijklmnopqrstuvwxyz\r\n"
      "0\r\nTrailer: 1\r\n\r\nHTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
      3, 0);
  expect_replies(kHttp, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 Busy\r\nContent-Length: 2\r\n\r\nno", 1, 1);
}

TEST(HttpScanner, HeadHasNoBody) {
  expect_replies<HttpScanner>([] { return HttpScanner(true); },
                              "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", 2, 0);
}

TEST(HttpScanner, RefusesWhatIsNotHttp) {
  for (const std::string text : {"+OK\r\n\r\n", "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
                                 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
    HttpScanner scanner(false);
    Replies replies;
    EXPECT_FALSE(scanner.scan(text, replies)) << text;
  }
}

TEST(Workload, KeysGoWhereThePlaceholdersStand) {
  auto workload = RespWorkload::create(
      {.mix = "", .command = "SET user:__key__ __value__ __key__", .keys = 3, .keys_in_order = true, .value_bytes = 2});
  ASSERT_TRUE(workload) << workload.error().text();
  std::string output;
  for (int i = 0; i < 4; ++i) (*workload)->append_request(output);
  const auto command = [](const std::string& key) {
    return "*4\r\n$3\r\nSET\r\n$17\r\nuser:" + key + "\r\n$2\r\nxx\r\n$12\r\n" + key + "\r\n";
  };
  EXPECT_EQ(output,
            command("000000000000") + command("000000000001") + command("000000000002") + command("000000000000"));

  auto http = HttpWorkload::create({.method = "POST",
                                    .path = "/items/__key__",
                                    .host = "shop",
                                    .headers = {"A: b"},
                                    .body = "id=__key__",
                                    .keys = 1});
  ASSERT_TRUE(http);
  output.clear();
  (*http)->append_request(output);
  EXPECT_EQ(output,
            "POST /items/000000000000 HTTP/1.1\r\nHost: shop\r\nA: b\r\nContent-Length: 15\r\n\r\nid=000000000000");
}

TEST(Workload, MixFollowsItsWeights) {
  auto workload = RespWorkload::create({.mix = "get=3,ping=1"});
  ASSERT_TRUE(workload);
  int gets = 0;
  for (int i = 0; i < 4000; ++i) {
    std::string output;
    (*workload)->append_request(output);
    gets += output.find("GET") != output.npos;
  }
  EXPECT_NEAR(gets, 3000, 200);
  for (const std::string mix : {"", "fly", "get=", "get=0", "get=x", "get=1=2"}) {
    EXPECT_FALSE(RespWorkload::create({.mix = mix})) << mix;
  }
}

// A server that answers every PING with what it is told to.
class Server final : runtime::Acceptor, runtime::ConnectionHandler {
 public:
  explicit Server(std::string reply, std::uint64_t close_after = 0)
      : reply_(std::move(reply)), close_after_(close_after), loop_(std::move(*runtime::Loop::create())) {
    endpoint = (*loop_->listen(runtime::Endpoint::loopback(0), *this))->endpoint();
    thread_ = std::thread([this] { loop_->run(); });
  }
  ~Server() {
    loop_->stop();
    thread_.join();
  }

  runtime::Endpoint endpoint;

 private:
  runtime::ConnectionHandler* on_accept(runtime::Connection&) override { return this; }
  void on_receive(runtime::Connection& connection, std::string_view bytes) override {
    // A PING is 14 bytes and small enough to come whole in these tests' pipelines.
    for (std::size_t i = 0; i < bytes.size() / 14; ++i) {
      connection.output() += reply_;
      if (++answered_ != close_after_) continue;
      connection.close_after_flush();
      return;
    }
  }

  std::string reply_;
  std::uint64_t close_after_;
  std::uint64_t answered_ = 0;
  std::unique_ptr<runtime::Loop> loop_;
  std::thread thread_;
};

RunResult run(RunOptions options, const Server& server) {
  auto workload = RespWorkload::create({.mix = "ping"});
  options.target = server.endpoint;
  auto result = run_load(options, **workload);
  EXPECT_TRUE(result) << result.error().text();
  return *result;
}

TEST(Run, ClosedLoopCountsExactly) {
  const Server server("+PONG\r\n");
  const RunResult result = run({.connections = 7, .pipeline = 5, .requests = 10'003}, server);
  EXPECT_EQ(result.replies, 10'003U);
  EXPECT_EQ(result.latency_ns.count(), 10'003U);
  EXPECT_EQ(result.errors, 0U);
  EXPECT_EQ(result.failed, 0U);
  EXPECT_GT(result.rate(), 0);
}

TEST(Run, ErrorRepliesAreCounted) {
  const Server server("-ERR no\r\n");
  const RunResult result = run({.connections = 2, .requests = 100}, server);
  EXPECT_EQ(result.replies, 100U);
  EXPECT_EQ(result.errors, 100U);
}

TEST(Run, OpenLoopSendsWhatIsDueAndNoMore) {
  const Server server("+PONG\r\n");
  const RunResult result = run({.connections = 4, .rate = 20'000, .duration = milliseconds(200)}, server);
  EXPECT_GT(result.replies, 0U);
  EXPECT_LE(result.replies + result.unsent, 4001 + static_cast<std::uint64_t>(20'000 * (result.seconds - 0.2)));
  // One connection is mostly busy or not due: it goes on all the same.
  const RunResult alone = run({.connections = 1, .rate = 2'000, .requests = 200}, server);
  EXPECT_EQ(alone.replies, 200U);
  const RunResult counted = run({.connections = 4, .rate = 100'000, .requests = 500}, server);
  EXPECT_EQ(counted.replies, 500U);
  // Whatever the machine does meanwhile, the last one was due 4.99 ms after the first.
  EXPECT_GE(counted.seconds, 0.00499);
}

TEST(Run, ConnectionsThatCloseAreReopenedAndTheirRequestsFailed) {
  const Server server("+PONG\r\n", 50);
  const RunResult result = run({.connections = 1, .pipeline = 20, .requests = 200}, server);
  EXPECT_EQ(result.reconnects, 1U);
  EXPECT_EQ(result.replies + result.failed, 200U);
  EXPECT_EQ(result.failed, 10U);
}

TEST(Run, NobodyThereIsAnError) {
  auto workload = RespWorkload::create({});
  RunOptions options{.connections = 3, .requests = 1};
  {
    const auto socket = runtime::listening_socket(runtime::Endpoint::loopback(0), {});
    options.target = runtime::local_endpoint(socket->get());
  }
  const auto result = run_load(options, **workload);
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().text(), ::testing::HasSubstr(options.target.to_string()));
}

}  // namespace
}  // namespace weir::load
