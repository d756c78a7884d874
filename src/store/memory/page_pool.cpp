#include "store/memory/page_pool.h"

#include <sys/mman.h>

#include <array>
#include <bit>
#include <mutex>

#include "base/assert.h"

namespace weir::store {

namespace {

constexpr std::size_t kRegionBytes = 2u << 20;
constexpr std::size_t kPages = kRegionBytes / PagePool::kPageBytes;

// What is known of one region; the region itself holds data only.
struct Region {
  std::byte* memory = nullptr;
  std::size_t free_pages = 0;
  std::array<std::uint64_t, kPages / 64> free{};  // A set bit: the page is free.
  Region* next = nullptr;
  Region* previous = nullptr;
};

struct Pool {
  std::mutex mutex;
  Region* with_free = nullptr;  // Those with a free page.
  std::size_t empty_regions = 0;
  std::uint64_t reserved = 0;
};

Pool& pool() {
  static Pool instance;
  return instance;
}

// The record of a region stands in its first page.
Region* region_of(void* page) {
  return reinterpret_cast<Region*>(reinterpret_cast<std::uintptr_t>(page) & ~(kRegionBytes - 1));
}

void link(Pool& pool, Region* region) {
  region->previous = nullptr;
  region->next = pool.with_free;
  if (pool.with_free != nullptr) pool.with_free->previous = region;
  pool.with_free = region;
}

void unlink(Pool& pool, Region* region) {
  (region->previous == nullptr ? pool.with_free : region->previous->next) = region->next;
  if (region->next != nullptr) region->next->previous = region->previous;
}

Region* map_region(Pool& pool) {
  // Twice as much, so that an aligned region lies within; what is around it goes back.
  void* raw = mmap(nullptr, 2 * kRegionBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  WEIR_ASSERT(raw != MAP_FAILED);
  const auto begin = reinterpret_cast<std::uintptr_t>(raw);
  const std::uintptr_t aligned = (begin + kRegionBytes - 1) & ~(kRegionBytes - 1);
  if (aligned != begin) munmap(raw, aligned - begin);
  if (const std::uintptr_t end = begin + 2 * kRegionBytes; aligned + kRegionBytes != end) {
    munmap(reinterpret_cast<void*>(aligned + kRegionBytes), end - aligned - kRegionBytes);
  }

  auto* region = new (reinterpret_cast<void*>(aligned)) Region();
  region->memory = reinterpret_cast<std::byte*>(aligned);
  region->free.fill(~std::uint64_t{0});
  region->free[0] &= ~std::uint64_t{1};
  region->free_pages = kPages - 1;
  pool.reserved += kRegionBytes;
  ++pool.empty_regions;
  return region;
}

}  // namespace

void* PagePool::take() {
  Pool& shared = pool();
  const std::scoped_lock lock(shared.mutex);
  if (shared.with_free == nullptr) link(shared, map_region(shared));
  Region* region = shared.with_free;
  if (region->free_pages == kPages - 1) --shared.empty_regions;
  std::size_t word = 0;
  while (region->free[word] == 0) ++word;
  const auto bit = static_cast<std::size_t>(std::countr_zero(region->free[word]));
  region->free[word] &= region->free[word] - 1;
  if (--region->free_pages == 0) unlink(shared, region);
  return region->memory + (word * 64 + bit) * kPageBytes;
}

void PagePool::give_back(void* page) {
  Pool& shared = pool();
  const std::scoped_lock lock(shared.mutex);
  Region* region = region_of(page);
  const auto index = static_cast<std::size_t>(static_cast<std::byte*>(page) - region->memory) / kPageBytes;
  region->free[index / 64] |= std::uint64_t{1} << (index % 64);
  if (region->free_pages++ == 0) link(shared, region);
  if (region->free_pages < kPages - 1) return;
  if (shared.empty_regions == 0) {
    ++shared.empty_regions;
    return;
  }
  unlink(shared, region);
  shared.reserved -= kRegionBytes;
  munmap(region, kRegionBytes);
}

std::uint64_t PagePool::reserved_bytes() {
  Pool& shared = pool();
  const std::scoped_lock lock(shared.mutex);
  return shared.reserved;
}

}  // namespace weir::store
