#include "store/settings/directives.h"

#include <gtest/gtest.h>

#include "store/settings/directive_values.h"

namespace weir::store {
namespace {

base::Result<void> set(Settings& settings, std::string_view name, std::vector<std::string_view> values) {
  return set_directive(settings, name, values);
}

TEST(Directives, TakeBackWhatTheyGive) {
  for (const Directive& directive : directives()) {
    Settings settings;
    const std::string value = directive.get(settings);
    if (directive.name == "bind") continue;  // Takes a list; config_text_test.cpp.
    EXPECT_TRUE(set(settings, directive.name, {value})) << directive.name;
    EXPECT_EQ(directive.get(settings), value) << directive.name;
  }
}

TEST(Directives, NumbersOutsideTheirRangeAreRefused) {
  Settings settings;
  for (const char* bad : {"-1", "65536", "", "7x", "99999999999999999999"}) {
    EXPECT_FALSE(set(settings, "port", {bad})) << bad;
  }
  EXPECT_EQ(settings.port, 6379);
}

TEST(Directives, OutputLimitsAreSetByClassAndShownTogether) {
  Settings settings;
  ASSERT_TRUE(set(settings, "client-output-buffer-limit", {"replica", "1mb", "1kb", "5", "pubsub", "2", "1", "0"}));
  EXPECT_EQ(find_directive("client-output-buffer-limit")->get(settings),
            "normal 0 0 0 slave 1048576 1024 5 pubsub 2 1 0");
  for (const std::vector<std::string_view>& bad :
       {std::vector<std::string_view>{"normal 0 0"}, {""}, {"nobody 0 0 0"}, {"normal x 0 0"}, {"normal 0 0 -1"}}) {
    EXPECT_FALSE(set(settings, "client-output-buffer-limit", bad)) << bad[0];
  }
}

TEST(Directives, MemoryUnitsAreRedis) {
  EXPECT_EQ(parse_memory("1k"), 1000u);
  EXPECT_EQ(parse_memory("1Kb"), 1024u);
  EXPECT_EQ(parse_memory("3GB"), 3ull << 30);
  EXPECT_EQ(parse_memory("17"), 17u);
  for (const char* bad : {"", "k", "1x", "1 k", "-1", "99999999999gb", "1.5g"}) {
    EXPECT_EQ(parse_memory(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace weir::store
