// The questions of docs/design/002-keyspace.md: what an item takes, what a lookup costs, how long growing stalls, and
// what a snapshot does to writes, by fork() and by walking while serving.
//
//   weir-keyspace-bench KEYS VALUE_BYTES            fill, then look up at random, 16 keys at a time
//   weir-keyspace-bench KEYS VALUE_BYTES fork|walk  fill, then 100,000 writes/s while a snapshot is written to /dev/shm
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/random.h"
#include "store/keyspace/keyspace.h"

namespace weir::bench {
namespace {

using Clock = std::chrono::steady_clock;
using store::Key;

double microseconds(Clock::duration time) { return std::chrono::duration<double, std::micro>(time).count(); }

std::string key_name(std::uint64_t index) { return fmt::format("key:{:012}", index); }

double resident_bytes() {
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  unsigned long all = 0, resident = 0;
  if (file == nullptr || std::fscanf(file, "%lu %lu", &all, &resident) != 2) std::abort();
  std::fclose(file);
  return static_cast<double>(resident) * 4096;
}

// Writes key and value of each entry, which is less than an RDB file holds, in blocks.
class FileSink final : public store::SnapshotSink {
 public:
  explicit FileSink(const char* path) : file_(std::fopen(path, "w")) {
    if (file_ == nullptr) std::abort();
  }
  ~FileSink() {
    write_out();
    std::fclose(file_);
  }
  void on_database(std::size_t, std::size_t, std::size_t) override {}
  void on_entry(std::size_t, const store::Entry& entry) override {
    store::NumberText scratch;
    block_.append(entry.key());
    block_.append(entry.string(scratch));
    if (block_.size() >= kBlockBytes) write_out();
  }
  void write_out() {
    if (std::fwrite(block_.data(), 1, block_.size(), file_) != block_.size()) std::abort();
    block_.clear();
  }

 private:
  static constexpr std::size_t kBlockBytes = 512 << 10;
  std::FILE* file_;
  std::string block_;
};

struct Bench {
  std::uint64_t keys;
  std::string value;
  store::Keyspace keyspace{1};
  base::Random random{1};

  store::Database& database() { return keyspace.database(0); }

  void fill() {
    const double resident = resident_bytes();
    Clock::duration longest{};
    const auto begin = Clock::now();
    auto last = begin;
    for (std::uint64_t i = 0; i < keys; ++i) {
      database().set_string(key_name(i), value, std::nullopt);
      const auto now = Clock::now();
      longest = std::max(longest, now - last);
      last = now;
    }
    const double count = static_cast<double>(keys);
    fmt::print("fill: {:.0f} ns a key, longest {:.0f} us; {:.1f} B an item counted, {:.1f} B resident\n",
               microseconds(last - begin) * 1000 / count, microseconds(longest),
               static_cast<double>(store::Heap::used_bytes()) / count, (resident_bytes() - resident) / count);
  }

  void look_up() {
    constexpr std::size_t kBatch = 16;
    std::string names;
    for (std::uint64_t i = 0; i < keys; ++i) names += key_name(random.below(keys));
    for (const bool ahead : {false, true}) {
      std::size_t found = 0;
      std::vector<Key> batch(kBatch, Key(std::string_view()));
      const std::uint64_t rounds = keys / kBatch;
      const auto begin = Clock::now();
      for (std::uint64_t round = 0; round < rounds; ++round) {
        for (std::size_t i = 0; i < kBatch; ++i) {
          batch[i] = Key(std::string_view(names).substr((round * kBatch + i) * 16, 16));
          if (ahead) database().prefetch_bucket(batch[i]);
        }
        if (ahead) {
          for (const Key& key : batch) database().prefetch_entry(key);
        }
        for (const Key& key : batch) found += database().look_up(key, 0) != nullptr;
      }
      fmt::print("look up, {}: {:.0f} ns\n", ahead ? "asked for ahead" : "one by one",
                 microseconds(Clock::now() - begin) * 1000 / static_cast<double>(rounds * kBatch));
      if (found != rounds * kBatch) std::abort();
    }
  }

  // 10 us from write to write, each as late as the snapshot makes it.
  void snapshot(bool by_fork) {
    constexpr const char* kPath = "/dev/shm/weir-keyspace-bench";
    constexpr auto kBetween = std::chrono::microseconds(10);
    const auto begin = Clock::now();
    FileSink sink(kPath);
    pid_t child = -1;
    if (by_fork) {
      child = fork();
      if (child == 0) {
        database().for_each([&](const store::Entry& entry) { sink.on_entry(0, entry); });
        sink.write_out();
        _exit(0);
      }
    } else {
      keyspace.begin_snapshot(sink);
    }
    fmt::print("begin: {:.0f} us\n", microseconds(Clock::now() - begin));
    std::vector<double> delays;
    bool going = true;
    while (going) {
      const auto now = Clock::now();
      for (auto due = begin + delays.size() * kBetween; due <= now; due += kBetween) {
        database().set_string(key_name(random.below(keys)), value, std::nullopt);
        delays.push_back(microseconds(Clock::now() - due));
      }
      if (by_fork) {
        going = waitpid(child, nullptr, WNOHANG) == 0;
      } else {
        going = keyspace.step_snapshot(256);
      }
    }
    const double seconds = microseconds(Clock::now() - begin) / 1e6;
    std::ranges::sort(delays);
    const auto at = [&](double part) { return delays[static_cast<std::size_t>(part * double(delays.size() - 1))]; };
    fmt::print("snapshot: {:.2f} s; a write is late by p50 {:.0f}, p99 {:.0f}, p99.9 {:.0f}, at most {:.0f} us\n",
               seconds, at(0.5), at(0.99), at(0.999), at(1));
    std::remove(kPath);
  }
};

int run(int count, char** words) {
  if (count < 3 || count > 4) {
    fmt::print(stderr, "usage: {} KEYS VALUE_BYTES [fork|walk]\n", words[0]);
    return 2;
  }
  Bench bench{.keys = std::strtoull(words[1], nullptr, 10), .value = std::string(std::stoul(words[2]), 'v')};
  bench.fill();
  if (count == 3) {
    bench.look_up();
  } else {
    bench.snapshot(std::string_view(words[3]) == "fork");
  }
  return 0;
}

}  // namespace
}  // namespace weir::bench

int main(int count, char** words) { return weir::bench::run(count, words); }
