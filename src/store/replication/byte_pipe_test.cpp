#include "store/replication/byte_pipe.h"

#include <gtest/gtest.h>

#include <thread>

namespace weir::store {
namespace {

TEST(BytePipe, GivesWhatWasWrittenInOrderAndWakesWhenItWasEmpty) {
  int woken = 0;
  BytePipe pipe([&] { ++woken; });
  ASSERT_TRUE(pipe.write("a"));
  ASSERT_TRUE(pipe.write("bc"));
  EXPECT_EQ(woken, 1);
  EXPECT_FALSE(pipe.empty());
  EXPECT_EQ(pipe.take(), "abc");
  EXPECT_TRUE(pipe.empty());
  ASSERT_TRUE(pipe.write("d"));
  EXPECT_EQ(woken, 2);
}

TEST(BytePipe, WhoWritesWaitsForTheReader) {
  constexpr std::size_t kPiece = 64 << 10;
  constexpr std::size_t kPieces = 3 * BytePipe::kFullBytes / kPiece;
  BytePipe pipe([] {});
  std::jthread writer([&] {
    for (std::size_t i = 0; i < kPieces; ++i)
      EXPECT_TRUE(pipe.write(std::string(kPiece, static_cast<char>('a' + i % 26))));
  });
  std::string all;
  while (all.size() < kPieces * kPiece) {
    const std::string taken = pipe.take();
    EXPECT_LT(taken.size(), BytePipe::kFullBytes + kPiece);
    all += taken;
  }
  for (std::size_t i = 0; i < kPieces; ++i) ASSERT_EQ(all[i * kPiece], static_cast<char>('a' + i % 26));
}

TEST(BytePipe, ClosingEndsAWriteThatWaits) {
  BytePipe pipe([] {});
  ASSERT_TRUE(pipe.write(std::string(BytePipe::kFullBytes, 'x')));
  std::jthread writer([&] { EXPECT_FALSE(pipe.write("more")); });
  pipe.close();
  writer.join();
  EXPECT_TRUE(pipe.empty());
  EXPECT_FALSE(pipe.write("after"));
}

}  // namespace
}  // namespace weir::store
