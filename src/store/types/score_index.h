// ScoreIndex: the order of a sorted set, by score and then by the bytes of the member.
//
// A counted B+-tree. A leaf entry is a score and a pointer to the item, which the sorted set's table owns; the index
// asks `MemberOf` for an item's bytes only where scores are equal. Inner nodes know how many entries lie below each
// child, so that a rank is found, and turned back into an entry, in O(log n).
//
//                  [ first entry, child, size | first entry, child, size | ... ]            up to 63 children
//                          /                          |
//          [ score, item | score, item | ... ] <-> [ score, item | ... ] <-> ...            up to 62 entries, linked
//
// Always: entries are in strict order; `size` is exact; a child's first entry stands in its parent, except for the
// first child's, which nobody asks for. A full leaf gives entries to a neighbour before it is split, so that leaves are
// about 80 % full after random insertions; one that is full at either end of the tree is split there, so that ascending
// and descending runs leave full leaves. Neighbours that together fill less than three quarters of a leaf are merged.
//
// One owner. The nodes, from Heap, belong to the index alone: moved to another thread, it may be destroyed there, or
// bit by bit by release_some().
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "base/assert.h"

namespace weir::store {

class ScoreIndex {
 private:
  struct Leaf;

 public:
  // The bytes of an item's member; they stay the same as long as the item is in the index.
  using MemberOf = std::string_view (*)(const void* item);

  struct Entry {
    double score;
    const void* item;
  };

  // An entry, or the end. Valid until the next change of the index.
  class Position {
   public:
    Position() = default;

    explicit operator bool() const { return leaf_ != nullptr; }
    // Requires, like next() and previous(): not at the end.
    const Entry& operator*() const { return leaf_->entries()[index_]; }
    const Entry* operator->() const { return &**this; }
    void next() {
      if (++index_ == leaf_->count) *this = Position(leaf_->next, 0);
    }
    // From the first entry to the end.
    void previous() {
      if (index_ == 0) {
        leaf_ = leaf_->previous;
        index_ = leaf_ == nullptr ? 0 : leaf_->count;
        if (leaf_ == nullptr) return;
      }
      --index_;
    }
    bool operator==(const Position&) const = default;

   private:
    friend class ScoreIndex;
    Position(const Leaf* leaf, std::uint32_t index) : leaf_(leaf), index_(index) {}

    const Leaf* leaf_ = nullptr;
    std::uint32_t index_ = 0;
  };

  // An entry and its rank; the end has the index's size for a rank. A range is two places: its size is the difference
  // of their ranks.
  struct Place {
    Position at;
    std::size_t rank;
  };

  enum class Side : unsigned char {
    kFrom,   // The first entry that is not below the bound.
    kAfter,  // The first entry that is above the bound.
  };

  explicit ScoreIndex(MemberOf member_of) : member_of_(member_of) {}
  // `entries` in strict order. Leaves are full.
  ScoreIndex(MemberOf member_of, std::span<const Entry> entries);
  ScoreIndex(ScoreIndex&& other) noexcept;
  ScoreIndex& operator=(ScoreIndex&& other) noexcept;
  ~ScoreIndex() { release_some(SIZE_MAX); }

  std::size_t size() const { return size_; }
  // What the nodes occupy.
  std::size_t bytes() const;

  // Requires: score is not NaN, and no entry has this score and member.
  void insert(double score, const void* item);
  // Requires: this entry is in the index (so for all that follow).
  void erase(double score, const void* item);
  Entry erase_at(std::size_t rank);
  // Only overwrites the score where that leaves the order as it is.
  void update(double score, const void* item, double new_score);
  // The item lies elsewhere now; its member is the same. The memory of `item` is not touched.
  void replace(double score, const void* item, const void* new_item);

  std::size_t rank(double score, const void* item) const;
  // The end when rank >= size().
  Position at(std::size_t rank) const;
  Position first() const { return at(0); }
  Position last() const { return size_ == 0 ? Position() : Position(last_, last_->count - 1); }

  Place by_score(Side side, double bound) const;
  // Means something only while all scores are equal.
  Place by_member(Side side, std::string_view bound) const;

  // Frees at most `nodes` nodes; false when nothing is left. After the first call the index is fit only for further
  // ones and for destruction.
  bool release_some(std::size_t nodes);

  // Asserts everything that "Always" says above. For tests.
  void check() const;

 private:
  struct Leaf {
    Entry* entries() { return reinterpret_cast<Entry*>(this + 1); }
    const Entry* entries() const { return reinterpret_cast<const Entry*>(this + 1); }

    Leaf* previous;
    Leaf* next;
    std::uint32_t count;
    std::uint32_t capacity;  // Smaller than the largest only in a root.
  };
  struct Inner;
  struct Path;
  struct Key;
  struct Checked;

  static Leaf* new_leaf(std::uint32_t capacity);
  static Inner* new_inner();

  static std::uint32_t split_point(std::uint32_t count, bool at_beginning, bool at_end);

  Leaf* descend(const Key& key, Path& path) const;
  Leaf* descend_to(const Key& key, Path& path) const;
  template <typename CountBefore>
  Place locate(const CountBefore& count_before) const;
  void make_room(Path& path, Leaf* leaf);
  void add_root();
  bool shift_to_neighbour(Path& path, Leaf* leaf);
  void split_leaf(Path& path, Leaf* leaf);
  void split_inner(Path& path, unsigned depth);
  void erase_from(Path& path, Leaf* leaf);
  void free_leaf(Leaf* leaf);
  void remove_child(Path& path, unsigned depth);
  void merge_leaf(Path& path, Leaf* leaf);
  void merge_inner(Path& path, unsigned depth);
  Checked check_below(const void* node, unsigned height, const Leaf*& previous) const;

  MemberOf member_of_;
  void* root_ = nullptr;  // A leaf when height_ is 0, else an inner node; null when there was never an entry.
  Leaf* last_ = nullptr;
  std::size_t size_ = 0;
  std::size_t inner_nodes_ = 0;
  std::size_t leaves_ = 0;
  unsigned height_ = 0;  // Levels of inner nodes.
};

}  // namespace weir::store
