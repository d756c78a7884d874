// Arena: the small allocations of one owner (a database, one large collection), in size classes of eight bytes.
//
// Debian's jemalloc rounds to 16 bytes and more; entries, fields and members are mostly of 24 to 128 bytes, where that
// costs a tenth of the memory. An arena takes pages of 4 KiB from the process's pool (page_pool.h) and cuts each into
// cells of one class; a page whose cells are all free goes back. Whoever drops an arena drops its pages, without
// visiting its cells: deleting five million members is a thousand list operations, on any thread.
//
//   page (4 KiB, aligned)   | header | cell | cell | cell | ... | rest |     free cells form a list of 16-bit offsets
//
// Larger allocations go to the Heap, and their owner must release each: drop() does not know them.
// One thread at a time uses an arena.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace weir::store {

class Arena {
 public:
  // Larger ones are the Heap's.
  static constexpr std::size_t kMaxCellBytes = 256;

  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  Arena(Arena&& other) noexcept { swap(other); }
  Arena& operator=(Arena&& other) noexcept;
  ~Arena() { drop(); }

  // Aligned to 8 bytes. Requires: bytes > 0.
  void* allocate(std::size_t bytes);
  // Requires: `memory` is from allocate(bytes) of this arena, with the same count.
  void release(void* memory, std::size_t bytes);
  // What an allocation of so many bytes really takes.
  static std::size_t footprint(std::size_t bytes);

  // Gives all pages back. What went to the Heap must have been released.
  void drop();
  void swap(Arena& other) noexcept;

 private:
  static constexpr std::size_t kClasses = kMaxCellBytes / 8;
  struct Page;

  void* allocate_from_new_page(std::size_t size_class);
  void link_partial(Page* page);
  void unlink_partial(Page* page);
  void give_back(Page* page);

  // Pages with a free cell, by class; full pages are in no partial list.
  std::array<Page*, kClasses> partial_{};
  // All pages, so that they can be dropped.
  Page* all_ = nullptr;
};

}  // namespace weir::store
