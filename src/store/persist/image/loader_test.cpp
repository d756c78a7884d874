// Lists on their way into a file and back. How all types come back is tested with whole files
// (persist/rdb_persistence_test.cpp, tests/system/persistence_test.py).
#include "store/persist/image/loader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/persist/image/entry_source.h"

namespace weir::store {
namespace {

using testing::ElementsAre;

class Lists : public testing::Test {
 protected:
  const List& list_under(std::string_view key) { return keyspace_.database(0).peek_even_expired(key)->as<List>(); }
  static std::vector<std::string> texts_of(const List& list) {
    std::vector<std::string> texts;
    for (List::Cursor at = list.begin(); at != list.end(); ++at) {
      Element::Digits digits;
      texts.emplace_back((*at).text(digits));
    }
    return texts;
  }

  Keyspace keyspace_{1};
  Settings settings_;
};

TEST_F(Lists, ComeBackNodeByNodeWhateverTheSettingIsNow) {
  Keyspace saved(1);
  List& list = saved.database(0).create<List>("k", 3);
  for (int i = 0; i < 10; ++i) list.push_back(EncodedEntry(i % 2 == 0 ? "text" + std::to_string(i) : "7"));
  list.push_front(EncodedEntry(std::string(100'000, 'x')));
  const std::vector<std::string> texts = texts_of(list);

  settings_.list_max_listpack_size = 2;
  Loader loader(keyspace_, settings_, {.now = 0});
  hand_over(*saved.database(0).peek_even_expired("k"), loader);
  const List& loaded = list_under("k");
  loaded.check();
  EXPECT_EQ(texts_of(loaded), texts);
  ASSERT_EQ(loaded.node_count(), list.node_count());
  for (std::size_t i = 0; i < list.node_count(); ++i) EXPECT_EQ(loaded.node(i).entries, list.node(i).entries) << i;
}

TEST_F(Lists, WhoseElementsComeOneByOneHaveNodesByTheSetting) {
  settings_.list_max_listpack_size = 2;
  Loader loader(keyspace_, settings_, {.now = 0});
  rdb::Record record;
  record.key = "k";
  record.expires_at_ms = 5000;
  ASSERT_TRUE(loader.begin(record, rdb::Shape::kList, 3));
  loader.list_element(Element::of_bytes("12"));
  loader.list_element(Element::of_integer(-5));
  loader.list_element(Element::of_bytes("text"));
  loader.end();
  EXPECT_THAT(texts_of(list_under("k")), ElementsAre("12", "-5", "text"));
  EXPECT_EQ(list_under("k").node_count(), 2u);
  EXPECT_EQ(keyspace_.database(0).peek_even_expired("k")->expires_at(), 5000);
  EXPECT_FALSE(loader.begin(record, rdb::Shape::kList, 1)) << "the key is there";
}

}  // namespace
}  // namespace weir::store
