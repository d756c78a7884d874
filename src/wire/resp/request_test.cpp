#include "wire/resp/request.h"

#include <gmock/gmock.h>

namespace weir::wire::resp {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Status = RequestParser::Status;

std::string error_of(std::string_view input, RequestLimits limits = {}, bool authenticated = true) {
  RequestParser parser(limits);
  parser.set_authenticated(authenticated);
  return parser.parse(input).status == Status::kError ? parser.error() : "none";
}

TEST(RequestParser, TakesOneCommandAfterAnotherFromAPipeline) {
  const std::string_view input = "*2\r\n$3\r\nGET\r\n$1\r\nk\r\nPING\r\n*1\r\n$4\r\nPI";
  RequestParser parser;
  auto step = parser.parse(input);
  ASSERT_EQ(step.status, Status::kCommand);
  EXPECT_THAT(parser.arguments(), ElementsAre("GET", "k"));
  // Views into the input, not copies.
  EXPECT_EQ(parser.arguments()[1].data(), input.data() + input.find('k'));

  std::string_view rest = input.substr(step.consumed);
  step = parser.parse(rest);
  ASSERT_EQ(step.status, Status::kCommand);
  EXPECT_THAT(parser.arguments(), ElementsAre("PING"));

  rest.remove_prefix(step.consumed);
  step = parser.parse(rest);
  EXPECT_EQ(step.status, Status::kNeedMore);
  EXPECT_EQ(step.consumed, 0u);
}

TEST(RequestParser, ResumesInABufferThatHasMoved) {
  const std::string command = "*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$5\r\nvalue\r\n";
  for (std::size_t cut = 0; cut < command.size(); ++cut) {
    RequestParser parser;
    {
      const std::string first = command.substr(0, cut);
      ASSERT_EQ(parser.parse(first).status, Status::kNeedMore) << cut;
    }
    const std::string whole = command;
    ASSERT_EQ(parser.parse(whole).status, Status::kCommand) << cut;
    EXPECT_THAT(parser.arguments(), ElementsAre("SET", "key", "value")) << cut;
  }
}

TEST(RequestParser, NamesTheBytesThatALargeBulkNeeds) {
  RequestParser parser;
  const std::string head = "*2\r\n$4\r\nECHO\r\n$1000000\r\n";
  std::string received = head + "begun";
  EXPECT_EQ(parser.parse(received).status, Status::kNeedMore);
  EXPECT_EQ(parser.expected_bytes(), head.size() + 1000000 + 2);
  received.resize(parser.expected_bytes(), 'x');
  EXPECT_EQ(parser.parse(received).status, Status::kCommand);
  EXPECT_EQ(parser.arguments()[1].size(), 1000000u);
}

TEST(RequestParser, ConsumesEmptyCommandsEvenWhenNoneFollows) {
  RequestParser parser;
  const auto step = parser.parse("\r\n\n*0\r\n*-1\r\n");
  EXPECT_EQ(step.status, Status::kNeedMore);
  EXPECT_EQ(step.consumed, 12u);
}

TEST(RequestParser, SaysWhatRedisSays) {
  EXPECT_EQ(error_of("*x\r\n"), "Protocol error: invalid multibulk length");
  EXPECT_EQ(error_of("*2147483648\r\n"), "Protocol error: invalid multibulk length");
  EXPECT_EQ(error_of("*1\r\n+2\r\n"), "Protocol error: expected '$', got '+'");
  EXPECT_EQ(error_of("*1\r\n\r\n"), "Protocol error: expected '$', got ' '");
  EXPECT_EQ(error_of("*1\r\n$-1\r\n"), "Protocol error: invalid bulk length");
  EXPECT_EQ(error_of("*1\r\n$536870913\r\n"), "Protocol error: invalid bulk length");
  EXPECT_EQ(error_of("zz \"a\r\n"), "Protocol error: unbalanced quotes in request");
  EXPECT_EQ(error_of(std::string(65537, 'z')), "Protocol error: too big inline request");
  EXPECT_EQ(error_of("*" + std::string(65536, '1')), "Protocol error: too big mbulk count string");
  EXPECT_EQ(error_of("*1\r\n$" + std::string(65536, '1')), "Protocol error: too big bulk count string");
}

TEST(RequestParser, HoldsUnauthenticatedClientsToLess) {
  EXPECT_EQ(error_of("*11\r\n", {}, false), "Protocol error: unauthenticated multibulk length");
  EXPECT_EQ(error_of("*1\r\n$16385\r\n", {}, false), "Protocol error: unauthenticated bulk length");
  EXPECT_EQ(error_of("*10\r\n$16384\r\n", {}, false), "none");
  EXPECT_EQ(error_of("*11\r\n$16385\r\n"), "none");
}

TEST(RequestParser, LongestLineIsOneThatEndsOneByteBehindTheLimit) {
  const RequestLimits limits{.max_line_bytes = 8};
  RequestParser parser(limits);
  EXPECT_EQ(parser.parse("12345678\n").status, Status::kCommand);
  EXPECT_EQ(error_of("12345678", limits), "none");
  EXPECT_EQ(error_of("123456789\n", limits), "Protocol error: too big inline request");
}

TEST(RequestParser, FollowsAChangeOfTheBulkLimit) {
  RequestParser parser;
  parser.set_max_bulk_bytes(3);
  EXPECT_EQ(parser.parse("*1\r\n$4\r\nPING\r\n").status, Status::kError);
}

TEST(RequestParser, StaysFailedOnceItFailed) {
  RequestParser parser;
  EXPECT_EQ(parser.parse("*x\r\n").status, Status::kError);
  EXPECT_EQ(parser.parse("PING\r\n").status, Status::kError);
}

TEST(RequestParser, ForgetsTheMemoryOfAHugeCommand) {
  std::string huge = "*5000\r\n";
  for (int i = 0; i < 5000; ++i) huge += "$1\r\na\r\n";
  RequestParser parser;
  ASSERT_EQ(parser.parse(huge).status, Status::kCommand);
  EXPECT_EQ(parser.arguments().size(), 5000u);
  ASSERT_EQ(parser.parse("PING x\r\n").status, Status::kCommand);
  EXPECT_THAT(parser.arguments(), ElementsAre("PING", "x"));
}

std::vector<std::string> words_of(std::string_view line) {
  std::string bytes;
  std::vector<std::size_t> sizes;
  if (!split_words(line, bytes, sizes)) return {"unbalanced"};
  std::vector<std::string> words;
  std::size_t at = 0;
  for (const std::size_t size : sizes) {
    words.push_back(bytes.substr(at, size));
    at += size;
  }
  return words;
}

TEST(SplitWords, QuotesAsRedisDoes) {
  EXPECT_THAT(words_of("  a  b\t"), ElementsAre("a", "b"));
  EXPECT_THAT(words_of(R"("a b" 'c d' "")"), ElementsAre("a b", "c d", ""));
  EXPECT_THAT(words_of(R"("\x41\n\r\t\b\a\q\"" 'it\'s\n')"), ElementsAre("A\n\r\t\b\aq\"", "it's\\n"));
  EXPECT_THAT(words_of(R"(a"b c"d)"), ElementsAre("unbalanced"));
  EXPECT_THAT(words_of(R"(a"b c")"), ElementsAre("ab c"));
  EXPECT_THAT(words_of(R"("\x4")"), ElementsAre("x4"));
  EXPECT_THAT(words_of("\"a\\"), ElementsAre("unbalanced"));
  EXPECT_THAT(words_of(" \t "), IsEmpty());
}

TEST(AppendCommand, WritesAMultibulk) {
  std::string written;
  append_command(written, {"SET", "", std::string_view("\r\n\0", 3)});
  EXPECT_EQ(written, std::string("*3\r\n$3\r\nSET\r\n$0\r\n\r\n$3\r\n\r\n\0\r\n", 28));
}

}  // namespace
}  // namespace weir::wire::resp
