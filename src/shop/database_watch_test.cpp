#include "shop/database_watch.h"

#include <gtest/gtest.h>
#include <boost/asio/this_coro.hpp>

#include "runtime/io_thread.h"
#include "shop/shop_scenario.h"

namespace weir::shop {
namespace {

using runtime::kNever;
using runtime::Task;

Task<void> watched() {
  const runtime::Executor executor = co_await boost::asio::this_coro::executor;
  const TemporaryDirectory directory;
  const auto database = open_database(directory.path() + "/shop.db");
  DatabaseWatch watch(*database, {.pause = std::chrono::milliseconds(1), .patience = std::chrono::seconds(20)});
  EXPECT_TRUE(watch.check()) << "nothing is wrong before the first question";
  // Without its tables the database does not answer as it should.
  watch.start(executor);
  while (watch.check()) co_await runtime::sleep_for(base::Duration::zero());
  const auto migrated = co_await migrate(*database, kNever);
  EXPECT_TRUE(migrated);
  while (!watch.check()) co_await runtime::sleep_for(base::Duration::zero());
  const auto dropped = co_await database->execute_script("DROP TABLE migrations", kNever);
  EXPECT_TRUE(dropped);
  while (watch.check()) co_await runtime::sleep_for(base::Duration::zero());
  EXPECT_NE(watch.check().error().text().find("migrations"), std::string::npos);
  co_await watch.stop();
}

TEST(DatabaseWatch, TellsWhetherTheDatabaseAnswersNow) { runtime::run(watched()); }

}  // namespace
}  // namespace weir::shop
