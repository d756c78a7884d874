#include "store/types/listpack.h"

#include <charconv>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/random.h"
#include "store/memory/heap.h"

namespace weir::store {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

std::string text_of(const Element& element) {
  Element::Digits digits;
  return std::string(element.text(digits));
}

std::vector<std::string> texts(ListpackView list) {
  std::vector<std::string> result;
  for (const Element& element : list) result.push_back(text_of(element));
  return result;
}

std::vector<std::string> texts_backwards(ListpackView list) {
  std::vector<std::string> result;
  for (auto at = list.end(); at != list.begin();) result.insert(result.begin(), text_of(*--at));
  return result;
}

Listpack listpack_of(const std::vector<std::string>& elements) {
  Listpack list;
  for (const std::string& element : elements) list.append(element);
  return list;
}

std::string written(const EncodedEntry& entry) {
  std::string bytes(entry.size(), '\0');
  EXPECT_EQ(entry.write(bytes.data()), bytes.data() + bytes.size());
  return bytes;
}

// Every length and value at which a form of the encoding, or the size of a backlen, changes.
std::vector<std::string> telling_elements() {
  std::vector<std::string> elements = {"",   "-",  "-0", "00", "01",  "+1",   " 1",
                                       "1 ", "1a", "-a", "a",  "\0"s, "1\0"s, "0x1"};
  for (const std::int64_t edge : {0l, 127l, 4095l, 32767l, 8388607l, 2147483647l, 9223372036854775807l}) {
    for (const std::int64_t near :
         {edge - 1, edge, edge == std::numeric_limits<std::int64_t>::max() ? edge : edge + 1}) {
      elements.push_back(std::to_string(near));
      elements.push_back(std::to_string(-near));
    }
  }
  elements.push_back("-9223372036854775808");
  elements.push_back("-9223372036854775809");
  elements.push_back("9223372036854775808");
  elements.push_back("18446744073709551616");
  elements.push_back("99999999999999999999");
  elements.push_back("-99999999999999999999");
  for (const std::size_t size : {1,    20,   21,    62,    63,    64,    65,    124,     125,     126,     127,    4094,
                                 4095, 4096, 16376, 16377, 16378, 16379, 16380, 2097144, 2097145, 2097146, 2097147}) {
    elements.push_back(std::string(size, 'x'));
  }
  return elements;
}

TEST(CanonicalInteger, IsATextThatItsIntegerIsWrittenAs) {
  for (const std::string& element : telling_elements()) {
    std::int64_t value = 0;
    const auto [end, code] = std::from_chars(element.data(), element.data() + element.size(), value);
    const bool canonical = code == std::errc() && std::to_string(value) == element;
    EXPECT_EQ(canonical_integer(element), canonical ? std::optional(value) : std::nullopt) << element;
  }
}

TEST(ListpackEntry, HasTheBytesThatRedisWrites) {
  EXPECT_EQ(written(EncodedEntry("0")), "\x00\x01"sv);
  EXPECT_EQ(written(EncodedEntry("127")), "\x7f\x01"sv);
  EXPECT_EQ(written(EncodedEntry("128")), "\xc0\x80\x02"sv);
  EXPECT_EQ(written(EncodedEntry("-1")), "\xdf\xff\x02"sv);
  EXPECT_EQ(written(EncodedEntry("-4096")), "\xd0\x00\x02"sv);
  EXPECT_EQ(written(EncodedEntry("4096")), "\xf1\x00\x10\x03"sv);
  EXPECT_EQ(written(EncodedEntry("-32769")), "\xf2\xff\x7f\xff\x04"sv);
  EXPECT_EQ(written(EncodedEntry("8388608")), "\xf3\x00\x00\x80\x00\x05"sv);
  EXPECT_EQ(written(EncodedEntry("-2147483649")), "\xf4\xff\xff\xff\x7f\xff\xff\xff\xff\x09"sv);
  EXPECT_EQ(written(EncodedEntry("ab")),
            "\x82"
            "ab\x03"sv);
  EXPECT_EQ(written(EncodedEntry("")), "\x80\x01"sv);
  const std::string sixty_four(64, 'x');
  EXPECT_EQ(written(EncodedEntry(sixty_four)), "\xe0\x40" + sixty_four + "\x42");
  const std::string large(4096, 'x');
  EXPECT_EQ(written(EncodedEntry(large)), "\xf0\x00\x10\x00\x00"s + large + "\x20\x85");
  // 16,383 would fit two bytes of backlen; it takes three.
  const std::string edge(16378, 'x');
  EXPECT_EQ(written(EncodedEntry(edge)).substr(5 + edge.size()), "\x00\xff\xff"sv);
  EXPECT_EQ(written(EncodedEntry(Element::of_integer(-1))), written(EncodedEntry("-1")));
  EXPECT_EQ(written(EncodedEntry(Element::of_bytes("x"))), written(EncodedEntry("x")));
}

TEST(ListpackEntry, IsReadAsItWasWritten) {
  for (const std::string& element : telling_elements()) {
    SCOPED_TRACE(element.substr(0, 30) + " of " + std::to_string(element.size()));
    const std::string bytes = written(EncodedEntry(element));
    const char* const begin = bytes.data();
    const char* const end = begin + bytes.size();
    const Element read = listpack_entry::decode(begin);
    EXPECT_EQ(text_of(read), element);
    EXPECT_EQ(read.is_integer, canonical_integer(element).has_value());
    EXPECT_EQ(listpack_entry::next(begin), end);
    EXPECT_EQ(listpack_entry::previous(end), begin);
    EXPECT_EQ(listpack_entry::checked_next(begin, end), end);
    EXPECT_EQ(listpack_entry::checked_next(begin, end - 1), nullptr);
    EXPECT_TRUE(listpack_entry::equals(begin, element, canonical_integer(element)));
    EXPECT_FALSE(listpack_entry::equals(begin, element + "1", canonical_integer(element + "1")));
  }
}

TEST(Element, EqualsByItsTextWhateverItsForm) {
  EXPECT_TRUE(Element::of_bytes("5") == Element::of_integer(5));
  EXPECT_TRUE(Element::of_integer(-7) == Element::of_bytes("-7"));
  EXPECT_FALSE(Element::of_bytes("05") == Element::of_integer(5));
  EXPECT_FALSE(Element::of_bytes("a") == Element::of_bytes("b"));
  EXPECT_FALSE(Element::of_bytes("") == Element::of_integer(0));
}

TEST(Listpack, IsTheBlobThatRedisWrites) {
  EXPECT_EQ(Listpack().view().blob(), "\x07\x00\x00\x00\x00\x00\xff"sv);
  EXPECT_EQ(listpack_of({"ab", "1"}).view().blob(),
            "\x0d\x00\x00\x00\x02\x00\x82"
            "ab\x03\x01\x01\xff"sv);
}

TEST(Listpack, HoldsEveryFormInOrderAndBackwards) {
  const std::vector<std::string> elements = telling_elements();
  const Listpack list = listpack_of(elements);
  EXPECT_TRUE(ListpackView::valid(list.view().blob()));
  EXPECT_EQ(texts(list.view()), elements);
  EXPECT_EQ(texts_backwards(list.view()), elements);
  for (std::size_t i = 0; i < elements.size(); ++i) EXPECT_EQ(text_of(*list.view().at(i)), elements[i]);
  EXPECT_EQ(list.view().at(elements.size()), list.end());
  EXPECT_EQ(list.view().at(elements.size() + 7), list.end());
}

TEST(Listpack, FindsFieldsAndSkipsValues) {
  const Listpack list = listpack_of({"name", "17", "17", "name", "x", "y"});
  const ListpackView view = list.view();
  EXPECT_EQ(view.find("name", view.begin(), 1), view.at(0));
  EXPECT_EQ(view.find("17", view.begin(), 1), view.at(2));
  EXPECT_EQ(view.find("17", view.begin()), view.at(1));
  EXPECT_EQ(view.find("y", view.begin(), 1), view.end());
  EXPECT_EQ(view.find("17", view.at(3)), view.end());
  EXPECT_EQ(view.find("17 ", view.begin()), view.end());
}

// Random edits beside a vector that is edited alike.
TEST(Listpack, EditsAsAVectorDoes) {
  const std::uint64_t seed = base::Random::from_entropy()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  base::Random random(seed);
  const std::int64_t heap_before = Heap::used_bytes();
  {
    Listpack list;
    std::vector<std::string> model;
    const auto element = [&random] {
      switch (random.below(4)) {
        case 0: return std::to_string(random.between(-200, 200));
        case 1: return std::to_string(static_cast<std::int64_t>(random() >> random.below(64)));
        case 2: return std::string(random.below(100), 'a');
        default: return std::string(random.chance(0.05) ? random.below(20'000) : random.below(8), 'b');
      }
    };
    for (int step = 0; step < 4000; ++step) {
      const std::size_t index = random.below(model.size() + 1);
      const auto at = model.begin() + static_cast<std::ptrdiff_t>(index);
      const Listpack::Cursor place = list.view().at(index);
      const std::string text = element();
      Listpack::Cursor changed;
      switch (random.below(6)) {
        case 0:
          changed = list.insert(place, text);
          model.insert(at, text);
          break;
        case 1:
          if (at == model.end()) continue;
          changed = list.replace(place, text);
          *at = text;
          break;
        case 2: {
          const std::size_t count = std::min<std::size_t>(random.below(5), model.size() - index);
          changed = list.erase(place, count);
          model.erase(at, at + static_cast<std::ptrdiff_t>(count));
          break;
        }
        case 3: {
          const std::string other = element();
          changed = list.insert(place, {EncodedEntry(text), EncodedEntry(other)});
          model.insert(at, {text, other});
          break;
        }
        case 4:
          if (at == model.end()) continue;
          changed = std::prev(list.insert_after(place, text));
          model.insert(at + 1, text);
          break;
        default:
          if (!random.chance(0.01)) continue;
          list.clear();
          model.clear();
          continue;
      }
      ASSERT_TRUE(ListpackView::valid(list.view().blob())) << step;
      ASSERT_EQ(changed, list.view().at(index)) << step;
      ASSERT_EQ(list.count(), model.size());
      if (step % 50 == 0) {
        ASSERT_EQ(texts(list.view()), model) << step;
      }
    }
    ASSERT_EQ(texts(list.view()), model);
    EXPECT_GT(Heap::used_bytes(), heap_before);
    // Moving and giving away the blob loses and leaks nothing.
    Listpack moved = std::move(list);
    list = Listpack::adopt(moved.release());
    EXPECT_EQ(texts(Listpack(list.view().blob()).view()), model);
  }
  EXPECT_EQ(Heap::used_bytes(), heap_before);
}

TEST(Listpack, CountsBeyondWhatItsHeaderHolds) {
  Listpack list;
  for (int i = 0; i < 65'534; ++i) list.append("1");
  EXPECT_EQ(list.view().blob().substr(4, 2), "\xfe\xff"sv);
  list.append("2");
  EXPECT_EQ(list.view().blob().substr(4, 2), "\xff\xff"sv);
  EXPECT_EQ(list.count(), 65'535u);
  list.append("3");
  EXPECT_EQ(list.count(), 65'536u);
  EXPECT_EQ(text_of(*list.view().at(65'535)), "3");
  list.erase(list.begin(), 10);
  EXPECT_EQ(list.count(), 65'526u);
  EXPECT_TRUE(ListpackView::valid(list.view().blob()));
}

TEST(Listpack, GivesMemoryBackWhenItShrinks) {
  Listpack list;
  for (int i = 0; i < 1000; ++i) list.append(std::string(50, 'x'));
  const std::int64_t full = Heap::used_bytes();
  list.erase(list.begin(), 900);
  EXPECT_LT(Heap::used_bytes(), full - 30'000);
}

// Exact copies, so that a sanitizer sees a read past the end.
bool valid_copy(std::string_view blob) {
  const std::vector<char> copy(blob.begin(), blob.end());
  const std::string_view view(copy.data(), copy.size());
  if (!ListpackView::valid(view)) return false;
  // What is valid can be walked both ways.
  EXPECT_EQ(texts(ListpackView(view)), texts_backwards(ListpackView(view)));
  return true;
}

TEST(Listpack, RefusesEveryTruncation) {
  const Listpack list = listpack_of({"a", "1", "-5000", std::string(70, 'x'), "9223372036854775807", ""});
  const std::string blob(list.view().blob());
  EXPECT_TRUE(valid_copy(blob));
  EXPECT_FALSE(valid_copy(blob + "\xff"));
  for (std::size_t size = 0; size < blob.size(); ++size) {
    EXPECT_FALSE(valid_copy(blob.substr(0, size))) << size;
    // Nor when the header agrees with the size.
    if (size < 7) continue;
    std::string consistent = blob.substr(0, size - 1) + "\xff";
    consistent[0] = static_cast<char>(size);
    EXPECT_FALSE(valid_copy(consistent)) << size;
  }
}

TEST(Listpack, SurvivesEveryChangedByte) {
  const Listpack list = listpack_of({"a", "1", "-5000", std::string(70, 'x'), "9223372036854775807", ""});
  int refused = 0;
  for (std::size_t at = 0; at < list.size_bytes(); ++at) {
    for (int value = 0; value < 256; ++value) {
      std::string blob(list.view().blob());
      blob[at] = static_cast<char>(value);
      refused += !valid_copy(blob);
    }
  }
  // What lies in a string or an integer may change; the 19 bytes of header, lengths, backlens and end may not.
  EXPECT_GT(refused, 18 * 255);
}

}  // namespace
}  // namespace weir::store
