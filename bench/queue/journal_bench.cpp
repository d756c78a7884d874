// The question of docs/design/004-queue-journal.md: where does an acknowledged batch go?
//
//   journal       into one journal, synced once for all that wait, and without a sync into its partition's segment;
//                 when a journal file is full, a thread syncs the segments it fed, and only then is the file used again
//   partitions    into its partition's segment, and every segment that was written is synced before the answer, by
//                 eight threads
//   late          into the journal only; the thread of the full file sorts its batches into the segments
//   interleaved   into one journal that is all there is: a partition is an index of places in it. Three ways to get its
//                 files: used again after their time, filled with zeros ahead by a thread, or just appended to
//
// A closed loop: so many batches are always waiting, to partitions chosen at random, and all that wait go in one group.
// The answer to a batch is the end of its group's sync.
//
//   build/weir-journal-bench write DIRECTORY SECONDS BATCH_BYTES WAITING PARTITIONS...
//   build/weir-journal-bench read DIRECTORY BATCH_BYTES
//
// `read` compares what a consumer of one partition pays that is far behind: its records side by side, or interleaved
// with those of a hundred partitions. Linux only; a prototype, which shares nothing with the broker.
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <chrono>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/assert.h"
#include "base/bytes.h"
#include "base/histogram.h"
#include "base/random.h"

namespace weir {
namespace {

namespace fs = std::filesystem;
using Steady = std::chrono::steady_clock;

constexpr std::size_t kJournalFileBytes = 64 << 20;
// One is written, one waits for its checkpoint.
constexpr int kJournalFiles = 2;
constexpr std::size_t kEntryHeaderBytes = 32;
constexpr int kSyncThreads = 8;

class Descriptor {
 public:
  explicit Descriptor(const fs::path& path) : fd_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
    WEIR_ASSERT(fd_ >= 0);
  }
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }

  void write(std::string_view bytes, std::uint64_t offset) const {
    WEIR_ASSERT(::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset)) == std::ssize(bytes));
  }
  void read(std::span<char> into, std::uint64_t offset) const {
    WEIR_ASSERT(::pread(fd_, into.data(), into.size(), static_cast<off_t>(offset)) == std::ssize(into));
  }
  void sync() const { WEIR_ASSERT(::fdatasync(fd_) == 0); }
  void forget_cached() const {
    sync();
    WEIR_ASSERT(::posix_fadvise(fd_, 0, 0, POSIX_FADV_DONTNEED) == 0);
  }
  // Zeros in place before use: a sync then has no block to allocate and no size to note.
  void fill(std::size_t bytes) const {
    const std::string zeros(1 << 20, '\0');
    for (std::size_t at = 0; at < bytes; at += zeros.size()) write(zeros, at);
    sync();
  }

 private:
  int fd_;
};

// Of this process, all threads: user and system time.
double cpu_seconds() {
  rusage usage{};
  WEIR_ASSERT(::getrusage(RUSAGE_SELF, &usage) == 0);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double seconds_since(Steady::time_point start) { return std::chrono::duration<double>(Steady::now() - start).count(); }

struct Segment {
  Descriptor file;
  std::uint64_t end = 0;
  bool dirty = false;
};

std::vector<Segment> open_segments(const fs::path& directory, int partitions) {
  std::vector<Segment> segments;
  for (int i = 0; i < partitions; ++i) segments.push_back({Descriptor(directory / fmt::format("segment-{}", i))});
  return segments;
}

// Where groups of batches go. One thread calls take() for each batch of a group, then commit().
class Log {
 public:
  virtual ~Log() = default;
  virtual void take(std::size_t partition, std::string_view batch) = 0;
  // Returns when the group is durable.
  virtual void commit() = 0;
};

// Where a journal's next file comes from.
enum class NextFile { kRecycled, kFilledAhead, kAppended };

// The journal's writing half, of all logs that have one.
class JournalWriter {
 public:
  JournalWriter(fs::path directory, NextFile next) : directory_(std::move(directory)), next_(next) {
    if (next_ == NextFile::kAppended) {
      files_.push_back(open_next());
      return;
    }
    for (int i = 0; i < kJournalFiles; ++i) {
      files_.push_back(open_next());
      files_.back().fill(kJournalFileBytes);
    }
  }
  JournalWriter(const JournalWriter&) = delete;
  JournalWriter& operator=(const JournalWriter&) = delete;
  ~JournalWriter() {
    if (filling_.joinable()) filling_.join();
  }

  // Returns where in the file the batch will stand.
  std::size_t take(std::size_t partition, std::string_view batch) {
    std::string header;
    base::append_little_endian(header, static_cast<std::uint64_t>(partition));
    header.resize(kEntryHeaderBytes);
    group_ += header;
    group_ += batch;
    return at_ + group_.size() - batch.size();
  }
  // Whether another group of this size has no room: asked behind commit().
  bool full() const { return at_ + group_bytes_ > kJournalFileBytes; }
  void next_file() {
    at_ = 0;
    if (next_ == NextFile::kRecycled) {
      current_ = (current_ + 1) % files_.size();
      return;
    }
    if (filling_.joinable()) filling_.join();
    files_.pop_front();
    files_.push_back(open_next());
    if (next_ == NextFile::kFilledAhead)
      filling_ = std::thread([&file = files_.back()] { file.fill(kJournalFileBytes); });
  }
  void commit() {
    const Descriptor& file = current();
    file.write(group_, at_);
    at_ += group_.size();
    group_bytes_ = group_.size();
    group_.clear();
    file.sync();
  }
  const Descriptor& current() const { return files_[current_]; }

 private:
  Descriptor open_next() { return Descriptor(directory_ / fmt::format("journal-{}", opened_++)); }

  const fs::path directory_;
  const NextFile next_;
  int opened_ = 0;
  std::deque<Descriptor> files_;  // References stay while others come and go.
  std::size_t current_ = 0;
  std::thread filling_;
  std::string group_;
  std::size_t group_bytes_ = 0;
  std::size_t at_ = 0;
};

class JournalAndSegments final : public Log {
 public:
  JournalAndSegments(const fs::path& directory, int partitions)
      : journal_(directory, NextFile::kRecycled), segments_(open_segments(directory, partitions)) {}
  ~JournalAndSegments() override { finish_checkpoint(); }

  void take(std::size_t partition, std::string_view batch) override {
    journal_.take(partition, batch);
    Segment& segment = segments_[partition];
    segment.file.write(batch, segment.end);
    segment.end += batch.size();
    segment.dirty = true;
  }
  void commit() override {
    journal_.commit();
    if (!journal_.full()) return;
    finish_checkpoint();
    start_checkpoint();
    journal_.next_file();
  }

 private:
  void start_checkpoint() {
    std::vector<const Descriptor*> dirty;
    for (Segment& segment : segments_) {
      if (std::exchange(segment.dirty, false)) dirty.push_back(&segment.file);
    }
    checkpoint_ = std::thread([dirty = std::move(dirty)] {
      for (const Descriptor* const file : dirty) file->sync();
    });
  }
  void finish_checkpoint() {
    if (checkpoint_.joinable()) checkpoint_.join();
  }

  JournalWriter journal_;
  std::vector<Segment> segments_;
  std::thread checkpoint_;
};

class LateSegments final : public Log {
 public:
  LateSegments(const fs::path& directory, int partitions)
      : journal_(directory, NextFile::kRecycled),
        segments_(open_segments(directory, partitions)),
        places_(static_cast<std::size_t>(partitions)) {}
  ~LateSegments() override { finish_checkpoint(); }

  void take(std::size_t partition, std::string_view batch) override {
    places_[partition].push_back({journal_.take(partition, batch), batch.size()});
  }
  void commit() override {
    journal_.commit();
    if (!journal_.full()) return;
    finish_checkpoint();
    start_checkpoint();
    journal_.next_file();
  }

 private:
  struct Place {
    std::size_t at;
    std::size_t size;
  };

  void start_checkpoint() {
    std::vector<std::vector<Place>> places(places_.size());
    places.swap(places_);
    checkpoint_ = std::thread([this, places = std::move(places), &journal = journal_.current()] {
      std::string file(kJournalFileBytes, '\0');
      journal.read(file, 0);
      std::string sorted;
      for (std::size_t i = 0; i < places.size(); ++i) {
        if (places[i].empty()) continue;
        sorted.clear();
        for (const Place& place : places[i]) sorted.append(file, place.at, place.size);
        segments_[i].file.write(sorted, segments_[i].end);
        segments_[i].end += sorted.size();
        segments_[i].file.sync();
      }
    });
  }
  void finish_checkpoint() {
    if (checkpoint_.joinable()) checkpoint_.join();
  }

  JournalWriter journal_;
  std::vector<Segment> segments_;           // The checkpoint's while there is one.
  std::vector<std::vector<Place>> places_;  // Of the batches in the current file.
  std::thread checkpoint_;
};

class SyncedPartitions final : public Log {
 public:
  SyncedPartitions(const fs::path& directory, int partitions) : segments_(open_segments(directory, partitions)) {
    for (int i = 1; i < kSyncThreads; ++i) threads_.emplace_back([this] { serve(); });
  }
  ~SyncedPartitions() override {
    stopping_ = true;
    begin_.arrive_and_wait();
    for (std::thread& thread : threads_) thread.join();
  }

  void take(std::size_t partition, std::string_view batch) override {
    Segment& segment = segments_[partition];
    segment.file.write(batch, segment.end);
    segment.end += batch.size();
    if (!std::exchange(segment.dirty, true)) dirty_.push_back(&segment);
  }
  void commit() override {
    next_ = 0;
    if (dirty_.size() == 1) {
      sync_all();
    } else {
      begin_.arrive_and_wait();
      sync_all();
      end_.arrive_and_wait();
    }
    dirty_.clear();
  }

 private:
  void sync_all() {
    for (std::size_t i = next_++; i < dirty_.size(); i = next_++) {
      dirty_[i]->file.sync();
      dirty_[i]->dirty = false;
    }
  }
  void serve() {
    while (true) {
      begin_.arrive_and_wait();
      if (stopping_) return;
      sync_all();
      end_.arrive_and_wait();
    }
  }

  std::vector<Segment> segments_;
  std::vector<Segment*> dirty_;  // Changed between the barriers only.
  std::atomic<std::size_t> next_ = 0;
  std::atomic<bool> stopping_ = false;
  std::barrier<> begin_{kSyncThreads};
  std::barrier<> end_{kSyncThreads};
  std::vector<std::thread> threads_;
};

class Interleaved final : public Log {
 public:
  Interleaved(const fs::path& directory, int partitions, NextFile next)
      : journal_(directory, next), index_(static_cast<std::size_t>(partitions)) {}

  void take(std::size_t partition, std::string_view batch) override {
    index_[partition].push_back(file_begin_ + journal_.take(partition, batch));
  }
  void commit() override {
    journal_.commit();
    if (!journal_.full()) return;
    file_begin_ += kJournalFileBytes;
    journal_.next_file();
  }

 private:
  JournalWriter journal_;
  std::vector<std::vector<std::uint64_t>> index_;
  std::uint64_t file_begin_ = 0;
};

class Directory {
 public:
  explicit Directory(fs::path path) : path_(std::move(path)) {
    WEIR_ASSERT(fs::create_directory(path_));  // Never one that was there.
  }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  ~Directory() {
    fs::remove_all(path_);
    ::sync();  // What is left to write must not burden the next run.
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

struct Load {
  double seconds;
  std::size_t batch_bytes;
  int waiting;
  std::vector<int> partitions;
};

void measure(std::string_view name, int partitions, Log& log, const Load& load) {
  base::Random random(1);
  const std::string batch(load.batch_bytes, 'x');
  base::Histogram latency;
  std::uint64_t batches = 0;
  const double cpu_before = cpu_seconds();
  const Steady::time_point start = Steady::now();
  while (seconds_since(start) < load.seconds) {
    const Steady::time_point began = Steady::now();
    for (int i = 0; i < load.waiting; ++i) log.take(random.below(static_cast<std::uint64_t>(partitions)), batch);
    log.commit();
    latency.record(static_cast<std::uint64_t>((Steady::now() - began).count()), 1);
    batches += static_cast<std::uint64_t>(load.waiting);
  }
  const double took = seconds_since(start);
  const double cpu = cpu_seconds() - cpu_before;
  const auto count = static_cast<double>(batches);
  fmt::print("| {} | {} | {:.0f}k | {:.0f} | {:.1f} | {:.2f} | {:.2f} | {:.0f} |\n", partitions, name,
             count / took / 1e3, count * static_cast<double>(load.batch_bytes) / took / 1e6, cpu / count * 1e6,
             static_cast<double>(latency.quantile(0.5)) / 1e6, static_cast<double>(latency.quantile(0.99)) / 1e6,
             static_cast<double>(latency.max()) / 1e6);
  std::fflush(stdout);
}

void write_all(const fs::path& root, const Load& load) {
  fmt::print(
      "| partitions | log | batches/s | MB/s | CPU us/batch | group p50 ms | p99 ms | at most ms |\n"
      "| --- | --- | --- | --- | --- | --- | --- | --- |\n");
  const auto run = [&]<class Kind>(std::type_identity<Kind>, std::string_view name, int partitions, auto... more) {
    const Directory directory(root / "journal-bench");
    Kind log(directory.path(), partitions, more...);
    measure(name, partitions, log, load);
  };
  for (const int partitions : load.partitions) {
    run(std::type_identity<JournalAndSegments>(), "journal", partitions);
    run(std::type_identity<LateSegments>(), "late", partitions);
    run(std::type_identity<SyncedPartitions>(), "partitions", partitions);
    run(std::type_identity<Interleaved>(), "interleaved, recycled", partitions, NextFile::kRecycled);
    run(std::type_identity<Interleaved>(), "interleaved, filled ahead", partitions, NextFile::kFilledAhead);
    run(std::type_identity<Interleaved>(), "interleaved, appended", partitions, NextFile::kAppended);
  }
}

void read_one(std::string_view name, const Descriptor& file, std::size_t piece, std::uint64_t stride,
              std::uint64_t total) {
  std::vector<char> into(piece);
  for (const bool cold : {true, false}) {
    if (cold) file.forget_cached();
    const double cpu_before = cpu_seconds();
    const Steady::time_point start = Steady::now();
    for (std::uint64_t i = 0; i < total / piece; ++i) file.read(into, i * stride);
    const auto megabytes = static_cast<double>(total) / 1e6;
    fmt::print("| {} | {} | {:.0f} | {:.0f} |\n", name, cold ? "cold" : "warm", megabytes / seconds_since(start),
               (cpu_seconds() - cpu_before) * 1e6 / megabytes);
  }
}

void read_all(const fs::path& root, std::size_t batch_bytes) {
  constexpr std::uint64_t kPartitions = 100;
  constexpr std::uint64_t kPartitionBytes = 16 << 20;
  constexpr std::size_t kPieceBytes = 1 << 20;  // What a consumer fetches of a partition at once.
  const Directory directory(root / "journal-bench");
  const Descriptor file(directory.path() / "log");
  file.fill(kPartitions * kPartitionBytes);
  fmt::print("| records | cache | MB/s | CPU us/MB |\n| --- | --- | --- | --- |\n");
  read_one("side by side", file, kPieceBytes, kPieceBytes, kPartitionBytes);
  read_one("interleaved", file, batch_bytes, batch_bytes * kPartitions, kPartitionBytes);
}

}  // namespace
}  // namespace weir

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() > 5 && arguments[0] == "write") {
    std::vector<int> partitions;
    for (std::size_t i = 5; i < arguments.size(); ++i) partitions.push_back(std::stoi(arguments[i]));
    weir::write_all(arguments[1], {.seconds = std::stod(arguments[2]),
                                   .batch_bytes = std::stoul(arguments[3]),
                                   .waiting = std::stoi(arguments[4]),
                                   .partitions = std::move(partitions)});
  } else if (arguments.size() == 3 && arguments[0] == "read") {
    weir::read_all(arguments[1], std::stoul(arguments[2]));
  } else {
    fmt::print(stderr,
               "usage: weir-journal-bench write DIRECTORY SECONDS BATCH_BYTES WAITING PARTITIONS...\n"
               "       weir-journal-bench read DIRECTORY BATCH_BYTES\n");
    return 2;
  }
  return 0;
}
