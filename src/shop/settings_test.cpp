#include "shop/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::shop {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

std::string complaint(std::string_view text) {
  const auto settings = parse_settings("shop.toml", text);
  return settings ? "accepted" : settings.error().text();
}

TEST(Settings, DefaultsHoldForAnEmptyFile) {
  const auto settings = parse_settings("shop.toml", "");
  ASSERT_TRUE(settings) << settings.error().text();
  EXPECT_EQ(settings->listen.to_string(), "127.0.0.1:8081");
  EXPECT_EQ(settings->store.address, "127.0.0.1:6379");
  EXPECT_EQ(settings->cache.expiry, 10min);
}

TEST(Settings, EverySettingIsRead) {
  const auto settings = parse_settings("shop.toml", R"(
listen = "[::1]:9000"
log_level = "error"
currency = "GBP"
[store]
address = "unix:/run/store"
user = "u"
password = "p"
timeout = "20ms"
[database]
path = "/tmp/x.db"
[cache]
expiry = "1h"
negative_expiry = "1s"
[limits]
connections = 2
body_bytes = 3
loads = 4
database_queue = 5
request = "6s"
drain = "0s"
)");
  ASSERT_TRUE(settings) << settings.error().text();
  EXPECT_EQ(settings->listen.to_string(), "[::1]:9000");
  EXPECT_EQ(settings->log_level, base::log::Level::kError);
  EXPECT_EQ(settings->currency, "GBP");
  EXPECT_EQ(settings->store.address, "unix:/run/store");
  EXPECT_EQ(settings->store.user, "u");
  EXPECT_EQ(settings->store.password, "p");
  EXPECT_EQ(settings->store.timeout, 20ms);
  EXPECT_EQ(settings->database.path, "/tmp/x.db");
  EXPECT_EQ(settings->cache.expiry, 1h);
  EXPECT_EQ(settings->cache.negative_expiry, 1s);
  EXPECT_EQ(settings->limits.connections, 2u);
  EXPECT_EQ(settings->limits.body_bytes, 3u);
  EXPECT_EQ(settings->limits.loads, 4u);
  EXPECT_EQ(settings->limits.database_queue, 5u);
  EXPECT_EQ(settings->limits.request, 6s);
  EXPECT_EQ(settings->limits.drain, 0s);
}

TEST(Settings, StoreMayBeANameToLookUp) {
  EXPECT_EQ(complaint("[store]\naddress = \"store.internal:6379\""), "accepted");
}

TEST(Settings, ComplaintsNameFileLineSettingAndWhatWasExpected) {
  EXPECT_THAT(complaint("\nlisten = \"nowhere\""), HasSubstr("shop.toml:2: listen: "));
  EXPECT_THAT(complaint("listen = 1"), HasSubstr("shop.toml:1: listen: expected a text"));
  EXPECT_THAT(complaint("log_level = \"loud\""), HasSubstr("shop.toml:1: log_level: "));
  EXPECT_THAT(complaint("currency = \"euro\""), HasSubstr("three capital letters"));
  for (const char* address : {"", "6379", ":6379", "name:", "name:0", "name:x", "name:70000", "a:b:1"}) {
    EXPECT_THAT(complaint(fmt::format("[store]\naddress = \"{}\"", address)),
                HasSubstr("address: '" + std::string(address) + "': expected \"host:port\""));
  }
  EXPECT_THAT(complaint("[database]\npath = \"\""), HasSubstr("path: expected the path of a file"));
  EXPECT_THAT(complaint("[cache]\nexpiry = \"0s\""), HasSubstr("shop.toml:2: expiry: expected a duration from 1ms to"));
  EXPECT_THAT(complaint("[limits]\nloads = 0"), HasSubstr("a whole number from 1 to"));
  EXPECT_THAT(complaint("[limits]\nload = 1"), HasSubstr("load: unknown setting"));
}

}  // namespace
}  // namespace weir::shop
