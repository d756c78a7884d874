// The data in an append-only file, on a disk that fails and forgets (runtime/sim_files.h). Real processes and a real
// redis-server are in tests/system/append_only_test.py.
#include "store/persist/aof_persistence.h"

#include <cstdlib>
#include <deque>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "base/bytes.h"
#include "store/persist/testing/node_on_files.h"

namespace weir::store {
namespace {

using namespace std::chrono_literals;
using runtime::SimFiles;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

// How many crashes of each kind are tried, each a fifth of a second; WEIR_CRASH_SEEDS says otherwise.
std::uint64_t seeds() {
  const char* const asked = std::getenv("WEIR_CRASH_SEEDS");
  return asked == nullptr ? 12 : std::stoul(asked);
}
constexpr std::string_view kIncrement = "d/appendonlydir/appendonly.aof.1.incr.aof";

class AppendOnlyFile : public testing::Test {
 protected:
  AppendOnlyFile() { EXPECT_TRUE(disk_.create_directory("d")); }

  static Settings settings(AppendSync sync = AppendSync::kEverySecond) {
    Settings settings;
    settings.dir = "d";
    settings.save_points.clear();
    settings.appendonly = true;
    settings.appendfsync = sync;
    return settings;
  }
  // What a store that starts now finds, or why it cannot.
  std::string digest_on_disk(Settings with = settings()) {
    NodeOnFiles store(files_, clock_, std::move(with));
    const base::Result<void> loaded = store.load();
    return loaded ? digest_of(store.node) : loaded.error().text();
  }
  std::string bytes_of(std::string_view path) { return runtime::read_whole(disk_, std::string(path), 1 << 30).value(); }
  void put(std::string_view path, std::string_view bytes) {
    EXPECT_TRUE(disk_.open(std::string(path), runtime::OpenMode::kReplace).value()->write(0, bytes));
  }
  std::string manifest() { return bytes_of("d/appendonlydir/appendonly.aof.manifest"); }
  // Without the marks of blocks.
  std::string commands_of(std::string_view path) {
    std::string text;
    std::string bytes = bytes_of(path);
    for (std::size_t at = bytes.find("#CK:"); at != std::string::npos; at = bytes.find("#CK:")) {
      bytes.erase(at, aof::kMarkBytes);
    }
    return bytes;
  }
  // What went wrong when the machine stopped in the middle of random work; empty: nothing.
  std::string crash_once(AppendSync sync, std::uint64_t seed, bool replies_early = false);

  SimFiles disk_;
  PluggedFiles files_{disk_};
  base::SimClock clock_;
};

TEST_F(AppendOnlyFile, BeginsAsRedisBeginsOne) {
  NodeOnFiles store(files_, clock_, settings());
  ASSERT_TRUE(store.load());
  EXPECT_EQ(manifest(), "file appendonly.aof.1.base.rdb seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\n");
  store.run({"SET", "k", "v"});
  store.run({"GET", "k"});
  store.run({"SET", "k", "w", "NX"});
  store.session.database = 3;
  store.run({"MULTI"});
  store.run({"INCR", "n"});
  store.run({"PEXPIREAT", "n", "9000000000000"});
  store.run({"EXEC"});
  EXPECT_EQ(bytes_of(kIncrement), aof::first_mark());
  ASSERT_TRUE(store.persistence.end_turn());
  EXPECT_EQ(commands_of(kIncrement),
            "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n"
            "*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n*1\r\n$5\r\nMULTI\r\n*2\r\n$4\r\nINCR\r\n$1\r\nn\r\n"
            "*3\r\n$9\r\nPEXPIREAT\r\n$1\r\nn\r\n$13\r\n9000000000000\r\n*1\r\n$4\r\nEXEC\r\n");
  EXPECT_EQ(digest_on_disk(), digest_of(store.node));
}

TEST_F(AppendOnlyFile, HoldsAllThatWasDoneOverManyStartsAndRewrites) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    base::Random random(seed);
    NodeOnFiles store(files_, clock_, settings());
    ASSERT_TRUE(store.load());
    for (int turn = 0; turn < 150; ++turn) {
      for (std::uint64_t changes = random.below(8); changes > 0; --changes) store.change(random);
      ASSERT_TRUE(store.persistence.end_turn());
      if (random.chance(0.05)) store.run({"BGREWRITEAOF"});
      if (store.persistence.has_work()) {
        ASSERT_TRUE(store.persistence.work(0ms));
      }
      if (random.chance(0.05)) {
        ASSERT_TRUE(store.finish_work());
      }
    }
    ASSERT_TRUE(store.persistence.end_turn());
    ASSERT_EQ(digest_on_disk(), digest_of(store.node));
  }
}

TEST_F(AppendOnlyFile, IsRewrittenAfterATransferThatBeganMeanwhile) {
  struct Nowhere final : SnapshotSink {
    void on_database(std::size_t, std::size_t, std::size_t) override {}
    void on_entry(std::size_t, const Entry&) override {}
  } nowhere;
  NodeOnFiles store(files_, clock_, settings());
  ASSERT_TRUE(store.load());
  store.run({"MSET", "a", "1", "b", "2"});
  ASSERT_TRUE(store.persistence.end_turn());
  const std::uint64_t wakes = store.wakes();
  store.run({"BGREWRITEAOF"});
  store.node.keyspace.begin_snapshot(nowhere);
  store.wait_for_wake(wakes);  // The new increment is there.
  EXPECT_FALSE(store.persistence.has_work());
  ASSERT_TRUE(store.persistence.work(1ms));
  EXPECT_TRUE(store.persistence.facts().rewriting);
  while (store.node.keyspace.step_snapshot(1)) {
  }
  ASSERT_TRUE(store.finish_work());
  EXPECT_FALSE(store.persistence.facts().rewriting);
  EXPECT_THAT(store.run({"INFO", "persistence"}), HasSubstr("aof_last_bgrewrite_status:ok\r\n"));
  EXPECT_THAT(manifest(), StartsWith("file appendonly.aof.2.base.rdb"));
  EXPECT_EQ(digest_on_disk(), digest_of(store.node));
}

TEST_F(AppendOnlyFile, IsRewrittenAsABaseAndWhatComesAfter) {
  NodeOnFiles store(files_, clock_, settings());
  ASSERT_TRUE(store.load());
  store.run({"SET", "before", "1"});
  ASSERT_TRUE(store.persistence.end_turn());
  EXPECT_EQ(store.run({"BGREWRITEAOF"}), "+Background append only file rewriting started\r\n");
  EXPECT_EQ(store.run({"BGREWRITEAOF"}), "-ERR Background append only file rewriting already in progress\r\n");
  EXPECT_THAT(store.run({"BGSAVE"}), StartsWith("-ERR Another child process is active (AOF?)"));
  EXPECT_EQ(store.run({"BGSAVE", "SCHEDULE"}), "+Background saving scheduled\r\n");
  EXPECT_THAT(store.run({"INFO", "persistence"}), HasSubstr("aof_rewrite_in_progress:1\r\n"));
  ASSERT_TRUE(store.finish_work());
  store.run({"SET", "after", "1"});
  ASSERT_TRUE(store.persistence.end_turn());
  EXPECT_EQ(manifest(), "file appendonly.aof.2.base.rdb seq 2 type b\nfile appendonly.aof.2.incr.aof seq 2 type i\n");
  EXPECT_THAT(disk_.list("d/appendonlydir").value(),
              ElementsAre("appendonly.aof.2.base.rdb", "appendonly.aof.2.incr.aof", "appendonly.aof.manifest"));
  EXPECT_THAT(commands_of("d/appendonlydir/appendonly.aof.2.incr.aof"), AllOf(StartsWith("*2\r\n$6\r\nSELECT")));
  EXPECT_THAT(store.run({"INFO", "persistence"}),
              AllOf(HasSubstr("aof_rewrite_in_progress:0\r\n"), HasSubstr("aof_last_bgrewrite_status:ok\r\n")));
  EXPECT_EQ(digest_on_disk(), digest_of(store.node));
  ASSERT_TRUE(store.persistence.cycle());
  EXPECT_TRUE(store.persistence.facts().saving);
  EXPECT_EQ(store.run({"BGREWRITEAOF"}), "+Background append only file rewriting scheduled\r\n");
  ASSERT_TRUE(store.finish_work());
}

TEST_F(AppendOnlyFile, IsRewrittenUnaskedWhenItHasGrown) {
  Settings growing = settings();
  growing.auto_aof_rewrite_min_size = 4000;
  growing.auto_aof_rewrite_percentage = 50;
  NodeOnFiles store(files_, clock_, growing);
  ASSERT_TRUE(store.load());
  const std::string value(500, 'x');
  std::uint64_t rewritten_at = 0;
  for (int i = 0; i < 60; ++i) {
    store.run({"SET", "k", value});
    ASSERT_TRUE(store.persistence.end_turn());
    const PersistenceFacts before = store.persistence.facts();
    ASSERT_TRUE(store.persistence.cycle());
    if (!store.persistence.facts().rewriting) continue;
    EXPECT_GT(before.file_bytes, 4000u);
    rewritten_at = before.file_bytes;
    ASSERT_TRUE(store.finish_work());
    EXPECT_LT(store.persistence.facts().file_bytes, 1200u);
  }
  EXPECT_GT(rewritten_at, 0u);
  EXPECT_GE(store.persistence.facts().rewrites, 5u);
  store.node.settings.auto_aof_rewrite_percentage = 0;
  for (int i = 0; i < 60; ++i) store.run({"SET", "k", value});
  ASSERT_TRUE(store.persistence.end_turn());
  ASSERT_TRUE(store.persistence.cycle());
  EXPECT_FALSE(store.persistence.facts().rewriting);
}

TEST_F(AppendOnlyFile, IsTurnedOnAndOffWhileTheStoreRuns) {
  Settings off = settings();
  off.appendonly = false;
  NodeOnFiles store(files_, clock_, off);
  ASSERT_TRUE(store.load());
  store.run({"SET", "before", "1"});
  EXPECT_EQ(store.run({"CONFIG", "SET", "appendonly", "yes"}), "+OK\r\n");
  store.run({"SET", "in the same turn", "1"});
  ASSERT_TRUE(store.persistence.end_turn());
  EXPECT_TRUE(store.persistence.facts().rewriting);
  EXPECT_THAT(store.run({"SHUTDOWN"}), StartsWith("-ERR Errors trying to SHUTDOWN"));
  store.run({"SET", "meanwhile", "1"});
  ASSERT_TRUE(store.persistence.end_turn());
  ASSERT_TRUE(store.finish_work());
  store.run({"SET", "after", "1"});
  ASSERT_TRUE(store.persistence.end_turn());
  EXPECT_EQ(digest_on_disk(), digest_of(store.node));
  const std::string kept = digest_of(store.node);
  EXPECT_EQ(store.run({"CONFIG", "SET", "appendonly", "no"}), "+OK\r\n");
  ASSERT_TRUE(store.persistence.end_turn());
  store.run({"SET", "unseen", "1"});
  ASSERT_TRUE(store.persistence.end_turn());
  EXPECT_EQ(digest_on_disk(), kept);
  EXPECT_EQ(store.run({"CONFIG", "SET", "appendonly", "yes"}), "+OK\r\n");
  ASSERT_TRUE(store.persistence.end_turn());
  ASSERT_TRUE(store.finish_work());
  EXPECT_EQ(digest_on_disk(), digest_of(store.node));
}

TEST_F(AppendOnlyFile, IsNotMixedWithTheRdbFile) {
  Settings off = settings();
  off.appendonly = false;
  NodeOnFiles store(files_, clock_, off);
  store.run({"SET", "k", "v"});
  ASSERT_EQ(store.run({"SAVE"}), "+OK\r\n");
  // As Redis, which does not look at the RDB file when appendonly is yes.
  NodeOnFiles started(files_, clock_, settings());
  ASSERT_TRUE(started.load());
  EXPECT_EQ(started.run({"DBSIZE"}), ":0\r\n");
}

TEST_F(AppendOnlyFile, OfOnePartIsTakenOver) {
  put("d/appendonly.aof", "*2\r\n$6\r\nSELECT\r\n$1\r\n2\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n");
  for (int start = 0; start < 2; ++start) {
    NodeOnFiles store(files_, clock_, settings());
    ASSERT_TRUE(store.load());
    store.session.database = 2;
    EXPECT_EQ(store.run({"GET", "k"}), "$1\r\nv\r\n");
  }
  EXPECT_EQ(manifest(), "file appendonly.aof seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\n");
  EXPECT_FALSE(disk_.exists("d/appendonly.aof").value());
}

TEST_F(AppendOnlyFile, IsTakenOverWhateverTheMomentOfACrash) {
  for (std::size_t operations = 0; operations < 40; ++operations) {
    SCOPED_TRACE(operations);
    base::Random random(operations);
    SimFiles disk;
    PluggedFiles files(disk);
    ASSERT_TRUE(disk.create_directory("d"));
    {
      const auto file = disk.open("d/appendonly.aof", runtime::OpenMode::kCreate);
      ASSERT_TRUE((*file)->write(0, "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n"));
      ASSERT_TRUE((*file)->sync());
      ASSERT_TRUE(disk.sync_directory("d"));
    }
    files.pull_plug_after(operations);
    {
      NodeOnFiles store(files, clock_, settings());
      [[maybe_unused]] const auto loaded = store.load();
    }
    disk.crash(random);
    files.plug_in();
    NodeOnFiles store(files, clock_, settings());
    const auto loaded = store.load();
    ASSERT_TRUE(loaded) << loaded.error().text();
    EXPECT_EQ(store.run({"GET", "k"}), "$1\r\nv\r\n");
  }
}

// ---- What a crash leaves

std::string AppendOnlyFile::crash_once(AppendSync sync, std::uint64_t seed, bool replies_early) {
  base::Random random(seed);
  SimFiles disk;
  PluggedFiles files(disk);
  files.lies_about_syncs = files_.lies_about_syncs;
  files.lies_about_directories = files_.lies_about_directories;
  [[maybe_unused]] const auto created = disk.create_directory("d");
  struct State {
    base::MonoTime at;
    std::string digest;
  };
  // As they were acknowledged, the oldest that may be found first.
  std::deque<State> states;
  std::deque<State> pruned;  // Those before, the newest first.
  for (int start = 0; start < 3; ++start) {
    files.plug_in();
    NodeOnFiles store(files, clock_, settings(sync));
    const base::Result<void> loaded = store.load();
    if (!loaded) return fmt::format("start {}: {}", start, loaded.error().text());
    const std::string found = digest_of(store.node);
    const auto state = std::ranges::find(states, found, &State::digest);
    if (!states.empty() && state == states.end()) {
      const auto lost = std::ranges::find(pruned, found, &State::digest);
      return fmt::format(
          "start {}: acknowledged data is lost; {}", start,
          lost == pruned.end()
              ? "what is found never was"
              : fmt::format("what is found was so {} before the crash",
                            std::chrono::duration_cast<std::chrono::milliseconds>(clock_.mono() - lost->at)));
    }
    // What a crash has left is not durable for that.
    states = {{clock_.mono(), found}};
    pruned.clear();
    const auto acknowledge = [&] {
      states.push_back({clock_.mono(), digest_of(store.node)});
      // With `always` this alone may be found, else those of the last two seconds and the one before them.
      const auto bound = sync == AppendSync::kAlways ? 0s : 2s;
      while (states.size() > 1 && clock_.mono() - states[1].at >= bound) {
        pruned.push_front(std::move(states.front()));
        states.pop_front();
      }
    };
    files.pull_plug_after(random.below(250));
    while (!files.is_off()) {
      for (std::uint64_t changes = random.below(6); changes > 0; --changes) store.change(random);
      if (random.chance(0.05)) store.run({"BGREWRITEAOF"});
      if (replies_early) acknowledge();
      const base::Result<void> ended = store.persistence.end_turn();
      // Whoever was not answered may find it done or not.
      if (!store.node.append_failure.empty() || !ended || files.is_off()) {
        states.push_back({clock_.mono(), digest_of(store.node)});
        break;
      }
      acknowledge();
      clock_.advance(random.chance(0.2) ? 700ms : 10ms);
      if (random.chance(0.5) && !store.persistence.cycle()) break;
      if (store.persistence.has_work() && !store.persistence.work(0ms)) break;
      if (random.chance(0.1) && !store.finish_work()) break;
    }
    disk.crash(random);
  }
  return {};
}

TEST_F(AppendOnlyFile, LosesNothingAcknowledgedWithAlways) {
  for (std::uint64_t seed = 1; seed <= seeds(); ++seed) {
    ASSERT_EQ(crash_once(AppendSync::kAlways, seed), "") << "seed " << seed;
  }
}

TEST_F(AppendOnlyFile, LosesAtMostTheLastTwoSecondsWithEverySecond) {
  for (std::uint64_t seed = 1; seed <= seeds(); ++seed) {
    ASSERT_EQ(crash_once(AppendSync::kEverySecond, seed), "") << "seed " << seed;
  }
}

TEST_F(AppendOnlyFile, WouldBeSeenToLoseDataIfItDid) {
  const auto any_lost = [&](AppendSync sync, bool replies_early = false) {
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
      if (!crash_once(sync, seed, replies_early).empty()) return true;
    }
    return false;
  };
  EXPECT_TRUE(any_lost(AppendSync::kAlways, /*replies_early=*/true));
  files_.lies_about_syncs = true;
  EXPECT_TRUE(any_lost(AppendSync::kAlways));
  EXPECT_TRUE(any_lost(AppendSync::kEverySecond));
  files_.lies_about_syncs = false;
  files_.lies_about_directories = true;
  EXPECT_TRUE(any_lost(AppendSync::kAlways));
  EXPECT_TRUE(any_lost(AppendSync::kEverySecond));
}

// ---- Disks that fail

TEST_F(AppendOnlyFile, ThatCannotBeWrittenRefusesWritesUntilItCan) {
  NodeOnFiles store(files_, clock_, settings());
  ASSERT_TRUE(store.load());
  store.run({"SET", "k", "1"});
  ASSERT_TRUE(store.persistence.end_turn());
  const std::string before = bytes_of(kIncrement);
  store.run({"INCR", "k"});
  disk_.fail_after(0, SimFiles::Fault::kShortWrite);
  ASSERT_TRUE(store.persistence.end_turn());
  EXPECT_EQ(bytes_of(kIncrement), before);
  EXPECT_EQ(store.run({"SET", "k", "3"}), "-MISCONF Errors writing to the AOF file: No space left on device\r\n");
  EXPECT_THAT(store.run({"PING"}), StartsWith("-MISCONF Errors writing to the AOF file"));
  EXPECT_EQ(store.run({"GET", "k"}), "$1\r\n2\r\n");
  EXPECT_THAT(store.run({"INFO", "persistence"}), HasSubstr("aof_last_write_status:err\r\n"));
  ASSERT_TRUE(store.persistence.cycle());
  EXPECT_THAT(store.run({"SET", "k", "3"}), StartsWith("-MISCONF"));
  clock_.advance(1s);
  ASSERT_TRUE(store.persistence.cycle());
  EXPECT_EQ(store.run({"INCR", "k"}), ":3\r\n");
  ASSERT_TRUE(store.persistence.end_turn());
  EXPECT_THAT(store.run({"INFO", "persistence"}), HasSubstr("aof_last_write_status:ok\r\n"));
  EXPECT_EQ(digest_on_disk(), digest_of(store.node));
}

TEST_F(AppendOnlyFile, ThatCannotBeKeptEndsTheStoreWithAlways) {
  for (const std::size_t skip : {0u, 1u}) {
    NodeOnFiles store(files_, clock_, settings(AppendSync::kAlways));
    ASSERT_TRUE(store.load());
    store.run({"SET", "k", "1"});
    disk_.fail_after(skip, SimFiles::Fault::kIoError);
    const base::Result<void> ended = store.persistence.end_turn();
    ASSERT_FALSE(ended);
    EXPECT_THAT(ended.error().text(), AllOf(HasSubstr(skip == 0 ? "write d/" : "sync d/"),
                                            HasSubstr("Input/output error"), HasSubstr("nothing can be acknowledged")));
  }
}

TEST_F(AppendOnlyFile, WhoseSyncFailedIsRewrittenBeforeAnythingIsWritten) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    base::Random random(seed);
    NodeOnFiles store(files_, clock_, settings());
    ASSERT_TRUE(store.load());
    for (int i = 0; i < 5; ++i) store.change(random);
    store.run({"SET", "k", std::string(9000, 'x')});
    ASSERT_TRUE(store.persistence.end_turn());
    const std::string acknowledged = digest_of(store.node);
    // The next operation is the fsync of the first second.
    disk_.fail_after(0, SimFiles::Fault::kIoError);
    clock_.advance(1s);
    ASSERT_TRUE(store.persistence.cycle());
    clock_.advance(2s);
    // Waits for it.
    for (int i = 0; store.node.append_failure.empty(); ++i) {
      ASSERT_LT(i, 1'000'000);
      ASSERT_TRUE(store.persistence.end_turn());
    }
    EXPECT_EQ(store.run({"SET", "k", "1"}), "-MISCONF Errors writing to the AOF file: Input/output error\r\n");
    ASSERT_TRUE(store.persistence.cycle());
    EXPECT_TRUE(store.persistence.facts().rewriting);
    ASSERT_TRUE(store.finish_work());
    EXPECT_EQ(store.run({"SET", "after", "1"}), "+OK\r\n");
    store.run({"DEL", "after"});
    ASSERT_TRUE(store.persistence.end_turn());
    disk_.crash(random);
    EXPECT_EQ(digest_on_disk(), acknowledged);
  }
}

TEST_F(AppendOnlyFile, StaysWholeWhateverFailsDuringARewrite) {
  for (const SimFiles::Fault fault : {SimFiles::Fault::kIoError, SimFiles::Fault::kNoSpace}) {
    for (std::size_t skip = 0; skip < 40; ++skip) {
      SCOPED_TRACE(testing::Message() << "fault " << static_cast<int>(fault) << " after " << skip);
      base::Random random(skip);
      NodeOnFiles store(files_, clock_, settings());
      ASSERT_TRUE(store.load());
      for (int i = 0; i < 30; ++i) store.change(random);
      ASSERT_TRUE(store.persistence.end_turn());
      disk_.fail_after(skip, fault);
      store.run({"BGREWRITEAOF"});
      ASSERT_TRUE(store.finish_work());
      disk_.fail_after(1'000'000, fault);
      for (int i = 0; i < 30; ++i) store.change(random);
      clock_.advance(3s);
      ASSERT_TRUE(store.persistence.cycle());
      ASSERT_TRUE(store.persistence.end_turn());
      EXPECT_EQ(digest_on_disk(), digest_of(store.node));
      // And a later one succeeds.
      ASSERT_TRUE(store.finish_work());
      EXPECT_EQ(store.run({"BGREWRITEAOF"}), "+Background append only file rewriting started\r\n");
      ASSERT_TRUE(store.finish_work());
      EXPECT_THAT(store.run({"INFO", "persistence"}), HasSubstr("aof_last_bgrewrite_status:ok\r\n"));
      EXPECT_EQ(digest_on_disk(), digest_of(store.node));
    }
  }
}

// ---- Damaged files

class DamagedAppendOnlyFile : public AppendOnlyFile {
 protected:
  // A small file of several turns, and the digest after each.
  void write_small_file(AppendSync sync) {
    NodeOnFiles store(files_, clock_, settings(sync));
    ASSERT_TRUE(store.load());
    digests_.push_back(digest_of(store.node));
    const auto turn = [&](std::initializer_list<std::string_view> words) {
      store.run(words);
      ASSERT_TRUE(store.persistence.end_turn());
      digests_.push_back(digest_of(store.node));
    };
    turn({"SET", "k", "value"});
    turn({"HSET", "h", "f", "1", "g", "2"});
    store.run({"MULTI"});
    store.run({"INCR", "one"});
    store.run({"INCR", "two"});
    turn({"EXEC"});
    turn({"ZADD", "z", "1", "m"});
    bytes_ = bytes_of(kIncrement);
  }
  void expect_refused_or_a_turn(const std::string& found) {
    if (std::ranges::find(digests_, found) != digests_.end()) {
      ++loaded_;
      return;
    }
    ++refused_;
    EXPECT_THAT(found, AllOf(HasSubstr(kIncrement), HasSubstr(": offset ")));
  }

  std::vector<std::string> digests_;
  std::string bytes_;
  int loaded_ = 0, refused_ = 0;
};

TEST_F(DamagedAppendOnlyFile, IsLoadedToTheLastWholeTurnIfItWasCut) {
  write_small_file(AppendSync::kAlways);
  for (std::size_t size = 0; size <= bytes_.size(); ++size) {
    SCOPED_TRACE(size);
    put(kIncrement, std::string_view(bytes_).substr(0, size));
    Settings strict = settings();
    strict.aof_load_truncated = false;
    const std::string strictly = digest_on_disk(strict);
    expect_refused_or_a_turn(digest_on_disk());
    EXPECT_EQ(refused_, 0);
    // What was cut off is not in the way of what is appended.
    if (size > 0 && bytes_of(kIncrement).size() != size) {
      EXPECT_THAT(strictly, HasSubstr("aof-load-truncated is no"));
    }
    NodeOnFiles store(files_, clock_, settings());
    ASSERT_TRUE(store.load());
    store.run({"SET", "more", "1"});
    ASSERT_TRUE(store.persistence.end_turn());
    EXPECT_EQ(digest_on_disk(), digest_of(store.node));
  }
}

TEST_F(DamagedAppendOnlyFile, IsRefusedOrLoadedToAWholeTurnWhateverByteIsWrong) {
  write_small_file(AppendSync::kAlways);
  base::Random random(1);
  for (std::size_t at = 0; at < bytes_.size(); ++at) {
    for (const int flip : {0x01, 0x20, 0x80, 0xff}) {
      SCOPED_TRACE(testing::Message() << "byte " << at << " flipped by " << flip);
      std::string damaged = bytes_;
      damaged[at] = static_cast<char>(damaged[at] ^ flip);
      put(kIncrement, damaged);
      expect_refused_or_a_turn(digest_on_disk());
    }
  }
  EXPECT_GT(loaded_, 50);
  EXPECT_GT(refused_, 500);
}

TEST_F(DamagedAppendOnlyFile, WithoutMarksIsJudgedAsRedisDoes) {
  ASSERT_NE(digest_on_disk(), "");
  const std::string set = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n";
  const auto load = [&](std::string_view bytes) {
    put(kIncrement, bytes);
    NodeOnFiles store(files_, clock_, settings());
    const base::Result<void> loaded = store.load();
    return loaded ? store.run({"GET", "k"}) : loaded.error().text();
  };
  EXPECT_EQ(load(set), "$1\r\nv\r\n");
  EXPECT_EQ(load("#TS:1700000000\r\n" + set + "#a comment\n"), "$1\r\nv\r\n");
  EXPECT_EQ(load(set + "*1\r\n$5\r\nMULTI\r\n*2\r\n$3\r\nDEL\r\n$1\r\nk\r\n"), "$1\r\nv\r\n");
  EXPECT_EQ(load(set + "*2\r\n$3\r\nDEL\r\n$100\r\nk\r\n"), "$1\r\nv\r\n");
  EXPECT_EQ(load(set + std::string(5000, '\0')), "$1\r\nv\r\n");
  const std::string path(kIncrement);
  EXPECT_THAT(load(set + "garbage"), HasSubstr(path + ": offset 27: expected a command ('*')"));
  EXPECT_THAT(load(set + std::string(50, '\0') + set), HasSubstr("offset 27: zero bytes"));
  EXPECT_THAT(load(set + "*0\r\n"), HasSubstr("offset 27: a command without words"));
  EXPECT_THAT(load("*x\r\n"), HasSubstr("offset 0: malformed count of words"));
  EXPECT_THAT(load("*1\r\n$3x\r\n"), HasSubstr("offset 0: malformed length of a word"));
  EXPECT_THAT(load("*2\r\n$3\r\nDEL\r\n:1\r\n"), HasSubstr("offset 0: expected the length of a word ('$')"));
  EXPECT_THAT(load("*2\r\n$3\r\nDEL\r\n$1\r\nkk\n"), HasSubstr("offset 0: a word does not end where its length says"));
  EXPECT_THAT(load(set + "*1\r\n$4\r\nFROB\r\n"), HasSubstr("offset 27: unknown command 'FROB'"));
  EXPECT_THAT(load(set + "*1\r\n$3\r\nSET\r\n"), HasSubstr("offset 27: wrong number of arguments for 'SET'"));
  EXPECT_THAT(load("*2\r\n$9\r\nSUBSCRIBE\r\n$1\r\nc\r\n"), HasSubstr("'SUBSCRIBE' is no command that works on data"));
}

TEST_F(DamagedAppendOnlyFile, WhoseOnlyBlockLostItsFirstPageIsCutThere) {
  {
    NodeOnFiles store(files_, clock_, settings());
    ASSERT_TRUE(store.load());
    digests_.push_back(digest_of(store.node));
    store.run({"SET", "k", std::string(9000, 'x')});
    ASSERT_TRUE(store.persistence.end_turn());
  }
  const std::string first = aof::first_mark();
  std::string torn = bytes_of(kIncrement);
  torn.replace(first.size(), 4096 - first.size(), 4096 - first.size(), '\0');
  put(kIncrement, torn);
  EXPECT_EQ(digest_on_disk(), digests_[0]);
  EXPECT_EQ(bytes_of(kIncrement), first);
  // Without the first mark nobody can tell.
  torn.replace(0, first.size(), first.size(), '\0');
  put(kIncrement, torn);
  EXPECT_THAT(digest_on_disk(), HasSubstr("offset 0: zero bytes"));
}

TEST_F(DamagedAppendOnlyFile, ThatIsNotTheLastMustBeWhole) {
  const std::string set = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n";
  ASSERT_TRUE(disk_.create_directory("d/appendonlydir"));
  put("d/appendonlydir/appendonly.aof.manifest", "file a.1.incr.aof seq 1 type i\nfile a.2.incr.aof seq 2 type i\n");
  put("d/appendonlydir/a.1.incr.aof", set.substr(0, 20));
  put("d/appendonlydir/a.2.incr.aof", set);
  EXPECT_THAT(digest_on_disk(), AllOf(HasSubstr("a.1.incr.aof: offset 0: the file ends in the middle of a command"),
                                      HasSubstr("a.2.incr.aof follows it")));
  put("d/appendonlydir/a.2.incr.aof", "");
  EXPECT_EQ(digest_on_disk().size(), 40u);
  EXPECT_EQ(bytes_of("d/appendonlydir/a.1.incr.aof"), "");
}

TEST_F(DamagedAppendOnlyFile, WhoseLastBlocksAreMissingIsFollowedByNothing) {
  const auto block = [](std::string_view key, aof::Mark mark) {
    aof::BlockBuffer buffer;
    buffer.open() += fmt::format("*3\r\n$3\r\nSET\r\n$1\r\n{}\r\n$1\r\nv\r\n", key);
    buffer.close(mark);
    return buffer.bytes();
  };
  const std::string first = block("a", {.durable_bytes = 0});
  const auto keys = [&](const std::string& second) {
    EXPECT_TRUE(disk_.create_directory("d/appendonlydir"));
    put("d/appendonlydir/appendonly.aof.manifest", "file a.1.incr.aof seq 1 type i\nfile a.2.incr.aof seq 2 type i\n");
    put("d/appendonlydir/a.1.incr.aof", first);
    put("d/appendonlydir/a.2.incr.aof", second);
    NodeOnFiles store(files_, clock_, settings());
    const base::Result<void> loaded = store.load();
    return loaded ? store.run({"EXISTS", "a", "b", "c"}) : loaded.error().text();
  };
  const aof::Mark whole{.durable_bytes = std::nullopt, .previous_bytes = first.size()};
  const aof::Mark longer{.durable_bytes = std::nullopt, .previous_bytes = first.size() + 50};
  EXPECT_EQ(keys(aof::first_mark() + block("b", whole)), ":2\r\n");
  EXPECT_EQ(keys(aof::first_mark() + block("b", longer) + block("c", longer)), ":1\r\n");
  EXPECT_EQ(bytes_of("d/appendonlydir/a.2.incr.aof"), aof::first_mark());
  // What is missing was durable.
  EXPECT_THAT(keys(aof::first_mark() + block("b", longer) + block("c", {.durable_bytes = 150})),
              HasSubstr("the file before this one lacks its end; what follows says that this was durable"));
}

TEST_F(DamagedAppendOnlyFile, ThatIsMissingIsNotReplacedByNothing) {
  write_small_file(AppendSync::kAlways);
  ASSERT_TRUE(disk_.remove(std::string(kIncrement)));
  EXPECT_THAT(digest_on_disk(), AllOf(HasSubstr(kIncrement), HasSubstr("No such file")));
  put("d/appendonlydir/appendonly.aof.manifest", "file x seq 1 type q\n");
  EXPECT_THAT(digest_on_disk(), HasSubstr("appendonly.aof.manifest: line 1: unknown type 'q'"));
}

TEST_F(AppendOnlyFile, TellsWhenCommandsRanIfItShall) {
  Settings timed = settings();
  timed.aof_timestamp_enabled = true;
  NodeOnFiles store(files_, clock_, timed);
  ASSERT_TRUE(store.load());
  store.run({"SET", "a", "1"});
  store.run({"SET", "b", "1"});
  clock_.advance(2s);
  store.run({"SET", "c", "1"});
  ASSERT_TRUE(store.persistence.end_turn());
  const std::string set = "*3\r\n$3\r\nSET\r\n$1\r\n{}\r\n$1\r\n1\r\n";
  EXPECT_EQ(commands_of(kIncrement),
            "#TS:1704067200\r\n*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n"
            "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n*3\r\n$3\r\nSET\r\n$1\r\nb\r\n$1\r\n1\r\n"
            "#TS:1704067202\r\n*3\r\n$3\r\nSET\r\n$1\r\nc\r\n$1\r\n1\r\n");
  EXPECT_EQ(digest_on_disk(), digest_of(store.node));
}

TEST_F(AppendOnlyFile, ReplaysWhatWasDoneToKeysThatHaveExpiredSince) {
  {
    NodeOnFiles store(files_, clock_, settings());
    ASSERT_TRUE(store.load());
    store.run({"SET", "k", "a", "PX", "1000"});
    store.run({"APPEND", "k", "b"});
    store.run({"PERSIST", "k"});
    store.run({"SET", "gone", "a", "PX", "1000"});
    ASSERT_TRUE(store.persistence.end_turn());
  }
  clock_.advance(5s);
  NodeOnFiles store(files_, clock_, settings());
  ASSERT_TRUE(store.load());
  EXPECT_EQ(store.run({"GET", "k"}), "$2\r\nab\r\n");
  EXPECT_EQ(store.run({"GET", "gone"}), "$-1\r\n");
}

TEST_F(AppendOnlyFile, IsSyncedEverySecondAndNotDuringARewriteIfSetSo) {
  NodeOnFiles store(files_, clock_, settings());
  ASSERT_TRUE(store.load());
  const auto syncs = [&] {
    const std::vector<std::string> log = disk_.log();
    return std::ranges::count(log, fmt::format("sync {}", kIncrement));
  };
  const auto turn = [&](base::Duration after) {
    clock_.advance(after);
    store.run({"INCR", "k"});
    ASSERT_TRUE(store.persistence.end_turn());
    // Whether an fsync began is told before it is waited for.
  };
  const auto before = syncs();
  turn(100ms);
  EXPECT_EQ(store.persistence.facts().pending_syncs, 0u);
  turn(900ms);
  // Two seconds later the data thread waits for the one that began, so it has been made.
  turn(2s);
  EXPECT_GE(syncs(), before + 1);
  EXPECT_EQ(store.run({"CONFIG", "SET", "appendfsync", "always"}), "+OK\r\n");
  const auto always_before = syncs();
  turn(0s);
  turn(0s);
  EXPECT_GE(syncs(), always_before + 2);
}

TEST_F(AppendOnlyFile, IsDurableAfterTwoSecondsThoughNothingMoreIsWritten) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    SCOPED_TRACE(seed);
    NodeOnFiles store(files_, clock_, settings());
    ASSERT_TRUE(store.load());
    store.run({"SET", "k", std::to_string(seed)});
    ASSERT_TRUE(store.persistence.end_turn());
    clock_.advance(2s);
    ASSERT_TRUE(store.persistence.end_turn());
    base::Random random(seed);
    disk_.crash(random);
    EXPECT_EQ(digest_on_disk(), digest_of(store.node));
  }
}

}  // namespace
}  // namespace weir::store
