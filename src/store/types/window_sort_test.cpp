#include "store/types/window_sort.h"

#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/random.h"

namespace weir::store {
namespace {

int compare(int a, int b) { return a < b ? -1 : a > b ? 1 : 0; }

TEST(WindowSort, BringsTheWindowIntoPlaceAndKeepsAllItems) {
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    base::Random random(seed);
    std::vector<int> items(random.below(seed % 10 == 0 ? 500 : 60));
    const std::uint64_t values = 1 + random.below(100);
    for (int& item : items) item = static_cast<int>(random.below(values));
    auto sorted = items;
    std::ranges::sort(sorted);
    const std::size_t first = random.below(items.size() + 1);
    const std::size_t last = first + random.below(items.size() - first + 1);
    sort_window(std::span(items), {first, last}, compare);
    for (std::size_t i = first; i < last; ++i) ASSERT_EQ(items[i], sorted[i]) << "at " << i;
    std::ranges::sort(items);
    ASSERT_EQ(items, sorted);
  }
}

TEST(WindowSort, LeavesAloneWhatIsFarFromTheWindow) {
  std::vector<int> items(100'000);
  base::Random random(4);
  for (int& item : items) item = static_cast<int>(random.below(1'000'000));
  std::size_t comparisons = 0;
  sort_window(std::span(items), {0, 10}, [&comparisons](int a, int b) {
    ++comparisons;
    return compare(a, b);
  });
  // A whole sort makes about seventeen of them an item.
  EXPECT_LT(comparisons, items.size() * 4);
}

}  // namespace
}  // namespace weir::store
