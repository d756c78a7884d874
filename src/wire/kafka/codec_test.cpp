#include "wire/kafka/codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wire/kafka/hex_for_tests.h"
#include "wire/kafka/messages/all.h"
#include "wire/kafka/random_message.h"

namespace weir::wire::kafka {
namespace {

using testing::ElementsAre;

template <class M>
std::string encoded(const M& message, std::int16_t version) {
  std::string bytes;
  Writer writer(bytes);
  encode(message, version, writer);
  return bytes;
}

template <class M>
std::string error_of(std::string_view body, std::int16_t version, ReadLimits limits = {}) {
  M message;
  const auto done = decode(body, version, message, limits);
  return done ? "" : done.error().text();
}

// A message as no API has it, for what the versions of today do not use yet.
struct Sample {
  struct Inner {
    std::string_view name;
    std::int8_t small = 7;

    static constexpr auto fields() { return table(field("name", &Inner::name), field("small", &Inner::small).from(1)); }
    friend bool operator==(const Inner&, const Inner&) = default;
  };

  std::string_view text;
  std::optional<std::string_view> maybe;
  std::vector<Inner> list;
  std::optional<std::vector<std::int32_t>> numbers;
  std::int64_t early = -5;
  std::optional<std::string_view> note;
  Inner extra;

  static constexpr auto fields() {
    using M = Sample;
    return table(field("text", &M::text), field("maybe", &M::maybe).nullable_from(1), field("list", &M::list),
                 field("numbers", &M::numbers), field("early", &M::early).until(0),
                 field("note", &M::note).from(2).tagged(1), field("extra", &M::extra).from(2).tagged(4));
  }
};

constexpr walk::Form kPlain{0, false};
constexpr walk::Form kFlexible{2, true};

std::string written(const Sample& sample, walk::Form form) {
  std::string bytes;
  Writer writer(bytes);
  walk::write_struct(writer, form, sample);
  return bytes;
}

TEST(KafkaTable, IsWrittenAsItStands) {
  const Sample sample{.text = "ab", .maybe = "c", .list = {{"x", 1}}, .numbers = {{1, -1}}, .early = 3};
  EXPECT_EQ(to_hex(written(sample, kPlain)),
            to_hex(from_hex("0002 6162  0001 63  00000001 0001 78  00000002 00000001 ffffffff  0000000000000003")));
}

TEST(KafkaTable, IsWrittenCompactInAFlexibleVersion) {
  const Sample sample{.text = "ab", .maybe = std::nullopt, .list = {{"x", 1}}, .numbers = {{1}}};
  EXPECT_EQ(to_hex(written(sample, kFlexible)), to_hex(from_hex("03 6162  00  02 02 78 01 00  02 00000001  00")));
}

TEST(KafkaTable, WritesTaggedFieldsThatAreNotInitial) {
  Sample sample{.note = "hi"};
  EXPECT_EQ(to_hex(written(sample, kFlexible)), to_hex(from_hex("01 00 01 00  01  01 03 03 6869")));
  sample.extra.name = "e";
  EXPECT_EQ(to_hex(written(sample, kFlexible)), to_hex(from_hex("01 00 01 00  02  01 03 03 6869  04 04 02 65 07 00")));
}

TEST(KafkaTable, ReadsTaggedFieldsAndSkipsWhatItDoesNotKnow) {
  const std::string bytes = from_hex("01 00 01 00  03  01 03 03 6869  02 05 ffffffffff  04 04 02 65 08 00");
  Reader reader(bytes);
  Sample sample;
  ASSERT_TRUE(walk::read_struct(reader, kFlexible, sample)) << reader.error("sample").text();
  EXPECT_EQ(reader.left(), 0u);
  EXPECT_EQ(sample.note, "hi");
  EXPECT_EQ(sample.extra, (Sample::Inner{"e", 8}));
}

TEST(KafkaTable, RefusesTaggedFieldsThatLeaveTheirBounds) {
  const auto failure = [](std::string_view tagged) {
    const std::string bytes = from_hex("01 00 01 00") + from_hex(tagged);
    Reader reader(bytes);
    Sample sample;
    return walk::read_struct(reader, kFlexible, sample) ? "" : reader.error("sample").text();
  };
  EXPECT_EQ(failure("01 01 02 03 6869"), "sample: note at offset 8: 2 bytes announced, 1 left");
  EXPECT_EQ(failure("01 01 04 03 6869 00"), "sample: tagged fields at offset 10: 1 bytes behind its end");
  EXPECT_EQ(failure("01 09 04 00"), "sample: tagged fields at offset 7: 4 bytes announced, 1 left");
  EXPECT_EQ(failure("ffffffff0f 09 00"), "sample: tagged fields at offset 11: 1 bytes expected, 0 left");
  EXPECT_EQ(failure("ffffffff1f"), "sample: tagged fields at offset 9: a varint of more than 32 bits");
  EXPECT_EQ(failure("8080808080 00"), "sample: tagged fields at offset 9: a varint of more than 32 bits");
}

TEST(KafkaTable, NullIsWrittenAsEmptyBeforeThereWasNull) {
  EXPECT_EQ(to_hex(written({.maybe = std::nullopt, .numbers = std::nullopt}, kPlain)),
            to_hex(from_hex("0000 0000 00000000 ffffffff fffffffffffffffb")));
  const std::string null_maybe = from_hex("0000 ffff 00000000 ffffffff 0000000000000000");
  Reader reader(null_maybe);
  Sample sample;
  EXPECT_FALSE(walk::read_struct(reader, kPlain, sample));
  EXPECT_EQ(reader.error("sample").text(), "sample: maybe at offset 4: null, where this version has none");
}

TEST(KafkaTable, GivesInitialValuesToFieldsThatTheVersionLacks) {
  const std::string bytes = from_hex("01 00 02 02 78 01 00 01  00");
  Reader reader(bytes);
  Sample sample{.text = "old", .numbers = {{1}}, .early = 9, .note = "old", .extra = {"old", 1}};
  ASSERT_TRUE(walk::read_struct(reader, kFlexible, sample)) << reader.error("sample").text();
  EXPECT_EQ(sample.text, "");
  EXPECT_EQ(sample.numbers, std::vector<std::int32_t>());
  EXPECT_EQ(sample.early, -5);
  EXPECT_EQ(sample.note, std::nullopt);
  EXPECT_EQ(sample.extra, Sample::Inner());
  EXPECT_THAT(sample.list, ElementsAre(Sample::Inner{"x", 1}));
}

TEST(KafkaTable, CountsTheFewestBytesOfAnElement) {
  EXPECT_EQ(walk::min_bytes<Sample::Inner>({0, false}), 2u);
  EXPECT_EQ(walk::min_bytes<Sample::Inner>({1, false}), 3u);
  EXPECT_EQ(walk::min_bytes<Sample::Inner>(kFlexible), 3u);
  EXPECT_EQ(walk::min_bytes<Sample>(kPlain), 2u + 2 + 4 + 4 + 8);
  EXPECT_EQ(walk::min_bytes<FetchRequest::Partition>({11, false}), 28u);
}

// acks=all to partitions 3 and 4 of one topic; the second without records.
constexpr std::string_view kProduce7 =
    "ffff ffff 00007530 00000001 0001 74 00000002  00000003 00000004 01020304  00000004 ffffffff";

TEST(KafkaCodec, ReadsProduceWithoutCopyingRecords) {
  const std::string body = from_hex(kProduce7);
  ProduceRequest request;
  ASSERT_TRUE(decode(body, 7, request));
  EXPECT_EQ(request.transactional_id, std::nullopt);
  EXPECT_EQ(request.acks, -1);
  EXPECT_EQ(request.timeout_ms, 30'000);
  ASSERT_EQ(request.topics.size(), 1u);
  EXPECT_EQ(request.topics[0].name, "t");
  ASSERT_EQ(request.topics[0].partitions.size(), 2u);
  EXPECT_EQ(request.topics[0].partitions[0].index, 3);
  EXPECT_EQ(request.topics[0].partitions[0].records->view.data(), body.data() + 27);
  EXPECT_EQ(request.topics[0].partitions[0].records->view, "\1\2\3\4");
  EXPECT_EQ(request.topics[0].partitions[1].records, std::nullopt);
  EXPECT_EQ(to_hex(encoded(request, 7)), to_hex(body));
  EXPECT_EQ(to_hex(encoded(request, 0)), to_hex(body.substr(2)));
}

TEST(KafkaCodec, KeepsTheMemoryOfAMessageThatIsReadAgain) {
  const std::string body = from_hex(kProduce7);
  ProduceRequest request;
  ASSERT_TRUE(decode(body, 7, request));
  const auto* const topics = request.topics.data();
  const auto* const partitions = request.topics[0].partitions.data();
  ASSERT_TRUE(decode(body, 7, request));
  EXPECT_EQ(request.topics.data(), topics);
  EXPECT_EQ(request.topics[0].partitions.data(), partitions);
}

TEST(KafkaCodec, WritesFetchOfEachShape) {
  FetchResponse response{.throttle_time_ms = 1, .session_id = 0};
  response.topics.push_back({.name = "t", .partitions = {{.index = 2, .high_watermark = 9, .last_stable_offset = 9}}});
  response.topics[0].partitions[0].records = Records{"RR"};
  EXPECT_EQ(to_hex(encoded(response, 0)),
            to_hex(from_hex("00000001 0001 74 00000001 00000002 0000 0000000000000009 00000002 5252")));
  EXPECT_EQ(
      to_hex(encoded(response, 4)),
      to_hex(from_hex("00000001 00000001 0001 74 00000001 00000002 0000 0000000000000009 0000000000000009 ffffffff"
                      "00000002 5252")));
  EXPECT_EQ(to_hex(encoded(response, 11)),
            to_hex(from_hex("00000001 0000 00000000 00000001 0001 74 00000001 00000002 0000 0000000000000009"
                            "0000000000000009 ffffffffffffffff ffffffff ffffffff 00000002 5252")));
}

TEST(KafkaCodec, ReadsMetadataThatAsksForAllTopics) {
  MetadataRequest request;
  ASSERT_TRUE(decode(from_hex("ffffffff 01"), 4, request));
  EXPECT_EQ(request.topics, std::nullopt);
  ASSERT_TRUE(decode(from_hex("00000000"), 0, request));
  EXPECT_TRUE(request.topics.has_value() && request.topics->empty());
  EXPECT_TRUE(request.allow_auto_topic_creation);
  EXPECT_EQ(error_of<MetadataRequest>(from_hex("ffffffff"), 0),
            "Metadata v0 request: topics at offset 4: null, where this version has none");
}

TEST(KafkaCodec, NamesApiVersionFieldAndOffset) {
  const std::string body = from_hex(kProduce7);
  std::string too_long = body;
  too_long[26] = 64;
  EXPECT_EQ(error_of<ProduceRequest>(too_long, 7),
            "Produce v7 request: topics[0].partitions[0].records at offset 27: 64 bytes announced, 12 left");
  EXPECT_EQ(error_of<ProduceRequest>(body + "x", 7), "Produce v7 request: at offset 39: 1 bytes behind the last field");
  EXPECT_EQ(error_of<ProduceRequest>(from_hex("ffff ffff 00007530 fffffffe"), 7),
            "Produce v7 request: topics at offset 12: a length of -2");
  EXPECT_EQ(error_of<ProduceRequest>(from_hex("fff0 ffff 00007530 00000000"), 7),
            "Produce v7 request: transactional_id at offset 2: a length of -16");
  EXPECT_EQ(error_of<HeartbeatResponse>(from_hex("00"), 0),
            "Heartbeat v0 response: error_code at offset 0: 2 bytes expected, 1 left");
}

TEST(KafkaCodec, RefusesCountsThatTheFrameCannotHold) {
  EXPECT_EQ(error_of<ProduceRequest>(from_hex("ffff ffff 00007530 00000002 0000 00000000"), 7),
            "Produce v7 request: topics at offset 12: 2 elements announced, of 6 bytes at least, 6 left");
  EXPECT_EQ(error_of<ProduceRequest>(from_hex("ffff ffff 00007530 7fffffff 0000 00000000"), 7),
            "Produce v7 request: topics at offset 12: 2147483647 elements announced, of 6 bytes at least, 6 left");
}

TEST(KafkaCodec, BoundsTheElementsOfAllArraysTogether) {
  const std::string body = from_hex(kProduce7);
  EXPECT_EQ(error_of<ProduceRequest>(body, 7, {.max_elements = 3}), "");
  EXPECT_EQ(error_of<ProduceRequest>(body, 7, {.max_elements = 2}),
            "Produce v7 request: topics[0].partitions at offset 19: 2 elements, the limit leaves 1");
}

// ---- every API, every version ----

template <class M>
void expect_round_trip(std::int16_t version, std::uint64_t seed) {
  MessageFiller filler(seed);
  M message;
  filler.fill(message);
  const std::string bytes = encoded(message, version);
  SCOPED_TRACE(to_hex(bytes));
  M again;
  // What it held before must not be seen.
  MessageFiller(seed + 1).fill(again);
  const auto done = decode(bytes, version, again);
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_EQ(to_hex(encoded(again, version)), to_hex(bytes));
  M first_time;
  ASSERT_TRUE(decode(bytes, version, first_time));
  const std::int16_t last = M::kMessage.api().max_version;
  EXPECT_EQ(to_hex(encoded(again, last)), to_hex(encoded(first_time, last)));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    // In a block of its size, so that a sanitizer sees a read past the end.
    const std::vector<char> cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    M partial;
    ASSERT_FALSE(decode({cut.data(), cut.size()}, version, partial)) << "cut after " << size;
  }
  ASSERT_FALSE(decode(bytes + '\0', version, again));
}

class EveryApi : public testing::TestWithParam<Api> {};

TEST_P(EveryApi, ReadsWhatItWroteAndNothingShorter) {
  for (std::int16_t version = GetParam().min_version; version <= GetParam().max_version; ++version) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
      SCOPED_TRACE(fmt::format("version {}, seed {}", version, seed));
      visit_api(GetParam().key,
                [&]<class Request, class Response>(std::type_identity<Request>, std::type_identity<Response>) {
                  expect_round_trip<Request>(version, seed);
                  expect_round_trip<Response>(version, seed);
                });
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Kafka, EveryApi, testing::ValuesIn(kApis),
                         [](const auto& param) { return std::string(param.param.name); });

}  // namespace
}  // namespace weir::wire::kafka
