#include "store/memory/arena.h"

#include <cstring>
#include <utility>

#include "store/memory/heap.h"
#include "store/memory/page_pool.h"

namespace weir::store {

struct Arena::Page {
  Page* next_partial;
  Page* previous_partial;
  Page* next;
  Page* previous;
  std::uint16_t first_free;  // Offset of a released cell; 0: none.
  std::uint16_t untouched;   // Offset from which on no cell was ever given out.
  std::uint16_t live;
  std::uint16_t cell_bytes;
};

namespace {

constexpr std::size_t class_of(std::size_t bytes) { return (bytes - 1) / 8; }

}  // namespace

Arena& Arena::operator=(Arena&& other) noexcept {
  if (this != &other) {
    drop();
    swap(other);
  }
  return *this;
}

void Arena::swap(Arena& other) noexcept {
  std::swap(partial_, other.partial_);
  std::swap(all_, other.all_);
}

std::size_t Arena::footprint(std::size_t bytes) { return (bytes + 7) & ~std::size_t{7}; }

void* Arena::allocate(std::size_t bytes) {
  if (bytes > kMaxCellBytes) return Heap::allocate(bytes);
  Page* page = partial_[class_of(bytes)];
  if (page == nullptr) return allocate_from_new_page(class_of(bytes));
  auto* base = reinterpret_cast<std::byte*>(page);
  std::byte* cell = nullptr;
  if (page->first_free != 0) {
    cell = base + page->first_free;
    std::memcpy(&page->first_free, cell, sizeof page->first_free);
  } else {
    cell = base + page->untouched;
    page->untouched = static_cast<std::uint16_t>(page->untouched + page->cell_bytes);
  }
  ++page->live;
  if (page->first_free == 0 && page->untouched + page->cell_bytes > PagePool::kPageBytes) unlink_partial(page);
  Heap::count(page->cell_bytes);
  return cell;
}

void* Arena::allocate_from_new_page(std::size_t size_class) {
  auto* page = static_cast<Page*>(PagePool::take());
  page->first_free = 0;
  page->untouched = sizeof(Page);
  page->live = 0;
  page->cell_bytes = static_cast<std::uint16_t>((size_class + 1) * 8);
  page->next = all_;
  page->previous = nullptr;
  if (all_ != nullptr) all_->previous = page;
  all_ = page;
  link_partial(page);
  return allocate(page->cell_bytes);
}

void Arena::release(void* memory, std::size_t bytes) {
  if (bytes > kMaxCellBytes) return Heap::release(memory);
  auto* page =
      reinterpret_cast<Page*>(reinterpret_cast<std::uintptr_t>(memory) & ~std::uintptr_t{PagePool::kPageBytes - 1});
  const bool was_full = page->first_free == 0 && page->untouched + page->cell_bytes > PagePool::kPageBytes;
  std::memcpy(memory, &page->first_free, sizeof page->first_free);
  page->first_free = static_cast<std::uint16_t>(static_cast<std::byte*>(memory) - reinterpret_cast<std::byte*>(page));
  Heap::count(-static_cast<std::int64_t>(page->cell_bytes));
  if (--page->live == 0) {
    if (!was_full) unlink_partial(page);
    give_back(page);
  } else if (was_full) {
    link_partial(page);
  }
}

void Arena::link_partial(Page* page) {
  Page*& head = partial_[page->cell_bytes / 8u - 1];
  page->previous_partial = nullptr;
  page->next_partial = head;
  if (head != nullptr) head->previous_partial = page;
  head = page;
}

void Arena::unlink_partial(Page* page) {
  Page*& head = partial_[page->cell_bytes / 8u - 1];
  (page->previous_partial == nullptr ? head : page->previous_partial->next_partial) = page->next_partial;
  if (page->next_partial != nullptr) page->next_partial->previous_partial = page->previous_partial;
}

void Arena::give_back(Page* page) {
  (page->previous == nullptr ? all_ : page->previous->next) = page->next;
  if (page->next != nullptr) page->next->previous = page->previous;
  PagePool::give_back(page);
}

void Arena::drop() {
  while (all_ != nullptr) {
    Page* page = all_;
    all_ = page->next;
    Heap::count(-static_cast<std::int64_t>(page->live) * page->cell_bytes);
    PagePool::give_back(page);
  }
  partial_.fill(nullptr);
}

}  // namespace weir::store
