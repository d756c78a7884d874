// Sorting a part: brings into place what stands in a window of the sorted order, and little else. What GEOSEARCH with
// COUNT and SORT with LIMIT need.
//
// The quicksort of Bentley and McIlroy, "Engineering a Sort Function" (Software: Practice and Experience 23, 1993),
// which leaves out partitions that do not reach the window. It is not stable, and clients see in which order it leaves
// equal items: so the choice of pivots and every exchange is as in the paper, which is what Redis follows too.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>

namespace weir::store {

struct Window {
  std::size_t first;
  std::size_t last;  // Behind it.
};

namespace window_sort_detail {

template <typename T, typename Compare>
class Sorter {
 public:
  Sorter(std::span<T> items, Window window, const Compare& compare)
      : items_(items), window_(window), compare_(compare) {}

  // Items from `low` to before `high`.
  void sort(std::size_t low, std::size_t high) {
    while (low < high && low < window_.last && window_.first < high) {
      const std::size_t count = high - low;
      if (count < kInsertionSort) return sort_by_insertion(low, high);
      const auto [below, above] = partition(low, high);
      sort(low, low + below);
      low = high - above;
    }
  }

 private:
  static constexpr std::size_t kInsertionSort = 7;
  static constexpr std::size_t kPseudoMedianOfNine = 40;

  // Negative, 0 or positive, as the items at the two places compare.
  int order(std::size_t a, std::size_t b) const { return compare_(items_[a], items_[b]); }
  void swap(std::size_t a, std::size_t b) { std::swap(items_[a], items_[b]); }
  void swap_runs(std::size_t a, std::size_t b, std::size_t count) {
    for (; count > 0; --count) swap(a++, b++);
  }

  void sort_by_insertion(std::size_t low, std::size_t high) {
    for (std::size_t next = low + 1; next < high; ++next) {
      for (std::size_t at = next; at > low && order(at - 1, at) > 0; --at) swap(at, at - 1);
    }
  }

  std::size_t median(std::size_t a, std::size_t b, std::size_t c) const {
    if (order(a, b) < 0) {
      if (order(b, c) < 0) return b;
      return order(a, c) < 0 ? c : a;
    }
    if (order(b, c) > 0) return b;
    return order(a, c) < 0 ? a : c;
  }
  std::size_t pivot(std::size_t low, std::size_t high) const {
    const std::size_t count = high - low;
    std::size_t first = low, middle = low + count / 2, last = high - 1;
    if (count == kInsertionSort) return middle;
    if (count > kPseudoMedianOfNine) {
      const std::size_t step = count / 8;
      first = median(first, first + step, first + 2 * step);
      middle = median(middle - step, middle, middle + step);
      last = median(last - 2 * step, last - step, last);
    }
    return median(first, middle, last);
  }

  struct Sides {
    std::size_t below;
    std::size_t above;
  };
  // Afterwards: what is below the pivot, what is equal to it, what is above. While it runs, equal items gather at both
  // ends:
  //
  //   | equal | below | not looked at yet | above | equal |
  //   low     a       b                  c        d       high
  Sides partition(std::size_t low, std::size_t high) {
    swap(low, pivot(low, high));
    // `c` and `d` are one behind the last item that they speak of.
    std::size_t a = low + 1, b = a, c = high, d = high;
    while (true) {
      for (int order_of = 0; b < c && (order_of = order(b, low)) <= 0; ++b) {
        if (order_of == 0) swap(a++, b);
      }
      for (int order_of = 0; b < c && (order_of = order(c - 1, low)) >= 0; --c) {
        if (order_of == 0) swap(c - 1, --d);
      }
      if (b == c) break;
      swap(b++, --c);
    }
    const Sides sides{.below = b - a, .above = d - c};
    const std::size_t front = std::min(a - low, sides.below), back = std::min(sides.above, high - d);
    swap_runs(low, b - front, front);
    swap_runs(b, high - back, back);
    return sides;
  }

  std::span<T> items_;
  Window window_;
  const Compare& compare_;
};

}  // namespace window_sort_detail

// `compare(a, b)` is negative, 0 or positive. Requires: the window is of these items.
template <typename T, typename Compare>
void sort_window(std::span<T> items, Window window, const Compare& compare) {
  window_sort_detail::Sorter<T, Compare>(items, window, compare).sort(0, items.size());
}

}  // namespace weir::store
