// What the RDB codec costs by itself: no file, no keyspace. Items are keys or entries, so "items_per_second" is the
// rate of one core that does nothing else.
//
//   build/weir-rdb-bench --benchmark_repetitions=5
#include <benchmark/benchmark.h>

#include <fmt/format.h>

#include "base/assert.h"
#include "base/checksum.h"
#include "base/random.h"
#include "store/persist/rdb/reader.h"
#include "store/persist/rdb/writer.h"
#include "store/types/listpack.h"

namespace weir::store::rdb {
namespace {

constexpr int kKeys = 500'000;

std::string noise(base::Random& random, std::size_t size) {
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>('!' + random.below(90));
  return bytes;
}

// Touches what it is given, as the least that a store would do.
class CountingSink final : public Sink {
 public:
  std::uint64_t bytes = 0;

  void aux(std::string_view, std::string_view) override {}
  bool select_database(std::uint64_t) override { return true; }
  void resize(std::uint64_t, std::uint64_t) override {}
  void function(std::string_view) override {}
  bool string(const Record& record, const Element& value) override {
    return add(record.key.size() + value.bytes.size());
  }
  bool packed(const Record& record, Packed, std::string_view blob) override {
    return add(record.key.size() + blob.size());
  }
  bool begin(const Record& record, Shape, std::uint64_t) override { return add(record.key.size()); }
  void list_element(const Element& element) override { add(element.bytes.size()); }
  void list_node(std::string_view listpack) override { add(listpack.size()); }
  bool set_member(const Element& member) override { return add(member.bytes.size()); }
  bool zset_member(const Element& member, double) override { return add(member.bytes.size()); }
  bool hash_field(const Element& field, const Element& value, std::uint64_t) override {
    return add(field.bytes.size() + value.bytes.size());
  }
  void stream_bytes(std::uint8_t, std::string_view piece) override { add(piece.size()); }
  void end() override {}

 private:
  bool add(std::size_t size) {
    bytes += size;
    return true;
  }
};

enum class Kind { kStrings, kHashes, kZsets };

// Strings of 16 + 32 bytes, which LZF cannot shrink; hashes of five fields; sorted sets of a hundred members.
std::string file_of(Kind kind) {
  base::Random random(1);
  std::string file;
  Writer writer(
      [&file](std::string_view piece) -> base::Result<void> {
        file += piece;
        return {};
      },
      {});
  writer.header();
  writer.select_database(0);
  const int keys = kind == Kind::kZsets ? kKeys / 100 : kKeys;
  for (int i = 0; i < keys; ++i) {
    const std::string key = fmt::format("key:{:012}", i);
    if (kind == Kind::kStrings) {
      writer.record({.key = key}, Type::kString).string(noise(random, 32));
      continue;
    }
    Listpack list;
    const int members = kind == Kind::kHashes ? 5 : 100;
    for (int n = 0; n < members; ++n) {
      list.append({EncodedEntry(fmt::format("member{:03}", n)), EncodedEntry(static_cast<std::int64_t>(n * 1000))});
    }
    writer.record({.key = key}, kind == Kind::kHashes ? Type::kHashListpack : Type::kZsetListpack)
        .string(list.view().blob());
  }
  WEIR_ASSERT(writer.finish());
  return file;
}

// In blocks of 1 MB, as a driver reads a file.
void read(benchmark::State& state, Kind kind) {
  const std::string file = file_of(kind);
  constexpr std::size_t kBlock = 1 << 20;
  for (auto _ : state) {
    CountingSink sink;
    Reader reader(sink);
    std::size_t at = 0;
    Reader::Status status = Reader::Status::kMore;
    while (status == Reader::Status::kMore) {
      const std::string_view window = std::string_view(file).substr(at, kBlock);
      const Reader::Step step = reader.read(window, file.size() - at - window.size());
      at += step.consumed;
      status = step.status;
    }
    WEIR_ASSERT(status == Reader::Status::kDone);
    benchmark::DoNotOptimize(sink.bytes);
  }
  state.SetItemsProcessed(state.iterations() * (kind == Kind::kZsets ? kKeys / 100 : kKeys));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(file.size()));
}
BENCHMARK_CAPTURE(read, strings_16_32, Kind::kStrings)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(read, hashes_of_5, Kind::kHashes)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(read, zsets_of_100, Kind::kZsets)->Unit(benchmark::kMillisecond);

void write(benchmark::State& state, bool compress) {
  base::Random random(1);
  std::vector<std::string> values;
  for (int i = 0; i < 1000; ++i) values.push_back(noise(random, 32));
  std::string key = "key:000000000000";
  std::uint64_t bytes = 0;
  for (auto _ : state) {
    Writer writer(
        [&bytes](std::string_view piece) -> base::Result<void> {
          bytes += piece.size();
          return {};
        },
        {.compress = compress});
    writer.header();
    for (int i = 0; i < kKeys; ++i) {
      key[15] = static_cast<char>('a' + i % 16);
      writer.record({.key = key}, Type::kString).string(values[static_cast<std::size_t>(i) % values.size()]);
    }
    WEIR_ASSERT(writer.finish());
  }
  state.SetItemsProcessed(state.iterations() * kKeys);
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
}
BENCHMARK_CAPTURE(write, strings_16_32, false)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(write, strings_16_32_tried_with_lzf, true)->Unit(benchmark::kMillisecond);

void checksum(benchmark::State& state) {
  const std::string bytes(1 << 20, 'x');
  for (auto _ : state) benchmark::DoNotOptimize(base::crc64(bytes));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes.size()));
}
BENCHMARK(checksum);

// Filling a hash of 64 fields, the way HSET does: look, then append.
void listpack_hset(benchmark::State& state) {
  std::vector<std::string> fields;
  for (int i = 0; i < 64; ++i) fields.push_back(fmt::format("field:{:010}", i));
  for (auto _ : state) {
    Listpack list;
    for (const std::string& field : fields) {
      if (list.view().find(field, list.begin(), 1) != list.end()) continue;
      list.append({EncodedEntry(field), EncodedEntry(std::string_view("some value"))});
    }
    benchmark::DoNotOptimize(list.size_bytes());
  }
  state.SetItemsProcessed(state.iterations() * 64);
}
BENCHMARK(listpack_hset);

void listpack_walk(benchmark::State& state) {
  Listpack list;
  for (int i = 0; i < 128; ++i) list.append(i % 2 == 0 ? fmt::format("field:{:010}", i) : std::to_string(i * 1000));
  for (auto _ : state) {
    std::int64_t sum = 0;
    for (const Element& element : list.view()) sum += element.integer + static_cast<std::int64_t>(element.bytes.size());
    benchmark::DoNotOptimize(sum);
  }
  state.SetItemsProcessed(state.iterations() * 128);
}
BENCHMARK(listpack_walk);

}  // namespace
}  // namespace weir::store::rdb

BENCHMARK_MAIN();
