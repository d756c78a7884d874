#include "base/checksum.h"

#include <string>

#include <gtest/gtest.h>

#include "base/random.h"

namespace weir::base {
namespace {

// The check values of the published CRC catalogue (reveng.sourceforge.io); Redis's own tests state the one of CRC-64.
TEST(Checksum, MatchesThePublishedCheckValues) {
  EXPECT_EQ(crc16("123456789"), 0x31c3);
  EXPECT_EQ(crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(crc64("123456789"), 0xe9c6d914c4b8d9caull);
}

TEST(Checksum, HalvesInTurnEqualTheWhole) {
  Random random(3);
  std::string bytes(1000, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  for (std::size_t cut = 0; cut <= bytes.size(); cut += 13) {
    const std::string_view head = std::string_view(bytes).substr(0, cut), tail = std::string_view(bytes).substr(cut);
    ASSERT_EQ(crc16(tail, crc16(head)), crc16(bytes));
    ASSERT_EQ(crc32c(tail, crc32c(head)), crc32c(bytes));
    ASSERT_EQ(crc64(tail, crc64(head)), crc64(bytes));
  }
}

}  // namespace
}  // namespace weir::base
