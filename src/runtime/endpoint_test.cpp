#include "runtime/endpoint.h"

#include <gtest/gtest.h>

namespace weir::runtime {
namespace {

TEST(Endpoint, ReadsAndWritesItsThreeForms) {
  for (const std::string text :
       {"127.0.0.1:6379", "0.0.0.0:0", "[::1]:65535", "[fe80::1:2]:80", "unix:/run/a b.sock"}) {
    const auto endpoint = Endpoint::parse(text);
    ASSERT_TRUE(endpoint) << endpoint.error().text();
    EXPECT_EQ(endpoint->to_string(), text);
    const Endpoint copy = Endpoint::from_kernel(endpoint->address(), endpoint->address_size());
    EXPECT_EQ(copy.to_string(), text);
    EXPECT_EQ(copy, *endpoint);
  }
  EXPECT_EQ(Endpoint::parse("[::1]:80")->host(), "::1");
  EXPECT_EQ(Endpoint::parse("[::1]:80")->port(), 80);
  EXPECT_EQ(Endpoint::loopback(7).to_string(), "127.0.0.1:7");
}

TEST(Endpoint, RefusesWhatIsNotOneAndSaysWhy) {
  for (const std::string text :
       {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:8 ", "localhost:80", "::1:80",
        "[::1:80", "[127.0.0.1]:80", "256.0.0.1:80", "unix:", ":80"}) {
    const auto endpoint = Endpoint::parse(text);
    ASSERT_FALSE(endpoint) << text;
    EXPECT_NE(endpoint.error().text().find("'" + text + "'"), std::string::npos) << endpoint.error().text();
  }
  EXPECT_TRUE(Endpoint::parse("unix:" + std::string(107, 'a')));
  EXPECT_FALSE(Endpoint::parse("unix:" + std::string(108, 'a')));
}

}  // namespace
}  // namespace weir::runtime
