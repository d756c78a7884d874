#include "base/error.h"

#include <cerrno>

#include <gtest/gtest.h>

namespace weir::base {
namespace {

Result<int> half(int n) {
  if (n % 2 != 0) return reject("half of an odd number");
  return n / 2;
}

TEST(Error, ResultHoldsValueOrError) {
  EXPECT_EQ(half(8).value(), 4);
  ASSERT_FALSE(half(7).has_value());
  EXPECT_EQ(half(7).error().kind(), ErrorKind::kReject);
}

TEST(Error, WithinKeepsTheKindAndSaysWhatWasBeingDone) {
  const Error outer = retry("connection refused").within("asking 127.0.0.1:7711");
  EXPECT_EQ(outer.kind(), ErrorKind::kRetry);
  EXPECT_EQ(outer.text(), "asking 127.0.0.1:7711: connection refused");
}

TEST(Error, SystemErrorNamesTheCallAndTheReason) {
  EXPECT_EQ(system_error(ErrorKind::kFatal, "open /nowhere", ENOENT).text(),
            "open /nowhere: No such file or directory");
}

}  // namespace
}  // namespace weir::base
