// Heap: the memory that the data set lives in, counted.
//
// Everything that grows with the data (entries, tables, packed blobs, trees) is allocated here, so that used_memory,
// maxmemory and MEMORY USAGE are sums and not guesses. What is counted is what the allocator really set aside.
//
// Any thread may allocate and release. Each counts for itself without a lock; the count of the data thread is exact at
// once, that of another thread joins when it calls publish().
#pragma once

#include <cstddef>
#include <cstdint>

namespace weir::store {

class Heap {
 public:
  // Aligned to 16 bytes. Never null: without memory the process ends, saying so.
  static void* allocate(std::size_t bytes);
  // `alignment` is a power of two. Released as any other.
  static void* allocate_aligned(std::size_t alignment, std::size_t bytes);
  // As realloc: the first min(old, new) bytes are kept. `memory` may be null.
  static void* reallocate(void* memory, std::size_t bytes);
  // `memory` may be null.
  static void release(void* memory);
  // What was really set aside for this allocation. Requires: not null.
  static std::size_t size_of(const void* memory);

  // Of all threads that published, and of this one.
  static std::int64_t used_bytes();
  // Adds this thread's count to the shared one. Another thread than the data thread calls it when a piece of work is
  // done.
  static void publish();
  // Memory that is not from allocate() but holds data (pages of an arena) is counted by hand.
  static void count(std::int64_t bytes);
};

// For containers of the standard library.
template <typename T>
struct HeapAllocator {
  using value_type = T;

  HeapAllocator() = default;
  template <typename U>
  HeapAllocator(const HeapAllocator<U>&) {}  // NOLINT(google-explicit-constructor): allocators convert.

  T* allocate(std::size_t count) { return static_cast<T*>(Heap::allocate(count * sizeof(T))); }
  void deallocate(T* memory, std::size_t) { Heap::release(memory); }
  bool operator==(const HeapAllocator&) const = default;
};

}  // namespace weir::store
