// PagePool: pages of 4 KiB for arenas, cut from regions of 2 MiB. (Regions are not backed by huge pages: they measured
// no faster for the store's access pattern, and getting one stalled a write for up to 16 ms.
// docs/design/002-keyspace.md.)
//
// Any thread may take and give back; one lock, held for a few instructions. A region whose pages are all free goes
// back to the kernel, except for one that is kept.
#pragma once

#include <cstddef>
#include <cstdint>

namespace weir::store {

class PagePool {
 public:
  static constexpr std::size_t kPageBytes = 4096;

  // Not zeroed.
  static void* take();
  static void give_back(void* page);
  // Bytes taken from the kernel, those of free pages too.
  static std::uint64_t reserved_bytes();
};

}  // namespace weir::store
