#include "base/limits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::base {
namespace {

TEST(Bound, RefusesWhatDoesNotFitAndCountsIt) {
  Bound bound("queue_bytes", 10);
  EXPECT_TRUE(bound.try_acquire(6));
  EXPECT_FALSE(bound.try_acquire(5));
  EXPECT_FALSE(bound.try_acquire(UINT64_MAX));
  EXPECT_TRUE(bound.try_acquire(4));
  EXPECT_EQ(bound.held(), 10u);
  EXPECT_EQ(bound.refused(), 2u);
  bound.release(10);
  EXPECT_TRUE(bound.try_acquire(10));
}

TEST(Bound, PublishesLimitHeldAndRefused) {
  Metrics metrics;
  Bound bound("queue_bytes", 10);
  bound.publish(metrics);
  (void)bound.try_acquire(11);
  EXPECT_THAT(metrics.prometheus_text(), testing::HasSubstr("weir_limit_refused_total{limit=\"queue_bytes\"} 1\n"));
}

TEST(BoundDeathTest, ReleasingMoreThanIsHeldIsAProgrammersError) {
  Bound bound("queue_bytes", 10);
  EXPECT_DEATH(bound.release(1), "assertion failed");
}

}  // namespace
}  // namespace weir::base
