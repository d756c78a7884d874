#include "store/memory/arena.h"

#include <cstring>
#include <map>
#include <vector>

#include <gtest/gtest.h>

#include "base/random.h"
#include "store/memory/heap.h"
#include "store/memory/page_pool.h"

namespace weir::store {
namespace {

struct Block {
  char* memory;
  std::size_t bytes;
  char fill;
};

bool whole(const Block& block) {
  for (std::size_t i = 0; i < block.bytes; ++i) {
    if (block.memory[i] != block.fill) return false;
  }
  return true;
}

TEST(Arena, KeepsEveryBlockApartUntilItIsReleased) {
  const std::int64_t before = Heap::used_bytes();
  base::Random random(4);
  Arena arena;
  std::vector<Block> blocks;
  for (int i = 0; i < 200'000; ++i) {
    if (blocks.empty() || random.chance((i / 50'000) % 2 == 0 ? 0.7 : 0.3)) {
      const std::size_t bytes = 1 + random.below(random.chance(0.05) ? 2000 : 130);
      const Block block{static_cast<char*>(arena.allocate(bytes)), bytes, static_cast<char>(random.below(256))};
      std::memset(block.memory, block.fill, bytes);
      blocks.push_back(block);
    } else {
      std::swap(blocks[random.below(blocks.size())], blocks.back());
      ASSERT_TRUE(whole(blocks.back()));
      arena.release(blocks.back().memory, blocks.back().bytes);
      blocks.pop_back();
    }
  }
  for (const Block& block : blocks) {
    ASSERT_TRUE(whole(block));
    arena.release(block.memory, block.bytes);
  }
  EXPECT_EQ(Heap::used_bytes(), before);
}

TEST(Arena, DroppingGivesThePagesBackWithoutReleasingEachCell) {
  const std::int64_t used = Heap::used_bytes();
  Arena arena;
  for (int i = 0; i < 200'000; ++i) arena.allocate(24);
  EXPECT_EQ(Heap::used_bytes() - used, 200'000 * 24);
  EXPECT_GT(PagePool::reserved_bytes(), 200'000u * 24);
  arena.drop();
  EXPECT_EQ(Heap::used_bytes(), used);
  EXPECT_LE(PagePool::reserved_bytes(), 2u << 20);  // One region is kept.
}

TEST(Arena, RoundsToEightBytes) {
  Arena arena;
  const std::int64_t used = Heap::used_bytes();
  void* cell = arena.allocate(49);
  EXPECT_EQ(Heap::used_bytes() - used, 56);
  EXPECT_EQ(Arena::footprint(49), 56u);
  arena.release(cell, 49);
}

}  // namespace
}  // namespace weir::store
