// What RealFiles and SimFiles have in common. What only a crash shows is in sim_files_test.cpp.
#include "runtime/file.h"

#include <unistd.h>

#include <filesystem>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/sim_files.h"

namespace weir::runtime {
namespace {

using base::ErrorKind;
using testing::ElementsAre;

template <class Implementation>
class FilesTest : public testing::Test {
 protected:
  FilesTest() : directory_(fmt::format("{}/weir_file_test_{}", testing::TempDir(), ::getpid())) {
    EXPECT_TRUE(files_.create_directory(directory_));
  }
  ~FilesTest() override { std::filesystem::remove_all(directory_); }

  std::string path(std::string_view name) const { return fmt::format("{}/{}", directory_, name); }
  std::unique_ptr<File> open(std::string_view name, OpenMode mode) {
    auto file = files_.open(path(name), mode);
    EXPECT_TRUE(file) << file.error().text();
    return std::move(file).value();
  }
  std::string contents(std::string_view name) {
    auto bytes = read_whole(files_, path(name), 1 << 20);
    EXPECT_TRUE(bytes) << bytes.error().text();
    return bytes.value_or("");
  }

  Implementation files_;
  std::string directory_;
};

using Implementations = testing::Types<RealFiles, SimFiles>;
TYPED_TEST_SUITE(FilesTest, Implementations);

TYPED_TEST(FilesTest, ReadsWhatWasWritten) {
  auto file = this->open("a", OpenMode::kCreate);
  ASSERT_TRUE(file->append("hello"));
  ASSERT_TRUE(file->append(" world"));
  ASSERT_TRUE(file->write(0, "J"));
  ASSERT_TRUE(file->sync());
  EXPECT_EQ(file->size().value(), 11u);
  std::array<char, 5> some;
  EXPECT_EQ(file->read(6, some).value(), 5u);
  EXPECT_EQ(std::string_view(some.data(), 5), "world");
  EXPECT_EQ(file->read(9, some).value(), 2u);
  EXPECT_EQ(file->read(11, some).value(), 0u);
  EXPECT_EQ(file->read(999, some).value(), 0u);
  EXPECT_EQ(this->contents("a"), "Jello world");
}

TYPED_TEST(FilesTest, GapsAndFillingReadAsZeros) {
  auto file = this->open("a", OpenMode::kCreate);
  ASSERT_TRUE(file->write(3, "x"));
  EXPECT_EQ(this->contents("a"), std::string("\0\0\0x", 4));
  ASSERT_TRUE(file->fill_to(6));
  ASSERT_TRUE(file->fill_to(2));
  EXPECT_EQ(this->contents("a"), std::string("\0\0\0x\0\0", 6));
  ASSERT_TRUE(file->truncate(4));
  ASSERT_TRUE(file->truncate(5));
  EXPECT_EQ(this->contents("a"), std::string("\0\0\0x\0", 5));
}

TYPED_TEST(FilesTest, ModesHoldAgainstTheName) {
  EXPECT_EQ(this->files_.open(this->path("a"), OpenMode::kRead).error().kind(), ErrorKind::kReject);
  EXPECT_EQ(this->files_.open(this->path("a"), OpenMode::kReadWrite).error().kind(), ErrorKind::kReject);
  EXPECT_EQ(this->files_.open(this->path("no/a"), OpenMode::kCreate).error().kind(), ErrorKind::kReject);
  ASSERT_TRUE(this->open("a", OpenMode::kCreate)->append("old"));
  EXPECT_EQ(this->files_.open(this->path("a"), OpenMode::kCreate).error().kind(), ErrorKind::kReject);
  EXPECT_EQ(this->contents("a"), "old");
  this->open("a", OpenMode::kReplace);
  EXPECT_EQ(this->contents("a"), "");
}

TYPED_TEST(FilesTest, NamesAreListedRenamedAndRemoved) {
  this->open("b", OpenMode::kCreate);
  ASSERT_TRUE(this->open("a", OpenMode::kCreate)->append("a"));
  ASSERT_TRUE(this->files_.create_directory(this->path("deep/er")));
  ASSERT_TRUE(this->files_.create_directory(this->path("deep/er"))) << "one that exists is no error";
  EXPECT_THAT(this->files_.list(this->directory_).value(), ElementsAre("a", "b", "deep"));
  EXPECT_THAT(this->files_.list(this->path("deep")).value(), ElementsAre("er"));
  ASSERT_TRUE(this->files_.rename(this->path("a"), this->path("b")));
  EXPECT_THAT(this->files_.list(this->directory_).value(), ElementsAre("b", "deep"));
  EXPECT_EQ(this->contents("b"), "a");
  EXPECT_TRUE(this->files_.exists(this->path("b")).value());
  ASSERT_TRUE(this->files_.remove(this->path("b")));
  EXPECT_FALSE(this->files_.exists(this->path("b")).value());
  EXPECT_EQ(this->files_.remove(this->path("b")).error().kind(), ErrorKind::kReject);
  EXPECT_EQ(this->files_.rename(this->path("b"), this->path("c")).error().kind(), ErrorKind::kReject);
  EXPECT_FALSE(this->files_.list(this->path("nowhere")));
  EXPECT_TRUE(this->files_.sync_directory(this->directory_));
  EXPECT_FALSE(this->files_.sync_directory(this->path("nowhere")));
}

TYPED_TEST(FilesTest, RemovedFileIsReadByWhoHasItOpen) {
  auto file = this->open("a", OpenMode::kCreate);
  ASSERT_TRUE(file->append("still"));
  ASSERT_TRUE(this->files_.remove(this->path("a")));
  std::array<char, 5> some;
  EXPECT_EQ(file->read(0, some).value(), 5u);
}

TYPED_TEST(FilesTest, LockIsHeldByOne) {
  auto first = this->files_.lock(this->path("lock"));
  ASSERT_TRUE(first);
  const auto second = this->files_.lock(this->path("lock"));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind(), ErrorKind::kReject);
  first->reset();
  EXPECT_TRUE(this->files_.lock(this->path("lock")));
}

TYPED_TEST(FilesTest, WholeFilesAreReadWithALimitAndReplaced) {
  ASSERT_TRUE(replace_whole(this->files_, this->path("a"), "first"));
  ASSERT_TRUE(replace_whole(this->files_, this->path("a"), "second"));
  EXPECT_EQ(this->contents("a"), "second");
  EXPECT_THAT(this->files_.list(this->directory_).value(), ElementsAre("a"));
  EXPECT_EQ(read_whole(this->files_, this->path("a"), 5).error().kind(), ErrorKind::kReject);
}

TYPED_TEST(FilesTest, FreeSpaceIsTold) { EXPECT_GT(this->files_.free_bytes(this->directory_).value(), 0u); }

TEST(Path, DirectoryIsWhatStandsBeforeTheLastSlash) {
  EXPECT_EQ(directory_of("a/b/c"), "a/b");
  EXPECT_EQ(directory_of("/a"), "/");
  EXPECT_EQ(directory_of("a"), ".");
}

}  // namespace
}  // namespace weir::runtime
