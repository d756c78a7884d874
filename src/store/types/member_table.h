// MemberTable: the items of one collection that has outgrown its packed form: a Table and the memory of its items.
//
// While there are few, items are allocations of the Heap: an arena of its own would leave a page half empty for every
// size of item. At kOwnArena items they move into an arena that is the collection's alone, in cells of 8-byte steps,
// which a large collection gives back page by page, without visiting its items.
//
// `Traits`: Item, hash(const Item&) as for Table; and `static std::size_t bytes(const Item&)`, what the item was
// allocated with. Items are relocated as bytes and need no destruction. Relocatable as bytes. One thread at a time.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <utility>

#include "store/memory/arena.h"
#include "store/memory/heap.h"
#include "store/table/table.h"

namespace weir::store {

template <typename Traits>
class MemberTable {
 public:
  using Item = typename Traits::Item;
  using Place = typename Table<Traits>::Place;

  // Moving so many costs about a quarter of a millisecond, once.
  static constexpr std::size_t kOwnArena = 4096;

  MemberTable() = default;
  MemberTable(MemberTable&& other) noexcept
      : table_(std::move(other.table_)), arena_(std::exchange(other.arena_, nullptr)) {}
  MemberTable& operator=(MemberTable&& other) noexcept {
    table_.swap(other.table_);
    std::swap(arena_, other.arena_);
    return *this;
  }
  ~MemberTable() { drop(); }

  std::size_t size() const { return table_.size(); }
  const Table<Traits>& table() const { return table_; }

  template <typename Equals>
  Place find(std::uint64_t hash, Equals&& equals) const {
    return table_.find(hash, std::forward<Equals>(equals));
  }

  // Memory for an item that is not in the table yet.
  void* allocate(std::size_t bytes) { return arena_ == nullptr ? Heap::allocate(bytes) : arena_->allocate(bytes); }
  // Requires: the item is not in the table (any more).
  void release(Item* item) { release(item, Traits::bytes(*item)); }
  void release(void* item, std::size_t bytes) {
    if (arena_ == nullptr) {
      Heap::release(item);
    } else {
      arena_->release(item, bytes);
    }
  }

  // Requires: the item is from allocate(), and no equal one is there.
  void insert(std::uint64_t hash, Item* item) { table_.insert(hash, item); }
  // The item stays the caller's, who releases it.
  Item* take(Place place) {
    Item* item = place.item();
    table_.erase(place);
    return item;
  }
  void erase(Place place) { release(take(place)); }
  // `item`, from allocate() and with the same hash, takes the place of the one there, which is released.
  void replace(Place place, Item* item) {
    Item* old = place.item();
    table_.replace(place, item);
    release(old);
  }

  // Whether the items are to move into an arena of their own now: asked after an insert.
  bool should_move() const { return arena_ == nullptr && table_.size() >= kOwnArena; }
  // Moves all of them; `moved(old, now)` hears of each while both can be read.
  template <typename Moved>
  void move_to_arena(Moved&& moved) {
    auto arena = std::make_unique<Arena>();
    table_.relocate_all([&](Item& item) {
      const std::size_t bytes = Traits::bytes(item);
      void* memory = arena->allocate(bytes);
      std::memcpy(memory, static_cast<const void*>(&item), bytes);
      auto* now = static_cast<Item*>(memory);
      moved(&item, now);
      Heap::release(&item);
      return now;
    });
    arena_ = arena.release();
  }

  // Items are copied as bytes.
  MemberTable copy() const {
    MemberTable copied;
    if (arena_ != nullptr) copied.arena_ = new Arena();
    copied.table_.copy_from(table_, [&](const Item& item) {
      const std::size_t bytes = Traits::bytes(item);
      void* const memory = copied.allocate(bytes);
      std::memcpy(memory, static_cast<const void*>(&item), bytes);
      return static_cast<Item*>(memory);
    });
    return copied;
  }

  // What it holds, but for the items themselves.
  std::size_t footprint() const { return table_.footprint(); }
  // What the items take, estimated from at least so many of them (0: all).
  std::size_t items_footprint(std::size_t samples) const {
    std::size_t seen = 0, bytes = 0;
    std::uint64_t cursor = 0;
    do {
      cursor = table_.scan(cursor, [&](const Item& item) {
        const std::size_t asked = Traits::bytes(item);
        const bool is_cell = arena_ != nullptr && asked <= Arena::kMaxCellBytes;
        bytes += is_cell ? Arena::footprint(asked) : Heap::size_of(&item);
        ++seen;
      });
    } while (cursor != 0 && (samples == 0 || seen < samples));
    return seen == 0 ? 0 : bytes / seen * table_.size() + bytes % seen * table_.size() / seen;
  }
  // How many allocations drop() releases, about.
  std::size_t free_effort() const { return arena_ == nullptr ? table_.size() : table_.size() / 16; }

  void drop() {
    table_.for_each([this](Item& item) {
      // Cells go with their arena.
      if (arena_ == nullptr || Traits::bytes(item) > Arena::kMaxCellBytes) Heap::release(&item);
    });
    table_.drop();
    delete std::exchange(arena_, nullptr);
  }

 private:
  Table<Traits> table_;
  Arena* arena_ = nullptr;  // Owned. Null: items are allocations of the Heap.
};

}  // namespace weir::store
