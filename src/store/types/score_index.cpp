#include "store/types/score_index.h"

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include "store/memory/heap.h"

namespace weir::store {

namespace {

using Entry = ScoreIndex::Entry;

// A leaf of 1 KB and an inner node of 2 KB, the allocator's own sizes.
constexpr std::uint32_t kLeafEntries = 62;
constexpr std::uint32_t kChildren = 63;
// A root leaf grows through 128, 256 and 512 bytes.
constexpr std::uint32_t kFirstCapacity = 6;
// A neighbour must have this much room to be worth the move.
constexpr std::uint32_t kWorthShifting = 8;
// The work that makes a tree this high is more than anyone can do.
constexpr unsigned kMaxHeight = 16;

// How many entries at the front have a score below `score`, or also equal to it. The choice is best left a jump: beyond
// the caches a guess that fetches ahead is worth more than a loop that never guesses wrong (a third, at 1 M entries).
template <bool kOrEqual>
std::size_t count_scores(const Entry* entries, std::size_t count, double score) {
  if (count == 0) return 0;
  const auto before = [score](const Entry& entry) { return kOrEqual ? entry.score <= score : entry.score < score; };
  const Entry* base = entries;
  while (count > 1) {
    const std::size_t half = count / 2;
    base += before(base[half - 1]) ? half : 0;
    count -= half;
  }
  return static_cast<std::size_t>(base - entries) + (before(*base) ? 1 : 0);
}

// The lines of a node that a search reads first, fetched side by side and not one after the other.
void prefetch(const void* node) {
  const char* const at = static_cast<const char*>(node);
  for (const std::size_t offset : {0, 256, 512, 768}) __builtin_prefetch(at + offset);
}

}  // namespace

struct ScoreIndex::Inner {
  std::uint32_t count;
  std::array<Entry, kChildren> first;
  std::array<void*, kChildren> child;
  std::array<std::size_t, kChildren> size;

  void open_gap(std::uint32_t at) {
    std::copy_backward(&first[at], &first[0] + count, &first[0] + count + 1);
    std::copy_backward(&child[at], &child[0] + count, &child[0] + count + 1);
    std::copy_backward(&size[at], &size[0] + count, &size[0] + count + 1);
    ++count;
  }
  void close_gap(std::uint32_t at) {
    std::copy(&first[0] + at + 1, &first[0] + count, &first[at]);
    std::copy(&child[0] + at + 1, &child[0] + count, &child[at]);
    std::copy(&size[0] + at + 1, &size[0] + count, &size[at]);
    --count;
  }
  // Children from `at` on go behind those of `to`, whose first will be `entry`.
  void move_tail(std::uint32_t at, Inner& to, const Entry& entry) {
    std::copy(&first[0] + at, &first[0] + count, &to.first[0] + to.count);
    std::copy(&child[0] + at, &child[0] + count, &to.child[0] + to.count);
    std::copy(&size[0] + at, &size[0] + count, &to.size[0] + to.count);
    to.first[to.count] = entry;
    to.count += count - at;
    count = at;
  }
  std::size_t size_before(std::uint32_t end) const {
    std::size_t sum = 0;
    for (std::uint32_t i = 0; i < end; ++i) sum += size[i];
    return sum;
  }
};

// The way from the root to a leaf: at each depth the inner node and which of its children was taken.
struct ScoreIndex::Path {
  struct Step {
    Inner* node;
    std::uint32_t index;
  };

  // The entry that a subtree begins with has changed; `depth` is that of the subtree's root.
  void set_first(unsigned depth, const Entry& entry) {
    while (depth-- > 0) {
      if (steps[depth].index == 0) continue;
      steps[depth].node->first[steps[depth].index] = entry;
      return;
    }
  }
  // Whether the way leads along the last (or first) children down to `depth`.
  bool is_last(unsigned depth) const {
    return std::all_of(&steps[0], &steps[depth], [](const Step& step) { return step.index + 1 == step.node->count; });
  }
  bool is_first(unsigned depth) const {
    return std::all_of(&steps[0], &steps[depth], [](const Step& step) { return step.index == 0; });
  }

  std::array<Step, kMaxHeight + 1> steps;
  std::uint32_t index = 0;  // In the leaf: the entry, or where it would be inserted.
};

struct ScoreIndex::Key {
  // How many entries are below the key, or also equal to it. The key's own item is known by its address, so that its
  // memory, which may be gone already, is not read.
  template <bool kOrEqual>
  std::size_t count_before(const Entry* entries, std::size_t count) const {
    const std::size_t low = count_scores<false>(entries, count, score);
    if (low == count || entries[low].score != score) return low;
    const std::size_t equal = count_scores<true>(entries + low, count - low, score);
    const Entry* const at = std::partition_point(entries + low, entries + low + equal, [this](const Entry& entry) {
      if (entry.item == item) return kOrEqual;
      const int order = member_of(entry.item).compare(member);
      return kOrEqual ? order <= 0 : order < 0;
    });
    return static_cast<std::size_t>(at - entries);
  }

  double score;
  const void* item;
  std::string_view member;
  MemberOf member_of;
};

ScoreIndex::Leaf* ScoreIndex::new_leaf(std::uint32_t capacity) {
  auto* leaf = static_cast<Leaf*>(Heap::allocate(sizeof(Leaf) + capacity * sizeof(Entry)));
  *leaf = {.previous = nullptr, .next = nullptr, .count = 0, .capacity = capacity};
  return leaf;
}

ScoreIndex::Inner* ScoreIndex::new_inner() {
  auto* inner = static_cast<Inner*>(Heap::allocate(sizeof(Inner)));
  inner->count = 0;
  return inner;
}

ScoreIndex::ScoreIndex(MemberOf member_of, std::span<const Entry> entries) : ScoreIndex(member_of) {
  struct Built {
    Entry first;
    void* node;
    std::size_t size;
  };
  if (entries.empty()) return;
  size_ = entries.size();
  std::vector<Built> level;
  for (; !entries.empty(); entries = entries.subspan(last_->count)) {
    Leaf* leaf = new_leaf(kLeafEntries);
    leaf->count = static_cast<std::uint32_t>(std::min<std::size_t>(entries.size(), kLeafEntries));
    std::copy_n(entries.data(), leaf->count, leaf->entries());
    leaf->previous = last_;
    if (last_ != nullptr) last_->next = leaf;
    last_ = leaf;
    level.push_back({entries.front(), leaf, leaf->count});
  }
  leaves_ = level.size();
  while (level.size() > 1) {
    std::vector<Built> above;
    for (const Built& built : level) {
      if (above.empty() || static_cast<Inner*>(above.back().node)->count == kChildren) {
        above.push_back({built.first, new_inner(), 0});
        ++inner_nodes_;
      }
      auto& parent = *static_cast<Inner*>(above.back().node);
      parent.first[parent.count] = built.first;
      parent.child[parent.count] = built.node;
      parent.size[parent.count++] = built.size;
      above.back().size += built.size;
    }
    level = std::move(above);
    ++height_;
  }
  root_ = level.front().node;
}

ScoreIndex::ScoreIndex(ScoreIndex&& other) noexcept
    : member_of_(other.member_of_),
      root_(std::exchange(other.root_, nullptr)),
      last_(std::exchange(other.last_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      inner_nodes_(std::exchange(other.inner_nodes_, 0)),
      leaves_(std::exchange(other.leaves_, 0)),
      height_(std::exchange(other.height_, 0)) {}

ScoreIndex& ScoreIndex::operator=(ScoreIndex&& other) noexcept {
  if (this == &other) return *this;
  std::destroy_at(this);
  return *std::construct_at(this, std::move(other));
}

std::size_t ScoreIndex::bytes() const {
  const std::size_t root = height_ == 0 && root_ != nullptr ? Heap::size_of(root_) : 0;
  return root != 0 ? root : leaves_ * (sizeof(Leaf) + kLeafEntries * sizeof(Entry)) + inner_nodes_ * sizeof(Inner);
}

// ---- Finding ----

ScoreIndex::Leaf* ScoreIndex::descend(const Key& key, Path& path) const {
  void* node = root_;
  for (unsigned depth = 0; depth < height_; ++depth) {
    auto& inner = *static_cast<Inner*>(node);
    const auto index = static_cast<std::uint32_t>(key.count_before<true>(&inner.first[1], inner.count - 1));
    path.steps[depth] = {&inner, index};
    node = inner.child[index];
    prefetch(node);
  }
  auto* leaf = static_cast<Leaf*>(node);
  path.index = static_cast<std::uint32_t>(key.count_before<false>(leaf->entries(), leaf->count));
  return leaf;
}

// The first entry that does not count as before, where those that do come first.
template <typename CountBefore>
ScoreIndex::Place ScoreIndex::locate(const CountBefore& count_before) const {
  if (size_ == 0) return {Position(), 0};
  std::size_t rank = 0;
  const void* node = root_;
  for (unsigned depth = 0; depth < height_; ++depth) {
    const auto& inner = *static_cast<const Inner*>(node);
    const auto index = static_cast<std::uint32_t>(count_before(&inner.first[1], inner.count - 1));
    rank += inner.size_before(index);
    node = inner.child[index];
    prefetch(node);
  }
  const auto* leaf = static_cast<const Leaf*>(node);
  const auto index = static_cast<std::uint32_t>(count_before(leaf->entries(), leaf->count));
  return {index == leaf->count ? Position(leaf->next, 0) : Position(leaf, index), rank + index};
}

std::size_t ScoreIndex::rank(double score, const void* item) const {
  const Key key{score, item, member_of_(item), member_of_};
  const Place place =
      locate([&key](const Entry* entries, std::size_t count) { return key.count_before<false>(entries, count); });
  WEIR_ASSERT(place.at && place.at->item == item);
  return place.rank;
}

ScoreIndex::Position ScoreIndex::at(std::size_t rank) const {
  if (rank >= size_) return {};
  const void* node = root_;
  for (unsigned depth = 0; depth < height_; ++depth) {
    const auto& inner = *static_cast<const Inner*>(node);
    std::uint32_t index = 0;
    while (rank >= inner.size[index]) rank -= inner.size[index++];
    node = inner.child[index];
    prefetch(node);
  }
  return {static_cast<const Leaf*>(node), static_cast<std::uint32_t>(rank)};
}

ScoreIndex::Place ScoreIndex::by_score(Side side, double bound) const {
  if (side == Side::kFrom) {
    return locate(
        [bound](const Entry* entries, std::size_t count) { return count_scores<false>(entries, count, bound); });
  }
  return locate([bound](const Entry* entries, std::size_t count) { return count_scores<true>(entries, count, bound); });
}

ScoreIndex::Place ScoreIndex::by_member(Side side, std::string_view bound) const {
  return locate([this, side, bound](const Entry* entries, std::size_t count) {
    const Entry* const at = std::partition_point(entries, entries + count, [this, side, bound](const Entry& entry) {
      const int order = member_of_(entry.item).compare(bound);
      return side == Side::kFrom ? order < 0 : order <= 0;
    });
    return static_cast<std::size_t>(at - entries);
  });
}

// ---- Inserting ----

void ScoreIndex::insert(double score, const void* item) {
  WEIR_ASSERT(score == score);
  if (root_ == nullptr) {
    root_ = last_ = new_leaf(kFirstCapacity);
    leaves_ = 1;
  }
  const Key key{score, item, member_of_(item), member_of_};
  Path path;
  Leaf* leaf = descend(key, path);
  // One step of making room is done at a time, and then the way is looked for again: a leaf is full once in dozens of
  // insertions, and no step has to know what another one did to the path.
  while (leaf->count == leaf->capacity) {
    make_room(path, leaf);
    leaf = descend(key, path);
  }
  Entry* const at = leaf->entries() + path.index;
  std::copy_backward(at, leaf->entries() + leaf->count, leaf->entries() + leaf->count + 1);
  *at = {score, item};
  ++leaf->count;
  ++size_;
  for (unsigned depth = 0; depth < height_; ++depth) ++path.steps[depth].node->size[path.steps[depth].index];
  // A new first entry of a leaf that is not the first of all would have gone to the end of the one before.
}

void ScoreIndex::make_room(Path& path, Leaf* leaf) {
  if (height_ == 0 && leaf->capacity < kLeafEntries) {
    const std::uint32_t capacity = std::min(leaf->capacity * 2 + 2, kLeafEntries);
    leaf = static_cast<Leaf*>(Heap::reallocate(leaf, sizeof(Leaf) + capacity * sizeof(Entry)));
    leaf->capacity = capacity;
    root_ = last_ = leaf;
  } else if (height_ == 0) {
    add_root();
  } else if (!shift_to_neighbour(path, leaf)) {
    if (path.steps[height_ - 1].node->count == kChildren) {
      split_inner(path, height_ - 1);
    } else {
      split_leaf(path, leaf);
    }
  }
}

void ScoreIndex::add_root() {
  WEIR_ASSERT(height_ < kMaxHeight);
  Inner* root = new_inner();
  root->count = 1;
  root->child[0] = root_;
  root->size[0] = size_;
  root_ = root;
  ++height_;
  ++inner_nodes_;
}

// Gives entries to the neighbour that has more room, so that both are left with half of it.
bool ScoreIndex::shift_to_neighbour(Path& path, Leaf* leaf) {
  auto& [parent, index] = path.steps[height_ - 1];
  const std::size_t left = index > 0 ? parent->size[index - 1] : kLeafEntries;
  const std::size_t right = index + 1 < parent->count ? parent->size[index + 1] : kLeafEntries;
  const std::size_t room = kLeafEntries - std::min(left, right);
  if (room < kWorthShifting) return false;
  const auto moved = static_cast<std::uint32_t>(room / 2);
  if (left <= right) {
    std::copy_n(leaf->entries(), moved, leaf->previous->entries() + left);
    std::copy(leaf->entries() + moved, leaf->entries() + leaf->count, leaf->entries());
    leaf->previous->count += moved;
    parent->size[index - 1] += moved;
    parent->first[index] = leaf->entries()[0];
  } else {
    Entry* const to = leaf->next->entries();
    std::copy_backward(to, to + right, to + right + moved);
    std::copy_n(leaf->entries() + leaf->count - moved, moved, to);
    leaf->next->count += moved;
    parent->size[index + 1] += moved;
    parent->first[index + 1] = to[0];
  }
  leaf->count -= moved;
  parent->size[index] -= moved;
  return true;
}

// Where a full node is split: at its end when everything arrives at the end of the tree, so that what lies behind is
// left full; the same at the beginning; else in the middle.
std::uint32_t ScoreIndex::split_point(std::uint32_t count, bool at_beginning, bool at_end) {
  if (at_end) return count - 1;
  return at_beginning ? 1 : count / 2;
}

void ScoreIndex::split_leaf(Path& path, Leaf* leaf) {
  auto& [parent, index] = path.steps[height_ - 1];
  const std::uint32_t kept = split_point(leaf->count, path.index == 0 && leaf->previous == nullptr,
                                         path.index == leaf->count && leaf->next == nullptr);
  Leaf* right = new_leaf(kLeafEntries);
  ++leaves_;
  right->count = leaf->count - kept;
  std::copy_n(leaf->entries() + kept, right->count, right->entries());
  leaf->count = kept;

  right->previous = leaf;
  right->next = leaf->next;
  (right->next == nullptr ? last_ : right->next->previous) = right;
  leaf->next = right;

  parent->open_gap(index + 1);
  parent->first[index + 1] = right->entries()[0];
  parent->child[index + 1] = right;
  parent->size[index + 1] = right->count;
  parent->size[index] = kept;
}

void ScoreIndex::split_inner(Path& path, unsigned depth) {
  if (depth == 0) return add_root();
  auto& [parent, index] = path.steps[depth - 1];
  if (parent->count == kChildren) return split_inner(path, depth - 1);
  Inner* const node = path.steps[depth].node;
  const std::uint32_t kept = split_point(node->count, path.is_first(depth + 1), path.is_last(depth + 1));
  Inner* right = new_inner();
  ++inner_nodes_;
  const Entry first = node->first[kept];
  node->move_tail(kept, *right, first);

  parent->open_gap(index + 1);
  parent->first[index + 1] = first;
  parent->child[index + 1] = right;
  parent->size[index + 1] = right->size_before(right->count);
  parent->size[index] -= parent->size[index + 1];
}

// ---- Changing and erasing ----

ScoreIndex::Leaf* ScoreIndex::descend_to(const Key& key, Path& path) const {
  WEIR_ASSERT(size_ > 0);
  Leaf* leaf = descend(key, path);
  WEIR_ASSERT(path.index < leaf->count && leaf->entries()[path.index].item == key.item);
  return leaf;
}

void ScoreIndex::erase(double score, const void* item) {
  Path path;
  Leaf* leaf = descend_to({score, item, member_of_(item), member_of_}, path);
  erase_from(path, leaf);
}

Entry ScoreIndex::erase_at(std::size_t rank) {
  WEIR_ASSERT(rank < size_);
  Path path;
  void* node = root_;
  for (unsigned depth = 0; depth < height_; ++depth) {
    auto& inner = *static_cast<Inner*>(node);
    std::uint32_t index = 0;
    while (rank >= inner.size[index]) rank -= inner.size[index++];
    path.steps[depth] = {&inner, index};
    node = inner.child[index];
    prefetch(node);
  }
  auto* leaf = static_cast<Leaf*>(node);
  path.index = static_cast<std::uint32_t>(rank);
  const Entry erased = leaf->entries()[rank];
  erase_from(path, leaf);
  return erased;
}

void ScoreIndex::update(double score, const void* item, double new_score) {
  WEIR_ASSERT(new_score == new_score);
  const Key key{score, item, member_of_(item), member_of_};
  Path path;
  Leaf* leaf = descend_to(key, path);
  Position before(leaf, path.index), after(leaf, path.index);
  before.previous();
  after.next();
  const auto in_order = [this](const Entry& low, const Entry& high) {
    return low.score != high.score ? low.score < high.score : member_of_(low.item).compare(member_of_(high.item)) < 0;
  };
  const Entry changed{new_score, item};
  if ((!before || in_order(*before, changed)) && (!after || in_order(changed, *after))) {
    leaf->entries()[path.index] = changed;
    if (path.index == 0) path.set_first(height_, changed);
    return;
  }
  erase_from(path, leaf);
  insert(new_score, item);
}

void ScoreIndex::replace(double score, const void* item, const void* new_item) {
  Path path;
  Leaf* leaf = descend_to({score, item, member_of_(new_item), member_of_}, path);
  leaf->entries()[path.index].item = new_item;
  if (path.index == 0) path.set_first(height_, {score, new_item});
}

void ScoreIndex::erase_from(Path& path, Leaf* leaf) {
  Entry* const at = leaf->entries() + path.index;
  std::copy(at + 1, leaf->entries() + leaf->count, at);
  --leaf->count;
  --size_;
  if (height_ == 0) return;
  for (unsigned depth = 0; depth < height_; ++depth) --path.steps[depth].node->size[path.steps[depth].index];
  if (leaf->count == 0) {
    free_leaf(leaf);
    remove_child(path, height_ - 1);
  } else {
    if (path.index == 0) path.set_first(height_, leaf->entries()[0]);
    if (leaf->count <= kLeafEntries / 2) merge_leaf(path, leaf);
  }
  while (height_ > 0 && static_cast<Inner*>(root_)->count == 1) {
    void* only = static_cast<Inner*>(root_)->child[0];
    Heap::release(root_);
    root_ = only;
    --height_;
    --inner_nodes_;
  }
}

void ScoreIndex::free_leaf(Leaf* leaf) {
  if (leaf->previous != nullptr) leaf->previous->next = leaf->next;
  (leaf->next == nullptr ? last_ : leaf->next->previous) = leaf->previous;
  Heap::release(leaf);
  --leaves_;
}

// The child that the path takes from its node at `depth` was freed.
void ScoreIndex::remove_child(Path& path, unsigned depth) {
  auto& [node, index] = path.steps[depth];
  node->close_gap(index);
  if (node->count == 0) {
    // A root has two children at least, so there is a depth above.
    Heap::release(node);
    --inner_nodes_;
    return remove_child(path, depth - 1);
  }
  if (index == 0) path.set_first(depth, node->first[0]);
  if (depth > 0 && node->count <= kChildren / 2) merge_inner(path, depth);
}

void ScoreIndex::merge_leaf(Path& path, Leaf* leaf) {
  auto& [parent, index] = path.steps[height_ - 1];
  constexpr std::size_t kMerged = kLeafEntries * 3 / 4;
  if (index > 0 && parent->size[index - 1] + leaf->count <= kMerged) {
    leaf = leaf->previous;
    --index;
  } else if (index + 1 >= parent->count || parent->size[index + 1] + leaf->count > kMerged) {
    return;
  }
  Leaf* const right = leaf->next;
  std::copy_n(right->entries(), right->count, leaf->entries() + leaf->count);
  leaf->count += right->count;
  parent->size[index] = leaf->count;
  free_leaf(right);
  ++index;
  remove_child(path, height_ - 1);
}

void ScoreIndex::merge_inner(Path& path, unsigned depth) {
  auto& [parent, index] = path.steps[depth - 1];
  constexpr std::uint32_t kMerged = kChildren * 3 / 4;
  const auto child = [from = parent](std::uint32_t at) { return static_cast<Inner*>(from->child[at]); };
  const std::uint32_t count = path.steps[depth].node->count;
  if (index > 0 && child(index - 1)->count + count <= kMerged) {
    --index;
  } else if (index + 1 >= parent->count || child(index + 1)->count + count > kMerged) {
    return;
  }
  Inner* const right = child(index + 1);
  right->move_tail(0, *child(index), parent->first[index + 1]);
  parent->size[index] += parent->size[index + 1];
  Heap::release(right);
  --inner_nodes_;
  ++index;
  remove_child(path, depth - 1);
}

// ---- The end ----

bool ScoreIndex::release_some(std::size_t nodes) {
  while (nodes > 0 && root_ != nullptr) {
    // The last leaf, or an inner node on the way to it that has no children left.
    Inner* parent = nullptr;
    void* node = root_;
    unsigned depth = 0;
    for (; depth < height_ && static_cast<Inner*>(node)->count > 0; ++depth) {
      parent = static_cast<Inner*>(node);
      node = parent->child[parent->count - 1];
    }
    (depth == height_ ? leaves_ : inner_nodes_) -= 1;
    Heap::release(node);
    --nodes;
    if (parent == nullptr) {
      root_ = nullptr;
    } else {
      --parent->count;
    }
  }
  size_ = 0;
  return root_ != nullptr;
}

// ---- The checker ----

struct ScoreIndex::Checked {
  const Entry* first;
  std::size_t size;
  std::size_t leaves;
  std::size_t inner_nodes;
};

ScoreIndex::Checked ScoreIndex::check_below(const void* node, unsigned height, const Leaf*& previous) const {
  if (height == 0) {
    const auto* leaf = static_cast<const Leaf*>(node);
    WEIR_ASSERT(leaf->count > 0 && leaf->count <= leaf->capacity);
    WEIR_ASSERT(leaf->capacity == kLeafEntries || height_ == 0);
    WEIR_ASSERT(leaf->previous == previous && (previous == nullptr || previous->next == leaf));
    previous = leaf;
    return {leaf->entries(), leaf->count, 1, 0};
  }
  const auto& inner = *static_cast<const Inner*>(node);
  WEIR_ASSERT(inner.count > 0 && inner.count <= kChildren);
  WEIR_ASSERT(inner.count > 1 || node != root_);
  Checked whole{nullptr, 0, 0, 1};
  for (std::uint32_t i = 0; i < inner.count; ++i) {
    const Checked below = check_below(inner.child[i], height - 1, previous);
    WEIR_ASSERT(inner.size[i] == below.size);
    if (i == 0) {
      whole.first = below.first;
    } else {
      WEIR_ASSERT(inner.first[i].score == below.first->score && inner.first[i].item == below.first->item);
    }
    whole.size += below.size;
    whole.leaves += below.leaves;
    whole.inner_nodes += below.inner_nodes;
  }
  return whole;
}

void ScoreIndex::check() const {
  if (root_ == nullptr || (height_ == 0 && size_ == 0)) return;
  const Leaf* previous = nullptr;
  const Checked whole = check_below(root_, height_, previous);
  WEIR_ASSERT(previous == last_ && last_->next == nullptr);
  WEIR_ASSERT(whole.size == size_ && whole.leaves == leaves_ && whole.inner_nodes == inner_nodes_);
  Position low = first(), high = low;
  WEIR_ASSERT(low);
  for (high.next(); high; low = high, high.next()) {
    const bool tie = low->score == high->score;
    WEIR_ASSERT(tie ? member_of_(low->item) < member_of_(high->item) : low->score < high->score);
  }
}

}  // namespace weir::store
