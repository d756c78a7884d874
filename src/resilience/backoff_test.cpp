#include "resilience/backoff.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace weir::resilience {
namespace {

using base::Duration;
using base::MonoTime;
using base::Random;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Backoff::Settings kSettings{.first = milliseconds(100), .limit = milliseconds(350), .settle = seconds(1)};
constexpr MonoTime kStart{seconds(1000)};

// The longest of many waits of a Backoff that `prepare` has brought into its state: near the ceiling it then has.
template <class Prepare>
Duration longest_wait(Prepare prepare) {
  Random random(1);
  Duration longest{0};
  for (int i = 0; i < 2000; ++i) {
    Backoff backoff(kSettings);
    const MonoTime now = prepare(backoff, random);
    longest = std::max(longest, backoff.failed(now, random));
  }
  return longest;
}

void expect_near(Duration longest, Duration ceiling) {
  EXPECT_LE(longest, ceiling);
  EXPECT_GT(longest, ceiling * 95 / 100);
}

TEST(Backoff, CeilingDoublesUpToTheLimit) {
  const Duration ceilings[] = {milliseconds(100), milliseconds(200), milliseconds(350), milliseconds(350)};
  for (int failures = 0; failures < 4; ++failures) {
    const Duration longest = longest_wait([failures](Backoff& backoff, Random& random) {
      for (int i = 0; i < failures; ++i) backoff.failed(kStart, random);
      EXPECT_EQ(backoff.failures(), static_cast<unsigned>(failures));
      return kStart;
    });
    expect_near(longest, ceilings[failures]);
  }
}

TEST(Backoff, JitterReachesDownToZero) {
  Random random(1);
  Duration shortest = seconds(1);
  for (int i = 0; i < 2000; ++i) {
    Backoff backoff(kSettings);
    shortest = std::min(shortest, backoff.failed(kStart, random));
  }
  EXPECT_GE(shortest, Duration::zero());
  EXPECT_LT(shortest, milliseconds(1));
}

TEST(Backoff, LastingSuccessStartsAnew) {
  const Duration longest = longest_wait([](Backoff& backoff, Random& random) {
    for (int i = 0; i < 5; ++i) backoff.failed(kStart, random);
    backoff.succeeded(kStart);
    return kStart + kSettings.settle;
  });
  expect_near(longest, milliseconds(100));
}

TEST(Backoff, SuccessThatBreaksAtOnceDoesNot) {
  const Duration longest = longest_wait([](Backoff& backoff, Random& random) {
    MonoTime now = kStart;
    for (int i = 0; i < 5; ++i) {
      backoff.failed(now, random);
      now += milliseconds(1);
      backoff.succeeded(now);
      now += milliseconds(1);
    }
    return now;
  });
  expect_near(longest, milliseconds(350));
}

TEST(Backoff, LongRowDoesNotOverflow) {
  Random random(1);
  Backoff backoff({.first = std::chrono::nanoseconds(1), .limit = Duration::max() - seconds(1), .settle = seconds(1)});
  for (int i = 0; i < 1000; ++i) ASSERT_GE(backoff.failed(kStart, random), Duration::zero());
}

}  // namespace
}  // namespace weir::resilience
