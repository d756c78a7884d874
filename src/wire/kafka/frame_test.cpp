#include "wire/kafka/frame.h"

#include <gtest/gtest.h>

#include "wire/kafka/hex_for_tests.h"
#include "wire/kafka/messages/cluster.h"
#include "wire/kafka/messages/fetch.h"
#include "wire/kafka/messages/group.h"

namespace weir::wire::kafka {
namespace {

using Status = FrameStep::Status;

TEST(KafkaFrame, IsTakenWhenItIsWhole) {
  const std::string received = from_hex("00000005 0102030405 0000");
  for (std::size_t size = 0; size < 9; ++size) {
    const FrameStep step = take_frame(std::string_view(received).substr(0, size));
    EXPECT_EQ(step.status, Status::kNeedMore);
    EXPECT_EQ(step.expected_bytes, size < 4 ? 4u : 9u);
    EXPECT_EQ(step.consumed, 0u);
  }
  const FrameStep step = take_frame(received);
  EXPECT_EQ(step.status, Status::kFrame);
  EXPECT_EQ(step.frame, std::string_view(received).substr(4, 5));
  EXPECT_EQ(step.consumed, 9u);
}

TEST(KafkaFrame, IsRefusedByItsSizeAlone) {
  EXPECT_EQ(take_frame(from_hex("00000004"), 4).status, Status::kNeedMore);
  EXPECT_EQ(take_frame(from_hex("00000005"), 4).status, Status::kRefused);
  EXPECT_EQ(take_frame(from_hex("00000003")).status, Status::kRefused);
  EXPECT_EQ(take_frame(from_hex("ffffffff")).status, Status::kRefused);
  EXPECT_EQ(take_frame(from_hex("80000000")).refused_size, std::numeric_limits<std::int32_t>::min());
  EXPECT_EQ(take_frame(from_hex("06400000")).status, Status::kNeedMore);
  EXPECT_EQ(take_frame("GET / HTTP/1.1\r\n").refused_size, 0x47455420);
}

TEST(KafkaRequestHeader, IsReadInBothForms) {
  std::string frame = from_hex("000c 0003 00000007 0002 6162 ee");
  auto header = parse_request(frame);
  ASSERT_TRUE(header) << header.error().text();
  EXPECT_EQ(header->api->key, ApiKey::kHeartbeat);
  EXPECT_EQ(header->version, 3);
  EXPECT_EQ(header->correlation_id, 7);
  EXPECT_EQ(header->client_id, "ab");
  EXPECT_EQ(header->body, "\xee");

  // Flexible: the client id as before, then tagged fields.
  frame = from_hex("0012 0003 00000007 ffff 02 00 01 aa 05 00 ee");
  header = parse_request(frame);
  ASSERT_TRUE(header) << header.error().text();
  EXPECT_TRUE(header->supported);
  EXPECT_EQ(header->client_id, std::nullopt);
  EXPECT_EQ(header->body, "\xee");
}

TEST(KafkaRequestHeader, NamesWhatIsWrong) {
  const auto error = [](std::string_view hex) { return parse_request(from_hex(hex)).error().text(); };
  EXPECT_EQ(error("0000 0003 000000"), "request header: at offset 4: 4 bytes expected, 3 left");
  EXPECT_EQ(error("03e7 0000 00000001 0000"), "request header: no API has the key 999");
  EXPECT_EQ(error("0000 0008 00000001 0000"), "request header: Produce v8 is not served, only v0 to v7");
  EXPECT_EQ(error("0000 ffff 00000001 0000"), "request header: Produce v-1 is not served, only v0 to v7");
  EXPECT_EQ(error("0000 0003 00000001 0003 6162"),
            "Produce v3 request header: client_id at offset 10: 3 bytes announced, 2 left");
  EXPECT_EQ(error("0000 0003 00000001 fffe"), "Produce v3 request header: client_id at offset 10: a length of -2");
  EXPECT_EQ(error("0012 0003 00000001 ffff 01 00 09"),
            "ApiVersions v3 request header: tagged fields at offset 13: 9 bytes announced, 0 left");
}

TEST(KafkaRequestHeader, OfAnUnknownApiVersionsCanBeAnswered) {
  const auto header = parse_request(from_hex("0012 0063 00000007 fefe"));
  ASSERT_TRUE(header);
  EXPECT_FALSE(header->supported);
  EXPECT_EQ(header->correlation_id, 7);
  std::string answer;
  append_response(answer, 0, header->correlation_id,
                  ApiVersionsResponse{.error_code = ErrorCode::kUnsupportedVersion, .api_keys = {{18, 0, 3}}});
  EXPECT_EQ(to_hex(answer), to_hex(from_hex("00000010 00000007 0023 00000001 0012 0000 0003")));
}

TEST(KafkaResponseHeader, OfApiVersionsIsNeverFlexible) {
  std::string answer;
  append_response(answer, 3, 7, ApiVersionsResponse{.api_keys = {{18, 0, 3}}});
  EXPECT_EQ(to_hex(answer), to_hex(from_hex("00000013 00000007 0000 02 0012 0000 0003 00 00000000 00")));
  const auto body = parse_response(std::string_view(answer).substr(4), api_of(ApiKey::kApiVersions), 3, 7);
  ASSERT_TRUE(body);
  ApiVersionsResponse read;
  EXPECT_TRUE(decode(*body, 3, read));
}

TEST(KafkaResponseHeader, OfAFlexibleVersionHasTaggedFields) {
  const auto body = parse_response(from_hex("00000007 01 00 02 abcd ee"), api_of(ApiKey::kHeartbeat), 4, 7);
  ASSERT_TRUE(body) << body.error().text();
  EXPECT_EQ(body->size(), 1u);
}

TEST(KafkaResponseHeader, MustAnswerTheRequest) {
  const auto body = parse_response(from_hex("00000008 ee"), api_of(ApiKey::kHeartbeat), 3, 7);
  ASSERT_FALSE(body);
  EXPECT_EQ(body.error(), base::fatal("Heartbeat v3 response header: the answer to 8, 7 was expected"));
}

TEST(KafkaRequest, IsWrittenAsItIsRead) {
  std::string frame = "before";
  append_request(frame, 0, 9, "me", HeartbeatRequest{.group_id = "g", .generation_id = 1, .member_id = "m"});
  EXPECT_EQ(to_hex(std::string_view(frame).substr(6)),
            to_hex(from_hex("00000016 000c 0000 00000009 0002 6d65  0001 67 00000001 0001 6d")));
  frame.clear();
  append_request(frame, 3, 9, std::nullopt, ApiVersionsRequest{"weir", "1"});
  EXPECT_EQ(to_hex(frame), to_hex(from_hex("00000013 0012 0003 00000009 ffff 00  05 77656972 02 31 00")));
}

TEST(KafkaResponse, LeavesRecordsToItsCaller) {
  FetchResponse response;
  response.topics.push_back({"t", {{.index = 0}, {.index = 1}, {.index = 2}}});
  response.topics[0].partitions[0].records = Records{"first"};
  response.topics[0].partitions[1].records = Records{""};
  response.topics[0].partitions[2].records = Records{"second"};
  std::string whole = "before";
  append_response(whole, 11, 1, response);
  std::string pieces = "before";
  std::vector<Splice> splices;
  append_response(pieces, 11, 1, response, &splices);
  ASSERT_EQ(splices.size(), 2u);
  std::string joined;
  std::size_t at = 0;
  for (const Splice& splice : splices) {
    joined += pieces.substr(at, splice.offset - at);
    joined += splice.bytes;
    at = splice.offset;
  }
  joined += pieces.substr(at);
  EXPECT_EQ(to_hex(joined), to_hex(whole));
  EXPECT_EQ(splices[0].bytes.data(), response.topics[0].partitions[0].records->view.data());
}

}  // namespace
}  // namespace weir::wire::kafka
