#include "store/types/list.h"

#include <deque>

#include <gtest/gtest.h>

#include "base/random.h"
#include "store/memory/heap.h"
#include "store/types/listpack.h"

namespace weir::store {
namespace {

std::string text_of(const Element& element) {
  Element::Digits digits;
  return std::string(element.text(digits));
}

std::vector<std::string> texts_of(const List& list) {
  std::vector<std::string> texts;
  for (List::Cursor at = list.begin(); at != list.end(); ++at) texts.push_back(text_of(*at));
  return texts;
}

List list_of(std::initializer_list<std::string_view> texts, int limit = -2) {
  List list(limit);
  for (const std::string_view text : texts) list.push_back(EncodedEntry(text));
  return list;
}

// Mostly short texts and integers; now and then one that is as large as a node, or larger.
std::string random_text(base::Random& random) {
  switch (random.below(12)) {
    case 0: return {};
    case 1:
    case 2:
    case 3: return std::to_string(random.between(-5000, 5000));
    case 4: return std::to_string(static_cast<std::int64_t>(random()));
    case 5: return std::string(random.below(600), 'm');
    case 6: return random.chance(0.1) ? std::string(3000 + random.below(7000), 'l') : "l";
    default: return std::string(random.below(40), static_cast<char>('a' + random.below(26)));
  }
}

// The list beside a std::deque, each operation done on both.
class Twin {
 public:
  explicit Twin(int limit) : list(limit) {}

  void change(base::Random& random, bool growing) {
    const std::string text = random_text(random);
    const EncodedEntry entry(text);
    const std::size_t index = random.below(model_.size() + 1);
    const auto at = model_.begin() + static_cast<std::ptrdiff_t>(index);
    const std::uint64_t dice = random.below(growing ? 60 : 100);
    if (dice < 20) {
      list.push_back(entry);
      model_.push_back(text);
    } else if (dice < 35) {
      list.push_front(entry);
      model_.push_front(text);
    } else if (dice < 50) {
      ASSERT_EQ(text_of(*list.insert(list.at(index), entry)), text);
      model_.insert(at, text);
    } else if (model_.empty()) {
      ASSERT_TRUE(list.empty());
    } else if (dice < 58 || dice >= 96) {
      replace(index % model_.size(), text);
    } else if (dice < 66) {
      ASSERT_EQ(text_of(list.front()), model_.front());
      list.pop_front();
      model_.pop_front();
    } else if (dice < 82) {
      ASSERT_EQ(text_of(list.back()), model_.back());
      list.pop_back();
      model_.pop_back();
    } else if (dice < 92) {
      erase(index % model_.size());
    } else if (dice < 95) {
      const std::size_t count = random.below(random.chance(0.1) ? model_.size() + 1 : 20);
      list.erase_range(index, count);
      model_.erase(at, at + static_cast<std::ptrdiff_t>(std::min(count, model_.size() - index)));
    } else if (random.chance(0.2)) {
      const std::size_t count = model_.size() - random.below(std::min<std::size_t>(model_.size(), 30) + 1);
      list.keep_range(index / 8, count);
      model_.erase(model_.begin(), model_.begin() + static_cast<std::ptrdiff_t>(index / 8));
      model_.resize(std::min(model_.size(), count));
    }
  }

  void compare(base::Random& random) const {
    list.check();
    ASSERT_EQ(list.size(), model_.size());
    List::Cursor at = list.begin();
    for (const std::string& text : model_) {
      ASSERT_EQ(text_of(*at), text);
      ++at;
    }
    ASSERT_EQ(at, list.end());
    for (auto text = model_.rbegin(); text != model_.rend(); ++text) ASSERT_EQ(text_of(*--at), *text);
    ASSERT_EQ(at, list.begin());
    for (int i = 0; i < 10 && !model_.empty(); ++i) {
      const std::size_t index = random.below(model_.size());
      ASSERT_EQ(text_of(*list.at(index)), model_[index]);
    }
    const std::size_t first = random.below(model_.size() + 1);
    const std::size_t count = random.below(model_.size() - first + 1);
    auto expected = model_.begin() + static_cast<std::ptrdiff_t>(first);
    const auto last = expected + static_cast<std::ptrdiff_t>(count);
    list.walk(first, count, [&](const Element& element) { ASSERT_EQ(text_of(element), *expected++); });
    ASSERT_EQ(expected, last);
    ASSERT_EQ(list.at(model_.size()), list.end());
    ASSERT_EQ(texts_of(list.copy()), texts_of(list));
  }

  List list;

 private:
  void replace(std::size_t index, const std::string& text) {
    ASSERT_EQ(text_of(*list.replace(list.at(index), EncodedEntry(text))), text);
    model_[index] = text;
  }
  void erase(std::size_t index) {
    const List::Cursor behind = list.erase(list.at(index));
    model_.erase(model_.begin() + static_cast<std::ptrdiff_t>(index));
    ASSERT_EQ(behind == list.end(), index == model_.size());
    if (index < model_.size()) {
      ASSERT_EQ(text_of(*behind), model_[index]);
    }
  }

  std::deque<std::string> model_;
};

TEST(List, BehavesAsADequeWhateverTheLimit) {
  for (const int limit : {-2, -1, -5, 1, 3, 128, 0}) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      SCOPED_TRACE(testing::Message() << "seed " << seed << ", limit " << limit);
      base::Random random(seed);
      Twin twin(limit);
      bool growing = true;
      for (int i = 0; i < 6000; ++i) {
        if (i % 500 == 0) {
          growing = random.chance(0.4);
          twin.compare(random);
        }
        twin.change(random, growing);
        if (HasFatalFailure()) return;
      }
      twin.compare(random);
      twin.list.keep_range(0, 0);
      twin.list.check();
      ASSERT_TRUE(twin.list.empty());
    }
  }
}

TEST(List, NodesHoldWhatTheLimitAllows) {
  struct Case {
    int limit;
    std::size_t text_bytes, most_in_a_node;
  };
  // An entry of 100 bytes takes 103, one of 5000 takes 5008.
  for (const auto& [limit, text_bytes, most] : std::initializer_list<Case>{{-1, 100, 39},
                                                                           {-2, 100, 79},
                                                                           {-3, 100, 159},
                                                                           {-4, 100, 318},
                                                                           {-5, 100, 636},
                                                                           {1, 100, 1},
                                                                           {10, 100, 10},
                                                                           {500, 100, 79},
                                                                           {0, 100, 1},
                                                                           {-1, 5000, 1},
                                                                           {-2, 5000, 1},
                                                                           {-3, 5000, 3}}) {
    List back(limit), front(limit);
    const std::string text(text_bytes, 'x');
    for (int i = 0; i < 1272; ++i) {
      back.push_back(EncodedEntry(text));
      front.push_front(EncodedEntry(text));
    }
    EXPECT_EQ(back.node_count(), (1272 + most - 1) / most) << limit << ", " << text_bytes;
    EXPECT_EQ(front.node_count(), back.node_count());
  }
}

TEST(List, ANodeBecomesAListpackAndBack) {
  List list = list_of({"a", "17", "", "-3000000000", "bcd"});
  std::string blob;
  append_listpack(blob, list.node(0));
  ASSERT_TRUE(ListpackView::valid(blob));
  Listpack same;
  for (const std::string& text : texts_of(list)) same.append(text);
  EXPECT_EQ(blob, same.view().blob());

  List loaded(-2);
  const std::string_view entries = std::string_view(blob).substr(6, blob.size() - 7);
  loaded.append_node(entries, 5);
  loaded.append_node(entries, 5);
  loaded.check();
  EXPECT_EQ(loaded.node_count(), 2u);
  loaded.push_front(EncodedEntry("first"));
  loaded.push_back(EncodedEntry("last"));
  loaded.check();
  EXPECT_EQ(texts_of(loaded), (std::vector<std::string>{"first", "a", "17", "", "-3000000000", "bcd", "a", "17", "",
                                                        "-3000000000", "bcd", "last"}));
}

TEST(List, TellsAnElementByItsTextHoweverItIsKept) {
  const List list = list_of({"17", "017", "seventeen"});
  const auto integer = canonical_integer("17");
  List::Cursor at = list.begin();
  EXPECT_TRUE(at.equals("17", integer));
  EXPECT_TRUE((*at).is_integer);
  EXPECT_FALSE((++at).equals("17", integer));
  EXPECT_TRUE(at.equals("017", canonical_integer("017")));
  EXPECT_TRUE((++at).equals("seventeen", std::nullopt));
}

// As a queue does: elements come at one end and go at the other, and memory does not grow.
TEST(List, AQueueKeepsItsMemory) {
  for (const std::size_t length : {5, 2000}) {
    List list(-2);
    const std::string text(30, 'q');
    for (std::size_t i = 0; i < length; ++i) list.push_front(EncodedEntry(text));
    std::size_t most = 0;
    for (int i = 0; i < 50'000; ++i) {
      list.push_front(EncodedEntry(text));
      list.pop_back();
      most = std::max(most, list.footprint(0));
    }
    EXPECT_LE(most, length * 33 * 5 / 4 + 3 * 8192) << length;
    list.check();
  }
}

TEST(List, GivesBackWhatItDoesNotNeed) {
  const std::int64_t before = Heap::used_bytes();
  {
    List list(-2);
    for (int i = 0; i < 10'000; ++i) list.push_back(EncodedEntry(std::string(16, 'x')));
    EXPECT_LE(list.footprint(0), 10'000 * 18 * 11 / 10);
    EXPECT_EQ(list.footprint(3) / 10'000, list.footprint(0) / 10'000);
    list.keep_range(5000, 3);
    EXPECT_LE(list.footprint(0), 2048u);
    List moved = std::move(list);
    EXPECT_EQ(moved.size(), 3u);
    EXPECT_TRUE(list.empty());  // NOLINT(bugprone-use-after-move): a moved list is an empty one.
  }
  EXPECT_EQ(Heap::used_bytes(), before);
}

// Three of these fill a node, which then has a sixth to spare.
TEST(List, AFullNodeKeepsNoRoom) {
  List back(-2), front(-2);
  for (int i = 0; i < 200; ++i) {
    back.push_back(EncodedEntry(std::string(2300, 'x')));
    front.push_front(EncodedEntry(std::string(2300, 'x')));
  }
  EXPECT_LE(back.footprint(0), 200 * 2304 * 11 / 10);
  EXPECT_LE(front.footprint(0), 200 * 2304 * 11 / 10);
}

TEST(List, InsertingBetweenNodesUsesTheRoomThatOneHas) {
  List list = list_of({"a", "b", "c", "d"}, 2);
  ASSERT_EQ(list.node_count(), 2u);
  list.erase(list.begin());
  list.insert(list.at(1), EncodedEntry("x"));
  EXPECT_EQ(list.node_count(), 2u);
  list.insert(list.at(2), EncodedEntry("y"));
  EXPECT_EQ(list.node_count(), 3u);
  list.check();
  EXPECT_EQ(texts_of(list), (std::vector<std::string>{"b", "x", "y", "c", "d"}));
}

TEST(List, AnInsertionIntoAFullNodeSplitsIt) {
  List list = list_of({"a", "b", "c", "d", "e", "f"}, 3);
  list.insert(list.at(1), EncodedEntry("x"));
  list.check();
  EXPECT_EQ(list.node_count(), 3u);
  EXPECT_EQ(texts_of(list), (std::vector<std::string>{"a", "x", "b", "c", "d", "e", "f"}));
}

// A limit of one gives every element a node, so that the array of nodes is what grows and shrinks.
TEST(List, ManyNodesComeAndGoAtBothEnds) {
  List list(1);
  std::deque<std::string> model;
  base::Random random(7);
  for (int i = 0; i < 30'000; ++i) {
    const bool grow = i % 10'000 < 5000;
    const std::string text = std::to_string(i);
    if (random.chance(grow ? 0.9 : 0.1) || model.empty()) {
      random.chance(0.5) ? (list.push_back(EncodedEntry(text)), model.push_back(text))
                         : (list.push_front(EncodedEntry(text)), model.push_front(text));
    } else {
      random.chance(0.5) ? (list.pop_back(), model.pop_back()) : (list.pop_front(), model.pop_front());
    }
    if (i % 1000 != 999) continue;
    list.check();
    ASSERT_EQ(texts_of(list), std::vector<std::string>(model.begin(), model.end())) << "seed 7, operation " << i;
  }
  list.keep_range(0, 1);
  EXPECT_LE(list.footprint(0), 200u);
}

TEST(List, ASmallListTakesLittle) {
  const List list = list_of({"one", "two", "three"});
  EXPECT_LE(list.footprint(0), 64u);
}

}  // namespace
}  // namespace weir::store
