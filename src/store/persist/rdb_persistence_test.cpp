// The data in its file, on a disk that fails and forgets (runtime/sim_files.h). Real processes and a real redis-server
// are in tests/system/persistence_test.py.
#include "store/persist/data_files.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/sim_files.h"
#include "store/persist/image/digest_sink.h"
#include "store/persist/image/entry_source.h"
#include "store/persist/image/loader.h"
#include "store/persist/rdb/reader.h"
#include "store/persist/testing/node_on_files.h"

namespace weir::store {
namespace {

using namespace std::chrono_literals;
using runtime::SimFiles;
using testing::HasSubstr;
using testing::StartsWith;

// The clock of these tests stands still: a slice of no time is one step, any other goes on to the end.
constexpr base::Duration kOneStep{0};

// A store with its files in the folder "d".
class Store : public NodeOnFiles {
 public:
  explicit Store(runtime::Files& files, base::Clock& clock, Settings settings = in_folder())
      : NodeOnFiles(files, clock, std::move(settings)) {}

  static Settings in_folder() {
    Settings settings;
    settings.dir = "d";
    settings.save_points.clear();
    return settings;
  }

  // A change of any kind, of collections of any size too.
  void change_any_size(base::Random& random) {
    session.database = random.below(3);
    const std::string key = std::to_string(random.below(400));
    const std::string text(random.below(random.chance(0.02) ? 9000 : 60), static_cast<char>('a' + random.below(26)));
    const std::string number = std::to_string(random.below(1'000'000));
    switch (random.below(10)) {
      case 0: run({"SET", key, text}); break;
      case 1: run({"SET", key, number, "PX", "100000"}); break;
      case 2: run({"APPEND", key, text}); break;
      case 3: run({"DEL", key}); break;
      case 4: run({"PEXPIRE", key, "500000"}); break;
      case 5:
        for (std::uint64_t left = random.below(random.chance(0.05) ? 2000 : 20); left > 0; --left) {
          run({"HSET", "h" + key, std::to_string(left), text});
        }
        break;
      case 6:
        for (std::uint64_t left = random.below(random.chance(0.05) ? 2000 : 20); left > 0; --left) {
          run({"ZADD", "z" + key, number, std::to_string(left)});
        }
        break;
      case 7: run({"HDEL", "h" + key, number.substr(0, 1)}); break;
      case 8: run({"RENAME", key, std::to_string(random.below(400))}); break;
      default:
        if (random.chance(0.01)) run({"FLUSHDB"});
    }
  }
};

class RdbFile : public testing::Test {
 protected:
  RdbFile() { EXPECT_TRUE(files_.create_directory("d")); }

  // What a store that starts now finds.
  std::string digest_on_disk() {
    Store store(files_, clock_);
    const base::Result<void> loaded = store.load();
    return loaded ? digest_of(store.node) : loaded.error().text();
  }

  SimFiles files_;
  base::SimClock clock_;
};

TEST_F(RdbFile, HoldsAllThatWasSavedOfEveryType) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    base::Random random(seed);
    Store store(files_, clock_);
    for (int i = 0; i < 3000; ++i) store.change_any_size(random);
    store.node.settings.rdbcompression = seed % 2 == 0;
    store.node.settings.rdbchecksum = seed % 3 != 0;
    EXPECT_EQ(store.run({"SAVE"}), "+OK\r\n");
    EXPECT_EQ(digest_on_disk(), digest_of(store.node));
    EXPECT_EQ(store.node.effects.changes_since_save(), 0u);
  }
}

TEST_F(RdbFile, HoldsTheMomentWhenTheSaveBeganWhateverChangesMeanwhile) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    base::Random random(seed);
    Store store(files_, clock_);
    for (int i = 0; i < 3000; ++i) store.change_any_size(random);
    const std::string moment = digest_of(store.node);
    const std::uint64_t mark = store.node.effects.mark();
    EXPECT_EQ(store.run({"BGSAVE"}), "+Background saving started\r\n");
    EXPECT_EQ(store.run({"BGSAVE"}), "-ERR Background save already in progress\r\n");
    EXPECT_EQ(store.run({"SAVE"}), "-ERR Background save already in progress\r\n");
    while (store.persistence.facts().saving) {
      ASSERT_TRUE(store.persistence.work(kOneStep).has_value());
      store.change_any_size(random);
    }
    EXPECT_EQ(store.node.effects.changes_since_save(), store.node.effects.mark() - mark);
    EXPECT_EQ(digest_on_disk(), moment);
  }
}

TEST_F(RdbFile, IsTheOldOrTheNewOneWholeWhateverFails) {
  for (const SimFiles::Fault fault :
       {SimFiles::Fault::kIoError, SimFiles::Fault::kNoSpace, SimFiles::Fault::kShortWrite}) {
    for (std::size_t skip = 0;; ++skip) {
      SCOPED_TRACE(testing::Message() << "fault " << static_cast<int>(fault) << " after " << skip);
      base::Random random(skip);
      Store store(files_, clock_);
      for (int i = 0; i < 300; ++i) store.change_any_size(random);
      ASSERT_EQ(store.run({"SAVE"}), "+OK\r\n");
      const std::string old = digest_of(store.node);
      store.run({"SET", "new", "value"});
      files_.clear_log();
      files_.fail_after(skip, fault);
      const bool saved = store.run({"SAVE"}) == "+OK\r\n";
      const std::size_t operations = files_.log().size();
      files_.fail_after(1'000'000, fault);
      const std::string now = digest_of(store.node);
      // The directory that cannot be synced has the new name already.
      EXPECT_THAT(digest_on_disk(), saved ? testing::Matcher<std::string>(now) : testing::AnyOf(old, now));
      EXPECT_THAT(files_.list("d").value(), testing::ElementsAre("dump.rdb"));
      files_.crash(random);
      EXPECT_THAT(digest_on_disk(), saved ? testing::Matcher<std::string>(now) : testing::AnyOf(old, now));
      if (saved && skip >= operations) break;
    }
  }
}

TEST_F(RdbFile, IsWholeAfterACrashAtAnyMoment) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    base::Random random(seed);
    std::string saved;
    {
      Store store(files_, clock_);
      for (int i = 0; i < 200; ++i) store.change_any_size(random);
      ASSERT_EQ(store.run({"SAVE"}), "+OK\r\n");
      saved = digest_of(store.node);
    }
    files_.crash(random);
    EXPECT_EQ(digest_on_disk(), saved);
  }
}

TEST_F(RdbFile, ThatCannotBeWrittenStopsWritesUntilItCan) {
  Settings settings = Store::in_folder();
  settings.save_points = {{.seconds = 100, .changes = 1}};
  Store store(files_, clock_, settings);
  store.run({"SET", "k", "v"});
  files_.set_capacity(0);
  EXPECT_EQ(store.run({"BGSAVE"}), "+Background saving started\r\n");
  ASSERT_TRUE(store.finish_work());
  EXPECT_THAT(store.run({"INFO", "persistence"}), HasSubstr("rdb_last_bgsave_status:err\r\n"));
  EXPECT_THAT(store.run({"SET", "k", "w"}), StartsWith("-MISCONF Redis is configured to save RDB snapshots"));
  EXPECT_THAT(store.run({"PING"}), StartsWith("-MISCONF"));
  EXPECT_EQ(store.run({"GET", "k"}), "$1\r\nv\r\n");
  store.run({"MULTI"});
  EXPECT_THAT(store.run({"SET", "k", "w"}), StartsWith("-MISCONF"));
  EXPECT_THAT(store.run({"EXEC"}), StartsWith("-EXECABORT"));
  store.node.settings.stop_writes_on_bgsave_error = false;
  EXPECT_EQ(store.run({"SET", "k", "w"}), "+OK\r\n");
  store.node.settings.stop_writes_on_bgsave_error = true;
  files_.set_capacity(1 << 20);
  EXPECT_EQ(store.run({"BGSAVE"}), "+Background saving started\r\n");
  ASSERT_TRUE(store.finish_work());
  EXPECT_THAT(store.run({"INFO", "persistence"}), HasSubstr("rdb_last_bgsave_status:ok\r\n"));
  EXPECT_EQ(store.run({"SET", "k", "x"}), "+OK\r\n");
}

TEST_F(RdbFile, IsWrittenAtSavePointsAndAgainFiveSecondsAfterAFailure) {
  Settings settings = Store::in_folder();
  settings.save_points = {{.seconds = 100, .changes = 2}};
  Store store(files_, clock_, settings);
  const auto saves_now = [&] {
    EXPECT_TRUE(store.persistence.cycle());
    const bool saving = store.persistence.facts().saving;
    EXPECT_TRUE(store.finish_work());
    return saving;
  };
  clock_.advance(101s);
  EXPECT_FALSE(saves_now());
  store.run({"SET", "a", "1"});
  EXPECT_FALSE(saves_now());
  store.run({"SET", "b", "1"});
  EXPECT_TRUE(saves_now());
  EXPECT_EQ(store.run({"LASTSAVE"}), fmt::format(":{}\r\n", base::unix_ms(clock_.wall()) / 1000));
  store.run({"MSET", "a", "1", "b", "2"});
  clock_.advance(100s);
  EXPECT_FALSE(saves_now());
  clock_.advance(1s);
  files_.set_capacity(0);
  EXPECT_TRUE(saves_now());
  clock_.advance(5s);
  EXPECT_FALSE(saves_now());
  files_.set_capacity(1 << 20);
  clock_.advance(1s);
  EXPECT_TRUE(saves_now());
  EXPECT_FALSE(saves_now());
}

TEST_F(RdbFile, IsSavedAtTheEndIfThereAreSavePointsOrOnOrder) {
  const auto end_with = [&](bool points, std::string_view how) {
    Settings settings = Store::in_folder();
    if (points) settings.save_points = {{.seconds = 100, .changes = 1}};
    Store store(files_, clock_, settings);
    store.run({"SET", "how", fmt::format("{} {}", how, points)});
    EXPECT_EQ(store.run({"SHUTDOWN", how}), "");
    EXPECT_TRUE(store.node.shutdown_requested);
    return digest_on_disk() == digest_of(store.node);
  };
  EXPECT_TRUE(end_with(true, "NOW"));
  EXPECT_FALSE(end_with(false, "NOW"));
  EXPECT_FALSE(end_with(true, "NOSAVE"));
  EXPECT_TRUE(end_with(false, "SAVE"));

  Store store(files_, clock_);
  files_.set_capacity(0);
  EXPECT_EQ(store.run({"SHUTDOWN", "SAVE"}), "-ERR Errors trying to SHUTDOWN. Check logs.\r\n");
  EXPECT_FALSE(store.node.shutdown_requested);
  EXPECT_EQ(store.run({"SHUTDOWN", "SAVE", "FORCE"}), "");
  EXPECT_TRUE(store.node.shutdown_requested);
}

TEST_F(RdbFile, OfFlushedDataIsEmptyAndNothingOlderTakesItsPlace) {
  Settings settings = Store::in_folder();
  settings.save_points = {{.seconds = 100, .changes = 1}};
  Store store(files_, clock_, settings);
  for (int i = 0; i < 5000; ++i) store.run({"SET", std::to_string(i), "v"});
  store.run({"BGSAVE"});
  ASSERT_TRUE(store.persistence.work(kOneStep).has_value());
  EXPECT_EQ(store.run({"FLUSHALL"}), "+OK\r\n");
  ASSERT_TRUE(store.finish_work());
  EXPECT_EQ(digest_on_disk(), std::string(40, '0'));
  EXPECT_EQ(store.node.effects.changes_since_save(), 0u);
}

TEST_F(RdbFile, IsLoadedWhileClientsAreToldSo) {
  {
    Store store(files_, clock_);
    for (int i = 0; i < 100'000; ++i) {
      store.run({"SET", "key:" + std::to_string(i), "some value that takes place"});
    }
    store.run({"SET", "soon", "v", "PX", "1000"});
    ASSERT_EQ(store.run({"SAVE"}), "+OK\r\n");
  }
  clock_.advance(2s);
  Store store(files_, clock_);
  ASSERT_TRUE(store.persistence.begin_loading());
  ASSERT_TRUE(store.persistence.work(kOneStep).has_value());
  EXPECT_TRUE(store.node.loading);
  EXPECT_EQ(store.run({"GET", "key:1"}), "-LOADING Redis is loading the dataset in memory\r\n");
  EXPECT_EQ(store.run({"SAVE"}), "-LOADING Redis is loading the dataset in memory\r\n");
  EXPECT_THAT(store.run({"INFO", "persistence"}), HasSubstr("loading:1\r\n"));
  EXPECT_THAT(store.run({"INFO", "persistence"}), HasSubstr("loading_loaded_perc:"));
  store.run({"MULTI"});
  EXPECT_THAT(store.run({"GET", "key:1"}), StartsWith("-LOADING"));
  store.run({"DISCARD"});
  ASSERT_TRUE(store.finish_work());
  EXPECT_EQ(store.run({"GET", "key:1"}), "$27\r\nsome value that takes place\r\n");
  const std::string info = store.run({"INFO", "persistence"});
  EXPECT_THAT(info, HasSubstr("loading:0\r\n"));
  EXPECT_THAT(info, HasSubstr("rdb_last_load_keys_expired:1\r\nrdb_last_load_keys_loaded:100000\r\n"));
}

TEST_F(RdbFile, ThatIsBrokenIsRefusedWithItsNameAndTheOffset) {
  {
    Store store(files_, clock_);
    store.run({"SET", "k", "v"});
    ASSERT_EQ(store.run({"SAVE"}), "+OK\r\n");
  }
  const std::string whole = runtime::read_whole(files_, "d/dump.rdb", 1 << 20).value();
  const auto refusal_of = [&](const std::string& bytes) {
    EXPECT_TRUE(runtime::replace_whole(files_, "d/dump.rdb", bytes));
    return digest_on_disk();
  };
  EXPECT_THAT(refusal_of(whole.substr(0, whole.size() - 9)), testing::ContainsRegex("^d/dump.rdb: offset [0-9]+: "));
  EXPECT_THAT(refusal_of("REDIS0099"), testing::ContainsRegex("^d/dump.rdb: offset 5: version '0099'"));
  EXPECT_THAT(refusal_of(""), StartsWith("d/dump.rdb: offset 0: "));
  std::string twice = whole.substr(0, whole.size() - 9);
  twice += twice.substr(twice.size() - 5);  // The key again.
  twice += std::string("\xff\0\0\0\0\0\0\0\0", 9);
  EXPECT_THAT(refusal_of(twice), HasSubstr("a key that is there already"));
}

TEST_F(RdbFile, LeavesNothingUnfinishedBehindACrash) {
  for (const char* const name : {"dump.rdb.1234567890.3.saving", "dump.rdb.1234567890.saving", "dump.rdb.x.saving",
                                 "other.rdb.5.saving", "dump.rdb.5"}) {
    ASSERT_TRUE(files_.open(std::string("d/") + name, runtime::OpenMode::kCreate));
  }
  const auto saving = files_.lock("d/dump.rdb.8.1.saving").value();  // What another store writes now stays.
  Store store(files_, clock_);
  EXPECT_TRUE(store.load());
  EXPECT_THAT(files_.list("d").value(),
              testing::ElementsAre("dump.rdb.5", "dump.rdb.8.1.saving", "dump.rdb.x.saving", "other.rdb.5.saving"));
}

TEST_F(RdbFile, IsReloadedByDebug) {
  Settings settings = Store::in_folder();
  settings.enable_debug_command = "yes";
  Store store(files_, clock_, settings);
  base::Random random(5);
  for (int i = 0; i < 3000; ++i) store.change_any_size(random);
  const std::string before = digest_of(store.node);
  EXPECT_EQ(store.run({"DEBUG", "RELOAD"}), "+OK\r\n");
  EXPECT_EQ(digest_of(store.node), before);
  EXPECT_THAT(store.run({"DEBUG", "RELOAD", "NOSAVE", "NOFLUSH"}),
              StartsWith("-ERR Error trying to load the RDB dump"));
  EXPECT_EQ(store.run({"DEBUG", "RELOAD", "NOSAVE", "NOFLUSH", "MERGE"}), "+OK\r\n");
  EXPECT_EQ(digest_of(store.node), before);
  store.run({"SET", "more", "v"});
  EXPECT_EQ(store.run({"DEBUG", "RELOAD", "NOSAVE"}), "+OK\r\n");
  EXPECT_EQ(digest_of(store.node), before);
  EXPECT_THAT(store.run({"DEBUG", "RELOAD", "WHAT"}), StartsWith("-ERR DEBUG RELOAD only supports"));
}

TEST_F(RdbFile, SaysWhenKeysWereUsedIfThePolicyGoesByThat) {
  for (const char* const policy : {"allkeys-lru", "volatile-lfu", "noeviction"}) {
    SCOPED_TRACE(policy);
    Settings settings = Store::in_folder();
    settings.maxmemory_policy = policy;
    const std::string_view asked = std::string_view(policy).ends_with("lfu") ? "FREQ" : "IDLETIME";
    std::string before;
    {
      Store store(files_, clock_, settings);
      AccessClock& access = store.node.keyspace.context().access;
      access.seconds = 1'000'000;
      store.run({"SET", "k", "v"});
      store.run({"HSET", "h", "f", "v"});
      access.seconds += 90;
      before = store.run({"OBJECT", asked, "k"}) + store.run({"OBJECT", asked, "h"});
      EXPECT_NE(before, ":0\r\n:0\r\n");
      ASSERT_EQ(store.run({"SAVE"}), "+OK\r\n");
    }
    Store store(files_, clock_, settings);
    store.node.keyspace.context().access.seconds = 2'000'000;
    ASSERT_TRUE(store.load());
    const std::string after = store.run({"OBJECT", asked, "k"}) + store.run({"OBJECT", asked, "h"});
    EXPECT_EQ(after, std::string_view(policy) == "noeviction" ? ":0\r\n:0\r\n" : before);
  }
}

// Every byte of a file changed, the checksum left out: what is not refused is data like any other.
TEST_F(RdbFile, IsRefusedOrLoadedWhateverItsBytes) {
  std::string whole;
  {
    Settings settings = Store::in_folder();
    settings.rdbchecksum = false;
    settings.hash_max_listpack_entries = 3;
    settings.rdbcompression = false;
    Store store(files_, clock_, settings);
    store.run({"SET", "string", "text"});
    store.run({"SET", "integer", "12345", "PX", "100000"});
    store.run({"HSET", "packed", "f", "v", "g", "1"});
    store.run({"HSET", "table", "a", "1", "b", "2", "c", "3", "d", "4"});
    store.run({"ZADD", "zset", "1", "a", "2.5", "b"});
    store.run({"RPUSH", "list", "text", "1000", "7"});
    ASSERT_EQ(store.run({"SAVE"}), "+OK\r\n");
    whole = runtime::read_whole(files_, "d/dump.rdb", 1 << 20).value();
  }
  int refused = 0;
  int loaded = 0;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const int change : {0x01, 0x80, 0xff, 0x10, 0x42}) {
      std::string bytes = whole;
      bytes[at] = static_cast<char>(bytes[at] ^ change);
      Keyspace keyspace(16);
      const Settings settings;
      Loader loader(keyspace, settings, {.now = 0});
      rdb::Reader reader(loader);
      const auto step = reader.read(bytes, 0);
      const bool settled = loader.settle();
      ++(step.status == rdb::Reader::Status::kDone && settled && loader.refusal().empty() ? loaded : refused);
      DigestSink digest;
      hand_over_all(keyspace, digest);
      EXPECT_TRUE(digest.digest());
    }
  }
  EXPECT_GT(refused, 100);
  EXPECT_GT(loaded, 100);
}

}  // namespace
}  // namespace weir::store
