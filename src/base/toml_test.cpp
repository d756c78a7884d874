#include "base/toml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::base {
namespace {

using testing::ElementsAre;
using namespace std::chrono_literals;

TEST(Toml, ReadsEachTypeAndTheDefaults) {
  const auto file = Toml::parse("a.toml", R"(
name = "x"
port = 7
on = true
wait = "250ms"
list = ["a", "b"]
[[route]]
path = "/a"
[[route]]
path = "/b"
[upstream.shop]
[upstream.api]
)");
  ASSERT_TRUE(file) << file.error().text();
  TomlTable root = file->root();
  EXPECT_EQ(root.text("name", ""), "x");
  EXPECT_EQ(root.integer("port", 0, 0, 9), 7);
  EXPECT_TRUE(root.boolean("on", false));
  EXPECT_EQ(root.duration("wait", 1s), 250ms);
  EXPECT_EQ(root.duration("absent", 1s), 1s);
  EXPECT_EQ(root.table("nothing").integer("port", 3, 0, 9), 3);
  EXPECT_THAT(root.texts("list"), ElementsAre("a", "b"));
  std::vector<std::string> paths;
  for (TomlTable route : root.tables("route")) paths.push_back(route.required_text("path"));
  EXPECT_THAT(paths, ElementsAre("/a", "/b"));
  TomlTable upstreams = root.table("upstream");
  EXPECT_THAT(upstreams.table_names(), ElementsAre("shop", "api"));
  for (const std::string& name : upstreams.table_names()) upstreams.table(name);
  EXPECT_TRUE(file->finish()) << file->finish().error().text();
}

std::string complaint(std::string_view text, const std::function<void(TomlTable)>& read) {
  const auto file = Toml::parse("a.toml", text);
  if (!file) return file.error().text();
  read(file->root());
  const auto finished = file->finish();
  return finished ? "" : finished.error().text();
}

TEST(Toml, ComplaintsNameFileLineSettingAndWhatWasExpected) {
  EXPECT_EQ(complaint("\nport = \"x\"", [](TomlTable t) { t.integer("port", 0, 1, 9); }),
            "a.toml:2: port: expected a whole number from 1 to 9");
  EXPECT_EQ(complaint("port = 10", [](TomlTable t) { t.integer("port", 0, 1, 9); }),
            "a.toml:1: port: 10 is out of range, expected a whole number from 1 to 9");
  EXPECT_EQ(complaint("wait = \"5\"", [](TomlTable t) { t.duration("wait", 1s); }),
            "a.toml:1: wait: '5': expected a duration like \"250ms\", \"5s\", \"2m\" or \"1h\"");
  EXPECT_EQ(complaint("", [](TomlTable t) { t.required_text("listen"); }),
            "a.toml:1: listen: is missing; expected a text in quotes");
  EXPECT_EQ(complaint("list = [1]", [](TomlTable t) { t.texts("list"); }), "a.toml:1: list: expected a list of texts");
  EXPECT_EQ(complaint("route = 1", [](TomlTable t) { t.tables("route"); }),
            "a.toml:1: route: expected tables, each begun by [[route]]");
}

TEST(Toml, WhatNobodyReadIsAnUnknownSetting) {
  EXPECT_EQ(complaint("a = 1\nprot = 2", [](TomlTable t) { t.integer("a", 0, 0, 9); }),
            "a.toml:2: prot: unknown setting");
  EXPECT_EQ(complaint("[[r]]\npath = \"\"\nhots = 1",
                      [](TomlTable t) {
                        for (TomlTable r : t.tables("r")) r.text("path", "");
                      }),
            "a.toml:3: hots: unknown setting");
}

TEST(Toml, SyntaxErrorsHaveTheirLine) {
  EXPECT_THAT(complaint("a = 1\nb = ", [](TomlTable) {}), testing::StartsWith("a.toml:2: "));
}

TEST(Toml, WhatTheParserDidNotExpectIsAComplaintToo) {
  for (const char* bad :
       {"[[[", "[[[a]]]", "[a", "[[a]", "a = [[[", "a = {{", "=", "\"", "a.b.[", "\xff\xfe", "[a]\n[a]"}) {
    EXPECT_THAT(complaint(bad, [](TomlTable) {}), testing::StartsWith("a.toml:")) << bad;
  }
}

TEST(Toml, DurationsAreWholeNumbersWithAUnit) {
  EXPECT_EQ(parse_duration("5s"), Duration(5s));
  EXPECT_EQ(parse_duration("0ms"), Duration(0));
  for (const char* bad : {"", "s", "5", "-5s", "1.5s", "5 s", "5d", "99999999999999999h"}) {
    EXPECT_EQ(parse_duration(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace weir::base
