#include "wire/http1/body.h"

#include <gtest/gtest.h>

#include "wire/http1/writer.h"

namespace weir::wire::http1 {
namespace {

using Status = BodyDecoder::Status;

struct Decoded {
  std::string payload;
  Status status = Status::kNeedMore;
  int rejected_with = 0;
  std::string rest;
  std::string trailers;
};

Decoded decode(Body body, std::string_view bytes, const Limits& limits = {}) {
  BodyDecoder decoder(body, Message::kRequest, limits);
  Decoded decoded;
  while (true) {
    const BodyDecoder::Step step = decoder.decode(bytes);
    decoded.payload += step.data;
    decoded.status = step.status;
    if (step.status == Status::kDone) decoded.trailers = decoder.trailer_section();
    bytes.remove_prefix(step.consumed);
    if (step.status == Status::kData) continue;
    decoded.rejected_with = decoder.rejection().status;
    decoded.rest = bytes;
    EXPECT_EQ(decoder.payload_bytes(), decoded.payload.size());
    return decoded;
  }
}

Decoded chunks(std::string_view bytes, const Limits& limits = {}) {
  return decode({Framing::kChunked, 0}, bytes, limits);
}

TEST(BodyDecoder, LengthLeavesTheNextMessageAlone) {
  const Decoded decoded = decode({Framing::kLength, 5}, "helloGET /");
  EXPECT_EQ(decoded.status, Status::kDone);
  EXPECT_EQ(decoded.payload, "hello");
  EXPECT_EQ(decoded.rest, "GET /");
  EXPECT_EQ(decode({Framing::kLength, 0}, "GET /").rest, "GET /");
  EXPECT_EQ(decode({Framing::kNone, 0}, "GET /").status, Status::kDone);
}

TEST(BodyDecoder, ChunksBecomePayload) {
  const Decoded decoded = chunks("5\r\nhello\r\n00A;a=b;c=\"; \\\" \r\x09\"\r\n");
  EXPECT_EQ(decoded.rejected_with, 400);  // A CR inside quotes.
  const Decoded good = chunks("5\r\nhello\r\n00A;a=b;c=\"; \\\"\t\"\r\n0123456789\r\n0\r\n\r\nGET /");
  EXPECT_EQ(good.status, Status::kDone);
  EXPECT_EQ(good.payload, "hello0123456789");
  EXPECT_EQ(good.rest, "GET /");
  EXPECT_EQ(good.trailers, "");
}

TEST(BodyDecoder, TrailersAreCheckedAndKept) {
  const std::string section = "Checksum: 7\r\nX: y\r\n\r\n";
  const Decoded decoded = chunks("0\r\n" + section + "GET /");
  EXPECT_EQ(decoded.status, Status::kDone);
  EXPECT_EQ(decoded.trailers, section);
  Fields trailers;
  EXPECT_FALSE(parse_trailers(decoded.trailers, Message::kRequest, {}, trailers).has_value());
  EXPECT_EQ(trailers.find("checksum")->value, "7");
  for (const char* bad : {"Content-Length: 1\r\n", "Transfer-Encoding: chunked\r\n", "Host: a\r\n", "X : a\r\n",
                          "X: a\n", " X: a\r\n", "X\r\n"}) {
    EXPECT_EQ(chunks("0\r\n" + std::string(bad) + "\r\n").rejected_with, 400) << bad;
  }
}

TEST(BodyDecoder, RefusesChunksThatOthersMayReadOtherwise) {
  for (const char* bad : {"\r\n",
                          "x\r\n",
                          "0x5\r\n",
                          "-1\r\n",
                          "+1\r\n",
                          " 5\r\n",
                          "5 \r\n",
                          "5\n",
                          "5\rX",
                          "5 ;a\r\n",
                          "5;\r\n",
                          "5; a\r\n",
                          "5;a=\r\n",
                          "5;a=\"b\r\n",
                          "5;a=\"b\"c\r\n",
                          "5;a\n",
                          "5;a\rb",
                          "1\r\naX",
                          "1\r\na\rX",
                          "1\r\na\n",
                          "1\r\nab\r\n",
                          "00000000000000001\r\n",
                          "FFFFFFFFFFFFFFFFF\r\n",
                          "1_0\r\n"}) {
    EXPECT_EQ(chunks(bad).rejected_with, 400) << bad;
  }
}

TEST(BodyDecoder, KeepsItsLimits) {
  const Limits limits{.body_bytes = 10, .chunk_extension_bytes = 6, .trailer_bytes = 16};
  EXPECT_EQ(chunks("A\r\n0123456789\r\n0\r\n\r\n", limits).status, Status::kDone);
  EXPECT_EQ(chunks("B\r\n", limits).rejected_with, 413);
  EXPECT_EQ(chunks("FFFFFFFFFFFFFFFF\r\n", limits).rejected_with, 413);
  // Told at the second chunk's size, before its data.
  EXPECT_EQ(chunks("6\r\n012345\r\n5\r\n", limits).rejected_with, 413);
  // Extensions of all chunks count together, each with its line's CR.
  EXPECT_EQ(chunks("1;a\r\na\r\n1;b\r\nb\r\n0\r\n\r\n", limits).status, Status::kDone);
  EXPECT_EQ(chunks("1;a\r\na\r\n1;bcdef\r\n", limits).rejected_with, 400);
  EXPECT_EQ(chunks("0\r\nA: 1234567890\r\n\r\n", limits).rejected_with, 431);
  const Decoded until_close = decode({Framing::kUntilClose, 0}, "01234567890", limits);
  EXPECT_EQ(until_close.payload, "0123456789");
  EXPECT_EQ(until_close.rejected_with, 413);
}

TEST(BodyDecoder, KnowsWhetherAClosedConnectionCutItOff) {
  BodyDecoder until_close({Framing::kUntilClose, 0}, Message::kResponse, {});
  EXPECT_EQ(until_close.decode("all of it").data, "all of it");
  EXPECT_TRUE(until_close.whole_at_close());
  BodyDecoder by_length({Framing::kLength, 5}, Message::kResponse, {});
  by_length.decode("hell");
  EXPECT_FALSE(by_length.whole_at_close());
  by_length.decode("o");
  EXPECT_TRUE(by_length.whole_at_close());
  BodyDecoder chunked({Framing::kChunked, 0}, Message::kResponse, {});
  chunked.decode("0\r\n");
  EXPECT_FALSE(chunked.whole_at_close());
}

TEST(BodyDecoder, AServersFaultIsABadGateway) {
  BodyDecoder decoder({Framing::kChunked, 0}, Message::kResponse, {});
  EXPECT_EQ(decoder.decode("x").status, Status::kRejected);
  EXPECT_EQ(decoder.rejection().status, 502);
}

TEST(HeadWriter, WritesAMessageAnew) {
  RequestHead head;
  ASSERT_FALSE(parse_request_head(
                   "POST /p HTTP/1.1\r\nhost:a\r\nConnection:x\r\nX:1\r\nY: 2 \r\nContent-Length: 3\r\n\r\n", {}, head)
                   .has_value());
  std::string written;
  HeadWriter writer(written);
  writer.request(head.method, head.target);
  writer.end_to_end_fields(head.fields);
  writer.field("Via", "1.1 weir");
  writer.framing(head.body);
  writer.finish();
  EXPECT_EQ(written, "POST /p HTTP/1.1\r\nhost: a\r\nY: 2\r\nVia: 1.1 weir\r\nContent-Length: 3\r\n\r\n");
}

TEST(HeadWriter, ChunksEndInALastOne) {
  Fields trailers;
  ASSERT_FALSE(parse_trailers("T: 1\r\n\r\n", Message::kRequest, {}, trailers).has_value());
  std::string written;
  append_chunk(written, "0123456789abcdef");
  append_last_chunk(written, trailers);
  EXPECT_EQ(written, "10\r\n0123456789abcdef\r\n0\r\nT: 1\r\n\r\n");
}

TEST(HeadWriter, KnowsTheStandardPhrases) {
  std::string written;
  HeadWriter(written).response(431);
  HeadWriter(written).response(299);
  HeadWriter(written).response(200, "Fine");
  EXPECT_EQ(written, "HTTP/1.1 431 Request Header Fields Too Large\r\nHTTP/1.1 299 \r\nHTTP/1.1 200 Fine\r\n");
}

TEST(HeadWriterDeathTest, RefusesToSplitAMessage) {
  std::string written;
  EXPECT_DEATH(HeadWriter(written).field("X", "a\r\nY: b"), "assertion failed");
  EXPECT_DEATH(HeadWriter(written).field("X:", "a"), "assertion failed");
  EXPECT_DEATH(HeadWriter(written).request("GET", "/ HTTP/1.1\r\nX:"), "assertion failed");
  EXPECT_DEATH(append_chunk(written, ""), "assertion failed");
}

}  // namespace
}  // namespace weir::wire::http1
