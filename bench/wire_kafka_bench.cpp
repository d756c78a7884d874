// What the Kafka codec costs: part of weir-wire-bench. Items are frames, batches or records, as the names say.
#include <benchmark/benchmark.h>

#include <fmt/format.h>

#include "base/assert.h"
#include "wire/kafka/batch_builder.h"
#include "wire/kafka/frame.h"
#include "wire/kafka/messages/fetch.h"
#include "wire/kafka/messages/produce.h"
#include "wire/kafka/record.h"

namespace weir::wire::kafka {
namespace {

constexpr int kRecords = 16;
constexpr std::int64_t kTime = 1'700'000'000'000;

// Records of 1 KB, as a producer that fills its default batch of 16 KB sends them.
std::string batch_of(int records) {
  BatchBuilder builder({.base_timestamp_ms = kTime});
  for (int i = 0; i < records; ++i) builder.add(fmt::format("key:{:06}", i), std::string(1024, 'x'), kTime + i);
  std::string batch;
  builder.append_to(batch);
  return batch;
}

// One topic with a batch of one record for each partition.
void kafka_decode_produce(benchmark::State& state) {
  const std::string batch = batch_of(1);
  ProduceRequest request{.acks = -1, .timeout_ms = 30'000};
  request.topics.push_back({.name = "events"});
  for (int i = 0; i < state.range(0); ++i) request.topics[0].partitions.push_back({i, Records{batch}});
  std::string bytes;
  append_request(bytes, 7, 1, "producer-1", request);
  ProduceRequest read;
  for (auto _ : state) {
    const FrameStep step = take_frame(bytes);
    const auto header = parse_request(step.frame);
    const auto done = decode(header->body, header->version, read);
    WEIR_ASSERT(done);
    benchmark::DoNotOptimize(read.topics.data());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(kafka_decode_produce)->ArgName("partitions")->Arg(1)->Arg(100);

// The records stay where they are.
void kafka_encode_fetch(benchmark::State& state) {
  const std::string batch = batch_of(1);
  FetchResponse response;
  response.topics.push_back({.name = "events"});
  for (std::int32_t i = 0; i < state.range(0); ++i) {
    response.topics[0].partitions.push_back(
        {.index = i, .high_watermark = 1, .last_stable_offset = 1, .log_start_offset = 0, .records = Records{batch}});
  }
  std::string bytes;
  std::vector<Splice> splices;
  for (auto _ : state) {
    bytes.clear();
    splices.clear();
    append_response(bytes, 11, 1, response, &splices);
    benchmark::DoNotOptimize(bytes.data());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(kafka_encode_fetch)->ArgName("partitions")->Arg(1)->Arg(100);

// What a broker does with a batch of 16 KB before it takes it; nearly all of it is the checksum.
void kafka_check_batch(benchmark::State& state) {
  std::string bytes = batch_of(kRecords);
  for (auto _ : state) {
    const auto batch = RecordBatch::first(bytes);
    WEIR_ASSERT(batch && batch->check_produced());
    set_offset(bytes, batch->base_offset() + 1, 0);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(kafka_check_batch);

void kafka_read_records(benchmark::State& state) {
  const std::string bytes = batch_of(kRecords);
  const auto batch = RecordBatch::first(bytes);
  Record record;
  for (auto _ : state) {
    RecordReader reader(batch->payload(), batch->count());
    while (reader.next(record) == RecordReader::Status::kRecord) benchmark::DoNotOptimize(record.value);
  }
  state.SetItemsProcessed(state.iterations() * kRecords);
}
BENCHMARK(kafka_read_records);

void kafka_build_batch(benchmark::State& state) {
  const std::string value(1024, 'x');
  std::string bytes;
  for (auto _ : state) {
    bytes.clear();
    BatchBuilder builder({.base_timestamp_ms = kTime});
    for (int i = 0; i < kRecords; ++i) builder.add("key:000001", value, kTime);
    builder.append_to(bytes);
    benchmark::DoNotOptimize(bytes.data());
  }
  state.SetItemsProcessed(state.iterations() * kRecords);
}
BENCHMARK(kafka_build_batch);

}  // namespace
}  // namespace weir::wire::kafka
