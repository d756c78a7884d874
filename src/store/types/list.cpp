#include "store/types/list.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include "base/assert.h"
#include "base/bytes.h"
#include "store/memory/heap.h"

namespace weir::store {

namespace {

constexpr std::size_t kFurtherNodeBytes = 1024;
// Room for the longest element, and for what the heap may round it up to.
constexpr std::size_t kMaxNodeBytes = std::size_t{3} << 30;
// Smaller buffers are not worth shrinking.
constexpr std::size_t kShrinkFrom = 256;

}  // namespace

List::Cursor& List::Cursor::operator++() {
  at_ = listpack_entry::next(at_);
  if (at_ == list_->slot(node_).past_last()) {
    ++node_;
    at_ = node_ == list_->nodes_ ? nullptr : list_->slot(node_).first();
  }
  return *this;
}

List::Cursor& List::Cursor::operator--() {
  if (at_ == nullptr || at_ == list_->slot(node_).first()) at_ = list_->slot(--node_).past_last();
  at_ = listpack_entry::previous(at_);
  return *this;
}

List::List(List&& other) noexcept
    : slots_(std::exchange(other.slots_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      first_(std::exchange(other.first_, 0)),
      nodes_(std::exchange(other.nodes_, 0)),
      capacity_(std::exchange(other.capacity_, 0)),
      limit_(other.limit_) {}

List& List::operator=(List&& other) noexcept {
  std::swap(slots_, other.slots_);
  std::swap(size_, other.size_);
  std::swap(first_, other.first_);
  std::swap(nodes_, other.nodes_);
  std::swap(capacity_, other.capacity_);
  std::swap(limit_, other.limit_);
  return *this;
}

List::~List() {
  for (std::size_t i = 0; i < nodes_; ++i) Heap::release(slot(i).buffer);
  Heap::release(slots_);
}

List List::copy() const {
  List result(limit_);
  for (std::size_t i = 0; i < nodes_; ++i) result.append_node(node(i).entries, node(i).count);
  return result;
}

std::size_t List::footprint(std::size_t samples) const {
  const std::size_t sampled = samples == 0 ? nodes_ : std::min<std::size_t>(samples, nodes_);
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < sampled; ++i) bytes += slot(i).capacity;
  if (sampled < nodes_) bytes = bytes / sampled * nodes_;
  return bytes + capacity_ * sizeof(Slot);
}

// ---- Slots and buffers ----

// Most of the free room goes to the side that grows.
void List::place_slots(std::uint32_t capacity, bool at_front) {
  const std::uint32_t free = capacity - nodes_;
  const std::uint32_t first = at_front ? free - free / 4 : free / 4;
  auto* slots = slots_;
  if (capacity != capacity_) slots = static_cast<Slot*>(Heap::allocate(capacity * sizeof(Slot)));
  if (nodes_ > 0) std::memmove(slots + first, slots_ + first_, nodes_ * sizeof(Slot));
  if (slots != slots_) Heap::release(slots_);
  slots_ = slots;
  first_ = first;
  capacity_ = capacity;
}

// A new, empty node; `bytes` are needed in it at once.
void List::insert_slot(std::size_t at, std::size_t bytes) {
  const bool at_front = at == 0 && nodes_ > 0;
  if (at_front ? first_ == 0 : first_ + nodes_ == capacity_) {
    place_slots(nodes_ * 2 > capacity_ || capacity_ < 4 ? std::max(capacity_ * 2, 1u) : capacity_, at_front);
  }
  if (at_front) {
    --first_;
  } else {
    std::memmove(&slot(at) + 1, &slot(at), (nodes_ - at) * sizeof(Slot));
  }
  ++nodes_;
  char* buffer = static_cast<char*>(Heap::allocate(bytes));
  slot(at) = {buffer, static_cast<std::uint32_t>(Heap::size_of(buffer)), 0, 0, 0};
}

// Requires: their buffers were released.
void List::remove_slots(std::size_t from, std::size_t to) {
  if (from == 0) {
    first_ += static_cast<std::uint32_t>(to);
  } else {
    std::memmove(&slot(from), slots_ + first_ + to, (nodes_ - to) * sizeof(Slot));
  }
  nodes_ -= static_cast<std::uint32_t>(to - from);
  if (capacity_ > 16 && nodes_ < capacity_ / 8) place_slots(std::max(nodes_ * 2, 4u), false);
}

// At least `bytes` free on this side: by moving what is there, or into a larger buffer. In a list of one node either
// side may be next, so the other one is left a share of the room.
void List::make_room(Slot& node, Side side, std::size_t bytes) const {
  const std::size_t used = node.used();
  char* buffer = node.buffer;
  std::size_t capacity = node.capacity;
  if (capacity - used < bytes) {
    const std::size_t wanted = std::max(used + bytes, std::min<std::size_t>(capacity * 2, limit_bytes()));
    WEIR_ASSERT(wanted < kMaxNodeBytes);
    buffer = static_cast<char*>(Heap::allocate(wanted));
    capacity = Heap::size_of(buffer);
  }
  const std::size_t spare = capacity - used - bytes;
  const std::size_t other_side = nodes_ == 1 ? spare / 4 : 0;
  const std::size_t begin = side == Side::kBack ? other_side : capacity - used - other_side;
  std::memmove(buffer + begin, node.first(), used);
  if (buffer != node.buffer) Heap::release(node.buffer);
  node.buffer = buffer;
  node.capacity = static_cast<std::uint32_t>(capacity);
  node.begin = static_cast<std::uint32_t>(begin);
  node.end = static_cast<std::uint32_t>(begin + used);
}

void List::move_to(Slot& node, std::size_t capacity) {
  char* buffer = static_cast<char*>(Heap::allocate(capacity));
  std::memcpy(buffer, node.first(), node.used());
  Heap::release(node.buffer);
  node = {buffer, static_cast<std::uint32_t>(Heap::size_of(buffer)), 0, node.used(), node.count};
}

// Writes the entry `offset` bytes behind the beginning of a node, moving the shorter part of the node if there is room.
List::Cursor List::write_into(std::size_t index, std::size_t offset, const EncodedEntry& entry) {
  Slot& node = slot(index);
  const std::size_t bytes = entry.size(), behind = node.used() - offset;
  const bool front_room = node.begin >= bytes, back_room = node.capacity - node.end >= bytes;
  const bool to_front = front_room == back_room ? offset < behind : front_room;
  if (to_front) {
    if (!front_room) make_room(node, Side::kFront, bytes);
    std::memmove(node.first() - bytes, node.first(), offset);
    node.begin -= static_cast<std::uint32_t>(bytes);
  } else {
    if (!back_room) make_room(node, Side::kBack, bytes);
    std::memmove(node.first() + offset + bytes, node.first() + offset, behind);
    node.end += static_cast<std::uint32_t>(bytes);
  }
  entry.write(node.first() + offset);
  ++node.count;
  ++size_;
  return {this, static_cast<std::uint32_t>(index), node.first() + offset};
}

// ---- The ends ----

// Of a new node at an end. When it is not the first, the list has shown that it grows.
std::size_t List::first_bytes(const EncodedEntry& entry) const {
  return nodes_ > 0 && limit_ < 0 ? std::max(entry.size(), kFurtherNodeBytes) : entry.size();
}

// A node that is full gives back what it has too much.
void List::close(Slot& node) {
  if (node.used() < node.capacity / 8 * 7) move_to(node, node.used());
}

void List::push_front_making_room(const EncodedEntry& entry) {
  if (nodes_ == 0 || !fits(slot(0), entry.size())) {
    if (nodes_ > 0) close(slot(0));
    insert_slot(0, first_bytes(entry));
    slot(0).begin = slot(0).end = slot(0).capacity;
  } else {
    make_room(slot(0), Side::kFront, entry.size());
  }
  write_into(0, 0, entry);
}

void List::push_back_making_room(const EncodedEntry& entry) {
  if (nodes_ == 0 || !fits(slot(nodes_ - 1), entry.size())) {
    if (nodes_ > 0) close(slot(nodes_ - 1));
    insert_slot(nodes_, first_bytes(entry));
  } else {
    make_room(slot(nodes_ - 1), Side::kBack, entry.size());
  }
  write_into(nodes_ - 1, slot(nodes_ - 1).used(), entry);
}

Element List::back() const {
  const Slot& last = slot(nodes_ - 1);
  return listpack_entry::decode(listpack_entry::previous(last.past_last()));
}

void List::pop_front() {
  WEIR_ASSERT(size_ > 0);
  const char* const from = slot(0).first();
  erase_bytes(slot(0), from, listpack_entry::next(from), 1);
  if (slot(0).count == 0) {
    Heap::release(slot(0).buffer);
    remove_slots(0, 1);
  }
}

void List::pop_back() {
  WEIR_ASSERT(size_ > 0);
  Slot& last = slot(nodes_ - 1);
  erase_bytes(last, listpack_entry::previous(last.past_last()), last.past_last(), 1);
  if (last.count == 0) {
    Heap::release(last.buffer);
    remove_slots(nodes_ - 1, nodes_);
  }
}

// ---- Anywhere ----

std::pair<std::size_t, std::size_t> List::locate(std::size_t index) const {
  if (index < size_ / 2) {
    std::size_t node = 0;
    for (; index >= slot(node).count; ++node) index -= slot(node).count;
    return {node, index};
  }
  std::size_t node = nodes_ - 1, behind = size_ - index;  // The element itself counted.
  for (; behind > slot(node).count; --node) behind -= slot(node).count;
  return {node, slot(node).count - behind};
}

const char* List::entry_at(const Slot& node, std::size_t index) {
  if (index <= node.count / 2) {
    const char* at = node.first();
    for (; index > 0; --index) at = listpack_entry::next(at);
    return at;
  }
  const char* at = node.past_last();
  for (; index < node.count; ++index) at = listpack_entry::previous(at);
  return at;
}

List::Cursor List::at(std::size_t index) const {
  if (index >= size_) return end();
  const auto [node, within] = locate(index);
  return {this, static_cast<std::uint32_t>(node), entry_at(slot(node), within)};
}

List::Cursor List::replace(Cursor at, const EncodedEntry& entry) {
  Slot& node = slot(at.node_);
  const std::size_t size = listpack_entry::size(at.at_);
  const auto offset = static_cast<std::size_t>(at.at_ - node.first());
  if (size == entry.size()) {
    entry.write(node.first() + offset);
    return at;
  }
  if (node.used() - size + entry.size() <= limit_bytes()) {
    erase_bytes(node, at.at_, at.at_ + size, 1);
    return write_into(at.node_, offset, entry);
  }
  // The old one is behind the new one, and the new one before what follows that.
  Cursor old = insert(at, entry);
  Cursor behind = erase(++old);
  return --behind;
}

List::Cursor List::insert(Cursor before, const EncodedEntry& entry) {
  if (before.at_ == nullptr) {
    push_back(entry);
    return --(before = end());
  }
  const std::size_t index = before.node_;
  const auto offset = static_cast<std::size_t>(before.at_ - slot(index).first());
  if (fits(slot(index), entry.size())) return write_into(index, offset, entry);
  if (offset == 0) {
    if (index > 0 && fits(slot(index - 1), entry.size())) return write_into(index - 1, slot(index - 1).used(), entry);
    insert_slot(index, entry.size());
    return write_into(index, 0, entry);
  }
  split(index, offset);
  if (fits(slot(index), entry.size())) return write_into(index, offset, entry);
  if (fits(slot(index + 1), entry.size())) return write_into(index + 1, 0, entry);
  insert_slot(index + 1, entry.size());
  return write_into(index + 1, 0, entry);
}

// What is behind `offset` becomes the next node. Requires: an entry begins there, and it is not the first.
void List::split(std::size_t index, std::size_t offset) {
  const std::size_t moved = slot(index).used() - offset;
  insert_slot(index + 1, moved);
  Slot& left = slot(index);
  Slot& right = slot(index + 1);
  std::memcpy(right.buffer, left.first() + offset, moved);
  right.end = static_cast<std::uint32_t>(moved);
  left.end -= static_cast<std::uint32_t>(moved);
  for (const char* at = right.first(); at != right.past_last(); at = listpack_entry::next(at)) ++right.count;
  left.count -= right.count;
}

void List::erase_bytes(Slot& node, const char* from, const char* to, std::size_t count) {
  const auto before = static_cast<std::size_t>(from - node.first());
  const auto behind = static_cast<std::size_t>(node.past_last() - to);
  const auto bytes = static_cast<std::uint32_t>(to - from);
  if (before < behind) {
    std::memmove(node.first() + bytes, node.first(), before);
    node.begin += bytes;
  } else {
    std::memmove(node.first() + before, to, behind);
    node.end -= bytes;
  }
  node.count -= static_cast<std::uint32_t>(count);
  size_ -= count;
  if (node.used() < node.capacity / 4 && node.capacity > kShrinkFrom) {
    move_to(node, std::max<std::size_t>(node.used() * 2, kShrinkFrom / 4));
  }
}

List::Cursor List::erase(Cursor at) {
  const std::size_t index = at.node_;
  Slot& node = slot(index);
  const auto offset = static_cast<std::size_t>(at.at_ - node.first());
  erase_bytes(node, at.at_, listpack_entry::next(at.at_), 1);
  if (node.count == 0) {
    Heap::release(node.buffer);
    remove_slots(index, index + 1);
    return {this, at.node_, index == nodes_ ? nullptr : slot(index).first()};
  }
  if (offset < node.used()) return {this, at.node_, node.first() + offset};
  return {this, at.node_ + 1, index + 1 == nodes_ ? nullptr : slot(index + 1).first()};
}

void List::erase_range(std::size_t index, std::size_t count) {
  if (index >= size_) return;
  count = std::min(count, size_ - index);
  auto [node, within] = locate(index);
  while (count > 0) {
    // Whole nodes at once, and then what is left of the range in a node of which something stays.
    std::size_t whole = node;
    for (; within == 0 && whole < nodes_ && count >= slot(whole).count; ++whole) {
      count -= slot(whole).count;
      size_ -= slot(whole).count;
      Heap::release(slot(whole).buffer);
    }
    if (whole > node) {
      remove_slots(node, whole);
      continue;
    }
    Slot& part = slot(node);
    const std::size_t erased = std::min<std::size_t>(count, part.count - within);
    const char* const from = entry_at(part, within);
    const char* to = part.past_last();
    if (within + erased < part.count) to = entry_at(part, within + erased);
    erase_bytes(part, from, to, erased);
    count -= erased;
    ++node;
    within = 0;
  }
}

void List::keep_range(std::size_t index, std::size_t count) {
  const std::size_t from = std::min(index, size_);
  const std::size_t kept = std::min(count, size_ - from);
  erase_range(from + kept, SIZE_MAX);
  erase_range(0, from);
}

// ---- Saving and loading ----

List::Node List::node(std::size_t index) const {
  WEIR_ASSERT(index < nodes_);
  const Slot& node = slot(index);
  return {{node.first(), node.used()}, node.count};
}

void List::append_node(std::string_view entries, std::size_t count) {
  WEIR_ASSERT(count > 0 && entries.size() < kMaxNodeBytes);
  insert_slot(nodes_, entries.size());
  Slot& node = slot(nodes_ - 1);
  std::memcpy(node.buffer, entries.data(), entries.size());
  node.end = static_cast<std::uint32_t>(entries.size());
  node.count = static_cast<std::uint32_t>(count);
  size_ += count;
}

void append_listpack(std::string& to, const List::Node& node) {
  constexpr std::size_t kUncounted = 65535;
  base::append_little_endian(to, static_cast<std::uint32_t>(6 + node.entries.size() + 1));
  base::append_little_endian(to, static_cast<std::uint16_t>(std::min(node.count, kUncounted)));
  to += node.entries;
  to.push_back(static_cast<char>(listpack_entry::kTerminator));
}

void List::check() const {
  std::size_t size = 0;
  WEIR_ASSERT(first_ + nodes_ <= capacity_);
  for (std::size_t i = 0; i < nodes_; ++i) {
    const Slot& node = slot(i);
    WEIR_ASSERT(node.begin < node.end && node.end <= node.capacity && node.capacity <= Heap::size_of(node.buffer));
    std::size_t count = 0;
    for (const char* at = node.first(); at != node.past_last(); ++count) {
      at = listpack_entry::checked_next(at, node.past_last());
      WEIR_ASSERT(at != nullptr);
    }
    WEIR_ASSERT(count == node.count);
    size += count;
  }
  WEIR_ASSERT(size == size_);
}

}  // namespace weir::store
