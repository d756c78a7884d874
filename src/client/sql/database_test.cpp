#include "client/sql/database.h"

#include <unistd.h>

#include <filesystem>
#include <stdexcept>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "runtime/io_thread.h"

namespace weir::client::sql {
namespace {

using base::ErrorKind;
using base::Result;
using runtime::kNever;

class DatabaseTest : public testing::Test {
 protected:
  DatabaseTest() {
    std::filesystem::create_directories(directory_);
    database_ = reopened();
    const auto made = loop_.run(database_->execute_script(
        "CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, price REAL, picture BLOB)", kNever));
    EXPECT_TRUE(made) << made.error().text();
  }
  ~DatabaseTest() override {
    database_.reset();
    std::filesystem::remove_all(directory_);
  }

  std::unique_ptr<Database> reopened() {
    auto database = Database::open(options_);
    EXPECT_TRUE(database) << database.error().text();
    return std::move(database).value();
  }
  Result<Changes> insert(std::string name) {
    Parameters parameters{std::move(name)};
    return loop_.run(database_->execute("INSERT INTO items (name) VALUES (?)", std::move(parameters), kNever));
  }
  std::int64_t count() {
    const auto rows = loop_.run(database_->query("SELECT count(*) AS n FROM items", {}, kNever));
    return rows->get<std::int64_t>(0, "n").value();
  }

  std::string directory_ = fmt::format("{}/weir_sql_test_{}", testing::TempDir(), ::getpid());
  DatabaseOptions options_{.sqlite = {.path = directory_ + "/test.db", .max_prepared = 3, .max_rows = 10},
                           .max_queued = 4};
  // Outlives the database, which reports to it what nobody waits for any more.
  runtime::IoThread loop_{"loop"};
  std::unique_ptr<Database> database_;
};

TEST_F(DatabaseTest, ValuesOfEachTypeComeBackAsTheyWere) {
  const std::string picture("\0\xff\r\n", 4);
  Parameters parameters{std::int64_t{7}, std::string("a'b\0c", 5), 1.5, Blob{picture}};
  const auto changes = loop_.run(database_->execute("INSERT INTO items VALUES (?, ?, ?, ?)", parameters, kNever));
  ASSERT_TRUE(changes) << changes.error().text();
  EXPECT_EQ(changes->rows, 1);
  EXPECT_EQ(changes->inserted_id, 7);
  const auto rows = loop_.run(database_->query("SELECT * FROM items WHERE id = ?", {std::int64_t{7}}, kNever));
  ASSERT_TRUE(rows) << rows.error().text();
  EXPECT_EQ(rows->columns, (std::vector<std::string>{"id", "name", "price", "picture"}));
  ASSERT_EQ(rows->size(), 1u);
  EXPECT_EQ(rows->rows[0], parameters);
}

TEST_F(DatabaseTest, ColumnsAreReadByNameAndType) {
  ASSERT_TRUE(insert("apple"));
  const auto rows = loop_.run(database_->query("SELECT name, price FROM items", {}, kNever));
  EXPECT_EQ(rows->get<std::string>(0, "name").value(), "apple");
  EXPECT_EQ(rows->get<std::optional<double>>(0, "price").value(), std::nullopt);
  EXPECT_EQ(rows->get<double>(0, "price").error().kind(), ErrorKind::kReject);
  EXPECT_EQ(rows->get<std::int64_t>(0, "name").error().kind(), ErrorKind::kReject);
  EXPECT_EQ(rows->get<std::string>(0, "colour").error().kind(), ErrorKind::kReject);
}

TEST_F(DatabaseTest, WrongStatementsAreRejectedAndTheNextOneRuns) {
  EXPECT_EQ(loop_.run(database_->query("SELEC 1", {}, kNever)).error().kind(), ErrorKind::kReject);
  EXPECT_EQ(loop_.run(database_->query("SELECT 1; SELECT 2", {}, kNever)).error().kind(), ErrorKind::kReject);
  EXPECT_EQ(loop_.run(database_->query("", {}, kNever)).error().kind(), ErrorKind::kReject);
  EXPECT_EQ(loop_.run(database_->query("SELECT ?", {}, kNever)).error().kind(), ErrorKind::kReject);
  ASSERT_TRUE(insert("apple"));
  const auto twice = insert("apple");
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().kind(), ErrorKind::kReject);
  EXPECT_NE(twice.error().text().find("UNIQUE"), std::string::npos) << twice.error().text();
  EXPECT_TRUE(insert("pear"));
}

TEST_F(DatabaseTest, MoreRowsThanTheLimitAreRefused) {
  const std::string numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n LIMIT ?) SELECT i FROM n";
  EXPECT_EQ(loop_.run(database_->query(numbers, {std::int64_t{10}}, kNever))->size(), 10u);
  EXPECT_EQ(loop_.run(database_->query(numbers, {std::int64_t{11}}, kNever)).error().kind(), ErrorKind::kReject);
}

TEST_F(DatabaseTest, MoreStatementsThanAreKeptPreparedStillRun) {
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 6; ++i) {
      const auto rows = loop_.run(database_->query(fmt::format("SELECT {} AS i", i), {}, kNever));
      EXPECT_EQ(rows->get<std::int64_t>(0, "i").value(), i);
    }
  }
}

TEST_F(DatabaseTest, DeadlineInterruptsAStatementAndNothingIsApplied) {
  // Takes minutes. The deadline has passed while it runs: the caller hears "unknown" at once or, when SQLite's
  // interruption is first, "not applied"; either way the thread is free again and the rows are not there.
  const std::string endless =
      "INSERT INTO items (name) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n LIMIT 1000000000) "
      "SELECT i FROM n";
  const auto late = loop_.run(database_->execute(endless, {}, runtime::deadline_after(std::chrono::milliseconds(20))));
  ASSERT_FALSE(late);
  EXPECT_TRUE(late.error().kind() == ErrorKind::kRetry || late.error().kind() == ErrorKind::kUnknownOutcome);
  EXPECT_EQ(count(), 0);
}

TEST_F(DatabaseTest, PassedDeadlineIsNotBegun) {
  const auto late = loop_.run(database_->execute("INSERT INTO items (name) VALUES ('late')", {}, runtime::mono_now()));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind(), ErrorKind::kRetry);
  EXPECT_EQ(count(), 0);
}

Result<int> insert_two(Sqlite& sqlite) {
  for (const char* name : {"one", "two"}) {
    auto inserted = sqlite.execute("INSERT INTO items (name) VALUES (?)", {std::string(name)});
    if (!inserted) return inserted.error();
  }
  return 2;
}

TEST_F(DatabaseTest, TransactionIsAllOrNothing) {
  EXPECT_EQ(loop_.run(database_->transaction(insert_two, kNever)).value(), 2);
  EXPECT_EQ(count(), 2);
  const auto again = loop_.run(database_->transaction(insert_two, kNever));
  EXPECT_EQ(again.error().kind(), ErrorKind::kReject);
  const auto thrown = [](Sqlite& sqlite) -> Result<int> {
    auto inserted = sqlite.execute("INSERT INTO items (name) VALUES ('three')");
    EXPECT_TRUE(inserted);
    throw std::runtime_error("a bug");
  };
  EXPECT_THROW((void)loop_.run(database_->transaction(thrown, kNever)), std::runtime_error);
  EXPECT_EQ(count(), 2);
  EXPECT_TRUE(insert("three")) << "nothing is left open";
}

TEST_F(DatabaseTest, WriteIsRefusedWhileAnotherConnectionWrites) {
  options_.sqlite.busy_timeout = std::chrono::milliseconds(1);
  const auto other = Sqlite::open(options_.sqlite);
  ASSERT_TRUE(other && (*other)->begin());
  database_ = reopened();
  EXPECT_EQ(insert("apple").error().kind(), ErrorKind::kRetry);
  EXPECT_EQ(count(), 0) << "reading goes on beside a writer";
  ASSERT_TRUE((*other)->commit());
  EXPECT_TRUE(insert("apple"));
}

TEST_F(DatabaseTest, CommittedRowsAreThereAfterReopening) {
  ASSERT_TRUE(insert("apple"));
  database_.reset();
  database_ = reopened();
  EXPECT_EQ(count(), 1);
}

TEST(Database, FileThatCannotBeOpenedIsNamed) {
  const auto database = Database::open({.sqlite = {.path = "/no/such/directory/x.db"}});
  ASSERT_FALSE(database);
  EXPECT_EQ(database.error().kind(), ErrorKind::kFatal);
  EXPECT_NE(database.error().text().find("/no/such/directory/x.db"), std::string::npos);
}

}  // namespace
}  // namespace weir::client::sql
