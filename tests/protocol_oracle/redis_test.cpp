// The RESP codec against a real redis-server 7.0: what each makes of the same bytes, well formed and not.
//
// The commands are ones that Redis does not know, because its refusal quotes the words that it read. So one byte stream
// shows how it parsed, and ours can be written down and compared byte for byte.
#include <cmath>
#include <cstdlib>
#include <functional>
#include <limits>
#include <optional>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/random.h"
#include "tests/protocol_oracle/redis_server.h"
#include "wire/resp/reply_parser.h"
#include "wire/resp/reply_writer.h"
#include "wire/resp/request.h"

namespace weir::wire::resp {
namespace {

using test::RedisConnection;
using test::RedisServer;

// The limit of a quoted command, and of its quoted arguments together.
constexpr std::size_t kQuoted = 128;

// Redis's answer to a command that it does not know. It quotes C strings: a NUL ends them.
void append_unknown_command(std::string& to, std::span<const std::string_view> words) {
  const auto c_string = [](std::string_view word, std::size_t limit) {
    return word.substr(0, word.find('\0')).substr(0, limit);
  };
  std::string arguments;
  for (std::size_t i = 1; i < words.size() && arguments.size() < kQuoted; ++i) {
    const std::size_t limit = kQuoted - arguments.size();
    arguments += "'" + std::string(c_string(words[i], limit)) + "' ";
  }
  ReplyWriter(to, Protocol::kResp2)
      .error("ERR unknown command '" + std::string(c_string(words[0], kQuoted)) +
             "', with args beginning with: " + arguments);
}

struct Answer {
  std::string bytes;
  bool closes = false;

  friend bool operator==(const Answer&, const Answer&) = default;
};

void PrintTo(const Answer& answer, std::ostream* out) {
  *out << base::printable(answer.bytes, 1000) << (answer.closes ? " and closes" : "");
}

Answer our_answer(std::string_view input, bool authenticated) {
  RequestParser parser;
  parser.set_authenticated(authenticated);
  Answer answer;
  while (true) {
    const RequestParser::Step step = parser.parse(input);
    input.remove_prefix(step.consumed);
    if (step.status == RequestParser::Status::kNeedMore) return answer;
    if (step.status == RequestParser::Status::kError) {
      ReplyWriter(answer.bytes, Protocol::kResp2).error("ERR " + parser.error());
      answer.closes = true;
      return answer;
    }
    append_unknown_command(answer.bytes, parser.arguments());
  }
}

// Redis reads 16 KB of a connection in each turn of its loop; a PING on another connection that was sent later is
// answered at the earliest in the same turn. Two more make sure that the answers were written.
Answer their_answer(const RedisServer& server, RedisConnection& other, std::string_view input) {
  RedisConnection connection(server.socket_path());
  connection.send(input);
  for (std::size_t turn = 0; turn < input.size() / (16 << 10) + 3; ++turn) {
    other.send("PING\r\n");
    const std::string pong = other.receive(7);
    // Without authentication the answer is another one, and longer; its end is all the same to us.
    if (pong != "+PONG\r\n") {
      std::string line = pong;
      while (!line.ends_with("\r\n") && !other.closed_by_server()) line += other.receive(1);
    }
  }
  Answer answer;
  answer.bytes = connection.receive_available();
  answer.closes = connection.closed_by_server();
  return answer;
}

std::string repeated(std::string_view text, std::size_t times) {
  std::string result;
  for (std::size_t i = 0; i < times; ++i) result += text;
  return result;
}

using namespace std::string_literals;

// Each rule of the protocol, kept and broken.
std::vector<std::string> frames() {
  return {
      "*1\r\n$2\r\nzz\r\n",
      "*3\r\n$2\r\nzz\r\n$0\r\n\r\n$5\r\na\r\nbc\r\n",
      "*0\r\n*-1\r\n*-5\r\n\r\n\n  \r\n*1\r\n$2\r\nzz\r\n",
      "*2\r\n$2\r\nzz\r\n$3\r\nab",
      "*\r\n",
      "*x\r\n",
      "*-0\r\n",
      "*+1\r\n",
      "*01\r\n",
      "* 1\r\n",
      "*1 \r\n",
      "*1048576\r\n",
      "*1048577\r\n",
      "*2147483647\r\n",
      "*2147483648\r\n",
      "*9223372036854775808\r\n",
      "*-9223372036854775808\r\n",
      "*99999999999999999999999\r\n",
      "*1\r\nx\r\n",
      "*1\r\n\r\n",
      "*1\r\n\n\r\n",
      "*1\r\n:1\r\n",
      "*1\r\n\xff\r\n",
      "*1\r\n$\r\n",
      "*1\r\n$-1\r\n",
      "*1\r\n$01\r\n",
      "*1\r\n$+2\r\n",
      "*1\r\n$2x\r\n",
      "*1\r\n$536870912\r\n",
      "*1\r\n$536870913\r\n",
      "*1\r\n$9223372036854775807\r\n",
      "*1\r\n$9223372036854775808\r\n",
      // What Redis does not look at.
      "*1\rX$2\rYzzAB*1\r\n$2\r\nzz\r\n",
      // Limits of unauthenticated clients.
      "*10\r\n" + repeated("$1\r\nz\r\n", 10),
      "*11\r\n" + repeated("$1\r\nz\r\n", 11),
      "*1\r\n$16384\r\n" + repeated("z", 16384) + "\r\n",
      "*1\r\n$16385\r\n" + repeated("z", 16385) + "\r\n",
      repeated("z ", 40) + "\r\n",
      // Lines that do not end.
      repeated("z", 65536),
      repeated("z", 65537),
      "*" + repeated("1", 65535),
      "*" + repeated("1", 65536),
      "*1\r\n$" + repeated("1", 65535),
      "*1\r\n$" + repeated("1", 65536),
      "zz\0zz\r\n"s,
      "*1\0\r\n"s,
      // Inline commands.
      "zz\r\n",
      "zz\n",
      "  zz  a\tb \x0b"
      "c \x0c"
      "d\r\r\n",
      "zz a\x0b"
      "b a\x0c"
      "b a\rb\r\n",
      "\"\"\r\nzz \"\" ''\r\n",
      R"(zz "a b" 'c d' "\x41\x6a\xfF" "\xZZ\x4" "\n\r\t\b\a\\\"\q" 'it\'s \n')"
      "\r\n",
      "zz a\"b c\"\r\n",
      "zz \"a\r\n",
      "zz 'a\r\n",
      "zz \"a\"b\r\n",
      "zz 'a''b'\r\n",
      "zz \"a\\\r\n",
      "zz 'a\\'\r\n",
      "zz \"a\"\tb\r\n",
  };
}

class RedisOracle : public testing::TestWithParam<bool> {
 protected:
  bool authenticated() const { return GetParam(); }

  const RedisServer server_{authenticated() ? std::vector<std::string>{}
                                            : std::vector<std::string>{"--requirepass", "secret"}};
};

TEST_P(RedisOracle, AnswersEachFrameAsWeDo) {
  ASSERT_TRUE(server_.running()) << "redis-server could not be started";
  RedisConnection other(server_.socket_path());
  ASSERT_TRUE(other.open());
  for (const std::string& frame : frames()) {
    EXPECT_EQ(our_answer(frame, authenticated()), their_answer(server_, other, frame)) << base::printable(frame, 100);
  }
}

TEST_P(RedisOracle, AnswersMutatedFramesAsWeDo) {
  ASSERT_TRUE(server_.running()) << "redis-server could not be started";
  RedisConnection other(server_.socket_path());
  ASSERT_TRUE(other.open());
  const char* const asked = std::getenv("WEIR_SEED");
  const std::uint64_t seed =
      asked != nullptr ? base::parse_decimal<std::uint64_t>(asked).value() : base::Random::from_entropy()();
  SCOPED_TRACE("to repeat this: WEIR_SEED=" + std::to_string(seed));
  base::Random random(seed);
  std::vector<std::string> bases = frames();
  std::erase_if(bases, [](const std::string& frame) { return frame.size() > 1000; });
  // No letters but these, so that no mutation becomes a command that Redis knows.
  constexpr std::string_view kBytes("\r\n\0\t \"'\\*$-+019zx\x80", 18);
  int refused = 0;
  for (int round = 0; round < 2000; ++round) {
    std::string frame = bases[random.below(bases.size())] + bases[random.below(bases.size())];
    for (std::uint64_t changes = random.below(4); changes > 0; --changes) {
      const std::size_t at = random.below(frame.size());
      const char byte = kBytes[random.below(kBytes.size())];
      switch (random.below(3)) {
        case 0: frame[at] = byte; break;
        case 1: frame.insert(at, 1, byte); break;
        case 2: frame.erase(at, 1 + random.below(2)); break;
      }
      if (frame.empty()) frame = "\r\n";
    }
    const Answer ours = our_answer(frame, authenticated());
    ASSERT_EQ(ours, their_answer(server_, other, frame)) << base::printable(frame, 1000);
    refused += ours.closes;
  }
  EXPECT_GT(refused, 200);  // Else the mutations test nothing.
}

INSTANTIATE_TEST_SUITE_P(Redis, RedisOracle, testing::Bool(),
                         [](const auto& param) { return param.param ? "Authenticated" : "Unauthenticated"; });

// Sends the words and returns the bytes of the whole reply.
std::string ask(RedisConnection& connection, std::initializer_list<std::string_view> words, Value* value = nullptr) {
  std::string command;
  append_command(command, words);
  connection.send(command);
  ReplyParser parser;
  std::string all, pending;
  while (!connection.closed_by_server()) {
    const std::string byte = connection.receive(1);
    all += byte;
    pending += byte;
    const ReplyParser::Step step = parser.parse(pending);
    pending.erase(0, step.consumed);
    if (step.status == ReplyParser::Status::kError) return "unreadable: " + parser.error();
    if (step.status == ReplyParser::Status::kValue) {
      if (value != nullptr) *value = parser.value();
      return all;
    }
  }
  return "closed";
}

TEST(RedisReplies, HaveTheShapesThatWeWrite) {
  const RedisServer server({"--enable-debug-command", "yes"});
  ASSERT_TRUE(server.running()) << "redis-server could not be started";
  struct Shape {
    std::string_view name;
    std::function<void(ReplyWriter&)> write;
  };
  const Shape shapes[] = {
      {"string", [](ReplyWriter& to) { to.bulk("Hello World"); }},
      {"integer", [](ReplyWriter& to) { to.integer(12345); }},
      {"double", [](ReplyWriter& to) { to.number(3.141); }},
      {"null", [](ReplyWriter& to) { to.null(); }},
      {"array",
       [](ReplyWriter& to) {
         to.array(3);
         for (int i = 0; i < 3; ++i) to.integer(i);
       }},
      {"set",
       [](ReplyWriter& to) {
         to.set(3);
         for (int i = 0; i < 3; ++i) to.integer(i);
       }},
      {"map",
       [](ReplyWriter& to) {
         to.map(3);
         for (int i = 0; i < 3; ++i) {
           to.integer(i);
           to.boolean(i == 1);
         }
       }},
      {"verbatim", [](ReplyWriter& to) { to.verbatim("txt", "This is a verbatim\nstring"); }},
      {"bignum", [](ReplyWriter& to) { to.big_number("1234567999999999999999999999999999999"); }},
      {"true", [](ReplyWriter& to) { to.boolean(true); }},
      {"false", [](ReplyWriter& to) { to.boolean(false); }},
  };
  for (const Protocol protocol : {Protocol::kResp2, Protocol::kResp3}) {
    RedisConnection connection(server.socket_path());
    ask(connection, {"HELLO", protocol == Protocol::kResp2 ? "2" : "3"});
    for (const Shape& shape : shapes) {
      std::string ours;
      ReplyWriter writer(ours, protocol);
      shape.write(writer);
      EXPECT_EQ(ask(connection, {"DEBUG", "PROTOCOL", shape.name}), ours)
          << shape.name << " in RESP" << static_cast<int>(protocol);
    }
    // The null array, which no DEBUG shows.
    std::string null_array;
    ReplyWriter(null_array, protocol).null_array();
    EXPECT_EQ(ask(connection, {"BLPOP", "none", "0.001"}), null_array);
  }
}

TEST(RedisReplies, WriteDoublesAsWeDo) {
  const RedisServer server({});
  ASSERT_TRUE(server.running()) << "redis-server could not be started";
  RedisConnection connection(server.socket_path());
  base::Random random(20240607);
  std::vector<double> values = {0.0,
                                1.0,
                                0.1,
                                1e17,
                                1e16,
                                123456789012345680.0,
                                1e-5,
                                1e-4,
                                5e-324,
                                1.5e300,
                                -2.25,
                                1e22,
                                1e21,
                                std::numeric_limits<double>::infinity(),
                                -std::numeric_limits<double>::infinity()};
  for (int i = 0; i < 200; ++i) values.push_back((random.unit() - 0.5) * std::pow(10.0, random.between(-30, 30)));
  for (const Protocol protocol : {Protocol::kResp2, Protocol::kResp3}) {
    ask(connection, {"HELLO", protocol == Protocol::kResp2 ? "2" : "3"});
    for (const double value : values) {
      std::string text, ours;
      append_double(text, value);
      ask(connection, {"ZADD", "z", text, "m"});
      ReplyWriter(ours, protocol).number(value);
      EXPECT_EQ(ask(connection, {"ZSCORE", "z", "m"}), ours) << text;
    }
  }
}

TEST(RedisReplies, AttributesAndPushesAreToldApart) {
  const RedisServer server({"--enable-debug-command", "yes"});
  ASSERT_TRUE(server.running()) << "redis-server could not be started";
  RedisConnection connection(server.socket_path());
  Value value;
  ask(connection, {"HELLO", "3"}, &value);
  EXPECT_EQ(value.type, Type::kMap);
  ask(connection, {"DEBUG", "PROTOCOL", "attrib"}, &value);
  EXPECT_EQ(value.type, Type::kBulk);
  ASSERT_EQ(value.attributes.size(), 2u);
  EXPECT_EQ(value.attributes[0].text, "key-popularity");
  ask(connection, {"DEBUG", "PROTOCOL", "push"}, &value);
  EXPECT_EQ(value.type, Type::kPush);
  EXPECT_EQ(value.elements.at(1).integer, 42);
}

// The largest and deepest reply that Redis has is read, and written again as it came.
TEST(RedisReplies, OfCommandDocsIsReadAndWrittenUnchanged) {
  const RedisServer server({});
  ASSERT_TRUE(server.running()) << "redis-server could not be started";
  RedisConnection connection(server.socket_path());
  ask(connection, {"HELLO", "3"});
  Value value;
  const std::string bytes = ask(connection, {"COMMAND", "DOCS"}, &value);
  EXPECT_GT(bytes.size(), 100'000u);
  std::string written;
  append_value(written, value);
  EXPECT_EQ(written, bytes);
}

}  // namespace
}  // namespace weir::wire::resp
