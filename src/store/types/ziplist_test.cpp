#include "store/types/ziplist.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/bytes.h"

namespace weir::store {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

std::vector<std::string> texts(std::string_view blob) {
  std::vector<std::string> result;
  for (const Element& element : ZiplistView(blob)) {
    Element::Digits digits;
    result.emplace_back(element.text(digits));
  }
  return result;
}

// A ziplist of entries given without the size of the one before, which is added in its narrow or wide form.
std::string ziplist_of(const std::vector<std::string>& entries) {
  std::string body;
  std::size_t tail = 10;
  std::size_t before = 0;
  for (const std::string& entry : entries) {
    tail = 10 + body.size();
    if (before < 254) {
      body += static_cast<char>(before);
    } else {
      body += '\xfe';
      base::append_little_endian(body, static_cast<std::uint32_t>(before));
    }
    body += entry;
    before = 10 + body.size() - tail;
  }
  std::string blob;
  base::append_little_endian(blob, static_cast<std::uint32_t>(11 + body.size()));
  base::append_little_endian(blob, static_cast<std::uint32_t>(tail));
  base::append_little_endian(blob, static_cast<std::uint16_t>(entries.size()));
  return blob + body + "\xff";
}

const std::vector<std::string> kEveryForm = {
    "\x02hi"s,
    "\x40\x40" + std::string(64, 'x'),
    "\x80\x00\x00\x01\x00"s + std::string(256, 'y'),
    "\xf1"s,
    "\xfd"s,
    "\xfe\x80"s,
    "\xc0\x00\x80"s,
    "\xf0\xff\xff\x7f"s,
    "\xf0\x00\x00\x80"s,
    "\xd0\x00\x00\x00\x80"s,
    "\xe0\x00\x00\x00\x00\x00\x00\x00\x80"s,
    "\x00"s,
};

bool valid_copy(std::string_view blob) {
  const std::vector<char> copy(blob.begin(), blob.end());
  const std::string_view view(copy.data(), copy.size());
  if (!ZiplistView::valid(view)) return false;
  EXPECT_EQ(texts(view).size(), ZiplistView(view).count());
  return true;
}

TEST(Ziplist, ReadsEveryForm) {
  const std::string blob = ziplist_of(kEveryForm);
  ASSERT_TRUE(valid_copy(blob));
  EXPECT_EQ(texts(blob),
            (std::vector<std::string>{"hi", std::string(64, 'x'), std::string(256, 'y'), "0", "12", "-128", "-32768",
                                      "8388607", "-8388608", "-2147483648", "-9223372036854775808", ""}));
  EXPECT_TRUE(valid_copy(ziplist_of({})));
}

TEST(Ziplist, RefusesWhatDoesNotAddUp) {
  const std::string good = ziplist_of({"\x02hi"s, "\xf1"s});
  ASSERT_TRUE(valid_copy(good));
  const auto changed = [&good](std::size_t at, char value) {
    std::string blob = good;
    blob[at] = value;
    return blob;
  };
  EXPECT_FALSE(valid_copy(changed(0, 1))) << "bytes";
  EXPECT_FALSE(valid_copy(changed(4, 10))) << "tail";
  EXPECT_FALSE(valid_copy(changed(8, 3))) << "count";
  EXPECT_FALSE(valid_copy(changed(10, 1))) << "the size before the first";
  EXPECT_FALSE(valid_copy(changed(11, 5))) << "a string past its end";
  EXPECT_FALSE(valid_copy(changed(11, '\x81'))) << "no such encoding";
  EXPECT_FALSE(valid_copy(changed(14, 3))) << "the size before the second";
  EXPECT_FALSE(valid_copy(changed(15, '\xe0'))) << "an integer past the end";
  EXPECT_FALSE(valid_copy(changed(16, 0))) << "no end";
  EXPECT_TRUE(valid_copy(changed(8, '\xff').replace(9, 1, "\xff"))) << "uncounted";
  for (std::size_t size = 0; size < good.size(); ++size) EXPECT_FALSE(valid_copy(good.substr(0, size)));
}

TEST(Ziplist, SurvivesEveryChangedByte) {
  const std::string good = ziplist_of(kEveryForm);
  int refused = 0;
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      std::string blob = good;
      blob[at] = static_cast<char>(value);
      refused += !valid_copy(blob);
    }
  }
  EXPECT_GT(refused, 20 * 200);
}

}  // namespace
}  // namespace weir::store
