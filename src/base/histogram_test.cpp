#include "base/histogram.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "base/random.h"

namespace weir::base {
namespace {

TEST(Histogram, BucketsCoverEveryValueOnceAndInOrder) {
  for (std::size_t i = 0; i + 1 < histogram_buckets::kCount; ++i) {
    const auto low = histogram_buckets::lower_bound(i);
    const auto next = histogram_buckets::lower_bound(i + 1);
    ASSERT_LT(low, next);
    ASSERT_EQ(histogram_buckets::index_of(low), i);
    ASSERT_EQ(histogram_buckets::index_of(next - 1), i);
  }
  EXPECT_EQ(histogram_buckets::index_of(UINT64_MAX), histogram_buckets::kCount - 1);
}

TEST(Histogram, QuantilesAreWithinTwoPercentOfTheExactOnes) {
  Random random(1);
  Histogram histogram;
  std::vector<std::uint64_t> exact;
  for (int i = 0; i < 50'000; ++i) {
    const auto value = static_cast<std::uint64_t>(std::exp(random.unit() * 25));
    histogram.record(value);
    exact.push_back(value);
  }
  std::sort(exact.begin(), exact.end());
  for (const double q : {0.001, 0.1, 0.5, 0.9, 0.99, 0.999}) {
    const auto truth = static_cast<double>(exact[static_cast<std::size_t>(std::ceil(q * 50'000)) - 1]);
    EXPECT_NEAR(static_cast<double>(histogram.quantile(q)), truth, truth * 0.02 + 0.5) << q;
  }
  EXPECT_EQ(histogram.quantile(1), exact.back());
  EXPECT_EQ(histogram.max(), exact.back());
}

TEST(Histogram, MergingEqualsRecordingTogether) {
  Random random(2);
  Histogram a, b, together;
  for (int i = 0; i < 1000; ++i) {
    const auto value = random.below(1'000'000);
    (i % 3 == 0 ? a : b).record(value);
    together.record(value);
  }
  a.merge(b);
  EXPECT_EQ(a.count(), together.count());
  EXPECT_EQ(a.sum(), together.sum());
  for (const double q : {0.0, 0.5, 0.99, 1.0}) EXPECT_EQ(a.quantile(q), together.quantile(q));
}

TEST(Histogram, EmptyAnswersZeroAndHugeValuesAreCounted) {
  Histogram histogram;
  EXPECT_EQ(histogram.quantile(0.5), 0u);
  histogram.record(UINT64_MAX / 2);
  EXPECT_EQ(histogram.count(), 1u);
  EXPECT_EQ(histogram.quantile(0.5), UINT64_MAX / 2);
}

TEST(AtomicHistogram, SnapshotEqualsWhatWasRecorded) {
  AtomicHistogram atomic;
  Histogram plain;
  for (std::uint64_t v = 1; v < 100'000; v += 37) {
    atomic.record(v);
    plain.record(v);
  }
  const Histogram copy = atomic.snapshot();
  EXPECT_EQ(copy.count(), plain.count());
  EXPECT_EQ(copy.quantile(0.75), plain.quantile(0.75));
  EXPECT_EQ(copy.count_at_most(50'000), plain.count_at_most(50'000));
}

}  // namespace
}  // namespace weir::base
