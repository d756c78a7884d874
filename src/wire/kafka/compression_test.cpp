#include "wire/kafka/compression.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <snappy.h>

#include "base/random.h"
#include "wire/kafka/hex_for_tests.h"

namespace weir::wire::kafka {
namespace {

constexpr std::size_t kPlenty = 16 << 20;

// Half of it repeats, half does not.
std::string sample(std::size_t size) {
  base::Random random(size);
  std::string bytes;
  while (bytes.size() < size) {
    bytes += "a line that repeats;";
    for (int i = 0; i < 20; ++i) bytes.push_back(static_cast<char>(random.below(256)));
  }
  bytes.resize(size);
  return bytes;
}

std::string compressed(Compression compression, std::string_view bytes) {
  std::string result;
  compress(compression, bytes, result);
  return result;
}

// What it became, or the error's text behind "!".
std::string decompressed(Compression compression, std::string_view bytes, std::size_t max_bytes = kPlenty) {
  std::string result;
  const auto done = decompress(compression, bytes, max_bytes, result);
  return done ? result : "!" + done.error().text();
}

class EachCompression : public testing::TestWithParam<Compression> {};

TEST_P(EachCompression, RestoresWhatItCompressed) {
  for (const std::size_t size : {0, 1, 100, 32 << 10, (32 << 10) + 1, 1 << 20}) {
    const std::string bytes = sample(size);
    EXPECT_TRUE(decompressed(GetParam(), compressed(GetParam(), bytes)) == bytes) << size;
  }
}

TEST_P(EachCompression, AppendsToWhatIsThere) {
  std::string to = "before";
  compress(GetParam(), "bytes", to);
  ASSERT_TRUE(to.starts_with("before"));
  std::string back = "before, too: ";
  ASSERT_TRUE(decompress(GetParam(), std::string_view(to).substr(6), 5, back));
  EXPECT_EQ(back, "before, too: bytes");
}

TEST_P(EachCompression, StopsAtTheLimit) {
  for (const std::size_t size : {1, 1000, 16 << 10, 100'000}) {
    const std::string bytes = sample(size);
    const std::string small = compressed(GetParam(), bytes);
    EXPECT_TRUE(decompressed(GetParam(), small, size) == bytes);
    EXPECT_EQ(decompressed(GetParam(), small, size - 1),
              fmt::format("!decompressing {}: becomes more than {} bytes", to_string(GetParam()), size - 1));
  }
}

TEST_P(EachCompression, HoldsABombToTheLimit) {
  const std::string bomb = compressed(GetParam(), std::string(64 << 20, 'x'));
  std::string to;
  EXPECT_FALSE(decompress(GetParam(), bomb, 100'000, to));
  EXPECT_LE(to.capacity(), 1u << 20);
}

TEST_P(EachCompression, RefusesBytesThatAreCutOff) {
  if (GetParam() == Compression::kNone) return;  // Nothing tells.
  const std::string whole = compressed(GetParam(), sample(3000));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const std::vector<char> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    // A snappy frame without blocks is whole.
    if (GetParam() == Compression::kSnappy && size == 16) continue;
    EXPECT_THAT(decompressed(GetParam(), {cut.data(), cut.size()}), testing::StartsWith("!decompressing ")) << size;
  }
}

TEST_P(EachCompression, RefusesBytesBehindTheEnd) {
  if (GetParam() == Compression::kNone) return;
  EXPECT_THAT(decompressed(GetParam(), compressed(GetParam(), "bytes") + '\x01'), testing::StartsWith("!"));
}

TEST_P(EachCompression, TakesMembersInARow) {
  const std::string first = sample(50'000);
  std::string second = compressed(GetParam(), "second");
  if (GetParam() == Compression::kSnappy) second.erase(0, 16);  // One header is followed by any number of blocks.
  EXPECT_TRUE(decompressed(GetParam(), compressed(GetParam(), first) + second) == first + "second");
}

INSTANTIATE_TEST_SUITE_P(Kafka, EachCompression, testing::ValuesIn(kCompressions),
                         [](const auto& param) { return std::string(to_string(param.param)); });

TEST(KafkaCompression, HasKafkasNames) {
  for (const Compression compression : kCompressions) {
    EXPECT_EQ(parse_compression(to_string(compression)), compression);
  }
  EXPECT_EQ(parse_compression("brotli"), std::nullopt);
}

TEST(KafkaCompression, ReadsSnappyWithoutFraming) {
  std::string block;
  const std::string bytes = sample(100'000);
  snappy::Compress(bytes.data(), bytes.size(), &block);
  EXPECT_TRUE(decompressed(Compression::kSnappy, block) == bytes);
}

TEST(KafkaCompression, RefusesASnappyBlockThatAnnouncesMoreThanItCanHold) {
  // 2^28 bytes of four.
  EXPECT_EQ(decompressed(Compression::kSnappy, from_hex("8080808001 00"), 1 << 30),
            "!decompressing snappy: a block without a valid length");
}

TEST(KafkaCompression, FramesSnappyAsJavaDoes) {
  EXPECT_EQ(to_hex(compressed(Compression::kSnappy, "abc")),
            to_hex(from_hex("82 534e41505059 00 00000001 00000001  00000005 03 08 616263")));
}

}  // namespace
}  // namespace weir::wire::kafka
