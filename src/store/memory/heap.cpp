#include "store/memory/heap.h"

#include <malloc.h>

#include <atomic>
#include <cstdlib>

#include "base/assert.h"

namespace weir::store {

namespace {

std::atomic<std::int64_t> published_bytes{0};
thread_local std::int64_t unpublished_bytes = 0;

}  // namespace

void* Heap::allocate(std::size_t bytes) { return reallocate(nullptr, bytes); }

void* Heap::allocate_aligned(std::size_t alignment, std::size_t bytes) {
  void* result = nullptr;
  WEIR_ASSERT(posix_memalign(&result, alignment, bytes) == 0);
  unpublished_bytes += static_cast<std::int64_t>(size_of(result));
  return result;
}

void* Heap::reallocate(void* memory, std::size_t bytes) {
  const std::size_t before = memory == nullptr ? 0 : size_of(memory);
  void* result = std::realloc(memory, bytes == 0 ? 1 : bytes);
  WEIR_ASSERT(result != nullptr);  // Without memory nothing can be promised any more.
  unpublished_bytes += static_cast<std::int64_t>(size_of(result)) - static_cast<std::int64_t>(before);
  return result;
}

void Heap::release(void* memory) {
  if (memory == nullptr) return;
  unpublished_bytes -= static_cast<std::int64_t>(size_of(memory));
  std::free(memory);
}

std::size_t Heap::size_of(const void* memory) { return malloc_usable_size(const_cast<void*>(memory)); }

std::int64_t Heap::used_bytes() { return published_bytes.load(std::memory_order_relaxed) + unpublished_bytes; }

void Heap::publish() {
  published_bytes.fetch_add(unpublished_bytes, std::memory_order_relaxed);
  unpublished_bytes = 0;
}

void Heap::count(std::int64_t bytes) { unpublished_bytes += bytes; }

}  // namespace weir::store
