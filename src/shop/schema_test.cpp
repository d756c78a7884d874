#include "shop/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/io_thread.h"
#include "shop/shop_scenario.h"

namespace weir::shop {
namespace {

using runtime::kNever;
using testing::HasSubstr;

class SchemaTest : public testing::Test {
 protected:
  base::Result<void> script(std::string text) { return loop_.run(database_->execute_script(std::move(text), kNever)); }
  base::Result<void> migrated() { return loop_.run(migrate(*database_, kNever)); }

  TemporaryDirectory directory_;
  runtime::IoThread loop_{"loop"};
  std::unique_ptr<client::sql::Database> database_ = open_database(directory_.path() + "/shop.db");
};

TEST_F(SchemaTest, IsMadeOnceAndIsThereTheNextTime) {
  ASSERT_TRUE(migrated());
  ASSERT_TRUE(script("INSERT INTO items (id, name, price_cents, currency) VALUES ('1', '', 0, 'EUR')"));
  database_ = open_database(directory_.path() + "/shop.db");
  const auto again = migrated();
  ASSERT_TRUE(again) << again.error().text();
  const auto rows = loop_.run(database_->query(
      "SELECT (SELECT count(*) FROM items) AS items, (SELECT max(version) FROM migrations) AS version", {}, kNever));
  ASSERT_TRUE(rows) << rows.error().text();
  EXPECT_EQ(rows->get<std::int64_t>(0, "items").value(), 1);
  EXPECT_EQ(rows->get<std::int64_t>(0, "version").value(), schema_version());
}

TEST_F(SchemaTest, WritesAheadSoThatReadersDoNotWait) {
  const auto rows = loop_.run(database_->query("SELECT journal_mode FROM pragma_journal_mode", {}, kNever));
  ASSERT_TRUE(rows) << rows.error().text();
  EXPECT_EQ(rows->get<std::string>(0, "journal_mode").value(), "wal");
}

TEST_F(SchemaTest, NegativePricesAreRefusedByTheTableToo) {
  ASSERT_TRUE(migrated());
  EXPECT_FALSE(script("INSERT INTO items (id, name, price_cents, currency) VALUES ('1', '', -1, 'EUR')"));
}

TEST_F(SchemaTest, DatabaseOfALaterProgramIsLeftAlone) {
  ASSERT_TRUE(migrated());
  ASSERT_TRUE(script("INSERT INTO migrations (version) VALUES (1000)"));
  const auto refused = migrated();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), base::ErrorKind::kFatal);
  EXPECT_THAT(refused.error().text(), HasSubstr("version 1000"));
}

TEST_F(SchemaTest, MigrationThatFailsLeavesNothingBehind) {
  ASSERT_TRUE(script("CREATE TABLE items (mine TEXT)"));
  const auto failed = migrated();
  ASSERT_FALSE(failed);
  EXPECT_THAT(failed.error().text(), HasSubstr("migration 1"));
  EXPECT_FALSE(script("SELECT * FROM migrations")) << "rolled back";
}

}  // namespace
}  // namespace weir::shop
