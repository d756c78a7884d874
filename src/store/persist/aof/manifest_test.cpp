#include "store/persist/aof/manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::store::aof {
namespace {

using testing::HasSubstr;

TEST(Manifest, IsReadAndWrittenToTheByte) {
  const std::string text =
      "file appendonly.aof.3.base.rdb seq 3 type b\n"
      "file appendonly.aof.2.base.rdb seq 2 type h\n"
      "file \"with blank.incr\\x01\" seq 7 type i\n"
      "file appendonly.aof.9.incr.aof seq 9 type i\n";
  const auto manifest = parse_manifest(text);
  ASSERT_TRUE(manifest) << manifest.error().text();
  EXPECT_EQ(manifest->base->name, "appendonly.aof.3.base.rdb");
  EXPECT_EQ(manifest->increments[0].name, "with blank.incr\x01");
  EXPECT_EQ(manifest->to_text(), text);
  EXPECT_EQ(manifest->next_base("a").name, "a.4.base.rdb");
  EXPECT_EQ(manifest->next_increment("a").name, "a.10.incr.aof");
}

TEST(Manifest, AcceptsWhatRedisAccepts) {
  const auto manifest = parse_manifest("# a comment\n  FILE a SEQ 1 TYPE base later 5  \nfile b seq 2 type i\n");
  ASSERT_TRUE(manifest) << manifest.error().text();
  EXPECT_EQ(manifest->to_text(), "file a seq 1 type b\nfile b seq 2 type i\n");
}

TEST(Manifest, RefusesWhatRedisRefusesAndNamesTheLine) {
  const auto why = [](std::string_view text) {
    const auto manifest = parse_manifest(text);
    return manifest ? "accepted" : manifest.error().text();
  };
  EXPECT_EQ(why(""), "it is empty");
  EXPECT_THAT(why("file a seq 1 type b"), HasSubstr("line 1: it is too long, or does not end"));
  EXPECT_THAT(why("#\nfile " + std::string(1100, 'a') + " seq 1 type b\n"), HasSubstr("line 2: it is too long"));
  for (const std::string_view line :
       {"\n", "file a seq 1\n", "file a seq 1 type b x\n", "file \"a seq 1 type b\n", "file a seq x type b\n",
        "file \"\" seq 1 type b\n", "file a seq 1 type \"\"\n", "file .. seq 1 type b\n"}) {
    EXPECT_THAT(why(line), HasSubstr("line 1: expected 'file NAME seq NUMBER type b|h|i'")) << line;
  }
  EXPECT_THAT(why("file ../a seq 1 type b\n"), HasSubstr("can't be a path"));
  EXPECT_THAT(why("file a seq 1 type b\nfile b seq 2 type b\n"), HasSubstr("line 2: there is a base file already"));
  EXPECT_THAT(why("file a seq 2 type i\nfile b seq 2 type i\n"), HasSubstr("line 2: its sequence number"));
  EXPECT_THAT(why("file a seq 2 type x\n"), HasSubstr("unknown type 'x'"));
}

TEST(Manifest, KeepsWhatComesAfterANewBase) {
  Manifest manifest =
      parse_manifest("file b.1 seq 1 type b\nfile i.1 seq 1 type i\nfile i.2 seq 2 type i\nfile i.3 seq 3 type i\n")
          .value();
  manifest.replace_base({.name = "b.2", .sequence = 2}, 1);
  EXPECT_EQ(manifest.to_text(),
            "file b.2 seq 2 type b\nfile i.1 seq 1 type h\nfile i.2 seq 2 type h\nfile b.1 seq 1 type h\n"
            "file i.3 seq 3 type i\n");
  EXPECT_EQ(manifest.next_base("b").sequence, 3);
}

}  // namespace
}  // namespace weir::store::aof
