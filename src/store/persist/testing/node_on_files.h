// For tests of persistence: a node without a loop, its files and the time; random changes of its data; and a disk whose
// plug can be pulled.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/random.h"
#include "runtime/sim_files.h"
#include "store/commands/dispatch.h"
#include "store/persist/data_files.h"
#include "store/persist/image/digest_sink.h"
#include "store/persist/image/entry_source.h"

namespace weir::store {

inline std::string digest_of(const Node& node) {
  DigestSink sink;
  hand_over_all(node.keyspace, sink);
  return sink.digest().value();
}

// A disk for several threads. From a moment on it does nothing any more, as if the plug had been pulled; or it lies.
class PluggedFiles final : public runtime::Files {
 public:
  explicit PluggedFiles(runtime::Files& files) : files_(files) {}

  // After so many operations more.
  void pull_plug_after(std::size_t operations) {
    const std::scoped_lock lock(mutex_);
    left_ = operations;
  }
  void plug_in() { pull_plug_after(static_cast<std::size_t>(-1)); }
  bool is_off() const {
    const std::scoped_lock lock(mutex_);
    return left_ == 0;
  }
  // Says that it was done without doing it.
  bool lies_about_syncs = false;
  bool lies_about_directories = false;

  base::Result<std::unique_ptr<runtime::File>> open(const std::string& path, runtime::OpenMode mode) override {
    return run([&]() -> base::Result<std::unique_ptr<runtime::File>> {
      auto file = files_.open(path, mode);
      if (!file) return file.error();
      return std::make_unique<PluggedFile>(*this, std::move(*file));
    });
  }
  base::Result<bool> exists(const std::string& path) override {
    return run([&] { return files_.exists(path); });
  }
  base::Result<void> rename(const std::string& from, const std::string& to) override {
    return run([&] { return files_.rename(from, to); });
  }
  base::Result<void> link(const std::string& from, const std::string& to) override {
    return run([&] { return files_.link(from, to); });
  }
  base::Result<void> remove(const std::string& path) override {
    return run([&] { return files_.remove(path); });
  }
  base::Result<void> create_directory(const std::string& path) override {
    return run([&] { return files_.create_directory(path); });
  }
  base::Result<std::vector<std::string>> list(const std::string& path) override {
    return run([&] { return files_.list(path); });
  }
  base::Result<void> sync_directory(const std::string& path) override {
    return run([&] { return lies_about_directories ? base::Result<void>() : files_.sync_directory(path); });
  }
  base::Result<std::unique_ptr<runtime::FileLock>> lock(const std::string& path) override {
    return run([&] { return files_.lock(path); });
  }
  base::Result<std::uint64_t> free_bytes(const std::string& path) override {
    return run([&] { return files_.free_bytes(path); });
  }

 private:
  class PluggedFile final : public runtime::File {
   public:
    PluggedFile(PluggedFiles& files, std::unique_ptr<runtime::File> file) : files_(files), file_(std::move(file)) {}

    base::Result<std::size_t> read(std::uint64_t offset, std::span<char> into) override {
      return files_.run([&] { return file_->read(offset, into); });
    }
    base::Result<void> write(std::uint64_t offset, std::string_view bytes) override {
      return files_.run([&] { return file_->write(offset, bytes); });
    }
    base::Result<void> append(std::string_view bytes) override {
      return files_.run([&] { return file_->append(bytes); });
    }
    base::Result<void> sync() override {
      return files_.run([&] { return files_.lies_about_syncs ? base::Result<void>() : file_->sync(); });
    }
    base::Result<void> truncate(std::uint64_t bytes) override {
      return files_.run([&] { return file_->truncate(bytes); });
    }
    base::Result<std::uint64_t> size() override {
      return files_.run([&] { return file_->size(); });
    }
    base::Result<void> fill_to(std::uint64_t bytes) override {
      return files_.run([&] { return file_->fill_to(bytes); });
    }

   private:
    PluggedFiles& files_;
    std::unique_ptr<runtime::File> file_;
  };

  template <class Operation>
  std::invoke_result_t<Operation> run(Operation operation) {
    const std::scoped_lock lock(mutex_);
    if (left_ == 0) return base::fatal("the disk: Input/output error");
    --left_;
    return operation();
  }

  runtime::Files& files_;
  mutable std::mutex mutex_;
  std::size_t left_ = static_cast<std::size_t>(-1);
};

class NodeOnFiles {
 public:
  NodeOnFiles(runtime::Files& files, base::Clock& clock, Settings settings)
      : node(std::move(settings)),
        clock_(clock),
        persistence(node, {.files = files, .clock = clock, .process_id = 7, .wake = [this] { wake(); }}) {}

  // All that a client says reaches the files before its reply does: end_turn() follows.
  std::string run(std::initializer_list<std::string_view> words) {
    std::string output;
    execute(std::span(words.begin(), words.size()), session, node, base::unix_ms(clock_.wall()), output);
    return output;
  }
  // A change of any kind, of few keys, so that they are changed again.
  void change(base::Random& random) {
    session.database = random.below(3);
    const std::string key = std::to_string(random.below(60));
    const std::string text(random.below(random.chance(0.1) ? 9000 : 60), static_cast<char>('a' + random.below(26)));
    const std::string number = std::to_string(random.below(1'000'000));
    switch (random.below(11)) {
      case 0: run({"SET", key, text}); break;
      case 1: run({"SET", key, number, "PX", "100000000"}); break;
      case 2: run({"APPEND", key, text}); break;
      case 3: run({"DEL", key}); break;
      case 4: run({"PEXPIRE", key, "500000000"}); break;
      case 5: run({"HSET", "h" + key, number.substr(0, 2), text, number.substr(0, 1), "1"}); break;
      case 6: run({"ZADD", "z" + key, number, number.substr(0, 2)}); break;
      case 7: run({"INCR", "n" + key}); break;
      case 8: run({"SPOP", "s" + key}); break;
      case 9: run({"SADD", "s" + key, number, text.substr(0, 3)}); break;
      default:
        run({"MULTI"});
        run({"INCR", "one"});
        run({"SETRANGE", key, "5000", number});
        run({"INCR", "two"});
        run({"EXEC"});
    }
  }
  base::Result<void> load() {
    if (base::Result<void> begun = persistence.begin_loading(); !begun) return begun;
    while (node.loading) {
      if (base::Result<void> worked = persistence.work(std::chrono::milliseconds(1)); !worked) return worked;
    }
    return {};
  }
  // Works until nothing goes on in the background, waiting for its threads.
  base::Result<void> finish_work() {
    while (true) {
      while (persistence.has_work()) {
        if (base::Result<void> worked = persistence.work(std::chrono::milliseconds(1)); !worked) return worked;
      }
      const PersistenceFacts facts = persistence.facts();
      if (!facts.saving && !facts.rewriting) return {};
      seen_ = wait_for_wake(seen_);
    }
  }
  // How often a thread said that there is something to do.
  std::uint64_t wakes() const {
    const std::scoped_lock lock(mutex_);
    return wakes_;
  }
  // Until one does after the `seen` ones; how many there were.
  std::uint64_t wait_for_wake(std::uint64_t seen) {
    std::unique_lock lock(mutex_);
    woken_.wait(lock, [&] { return wakes_ > seen; });
    return wakes_;
  }

  Node node;
  Session session;

 private:
  void wake() {
    const std::scoped_lock lock(mutex_);
    ++wakes_;
    woken_.notify_all();
  }

  base::Clock& clock_;
  mutable std::mutex mutex_;
  std::condition_variable woken_;
  std::uint64_t wakes_ = 0;
  std::uint64_t seen_ = 0;

 public:
  DataFiles persistence;
};

}  // namespace weir::store
