// The RDB reader against files that real servers of many versions wrote: what Redis 7.0.15 made of each stands beside
// them, with the digest of the data that it read.
//
// The files are data that is not part of this repository: $WEIR_DATA/redis/rdb-and-aof-files.tar.zst, else
// ../shared/data. On a machine without them the test is skipped; where CI=true it fails.
#include <cstdlib>
#include <filesystem>
#include <set>
#include <sstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/persist/image/entry_source.h"
#include "store/persist/image/loader.h"
#include "store/persist/rdb/reader.h"
#include "tests/protocol_oracle/tar_zst.h"
#include "tests/rdb_oracle/digest_sink.h"

namespace weir::test {
namespace {

using store::rdb::Reader;
using testing::StartsWith;

// When Redis read them: 21 November 2026, in milliseconds since 1970.
constexpr std::int64_t kReadAtMs = 1795219200000;

struct Expected {
  std::string path;
  std::string result;
  std::string keys_per_database;
};

std::optional<std::map<std::string, std::string>> archive() {
  const char* const data = std::getenv("WEIR_DATA");
  const std::filesystem::path root =
      data != nullptr ? data : std::filesystem::path(WEIR_SOURCE_DIR) / ".." / "shared" / "data";
  return read_tar_zst(root / "redis" / "rdb-and-aof-files.tar.zst");
}

std::string only_file(const std::map<std::string, std::string>& files, const std::string& end) {
  for (const auto& [path, bytes] : files) {
    if (path.ends_with(end)) return bytes;
  }
  ADD_FAILURE() << end << " is not in the archive";
  return {};
}

// Columns: file, bytes, version, what Redis said, keys by database.
std::vector<Expected> expectations(const std::string& table) {
  std::vector<Expected> result;
  std::istringstream lines(table);
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line)) {
    std::vector<std::string> columns;
    std::istringstream fields(line);
    for (std::string field; std::getline(fields, field, '\t');) columns.push_back(field);
    columns.resize(5);
    if (columns[2] != "AOF") result.push_back({columns[0].substr(1), columns[3], columns[4]});
  }
  return result;
}

// As INFO's keyspace section begins each database: "db0:keys=3".
std::string shown_keys(const CheckedDigest& sink) {
  std::string text;
  for (const auto& [database, keys] : sink.keys()) text += fmt::format("db{}:keys={} ", database, keys);
  return text;
}
std::string keys_of(const std::string& column) {
  std::string text;
  std::istringstream words(column);
  for (std::string word; words >> word;) text += word.substr(0, word.find(',')) + " ";
  return text;
}

struct Reading {
  CheckedDigest sink{kReadAtMs};
  std::string error;
};

// In blocks, as from a disk, so that items are cut.
void read(std::string_view file, std::size_t block, Reading& to) {
  Reader reader(to.sink);
  std::string pending;
  while (true) {
    const std::string_view next = file.substr(0, block);
    pending += next;
    file.remove_prefix(next.size());
    const Reader::Step step = reader.read(pending, file.size());
    pending.erase(0, step.consumed);
    if (step.status == Reader::Status::kError) to.error = reader.error().text();
    if (step.status != Reader::Status::kMore) return;
  }
}

// What the store makes of it: the digest of its data, or why it refuses the file.
std::string load(std::string_view file) {
  store::Keyspace keyspace(16);
  const store::Settings settings;
  store::Loader loader(keyspace, settings, {.now = kReadAtMs});
  Reader reader(loader);
  const Reader::Step step = reader.read(file, 0);
  loader.settle();
  if (!loader.refusal().empty()) return loader.refusal();
  if (step.status != Reader::Status::kDone) return reader.error().text();
  store::DigestSink digest;
  store::hand_over_all(keyspace, digest);
  return digest.digest().value();
}

TEST(RealRdbFiles, HoldWhatRedisReadInThem) {
  const auto files = archive();
  if (!files) {
    const char* const ci = std::getenv("CI");
    ASSERT_FALSE(ci != nullptr && std::string_view(ci) == "true")
        << "redis/rdb-and-aof-files.tar.zst must be there on CI";
    GTEST_SKIP() << "redis/rdb-and-aof-files.tar.zst is not in $WEIR_DATA nor in ../shared/data";
  }
  // Redis 7.0 refuses modules, as we do, and versions above 10, which we read. Those files say how many keys they hold.
  const std::set<std::string> newer_files = {"dump-slot.rdb", "dump-ttlhash.rdb", "dumpV11.rdb"};
  int digests = 0;
  int kept = 0;
  std::map<std::string, int> not_kept;
  int refused = 0;
  int newer = 0;
  for (const Expected& expected : expectations(only_file(*files, "EXPECTED.tsv"))) {
    SCOPED_TRACE(expected.path);
    const std::string bytes = only_file(*files, expected.path);
    Reading whole;
    read(bytes, bytes.size(), whole);
    Reading cut;
    read(bytes, 777, cut);
    EXPECT_EQ(cut.error, whole.error);
    EXPECT_EQ(cut.sink.digest(), whole.sink.digest());

    if (const std::string made = load(bytes); made == whole.sink.digest()) {
      ++kept;
    } else if (whole.error.empty()) {
      ++not_kept[made];
    }
    if (newer_files.contains(std::filesystem::path(expected.path).filename())) {
      EXPECT_THAT(expected.result, StartsWith("REFUSED"));
      EXPECT_EQ(whole.error, "");
      EXPECT_GT(whole.sink.loaded(), 0u);
      EXPECT_EQ(whole.sink.loaded() + whole.sink.expired(), whole.sink.announced());
      ++newer;
    } else if (expected.result.starts_with("REFUSED")) {
      EXPECT_THAT(whole.error, testing::ContainsRegex("^offset [0-9]+: .* of the module '.*', which is not there$"));
      ++refused;
    } else {
      EXPECT_EQ(whole.error, "");
      EXPECT_EQ(shown_keys(whole.sink), keys_of(expected.keys_per_database));
      EXPECT_THAT(expected.result, StartsWith(fmt::format("OK (keys loaded: {}, keys expired: {})", whole.sink.loaded(),
                                                          whole.sink.expired())));
      if (const auto digest = whole.sink.digest()) {
        EXPECT_EQ("digest=" + *digest, expected.result.substr(expected.result.find("digest=")));
        ++digests;
      }
    }
  }
  // What the store keeps equals what Redis kept; what it cannot keep, it says.
  for (const auto& [why, count] : not_kept) {
    EXPECT_THAT(why, testing::ContainsRegex(
                         "^a (list|stream|function library|hash field with an expiry), which this store cannot "))
        << count;
  }
  EXPECT_GE(kept, 30);
  EXPECT_GE(digests, 55);
  EXPECT_EQ(refused, 4);
  EXPECT_EQ(newer, 3);
}

}  // namespace
}  // namespace weir::test
