// The Kafka codec against bytes that others wrote: requests and responses that kafkajs recorded from real brokers and
// clients, what a broker and a tester said to each other, and log segments.
//
// The bytes are data that is not part of this repository: $WEIR_DATA/kafka/record-batches.tar.zst, else
// ../shared/data. On a machine without them the test is skipped; where CI=true it fails.
#include <cstdlib>
#include <filesystem>
#include <map>
#include <regex>
#include <sstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/protocol_oracle/tar_zst.h"
#include "wire/kafka/batch_builder.h"
#include "wire/kafka/frame.h"
#include "wire/kafka/hex_for_tests.h"
#include "wire/kafka/messages/all.h"
#include "wire/kafka/record.h"

namespace weir::test {
namespace {

using namespace wire::kafka;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using Files = std::map<std::string, std::string>;

constexpr std::size_t kMaxBytes = 16 << 20;

class RealKafkaBytes : public testing::Test {
 protected:
  void SetUp() override {
    const char* const data = std::getenv("WEIR_DATA");
    const std::filesystem::path root =
        data != nullptr ? data : std::filesystem::path(WEIR_SOURCE_DIR) / ".." / "shared" / "data";
    const auto files = read_tar_zst(root / "kafka" / "record-batches.tar.zst");
    if (!files) {
      const char* const ci = std::getenv("CI");
      ASSERT_FALSE(ci != nullptr && std::string_view(ci) == "true")
          << "kafka/record-batches.tar.zst must be there on CI";
      GTEST_SKIP() << "kafka/record-batches.tar.zst is not in $WEIR_DATA nor in ../shared/data";
    }
    files_ = *files;
  }

  Files files_;
};

// What a JSON file holds of a Node.js Buffer: {"type": "Buffer", "data": [0, 255]}.
std::string buffer_of(const std::string& json) {
  std::string bytes;
  const std::size_t begin = json.find('[');
  if (begin == std::string::npos) return bytes;
  std::istringstream numbers(json.substr(begin + 1));
  int number = 0;
  char comma = 0;
  while (numbers >> number) {
    bytes.push_back(static_cast<char>(number));
    numbers >> comma;
  }
  return bytes;
}

const Api* api_of_folder(std::string folder) {
  folder[0] = base::ascii_upper(folder[0]);
  const auto* const found = std::ranges::find(kApis, folder, &Api::name);
  return found == kApis.end() ? nullptr : found;
}

struct BatchCounts {
  int batches = 0;
  int records = 0;
  int rebuilt = 0;
  int old_formats = 0;
  int cut = 0;
  std::map<Compression, int> by_codec;
  std::map<std::string, int> refused;  // Batches, by what is wrong with their records.
};

void check_batch(const RecordBatch& batch, BatchCounts& counts) {
  const auto readable = batch.check();
  ASSERT_TRUE(readable) << to_string(readable.error());
  std::string scratch;
  const auto bytes = record_bytes(batch, kMaxBytes, scratch);
  ASSERT_TRUE(bytes) << bytes.error().text();
  BatchBuilder builder({.base_offset = batch.base_offset(),
                        .leader_epoch = batch.leader_epoch(),
                        .base_timestamp_ms = batch.base_timestamp_ms(),
                        .log_append_time = batch.has_log_append_time(),
                        .transactional = batch.transactional(),
                        .control = batch.control(),
                        .producer_id = batch.producer_id(),
                        .producer_epoch = batch.producer_epoch(),
                        .base_sequence = batch.base_sequence()});
  RecordReader reader(*bytes, batch.count());
  Record record;
  auto status = reader.next(record);
  for (; status == RecordReader::Status::kRecord; status = reader.next(record)) {
    builder.add(record);
    ++counts.records;
  }
  ++counts.batches;
  if (status == RecordReader::Status::kError) {
    ++counts.refused[reader.error().text()];
    return;
  }
  ++counts.by_codec[batch.compression()];
  if (batch.compression() != Compression::kNone) return;
  std::string rebuilt;
  builder.append_to(rebuilt);
  EXPECT_EQ(to_hex(rebuilt), to_hex(batch.bytes()));
  ++counts.rebuilt;
}

// Batches one after the other, the last perhaps cut off.
void check_batches(std::string_view bytes, BatchCounts& counts) {
  while (!bytes.empty()) {
    const auto batch = RecordBatch::first(bytes);
    if (!batch) {
      ASSERT_THAT(batch.error(), testing::AnyOf(BatchFault::kMagic, BatchFault::kCut));
      ++(batch.error() == BatchFault::kMagic ? counts.old_formats : counts.cut);
      return;
    }
    check_batch(*batch, counts);
    bytes.remove_prefix(batch->bytes().size());
  }
}

void check_records(const ProduceRequest& request, BatchCounts& counts) {
  for (const auto& topic : request.topics) {
    for (const auto& partition : topic.partitions) check_batches(partition.records.value_or(Records()).view, counts);
  }
}
void check_records(const FetchResponse& response, BatchCounts& counts) {
  for (const auto& topic : response.topics) {
    for (const auto& partition : topic.partitions) check_batches(partition.records.value_or(Records()).view, counts);
  }
}
template <class M>
void check_records(const M&, BatchCounts&) {}

// Empty, or why the bytes are not exactly what this codec writes for what it read in them.
template <class M>
std::string check_message(std::string_view body, std::int16_t version, BatchCounts& counts) {
  M message;
  if (const auto done = decode(body, version, message); !done) return done.error().text();
  std::string again;
  Writer writer(again);
  encode(message, version, writer);
  if (again != body) return fmt::format("read {}, would write {}", to_hex(body), to_hex(again));
  check_records(message, counts);
  return {};
}

TEST_F(RealKafkaBytes, OfKafkajsAreReadAndWrittenAgain) {
  const std::regex path_form(".*kafkajs-fixtures/requests/(\\w+)/fixtures/v(\\d+)_(request|response)[^/]*");
  BatchCounts counts;
  std::map<std::string, std::string> refused;
  int messages = 0;
  int apis_we_lack = 0;
  for (const auto& [path, json] : files_) {
    std::smatch parts;
    if (!std::regex_match(path, parts, path_form)) continue;
    SCOPED_TRACE(path);
    const Api* const api = api_of_folder(parts[1]);
    const auto version = static_cast<std::int16_t>(std::stoi(parts[2]));
    if (api == nullptr) {
      ++apis_we_lack;
      continue;
    }
    ASSERT_TRUE(api->declares(version));
    const std::string body = buffer_of(json);
    const std::string violation = visit_api(
        api->key, [&]<class Request, class Response>(std::type_identity<Request>, std::type_identity<Response>) {
          return parts[3] == "request" ? check_message<Request>(body, version, counts)
                                       : check_message<Response>(body, version, counts);
        });
    if (!violation.empty()) refused[path.substr(path.find("requests/") + 9)] = violation;
    ++messages;
  }
  // What one broker left out, though the protocol has it.
  EXPECT_THAT(refused, ElementsAre(Pair("apiVersions/fixtures/v1_response_missing_throttle_time.json",
                                        "ApiVersions v1 response: throttle_time_ms at offset 210: 4 bytes expected, 0 "
                                        "left")));
  EXPECT_EQ(messages, 156);
  EXPECT_EQ(apis_we_lack, 31);  // Transactions, access lists, SASL, reassignments.
  EXPECT_EQ(counts.batches, 16);
  EXPECT_EQ(counts.records, 60);
  EXPECT_THAT(counts.by_codec,
              ElementsAre(Pair(Compression::kNone, 13), Pair(Compression::kGzip, 2), Pair(Compression::kSnappy, 1)));
  EXPECT_EQ(counts.rebuilt, 13);
  EXPECT_EQ(counts.old_formats, 18);
  EXPECT_EQ(counts.cut, 0);
  EXPECT_THAT(counts.refused, IsEmpty());
}

TEST_F(RealKafkaBytes, OfLogSegmentsAndSingleBatchesAreRecordsToTheEnd) {
  BatchCounts counts;
  for (const auto& [path, bytes] : files_) {
    SCOPED_TRACE(path);
    if (path.ends_with(".log")) check_batches(bytes, counts);
    if (path.find("recordBatch/fixtures/v0_recordbatch") != std::string::npos) check_batches(buffer_of(bytes), counts);
  }
  EXPECT_EQ(counts.batches, 6);
  EXPECT_EQ(counts.records, 8);
  EXPECT_EQ(counts.rebuilt, 4);
  EXPECT_EQ(counts.cut + counts.old_formats, 0);
  // This batch is compressed by zstd, and does not say so.
  EXPECT_THAT(counts.refused, ElementsAre(Pair("record 0 of 1, offset 6, key: a length of 44, and 15 bytes left", 1)));
}

struct Dump {
  bool sent;
  std::string api;
  std::string bytes;
};

// A log with lines such as `[client] Hexdump of sent "Fetch" request:` and `[client] 0010 | 66 6b | fk` in colours.
std::vector<Dump> dumps_of(const std::string& log) {
  static const std::regex kColour("\033\\[[0-9;]*m");
  static const std::regex kTitle(".*Hexdump of (sent|received) \"(\\w+)\" .*");
  static const std::regex kLine(".* [0-9a-f]{4} \\| ([0-9a-f ]+)\\|.*");
  std::vector<Dump> dumps;
  std::istringstream lines(std::regex_replace(log, kColour, ""));
  for (std::string line; std::getline(lines, line);) {
    std::smatch parts;
    if (std::regex_match(line, parts, kTitle)) {
      dumps.push_back({parts[1] == "sent", parts[2], ""});
    } else if (!dumps.empty() && std::regex_match(line, parts, kLine)) {
      dumps.back().bytes += from_hex(parts[1].str());
    }
  }
  return dumps;
}

// What was said in versions newer than ours: frames, headers, the list of versions, and the batches inside.
TEST_F(RealKafkaBytes, OfATesterAndItsBrokerAreUnderstoodAsFarAsTheyAreSpoken) {
  BatchCounts counts;
  int answered_versions = 0;
  std::map<std::string, int> requests;
  for (const auto& [path, log] : files_) {
    if (!path.ends_with("/pass")) continue;
    for (const Dump& dump : dumps_of(log)) {
      SCOPED_TRACE(fmt::format("{} {} {} {}", path, dump.sent, dump.api, to_hex(dump.bytes)));
      const FrameStep step = take_frame(dump.bytes);
      ASSERT_EQ(step.status, FrameStep::Status::kFrame);
      EXPECT_EQ(step.consumed, dump.bytes.size());
      if (dump.sent) {
        const auto header = parse_request(step.frame);
        ++requests[header ? fmt::format("{} v{}", header->api->name, header->version) : header.error().text()];
      } else if (dump.api == "ApiVersions") {
        // Version 4 has the shape of version 3; an error is answered in version 0.
        const Api& api = api_of(ApiKey::kApiVersions);
        const auto id = base::load_big_endian<std::int32_t>(step.frame.data());
        const auto body = parse_response(step.frame, api, 3, id);
        ASSERT_TRUE(body);
        const bool refused = body->starts_with(from_hex("0023"));
        EXPECT_EQ(check_message<ApiVersionsResponse>(*body, refused ? 0 : 3, counts), "");
        ++answered_versions;
      }
      for (std::string_view rest = step.frame; rest.size() > kBatchHeaderBytes;) {
        const auto batch = RecordBatch::first(rest);
        const bool found = batch && batch->check();
        if (found) check_batch(*batch, counts);
        rest.remove_prefix(found ? batch->bytes().size() : 1);
      }
    }
  }
  EXPECT_EQ(answered_versions, 11);
  EXPECT_EQ(counts.batches, 12);
  EXPECT_EQ(counts.rebuilt, 9);
  // The tester has a writer of its own, which counts no headers as -1. Kafka's readers refuse that too.
  EXPECT_THAT(counts.refused, ElementsAre(Pair("record 0 of 1, offset 16, header count: -1, and 0 bytes left", 3)));
  EXPECT_THAT(requests, ElementsAre(Pair("ApiVersions v1698", 1), Pair("ApiVersions v4", 10),
                                    Pair("request header: Fetch v16 is not served, only v0 to v11", 5),
                                    Pair("request header: Produce v11 is not served, only v0 to v7", 7),
                                    Pair("request header: no API has the key 75", 4)));
}

}  // namespace
}  // namespace weir::test
