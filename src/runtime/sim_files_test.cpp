#include "runtime/sim_files.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::runtime {
namespace {

using base::ErrorKind;
using base::Random;
using testing::Contains;
using testing::ElementsAre;

constexpr std::size_t kPage = SimFiles::kPageBytes;

std::unique_ptr<File> create(SimFiles& files, const std::string& path) {
  return std::move(files.open(path, OpenMode::kCreate)).value();
}
std::string contents(SimFiles& files, const std::string& path) { return read_whole(files, path, 1 << 20).value(); }

// Runs `prepare` on a new disk and crashes it, for many seeds; returns everything that was found afterwards.
std::set<std::string> found_after_crash(void (*prepare)(SimFiles&), std::string (*look)(SimFiles&)) {
  std::set<std::string> found;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SimFiles files;
    prepare(files);
    Random random(seed);
    files.crash(random);
    found.insert(look(files));
  }
  return found;
}

std::string look_at_f(SimFiles& files) { return files.exists("f").value() ? contents(files, "f") : "(none)"; }

TEST(SimFiles, SyncedBytesUnderASyncedNameSurvive) {
  const auto found = found_after_crash(
      [](SimFiles& files) {
        auto file = create(files, "f");
        ASSERT_TRUE(file->append("kept"));
        ASSERT_TRUE(file->sync());
        ASSERT_TRUE(files.sync_directory("."));
      },
      look_at_f);
  EXPECT_THAT(found, ElementsAre("kept"));
}

TEST(SimFiles, SyncedBytesUnderAnUnsyncedNameMayBeGone) {
  const auto found = found_after_crash(
      [](SimFiles& files) {
        auto file = create(files, "f");
        ASSERT_TRUE(file->append("kept"));
        ASSERT_TRUE(file->sync());
      },
      look_at_f);
  EXPECT_THAT(found, ElementsAre("(none)", "kept"));
}

TEST(SimFiles, EverySubsetOfUnsyncedPagesMaySurvive) {
  const auto found = found_after_crash(
      [](SimFiles& files) {
        auto file = create(files, "f");
        ASSERT_TRUE(file->append(std::string(2 * kPage, 'a')));
        ASSERT_TRUE(file->sync());
        ASSERT_TRUE(files.sync_directory("."));
        ASSERT_TRUE(file->write(0, "b"));
        ASSERT_TRUE(file->write(kPage, "b"));
      },
      [](SimFiles& files) {
        const std::string bytes = contents(files, "f");
        return std::string{bytes[0], bytes[kPage]};
      });
  EXPECT_THAT(found, ElementsAre("aa", "ab", "ba", "bb"));
}

TEST(SimFiles, UnsyncedGrowthMayBeCutAnywhereOrHoldZeros) {
  const auto found = found_after_crash(
      [](SimFiles& files) {
        auto file = create(files, "f");
        ASSERT_TRUE(file->append("12"));
        ASSERT_TRUE(file->sync());
        ASSERT_TRUE(files.sync_directory("."));
        ASSERT_TRUE(file->append("34"));
      },
      look_at_f);
  EXPECT_EQ(found, (std::set<std::string>{"12", "123", "1234", std::string("12\0", 3), std::string("12\0\0", 4)}));
}

TEST(SimFiles, ReplacedFileIsTheOldOneOrTheNewOneWhole) {
  const auto found = found_after_crash(
      [](SimFiles& files) {
        ASSERT_TRUE(replace_whole(files, "f", "old"));
        ASSERT_TRUE(files.open("g", OpenMode::kCreate).value()->append("new"));
        ASSERT_TRUE(files.open("g", OpenMode::kReadWrite).value()->sync());
        ASSERT_TRUE(files.rename("g", "f"));
      },
      look_at_f);
  EXPECT_THAT(found, ElementsAre("new", "old"));
}

TEST(SimFiles, ReplacingWithoutSyncTearsTheFile) {
  const auto found = found_after_crash(
      [](SimFiles& files) {
        ASSERT_TRUE(replace_whole(files, "f", "old"));
        ASSERT_TRUE(files.open("g", OpenMode::kCreate).value()->append("new"));
        ASSERT_TRUE(files.rename("g", "f"));
      },
      look_at_f);
  EXPECT_THAT(found, Contains(""));
}

TEST(SimFiles, RemovalMayBeForgotten) {
  const auto found = found_after_crash(
      [](SimFiles& files) {
        ASSERT_TRUE(replace_whole(files, "f", "old"));
        ASSERT_TRUE(files.remove("f"));
      },
      look_at_f);
  EXPECT_THAT(found, ElementsAre("(none)", "old"));
}

TEST(SimFiles, ReplaceWholeIsDurableWhenItReturns) {
  const auto found = found_after_crash(
      [](SimFiles& files) {
        ASSERT_TRUE(replace_whole(files, "f", "old"));
        ASSERT_TRUE(replace_whole(files, "f", "new"));
      },
      look_at_f);
  EXPECT_THAT(found, ElementsAre("new"));
}

TEST(SimFiles, FailedSyncLosesItsPagesForGood) {
  const auto found = found_after_crash(
      [](SimFiles& files) {
        auto file = create(files, "f");
        ASSERT_TRUE(file->append("a"));
        ASSERT_TRUE(file->sync());
        ASSERT_TRUE(files.sync_directory("."));
        ASSERT_TRUE(file->write(0, "b"));
        files.fail_after(0, SimFiles::Fault::kIoError);
        const auto failed = file->sync();
        ASSERT_FALSE(failed);
        EXPECT_EQ(failed.error().kind(), ErrorKind::kFatal);
        EXPECT_EQ(contents(files, "f"), "b") << "it is still read";
        EXPECT_TRUE(file->sync()) << "the second attempt looks fine";
      },
      look_at_f);
  EXPECT_THAT(found, ElementsAre("a"));
}

TEST(SimFiles, ChosenOperationFailsOnceAndIsLogged) {
  SimFiles files;
  auto file = create(files, "f");
  files.clear_log();
  files.fail_after(1, SimFiles::Fault::kIoError);
  EXPECT_TRUE(file->write(0, "abc"));
  EXPECT_EQ(file->write(3, "d").error().kind(), ErrorKind::kFatal);
  EXPECT_TRUE(file->write(3, "d"));
  EXPECT_TRUE(file->sync());
  EXPECT_THAT(files.log(), ElementsAre("write f 0+3", "write f 3+1", "write f 3+1", "sync f"));
}

TEST(SimFiles, ShortWriteLeavesAPart) {
  SimFiles files;
  auto file = create(files, "f");
  files.fail_after(0, SimFiles::Fault::kShortWrite);
  EXPECT_EQ(file->append("abcd").error().kind(), ErrorKind::kRetry);
  EXPECT_EQ(contents(files, "f"), "ab");
}

TEST(SimFiles, FullDiskTakesNothingMoreUntilSpaceIsFreed) {
  SimFiles files;
  files.set_capacity(10);
  auto file = create(files, "f");
  ASSERT_TRUE(file->append("123456"));
  EXPECT_EQ(files.free_bytes(".").value(), 4u);
  EXPECT_EQ(file->append("12345").error().kind(), ErrorKind::kRetry);
  EXPECT_EQ(contents(files, "f"), "123456");
  EXPECT_TRUE(file->write(0, "abcdef")) << "what is there may be written over";
  ASSERT_TRUE(file->truncate(1));
  EXPECT_TRUE(file->append("12345"));
}

TEST(SimFiles, CrashInvalidatesOpenFilesAndFreesLocks) {
  SimFiles files;
  auto file = create(files, "f");
  const auto lock = files.lock("lock");
  Random random(1);
  files.crash(random);
  EXPECT_EQ(file->append("x").error().kind(), ErrorKind::kFatal);
  EXPECT_EQ(file->sync().error().kind(), ErrorKind::kFatal);
  EXPECT_TRUE(files.lock("lock"));
}

}  // namespace
}  // namespace weir::runtime
