#include "store/types/member_table.h"

#include <set>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "base/random.h"
#include "store/table/key_hash.h"

namespace weir::store {
namespace {

struct Word {
  std::uint32_t length;
  std::string_view text() const { return {reinterpret_cast<const char*>(this + 1), length}; }
};
struct WordTraits {
  using Item = Word;
  static std::uint64_t hash(const Word& word) { return hash_key(word.text()); }
  static std::size_t bytes(const Word& word) { return sizeof(Word) + word.length; }
};

Word* make(MemberTable<WordTraits>& words, std::string_view text) {
  auto* word = static_cast<Word*>(words.allocate(sizeof(Word) + text.size()));
  word->length = static_cast<std::uint32_t>(text.size());
  std::memcpy(word + 1, text.data(), text.size());
  return word;
}

TEST(MemberTable, KeepsItsItemsWhenTheyMoveIntoAnArenaAndGivesAllBack) {
  const std::int64_t before = Heap::used_bytes();
  {
    base::Random random(8);
    MemberTable<WordTraits> words;
    std::set<std::string> model;
    bool moved = false;
    for (int i = 0; i < 60'000; ++i) {
      const std::string text = std::to_string(random.below(8000)) + std::string(random.below(2) * 300, 'x');
      const auto place = words.find(hash_key(text), [&](const Word& word) { return word.text() == text; });
      ASSERT_EQ(static_cast<bool>(place), model.contains(text));
      if (place && random.chance(0.3)) {
        words.erase(place);
        model.erase(text);
      } else if (place) {
        words.replace(place, make(words, text));
      } else {
        words.insert(hash_key(text), make(words, text));
        model.insert(text);
      }
      if (words.should_move()) {
        std::size_t heard = 0;
        words.move_to_arena([&](const Word* old, const Word* now) {
          ASSERT_EQ(old->text(), now->text());
          ++heard;
        });
        EXPECT_EQ(heard, MemberTable<WordTraits>::kOwnArena);
        moved = true;
      }
    }
    EXPECT_TRUE(moved);
    EXPECT_EQ(words.size(), model.size());
    words.table().for_each([&](const Word& word) { ASSERT_TRUE(model.contains(std::string(word.text()))); });
  }
  EXPECT_EQ(Heap::used_bytes(), before);
}

}  // namespace
}  // namespace weir::store
