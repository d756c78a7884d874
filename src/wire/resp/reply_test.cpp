#include <limits>

#include <gtest/gtest.h>

#include "wire/resp/reply_parser.h"
#include "wire/resp/reply_writer.h"

namespace weir::wire::resp {
namespace {

using Status = ReplyParser::Status;

template <class Write>
std::string written(Protocol protocol, Write write) {
  std::string bytes;
  ReplyWriter writer(bytes, protocol);
  write(writer);
  return bytes;
}

// Golden, RESP2 beside RESP3; tests/protocol_oracle holds them against Redis.
TEST(ReplyWriter, ShapeFollowsTheProtocolVersion) {
  const auto both = [](auto write) { return written(Protocol::kResp2, write) + written(Protocol::kResp3, write); };
  EXPECT_EQ(both([](ReplyWriter& to) { to.null(); }), "$-1\r\n_\r\n");
  EXPECT_EQ(both([](ReplyWriter& to) { to.null_array(); }), "*-1\r\n_\r\n");
  EXPECT_EQ(both([](ReplyWriter& to) { to.array(2); }), "*2\r\n*2\r\n");
  EXPECT_EQ(both([](ReplyWriter& to) { to.map(2); }), "*4\r\n%2\r\n");
  EXPECT_EQ(both([](ReplyWriter& to) { to.set(2); }), "*2\r\n~2\r\n");
  EXPECT_EQ(both([](ReplyWriter& to) { to.push(2); }), "*2\r\n>2\r\n");
  EXPECT_EQ(both([](ReplyWriter& to) { to.boolean(true); }), ":1\r\n#t\r\n");
  EXPECT_EQ(both([](ReplyWriter& to) { to.number(0.1); }), "$19\r\n0.10000000000000001\r\n,0.10000000000000001\r\n");
  EXPECT_EQ(both([](ReplyWriter& to) { to.number(-std::numeric_limits<double>::infinity()); }),
            "$4\r\n-inf\r\n,-inf\r\n");
  EXPECT_EQ(both([](ReplyWriter& to) { to.big_number("-12"); }), "$3\r\n-12\r\n(-12\r\n");
  EXPECT_EQ(both([](ReplyWriter& to) { to.verbatim("txt", "a"); }), "$1\r\na\r\n=5\r\ntxt:a\r\n");
  EXPECT_EQ(both([](ReplyWriter& to) { to.integer(std::numeric_limits<std::int64_t>::min()); }),
            ":-9223372036854775808\r\n:-9223372036854775808\r\n");
}

TEST(ReplyWriter, AnErrorIsOneLineWhateverItQuotes) {
  EXPECT_EQ(written(Protocol::kResp3, [](ReplyWriter& to) { to.error("ERR no 'a\r\n+OK' here\r\n"); }),
            "-ERR no 'a  +OK' here\r\n");
}

TEST(ReplyWriterDeathTest, RefusesWhatWouldBreakTheStream) {
  std::string bytes;
  EXPECT_DEATH(ReplyWriter(bytes, Protocol::kResp3).simple("a\r\nb"), "assertion failed");
  EXPECT_DEATH(ReplyWriter(bytes, Protocol::kResp2).attribute(1), "assertion failed");
}

Value read(std::string_view bytes) {
  ReplyParser parser;
  const auto step = parser.parse(bytes);
  EXPECT_EQ(step.status, Status::kValue) << parser.error();
  EXPECT_EQ(step.consumed, bytes.size());
  return std::move(parser.value());
}

std::string error_of(std::string_view bytes, ReplyLimits limits = {}) {
  ReplyParser parser(limits);
  return parser.parse(bytes).status == Status::kError ? parser.error() : "none";
}

TEST(ReplyParser, ReadsEveryType) {
  EXPECT_EQ(read("+OK\r\n").text, "OK");
  EXPECT_EQ(read("-MOVED 1 a:1\r\n").error_code(), "MOVED");
  EXPECT_EQ(read(":-42\r\n").integer, -42);
  EXPECT_EQ(read(":+42\r\n").integer, 42);
  EXPECT_EQ(read("$3\r\n\r\n\n\r\n").text, "\r\n\n");
  EXPECT_TRUE(read("$-1\r\n").is_null());
  EXPECT_TRUE(read("*-1\r\n").is_null());
  EXPECT_TRUE(read("_\r\n").is_null());
  EXPECT_EQ(read("#t\r\n").integer, 1);
  EXPECT_EQ(read("#f\r\n").type, Type::kBoolean);
  EXPECT_EQ(read(",-2.5e3\r\n").number, -2500.0);
  EXPECT_EQ(read(",inf\r\n").number, std::numeric_limits<double>::infinity());
  EXPECT_EQ(read("(12345678901234567890123\r\n").text, "12345678901234567890123");
  const Value verbatim = read("=7\r\nmkd:# A\r\n");
  EXPECT_EQ(verbatim.format + "|" + verbatim.text, "mkd|# A");
  EXPECT_TRUE(read("!7\r\nERR a\nb\r\n").is_error());
  EXPECT_EQ(read("%1\r\n+k\r\n:1\r\n").elements.size(), 2u);
  EXPECT_EQ(read("~0\r\n").type, Type::kSet);
}

TEST(ReplyParser, ReadsNestedRepliesInPieces) {
  const std::string bytes = "*2\r\n*2\r\n:1\r\n$2\r\nab\r\n%1\r\n+k\r\n*0\r\n";
  const Value whole = read(bytes);
  ReplyParser parser;
  std::string pending;
  ReplyParser::Step step{Status::kNeedMore, 0};
  for (const char byte : bytes) {
    ASSERT_EQ(step.status, Status::kNeedMore);
    pending += byte;
    step = parser.parse(pending);
    pending.erase(0, step.consumed);
  }
  ASSERT_EQ(step.status, Status::kValue);
  EXPECT_EQ(parser.value(), whole);
  EXPECT_EQ(whole.elements.at(1).elements.at(1).type, Type::kArray);
}

TEST(ReplyParser, ConsumesALargeArrayAsItArrives) {
  ReplyParser parser;
  const auto step = parser.parse("*1000000\r\n:1\r\n:2\r\n:3");
  EXPECT_EQ(step.status, Status::kNeedMore);
  EXPECT_EQ(step.consumed, std::string_view("*1000000\r\n:1\r\n:2\r\n").size());
}

TEST(ReplyParser, AttributesBelongToTheValueBehindThem) {
  const Value value = read("|1\r\n+ttl\r\n:10\r\n*2\r\n|1\r\n+a\r\n+b\r\n:1\r\n:2\r\n");
  ASSERT_EQ(value.type, Type::kArray);
  ASSERT_EQ(value.attributes.size(), 2u);
  EXPECT_EQ(value.attributes[0].text, "ttl");
  ASSERT_EQ(value.elements.size(), 2u);
  EXPECT_EQ(value.elements[0].attributes.size(), 2u);
  EXPECT_EQ(value.elements[1].attributes.size(), 0u);
}

TEST(ReplyParser, PushesStandBetweenRepliesOnly) {
  ReplyParser parser;
  const std::string_view bytes = ">2\r\n+invalidate\r\n*1\r\n+k\r\n+OK\r\n";
  const auto step = parser.parse(bytes);
  ASSERT_EQ(step.status, Status::kValue);
  EXPECT_EQ(parser.value().type, Type::kPush);
  ASSERT_EQ(parser.parse(bytes.substr(step.consumed)).status, Status::kValue);
  EXPECT_EQ(parser.value().text, "OK");
  EXPECT_EQ(error_of("*1\r\n>1\r\n"), "a push inside a reply");
}

TEST(ReplyParser, RefusesWhatIsNoReply) {
  for (const std::string_view bad : {"x\r\n",          "\r\n",
                                     "+a\rb",          "+a\nb\r\n",
                                     ":1x\r\n",        ":+-1\r\n",
                                     ":\r\n",          ":9223372036854775808\r\n",
                                     "_x\r\n",         "#x\r\n",
                                     ",x\r\n",         ",infinity\r\n",
                                     ",1e999\r\n",     "(1x\r\n",
                                     "(\r\n",          "$-2\r\n",
                                     "$01\r\n",        "$1\r\nabc",
                                     "$?\r\n",         "*?\r\n",
                                     "*-2\r\n",        "%-1\r\n",
                                     "=-1\r\n",        "=3\r\ntxt\r\n",
                                     "=4\r\ntext\r\n", "|1\r\n+a\r\n+b\r\n|1\r\n+a\r\n+b\r\n"}) {
    EXPECT_NE(error_of(bad), "none") << bad;
  }
}

TEST(ReplyParser, KeepsItsLimits) {
  const ReplyLimits limits{.max_bulk_bytes = 4, .max_line_bytes = 16, .max_depth = 2, .max_elements = 5};
  EXPECT_EQ(error_of("$4\r\nabcd\r\n", limits), "none");
  EXPECT_EQ(error_of("$5\r\n", limits), "a bulk of 5 bytes in a reply is over the limit");
  EXPECT_EQ(error_of("+123456789012345\r\n", limits), "none");
  EXPECT_EQ(error_of("+1234567890123456\r\n", limits), "a line of a reply is too long");
  EXPECT_EQ(error_of("*1\r\n*1\r\n:1\r\n", limits), "none");
  EXPECT_EQ(error_of("*1\r\n*1\r\n*1\r\n", limits), "a reply is nested too deeply");
  EXPECT_EQ(error_of("*5\r\n", limits), "none");
  EXPECT_EQ(error_of("*6\r\n", limits), "a reply has too many elements");
  EXPECT_EQ(error_of("%3\r\n", limits), "a reply has too many elements");
  EXPECT_EQ(error_of("*3\r\n*3\r\n", limits), "a reply has too many elements");
  EXPECT_EQ(error_of("%9223372036854775807\r\n"), "a reply has too many elements");
}

TEST(ReplyParser, CountsElementsForEachReplyAnew) {
  ReplyParser parser({.max_elements = 2});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(parser.parse("*2\r\n:1\r\n:2\r\n").status, Status::kValue);
}

}  // namespace
}  // namespace weir::wire::resp
