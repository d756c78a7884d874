#include "shop/http.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::shop {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST(Http, JsonIsKnownByItsMediaType) {
  const auto is_json = [](std::string type) { return has_json({.fields = {{"Content-Type", std::move(type)}}}); };
  EXPECT_TRUE(is_json("application/json"));
  EXPECT_TRUE(is_json("APPLICATION/json; charset=utf-8"));
  EXPECT_TRUE(is_json("application/json ;x=y"));
  EXPECT_FALSE(is_json("application/jsonp"));
  EXPECT_FALSE(is_json("text/plain"));
  EXPECT_FALSE(is_json(""));
  EXPECT_FALSE(has_json({}));
}

TEST(Http, UnknownOutcomeDoesNotLookLikeAFailure) {
  Failures failures;
  const serve::Response unknown = failures.answer("creating it", base::unknown_outcome("table t: slow disk"));
  EXPECT_EQ(unknown.status, 504);
  EXPECT_THAT(unknown.body, HasSubstr("it may have been done or not"));
  EXPECT_THAT(unknown.body, Not(HasSubstr("table")));
  EXPECT_THAT(unknown.fields, IsEmpty());
}

TEST(Http, HandlerEndsBeforeTheServerGivesItUp) {
  const base::MonoTime deadline = base::MonoTime(std::chrono::seconds(10));
  EXPECT_LT(work_deadline({.deadline = deadline}), deadline);
}

}  // namespace
}  // namespace weir::shop
