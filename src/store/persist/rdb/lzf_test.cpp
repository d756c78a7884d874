#include "store/persist/rdb/lzf.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/random.h"

namespace weir::store::rdb {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

// In blocks of exactly the sizes, so that a sanitizer sees a step outside.
std::optional<std::string> decompressed(std::string_view compressed, std::size_t size) {
  const std::vector<char> in(compressed.begin(), compressed.end());
  std::vector<char> out(size);
  if (!lzf_decompress({in.data(), in.size()}, out.data(), size)) return std::nullopt;
  return std::string(out.begin(), out.end());
}

std::string compressed(LzfCompressor& compressor, std::string_view bytes, std::size_t room) {
  std::vector<char> out(room);
  const std::size_t size = compressor.compress(bytes, out.data(), room);
  EXPECT_LE(size, room);
  return {out.data(), size};
}

TEST(Lzf, ReadsLiteralsAndBothFormsOfMatches) {
  EXPECT_EQ(decompressed("\x02"
                         "abc"sv,
                         3),
            "abc");
  EXPECT_EQ(decompressed("\x02"
                         "abc\x20\x02"sv,
                         6),
            "abcabc");
  EXPECT_EQ(decompressed("\x00"
                         "a\xe0\x03\x00"sv,
                         13),
            std::string(13, 'a'))
      << "overlapping what it writes";
  EXPECT_EQ(decompressed(""sv, 0), "");
}

TEST(Lzf, RefusesWhatReachesOutside) {
  EXPECT_EQ(decompressed("\x05"
                         "abc"sv,
                         6),
            std::nullopt)
      << "more literals than there are";
  EXPECT_EQ(decompressed("\x02"
                         "abc"sv,
                         2),
            std::nullopt)
      << "more than there is room for";
  EXPECT_EQ(decompressed("\x02"
                         "abc"sv,
                         4),
            std::nullopt)
      << "less than was promised";
  EXPECT_EQ(decompressed("\x00"
                         "a\x20\x01"sv,
                         4),
            std::nullopt)
      << "from before the beginning";
  EXPECT_EQ(decompressed("\x00"
                         "a\x20"sv,
                         4),
            std::nullopt)
      << "a match cut off";
  EXPECT_EQ(decompressed("\x00"
                         "a\xe0"sv,
                         4),
            std::nullopt);
  EXPECT_EQ(decompressed("\x00"
                         "a\xe0\xff\x00"sv,
                         100),
            std::nullopt)
      << "a match past the end";
}

TEST(Lzf, GivesBackWhatItCompressed) {
  const std::uint64_t seed = base::Random::from_entropy()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  base::Random random(seed);
  LzfCompressor compressor;
  int smaller = 0;
  for (int round = 0; round < 3000; ++round) {
    // Pieces of what was before, repetitions, and noise.
    std::string bytes;
    const std::size_t size = 1 + random.below(random.chance(0.1) ? 40'000 : 400);
    const std::uint64_t letters = 1 + random.below(200);
    while (bytes.size() < size) {
      if (!bytes.empty() && random.chance(0.3)) {
        bytes += bytes.substr(random.below(bytes.size()), random.below(400));
      } else if (random.chance(0.1)) {
        bytes.append(random.below(600), static_cast<char>(random.below(letters)));
      } else {
        bytes += static_cast<char>(random.below(letters));
      }
    }
    const std::string packed = compressed(compressor, bytes, 1 + random.below(bytes.size() + 20));
    if (packed.empty()) continue;
    ++smaller;
    ASSERT_EQ(decompressed(packed, bytes.size()), bytes);
    ASSERT_LE(bytes.size() / kLzfMaxExpansion, packed.size());
  }
  EXPECT_GT(smaller, 500);
}

TEST(Lzf, SaysThatNoiseDoesNotFit) {
  base::Random random(1);
  std::string noise(1000, '\0');
  for (char& c : noise) c = static_cast<char>(random());
  LzfCompressor compressor;
  EXPECT_EQ(compressed(compressor, noise, noise.size() - 4), "");
  EXPECT_EQ(compressed(compressor, "", 10), "");
  EXPECT_EQ(compressed(compressor, "aaaaaaaaaaaaaaaaaaaaaaaa", 0), "");
}

// What an earlier input left in the table must not be found.
TEST(Lzf, DependsOnNothingButTheInput) {
  const std::string text = "abcabcabcabc-0123456789-abcabcabcabc-0123456789";
  LzfCompressor fresh;
  const std::string expected = compressed(fresh, text, text.size());
  LzfCompressor used;
  for (int round = 0; round < 100; ++round) {
    compressed(used, std::string(static_cast<std::size_t>(round), 'x') + text, 100);
    ASSERT_EQ(compressed(used, text, text.size()), expected);
  }
}

TEST(Lzf, SurvivesEveryChangedByte) {
  LzfCompressor compressor;
  std::string text;
  for (int i = 0; i < 40; ++i) text += "key:" + std::to_string(i % 7) + ",";
  const std::string packed = compressed(compressor, text, text.size());
  ASSERT_FALSE(packed.empty());
  for (std::size_t at = 0; at < packed.size(); ++at) {
    EXPECT_EQ(decompressed(packed.substr(0, at), text.size()), std::nullopt);
    for (int value = 0; value < 256; ++value) {
      std::string changed = packed;
      changed[at] = static_cast<char>(value);
      decompressed(changed, text.size());
    }
  }
}

}  // namespace
}  // namespace weir::store::rdb
