#include "base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::base::log {
namespace {

TEST(Log, WritesOneLineWithRoleAndLevelAboveTheThreshold) {
  testing::internal::CaptureStderr();
  start("store", Level::kInfo);
  debug("not shown {}", 1);
  warning("disk {} is full", "/var");
  start("test", Level::kWarning);
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              testing::MatchesRegex("....-..-..T..:..:......Z warning store: disk /var is full\n"));
}

TEST(Log, LevelNamesAreChecked) {
  EXPECT_EQ(parse_level("error").value(), Level::kError);
  EXPECT_EQ(parse_level("verbose").error().kind(), ErrorKind::kReject);
}

TEST(Throttle, PassesOnePerIntervalAndCountsTheRest) {
  Throttle throttle(std::chrono::seconds(1));
  const MonoTime start_time(std::chrono::seconds(5));
  EXPECT_TRUE(throttle.pass(start_time));
  EXPECT_FALSE(throttle.pass(start_time + std::chrono::milliseconds(1)));
  EXPECT_FALSE(throttle.pass(start_time + std::chrono::milliseconds(999)));
  EXPECT_TRUE(throttle.pass(start_time + std::chrono::seconds(1)));
  EXPECT_EQ(throttle.suppressed(), 2u);
}

}  // namespace
}  // namespace weir::base::log
