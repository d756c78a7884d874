#include "serve/router.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "runtime/io_thread.h"

namespace weir::serve {
namespace {

runtime::Task<Response> give(std::string name, Request request) {
  for (const auto& [key, value] : request.parameters) name += fmt::format(" {}={}", key, value);
  co_return text(std::move(name));
}

class RouterTest : public testing::Test {
 protected:
  void add(std::string method, std::string pattern) {
    router_.add(method, pattern,
                [method, pattern](Request request) { return give(method + " " + pattern, std::move(request)); });
  }
  // Which route it is for, and its parameters; else what else is allowed there.
  std::string find(std::string_view method, std::string_view path) {
    auto match = router_.find(method, path);
    if (match.handler == nullptr) return match.allowed.empty() ? "none" : "allowed: " + match.allowed;
    Request request;
    request.parameters = std::move(match.parameters);
    return runtime::run((*match.handler)(std::move(request))).body;
  }

  Router router_;
};

TEST_F(RouterTest, FindsTextParametersAndPrefixes) {
  add("GET", "/");
  add("GET", "/items/{id}");
  add("GET", "/files/*");
  add("GET", "/users/{user}/orders/{order}");
  EXPECT_EQ(find("GET", "/"), "GET /");
  EXPECT_EQ(find("GET", "/items/7"), "GET /items/{id} id=7");
  EXPECT_EQ(find("GET", "/users/a/orders/b"), "GET /users/{user}/orders/{order} user=a order=b");
  EXPECT_EQ(find("GET", "/files/a/b"), "GET /files/*");
  EXPECT_EQ(find("GET", "/files/"), "GET /files/*");
  for (const char* path : {"/items", "/items/", "/items/7/", "/items/7/x", "/files", "", "*", "items/7"}) {
    EXPECT_EQ(find("GET", path), "none") << path;
  }
}

TEST_F(RouterTest, MoreExactRouteWinsInWhateverOrderTheyWereAdded) {
  add("GET", "/*");
  add("GET", "/items/{id}");
  add("GET", "/items/new");
  add("GET", "/{any}/new");
  EXPECT_EQ(find("GET", "/items/new"), "GET /items/new");
  EXPECT_EQ(find("GET", "/items/old"), "GET /items/{id} id=old");
  EXPECT_EQ(find("GET", "/x/new"), "GET /{any}/new any=x");
  EXPECT_EQ(find("GET", "/x/old"), "GET /*");
}

TEST_F(RouterTest, SegmentsAreDecodedAfterTheyWereSplit) {
  add("GET", "/items/{id}");
  EXPECT_EQ(find("GET", "/items/a%2Fb"), "GET /items/{id} id=a/b");
  EXPECT_EQ(find("GET", "/it%65ms/1"), "GET /items/{id} id=1");
  EXPECT_EQ(find("GET", "/items/%zz"), "none");
}

TEST_F(RouterTest, OtherMethodsOfAPathAreNamed) {
  add("POST", "/items");
  add("GET", "/items");
  add("DELETE", "/items/{id}");
  EXPECT_EQ(find("PUT", "/items"), "allowed: GET, HEAD, POST");
  EXPECT_EQ(find("GET", "/items/1"), "allowed: DELETE");
  EXPECT_EQ(find("HEAD", "/items/1"), "allowed: DELETE");
}

TEST_F(RouterTest, HeadIsAnsweredByGetUnlessItHasItsOwn) {
  add("GET", "/a/{x}");
  add("GET", "/b");
  add("HEAD", "/b");
  EXPECT_EQ(find("HEAD", "/a/1"), "GET /a/{x} x=1");
  EXPECT_EQ(find("HEAD", "/b"), "HEAD /b");
}

TEST_F(RouterTest, SameRouteTwiceIsAProgrammersError) {
  add("GET", "/items/{id}");
  EXPECT_DEATH(add("GET", "/items/{other}"), "more_exact");
  EXPECT_DEATH(add("GET", "/*/items"), "kRest");
}

}  // namespace
}  // namespace weir::serve
