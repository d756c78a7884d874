// List: the value of a list. A sequence of nodes, each a buffer of listpack entries (listpack_entry.h) with room at
// both ends, so that pushing and popping on either side moves nothing.
//
//   slots_ ->  | free | node | node | node | free |            one slot a node: where its buffer is, and what is in it
//                        |
//                        +->  | free | entry | entry | ... | free |
//                                    begin                 end
//
// A node holds as much as list-max-listpack-size allows: so many entries if that is positive (and 8 KB), 4 to 64 KB if
// it is -1 to -5. An element that is larger has a node for itself. No node is empty.
//
// What is known of a node stands in its slot, so that finding the element at an index reads one small array and one
// buffer. Without header and terminator, an entry is where a listpack has it, and a node becomes a listpack by copying.
//
// One owner, one thread. Relocatable as bytes. All memory is from Heap.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "store/types/listpack_entry.h"

namespace weir::store {

class List {
 public:
  // An element, or end(). Valid until the next change of the list.
  class Cursor {
   public:
    Cursor() = default;

    // Requires, like ++: not at the end.
    Element operator*() const { return listpack_entry::decode(at_); }
    // Whether the element here is this text. `as_integer` is canonical_integer(text), which the caller computes once.
    bool equals(std::string_view text, const std::optional<std::int64_t>& as_integer) const {
      return listpack_entry::equals(at_, text, as_integer);
    }
    Cursor& operator++();
    // Requires: not the first element.
    Cursor& operator--();
    bool operator==(const Cursor&) const = default;

   private:
    friend class List;
    Cursor(const List* list, std::uint32_t node, const char* at) : list_(list), at_(at), node_(node) {}

    const List* list_ = nullptr;
    const char* at_ = nullptr;  // Null at the end.
    std::uint32_t node_ = 0;
  };

  // What a node holds, to be saved.
  struct Node {
    std::string_view entries;
    std::size_t count;
  };

  // Longer elements cannot be pushed.
  static constexpr std::size_t kMaxElementBytes = std::size_t{2} << 30;

  // `max_listpack_size` is list-max-listpack-size; it counts up to the bounds that Redis has for it.
  explicit List(int max_listpack_size)
      : limit_(static_cast<std::int16_t>(std::clamp(max_listpack_size, kLeastLimit, kMostLimit))) {}
  List(List&& other) noexcept;
  List& operator=(List&& other) noexcept;
  ~List();
  List copy() const;

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // As every kind of value (keyspace/value.h).
  std::string_view encoding() const { return "quicklist"; }
  std::size_t free_effort() const { return nodes_ + 1; }
  std::size_t footprint(std::size_t samples) const;

  // No entry may borrow from this list itself: its memory may move first.
  void push_front(const EncodedEntry& entry) {
    if (nodes_ > 0) {
      Slot& node = slots_[first_];
      if (node.begin >= entry.size() && fits(node, entry.size())) [[likely]] {
        node.begin -= static_cast<std::uint32_t>(entry.size());
        entry.write(node.buffer + node.begin);
        ++node.count;
        ++size_;
        return;
      }
    }
    push_front_making_room(entry);
  }
  void push_back(const EncodedEntry& entry) {
    if (nodes_ > 0) {
      Slot& node = slots_[first_ + nodes_ - 1];
      if (node.capacity - node.end >= entry.size() && fits(node, entry.size())) [[likely]] {
        entry.write(node.buffer + node.end);
        node.end += static_cast<std::uint32_t>(entry.size());
        ++node.count;
        ++size_;
        return;
      }
    }
    push_back_making_room(entry);
  }
  // Require, like pop: not empty.
  Element front() const { return *begin(); }
  Element back() const;
  void pop_front();
  void pop_back();

  Cursor begin() const { return at(0); }
  Cursor end() const { return {this, nodes_, nullptr}; }
  // The end when index >= size(). Walks from the nearer end.
  Cursor at(std::size_t index) const;

  // Calls `visit(const Element&)` for `count` elements from `index` on. It must not change the list. Requires: there
  // are so many.
  template <typename Visit>
  void walk(std::size_t index, std::size_t count, Visit&& visit) const {
    if (count == 0) return;
    auto [node, within] = locate(index);
    const char* at = entry_at(slot(node), within);
    while (true) {
      for (const char* const end = slot(node).past_last(); at != end; at = listpack_entry::next(at)) {
        visit(listpack_entry::decode(at));
        if (--count == 0) return;
      }
      at = slot(++node).first();
    }
  }

  // These return the element that was written.
  // Requires: not the end.
  Cursor replace(Cursor at, const EncodedEntry& entry);
  Cursor insert(Cursor before, const EncodedEntry& entry);
  // The element behind the erased one. Requires: not the end.
  Cursor erase(Cursor at);
  // As many as there are, up to `count`.
  void erase_range(std::size_t index, std::size_t count);
  // Leaves only this range.
  void keep_range(std::size_t index, std::size_t count);

  std::size_t node_count() const { return nodes_; }
  Node node(std::size_t index) const;
  // Requires: these are `count` valid entries, `count` > 0. They become a node of their own at the end, whatever the
  // limit is.
  void append_node(std::string_view entries, std::size_t count);

  // Asserts what the first comment says. For tests.
  void check() const;

 private:
  struct Slot {
    char* buffer;
    std::uint32_t capacity;
    std::uint32_t begin;
    std::uint32_t end;
    std::uint32_t count;

    std::uint32_t used() const { return end - begin; }
    char* first() const { return buffer + begin; }
    char* past_last() const { return buffer + end; }
  };
  static constexpr int kLeastLimit = -5;
  static constexpr int kMostLimit = 32'767;
  enum class Side : unsigned char { kFront, kBack };

  std::size_t limit_bytes() const { return limit_ < 0 ? std::size_t{2048} << -limit_ : 8192; }
  std::size_t limit_count() const { return limit_ > 0 ? static_cast<std::size_t>(limit_) : limit_ < 0 ? SIZE_MAX : 1; }
  bool fits(const Slot& node, std::size_t entry_bytes) const {
    return node.used() + entry_bytes <= limit_bytes() && node.count < limit_count();
  }
  Slot& slot(std::size_t index) const { return slots_[first_ + index]; }

  void push_front_making_room(const EncodedEntry& entry);
  void push_back_making_room(const EncodedEntry& entry);
  void place_slots(std::uint32_t capacity, bool at_front);
  void insert_slot(std::size_t at, std::size_t bytes);
  void remove_slots(std::size_t from, std::size_t to);
  void make_room(Slot& node, Side side, std::size_t bytes) const;
  Cursor write_into(std::size_t index, std::size_t offset, const EncodedEntry& entry);
  void split(std::size_t index, std::size_t offset);
  void erase_bytes(Slot& node, const char* from, const char* to, std::size_t count);
  static void move_to(Slot& node, std::size_t capacity);
  static void close(Slot& node);
  std::size_t first_bytes(const EncodedEntry& entry) const;
  static const char* entry_at(const Slot& node, std::size_t index);
  // The node that holds the element at an index, and the element's index there.
  std::pair<std::size_t, std::size_t> locate(std::size_t index) const;

  Slot* slots_ = nullptr;
  std::size_t size_ = 0;
  std::uint32_t first_ = 0;
  std::uint32_t nodes_ = 0;
  std::uint32_t capacity_ = 0;  // Of slots_.
  std::int16_t limit_;
};

// A listpack (listpack.h) of a node's entries.
void append_listpack(std::string& to, const List::Node& node);

}  // namespace weir::store
