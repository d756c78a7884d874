#include "store/settings/config_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/settings/directives.h"

namespace weir::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

base::Result<void> apply(Settings& settings, std::vector<std::string_view> arguments) {
  return apply_command_line(settings, arguments);
}

TEST(ConfigText, HasCommentsQuotesAndLists) {
  Settings settings;
  const auto applied = apply_config_text(settings, "redis.conf",
                                         "# a comment\n\n  port 7000\r\nBIND 127.0.0.1 -::1\n"
                                         "requirepass \"a \\x62\"\nproto-max-bulk-len 2mb");
  ASSERT_TRUE(applied) << applied.error().text();
  EXPECT_EQ(settings.port, 7000);
  EXPECT_THAT(settings.bind, ElementsAre("127.0.0.1", "-::1"));
  EXPECT_EQ(settings.requirepass, "a b");
  EXPECT_EQ(settings.proto_max_bulk_len, 2u << 20);
}

TEST(ConfigText, ErrorsNameFileLineDirectiveAndWhatWasExpected) {
  Settings settings;
  EXPECT_THAT(apply_config_text(settings, "a.conf", "port 1\nport x\n").error().text(),
              HasSubstr("a.conf:2: port x: expected 0 to 65535"));
  EXPECT_THAT(apply_config_text(settings, "a.conf", "maxmemory-clients 1g").error().text(),
              HasSubstr("a.conf:1: directive 'maxmemory-clients' is Redis's, but this store does not have it"));
  EXPECT_THAT(apply_config_text(settings, "a.conf", "maxmemory-friends 1g").error().text(),
              HasSubstr("a.conf:1: unknown directive 'maxmemory-friends'"));
  EXPECT_THAT(apply_config_text(settings, "a.conf", "requirepass \"open").error().text(),
              HasSubstr("a.conf:1: unbalanced quotes"));
}

TEST(ConfigText, CommandLineTakesSeveralValuesUpToTheNextOption) {
  Settings settings;
  ASSERT_TRUE(apply(settings, {"--port", "7001", "--bind", "127.0.0.1", "::1", "--requirepass", ""}));
  EXPECT_EQ(settings.port, 7001);
  EXPECT_THAT(settings.bind, ElementsAre("127.0.0.1", "::1"));
  EXPECT_THAT(apply(settings, {"--port"}).error().text(), HasSubstr("option --port: port : expected 0 to 65535"));
  EXPECT_THAT(apply(settings, {"port", "1"}).error().text(), HasSubstr("'port': expected --DIRECTIVE VALUE"));
}

TEST(ConfigText, RewritingReplacesWhatChangedAndKeepsTheRest) {
  Settings settings;
  const std::string text = "# mine\nport 7000\n  TIMEOUT 5   \nslowlog-max-len 7\nport 7001\n";
  ASSERT_TRUE(apply_config_text(settings, "a.conf", text));
  settings.timeout_s = 6;
  settings.requirepass = "a \"b\\\x01";
  settings.port = 7000;
  const std::string rewritten = rewrite_config_text(text, settings);
  EXPECT_EQ(rewritten, "# mine\nport 7000\ntimeout \"6\"\nslowlog-max-len 7\nrequirepass \"a \\\"b\\\\\\x01\"\n");
  Settings read;
  ASSERT_TRUE(apply_config_text(read, "a.conf", rewritten));
  EXPECT_EQ(read.requirepass, settings.requirepass);
  EXPECT_EQ(rewrite_config_text(rewritten, read), rewritten);
}

TEST(ConfigText, OlderNamesAreTheSameDirectiveAndRewrittenUnderTheNewOne) {
  Settings settings;
  const std::string text = "hash-max-ziplist-entries 100\nhash-max-listpack-value 1kb\nhash-max-ziplist-value 1kb\n";
  ASSERT_TRUE(apply_config_text(settings, "a.conf", text));
  EXPECT_EQ(settings.hash_max_listpack_entries, 100u);
  EXPECT_EQ(settings.hash_max_listpack_value_bytes, 1024u);
  EXPECT_EQ(rewrite_config_text(text, settings), "hash-max-ziplist-entries 100\nhash-max-listpack-value 1kb\n");
  settings.hash_max_listpack_entries = 7;
  EXPECT_EQ(rewrite_config_text(text, settings), "hash-max-listpack-entries \"7\"\nhash-max-listpack-value 1kb\n");
  EXPECT_EQ(rewrite_config_text("", settings), "hash-max-listpack-entries \"7\"\nhash-max-listpack-value \"1024\"\n");
}

TEST(ConfigText, ListsAreNotCompressedAndTheirNodesHaveASize) {
  Settings settings;
  ASSERT_TRUE(apply_config_text(settings, "a.conf", "list-compress-depth 0\nlist-max-ziplist-size -5\n"));
  EXPECT_EQ(settings.list_max_listpack_size, -5);
  EXPECT_EQ(find_directive("list-max-listpack-size")->get(settings), "-5");
  EXPECT_FALSE(apply_config_text(settings, "a.conf", "list-compress-depth 1\n"));
  EXPECT_FALSE(apply_config_text(settings, "a.conf", "list-max-listpack-size 2147483648\n"));
}

TEST(ConfigText, SavePointsOfAFileAddUpAndReplaceTheDefault) {
  const auto shown = [](const Settings& settings) { return find_directive("save")->get(settings); };
  Settings settings;
  EXPECT_EQ(shown(settings), "3600 1 300 100 60 10000");
  ASSERT_TRUE(apply_config_text(settings, "a.conf", "save 900 1\nsave 300 10 60 10000\n"));
  EXPECT_EQ(shown(settings), "900 1 300 10 60 10000");
  EXPECT_EQ(rewrite_config_text("save 900 1\nport 6379\nsave 300 10\n", settings),
            "save 900 1 300 10 60 10000\nport 6379\n");
  ASSERT_TRUE(apply_config_text(settings, "a.conf", "save 900 1\nsave \"\"\n"));
  EXPECT_EQ(shown(settings), "");
  EXPECT_EQ(rewrite_config_text("", settings), "save \"\"\n");
  EXPECT_TRUE(set_directive(settings, "save", std::array<std::string_view, 1>{"5 1"}));
  EXPECT_EQ(shown(settings), "5 1");
  for (const std::string_view wrong : {"5", "0 1", "5 -1", "5 x", "5 1 2"}) {
    EXPECT_FALSE(set_directive(settings, "save", std::array{wrong})) << wrong;
  }
  EXPECT_FALSE(set_directive(settings, "dbfilename", std::array<std::string_view, 1>{"../dump.rdb"}));
}

}  // namespace
}  // namespace weir::store
