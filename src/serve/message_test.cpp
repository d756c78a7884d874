#include "serve/message.h"

#include <gtest/gtest.h>

namespace weir::serve {
namespace {

std::string json_string(std::string_view text) {
  std::string json;
  append_json_string(json, text);
  return json;
}

TEST(JsonString, EscapesWhatJsonAsksFor) {
  EXPECT_EQ(json_string("a\"\\/\n\x01"), R"("a\"\\/\u000a\u0001")");
  EXPECT_EQ(json_string(std::string_view("\0", 1)), R"("\u0000")");
}

TEST(JsonString, KeepsUtf8AndReplacesWhatIsNone) {
  for (const char* good : {"\xc2\x80", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_EQ(json_string(good), '"' + std::string(good) + '"');
  }
  EXPECT_EQ(json_string("a\xffz"), "\"a\xef\xbf\xbdz\"");
  // Cut off, overlong, a surrogate, too high: no byte of them passes.
  for (const char* bad : {"\xc3", "\xc0\xaf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80"}) {
    const std::string json = json_string(bad);
    for (const char* byte = bad; *byte != '\0'; ++byte) {
      if (*byte == '\xbf' || *byte == '\xef') continue;  // U+FFFD has them too.
      EXPECT_EQ(json.find(*byte), std::string::npos) << json;
    }
  }
}

TEST(Problem, CarriesStatusTitleAndDetail) {
  const Response response = problem(404, "no \"x\"");
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.content_type, "application/problem+json");
  EXPECT_EQ(response.body,
            "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404,\"detail\":\"no \\\"x\\\"\"}\n");
}

TEST(Problem, UnknownOutcomeDoesNotLookAsIfNothingWasDone) {
  EXPECT_EQ(problem(base::reject("x")).status, 400);
  EXPECT_EQ(problem(base::retry("x")).status, 503);
  EXPECT_EQ(problem(base::fatal("x")).status, 503);
  EXPECT_EQ(problem(base::unknown_outcome("x")).status, 504);
}

TEST(Request, QueryValuesAreDecoded) {
  Request request;
  request.query = "a=1&b=x+y%26&a=2&c&%64=e&bad=%zz";
  EXPECT_EQ(request.query_value("a"), "1");
  EXPECT_EQ(request.query_value("b"), "x y&");
  EXPECT_EQ(request.query_value("c"), "");
  EXPECT_EQ(request.query_value("d"), "e");
  EXPECT_EQ(request.query_value("bad"), std::nullopt);
  EXPECT_EQ(request.query_value("none"), std::nullopt);
}

TEST(Request, FieldsAreFoundWhateverTheirCase) {
  Request request;
  request.fields = {{"X-Id", "7"}, {"x-id", "8"}};
  EXPECT_EQ(request.field("x-ID"), "7");
  EXPECT_EQ(request.field("x"), std::nullopt);
}

TEST(PercentDecode, WholeOrNothing) {
  EXPECT_EQ(percent_decode("a%2Fb%2f"), "a/b/");
  for (const char* bad : {"%", "%4", "%4g", "a%"}) EXPECT_EQ(percent_decode(bad), std::nullopt) << bad;
}

}  // namespace
}  // namespace weir::serve
