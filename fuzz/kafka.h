// What must hold for any bytes given as a Kafka request, as the body of a response, or as a record batch.
#pragma once

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/checksum.h"
#include "fuzz/feed.h"
#include "wire/kafka/batch_builder.h"
#include "wire/kafka/frame.h"
#include "wire/kafka/messages/all.h"
#include "wire/kafka/record.h"

namespace weir::fuzz {

inline Violation check_kafka_error(const base::Error& error) {
  if (error.text().find("offset ") == std::string::npos) return "an error without its place: " + error.text();
  if (error.text().find_first_of("\r\n") != std::string::npos) return "an error of two lines";
  return {};
}

template <class M>
Violation check_kafka_message(std::string_view body, std::int16_t version) {
  using namespace wire::kafka;
  constexpr std::size_t kMaxElements = 1000;
  const auto written = [version](const M& message) {
    std::string bytes;
    Writer writer(bytes);
    encode(message, version, writer);
    return bytes;
  };
  M message;
  const auto read = decode(body, version, message, {.max_elements = kMaxElements});
  if (!read) return check_kafka_error(read.error());
  const std::string canonical = written(message);
  // What is no canonical form: a true that is not 1 and, in flexible versions, long varints and unknown tagged fields.
  const bool flexible = M::kMessage.api().flexible(version);
  if (flexible ? canonical.size() > body.size() : canonical.size() != body.size()) {
    return fmt::format("{} bytes read, {} written", body.size(), canonical.size());
  }
  M again;
  if (!decode(canonical, version, again)) return "what was written cannot be read";
  if (written(again) != canonical) return "written in two ways";
  return {};
}

// The input is a request's frame without its size.
inline Violation check_kafka_request(std::string_view input) {
  using namespace wire::kafka;
  const std::vector<char> block(input.begin(), input.end());
  const auto header = parse_request({block.data(), block.size()});
  if (!header) return header.error().text().find("request header") == std::string::npos ? "an error without words" : "";
  if (!header->supported) return header->api->key == ApiKey::kApiVersions ? "" : "an unknown version that is answered";
  return visit_api(header->api->key,
                   [&]<class Request, class Response>(std::type_identity<Request>, std::type_identity<Response>) {
                     return check_kafka_message<Request>(header->body, header->version);
                   });
}

// The input is the number of an API's row, a version, and a response's body.
inline Violation check_kafka_response(std::string_view input) {
  using namespace wire::kafka;
  if (input.size() < 2) return {};
  const Api& api = kApis[static_cast<unsigned char>(input[0]) % kApis.size()];
  const int versions = api.max_version - api.min_version + 1;
  const auto version = static_cast<std::int16_t>(api.min_version + static_cast<unsigned char>(input[1]) % versions);
  const std::vector<char> block(input.begin() + 2, input.end());
  return visit_api(api.key,
                   [&]<class Request, class Response>(std::type_identity<Request>, std::type_identity<Response>) {
                     return check_kafka_message<Response>({block.data(), block.size()}, version);
                   });
}

// The records of a batch put into a new one have to be the same records.
inline Violation check_kafka_records(const wire::kafka::RecordBatch& batch, std::string_view bytes) {
  using namespace wire::kafka;
  RecordReader reader(bytes, batch.count());
  Record record;
  BatchBuilder builder({.base_timestamp_ms = batch.base_timestamp_ms()});
  std::vector<Record> records;
  bool rising = true;
  for (auto status = reader.next(record); status != RecordReader::Status::kEnd; status = reader.next(record)) {
    if (status == RecordReader::Status::kError) return check_kafka_error(reader.error());
    if (records.size() == bytes.size()) return "more records than bytes";
    rising = rising && record.offset_delta > (records.empty() ? -1 : records.back().offset_delta);
    if (rising) builder.add(record);
    records.push_back(record);
  }
  if (std::ssize(records) != batch.count()) return "another count than the header's";
  if (!rising || records.empty()) return {};
  std::string rebuilt;
  builder.append_to(rebuilt);
  if (builder.size_bytes() > kBatchHeaderBytes + bytes.size()) return "more bytes written than read";
  const auto again = RecordBatch::first(rebuilt);
  if (!again || !again->check()) return "a batch that we wrote and refuse";
  RecordReader second(again->payload(), again->count());
  for (const Record& expected : records) {
    if (second.next(record) != RecordReader::Status::kRecord || !(record == expected)) return "another record";
  }
  return second.next(record) == RecordReader::Status::kEnd ? "" : "no end";
}

// The input is a batch. Its length, version and checksum are forged, or no input would get past them.
inline Violation check_kafka_batch(std::string_view input) {
  using namespace wire::kafka;
  constexpr std::size_t kMaxBytes = 64 << 10;
  // As it is, in a block of exactly its size.
  const std::vector<char> block(input.begin(), input.end());
  if (const auto batch = RecordBatch::first({block.data(), block.size()}); batch && batch->check_produced()) {
    if (!batch->check() || batch->control() || batch->count() <= 0) return "taken from a producer, and not readable";
  }
  if (input.size() < kBatchHeaderBytes) return {};

  std::string fixed;
  base::append_big_endian(fixed, static_cast<std::int32_t>(input.size() - kBatchSizeBytes));
  std::string forged(input);
  forged.replace(8, 4, fixed);
  forged[16] = 2;
  fixed.clear();
  base::append_big_endian(fixed, base::crc32c(std::string_view(forged).substr(21)));
  forged.replace(17, 4, fixed);
  const std::vector<char> exact(forged.begin(), forged.end());
  const auto batch = RecordBatch::first({exact.data(), exact.size()});
  if (!batch) return "a forged batch that is not taken";
  if (const auto readable = batch->check(); !readable) {
    return readable.error() == BatchFault::kCodec || readable.error() == BatchFault::kCount ? "" : "another fault";
  }
  std::string scratch;
  const auto bytes = record_bytes(*batch, kMaxBytes, scratch);
  if (scratch.size() > kMaxBytes + 1) return "decompressed beyond the limit";
  if (!bytes) return bytes.error().text().starts_with("decompressing ") ? "" : "an error without words";
  return check_kafka_records(*batch, *bytes);
}

}  // namespace weir::fuzz
