// Sampling: some elements of a collection, each subset of that size with the same probability. What HRANDFIELD,
// SRANDMEMBER and ZRANDMEMBER answer.
#pragma once

#include <cstddef>
#include <unordered_set>

#include "base/random.h"
#include "store/table/table.h"

namespace weir::store {

// Decides, while all elements are walked in any fixed order, which belong to the sample (Knuth, The Art of Computer
// Programming 2, 3.4.2, algorithm S). Needs no memory.
class Selection {
 public:
  // Requires: wanted <= size.
  Selection(std::size_t wanted, std::size_t size) : wanted_(wanted), left_(size) {}

  // Asked once of each element.
  bool takes_next(base::Random& random) {
    if (random.below(left_--) >= wanted_) return false;
    --wanted_;
    return true;
  }
  bool complete() const { return wanted_ == 0; }

 private:
  std::size_t wanted_;
  std::size_t left_;
};

// Requires: count <= table.size().
template <typename Traits, typename Visit>
void sample(const Table<Traits>& table, std::size_t count, base::Random& random, Visit&& visit) {
  using Item = typename Traits::Item;
  // Drawing one by one hits again what was drawn; from a third on it is cheaper to walk.
  if (count >= table.size() / 3) {
    Selection selection(count, table.size());
    table.for_each([&](const Item& item) {
      if (selection.takes_next(random)) visit(item);
    });
    return;
  }
  std::unordered_set<const Item*> drawn;
  while (drawn.size() < count) {
    const Item* item = table.random(random);
    if (drawn.insert(item).second) visit(*item);
  }
}

}  // namespace weir::store
