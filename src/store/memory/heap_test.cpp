#include "store/memory/heap.h"

#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace weir::store {
namespace {

TEST(Heap, CountsWhatWasSetAsideUntilItIsReleased) {
  const std::int64_t before = Heap::used_bytes();
  void* memory = Heap::allocate(1000);
  EXPECT_EQ(Heap::used_bytes() - before, static_cast<std::int64_t>(Heap::size_of(memory)));
  EXPECT_GE(Heap::size_of(memory), 1000u);
  memory = Heap::reallocate(memory, 100'000);
  EXPECT_EQ(Heap::used_bytes() - before, static_cast<std::int64_t>(Heap::size_of(memory)));
  Heap::release(memory);
  EXPECT_EQ(Heap::used_bytes(), before);
}

TEST(Heap, JoinsTheCountOfAnotherThreadWhenItPublishes) {
  const std::int64_t before = Heap::used_bytes();
  void* memory = Heap::allocate(5000);
  std::thread([memory] {
    Heap::release(memory);
    Heap::publish();
  }).join();
  EXPECT_EQ(Heap::used_bytes(), before);
}

TEST(Heap, ServesContainers) {
  const std::int64_t before = Heap::used_bytes();
  {
    const std::vector<int, HeapAllocator<int>> numbers(1000, 7);
    EXPECT_GE(Heap::used_bytes() - before, 4000);
  }
  EXPECT_EQ(Heap::used_bytes(), before);
}

}  // namespace
}  // namespace weir::store
