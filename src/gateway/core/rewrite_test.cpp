#include "gateway/core/rewrite.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::gateway {
namespace {

using namespace wire::http1;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string upstream_request(std::string_view received) {
  RequestHead head;
  const auto rejection = parse_request_head(received, Limits(), head);
  EXPECT_FALSE(rejection) << rejection->reason;
  std::string sent;
  append_upstream_request(sent, head, {.client_address = "10.0.0.1", .request_id = "our-id"});
  return sent;
}

TEST(UpstreamRequest, IsWrittenAnewWithWhatAProxyAdds) {
  EXPECT_EQ(upstream_request("GET /items/7?a=b HTTP/1.1\r\nhost: shop.example\r\nAccept:   */*  \r\n\r\n"),
            "GET /items/7?a=b HTTP/1.1\r\n"
            "Host: shop.example\r\n"
            "Accept: */*\r\n"
            "X-Forwarded-For: 10.0.0.1\r\n"
            "X-Forwarded-Proto: http\r\n"
            "X-Forwarded-Host: shop.example\r\n"
            "X-Request-Id: our-id\r\n"
            "Via: 1.1 weir\r\n"
            "\r\n");
}

TEST(UpstreamRequest, LeavesOutWhatConcernedTheClientsHop) {
  const std::string sent = upstream_request(
      "GET / HTTP/1.1\r\nHost: h\r\nConnection: X-Secret, close, Host\r\nX-Secret: 1\r\nKeep-Alive: 5\r\nTE: gzip\r\n"
      "Proxy-Connection: x\r\nUpgrade: h2c\r\nX-Kept: 1\r\n\r\n");
  for (const char* gone : {"X-Secret", "Keep-Alive", "Connection", "TE:", "Upgrade"}) {
    EXPECT_THAT(sent, Not(HasSubstr(gone))) << gone;
  }
  EXPECT_THAT(sent, HasSubstr("Host: h\r\n"));
  EXPECT_THAT(sent, HasSubstr("X-Kept: 1\r\n"));
}

TEST(UpstreamRequest, ContinuesTheListsOfEarlierProxiesAndKeepsASoundRequestId) {
  const std::string sent = upstream_request(
      "GET / HTTP/1.0\r\nHost: h\r\nX-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 2.2.2.2\r\nVia: 1.1 a\r\n"
      "X-Forwarded-Proto: https\r\nX-Request-Id: abc-1\r\n\r\n");
  EXPECT_THAT(sent, HasSubstr("X-Forwarded-For: 1.1.1.1, 2.2.2.2, 10.0.0.1\r\n"));
  EXPECT_THAT(sent, HasSubstr("Via: 1.1 a, 1.0 weir\r\n"));
  EXPECT_THAT(sent, HasSubstr("X-Forwarded-Proto: http\r\n"));
  EXPECT_THAT(sent, HasSubstr("X-Request-Id: abc-1\r\n"));
  EXPECT_THAT(upstream_request("GET / HTTP/1.1\r\nHost: h\r\nX-Request-Id: a b\r\n\r\n"),
              HasSubstr("X-Request-Id: our-id\r\n"));
}

TEST(UpstreamRequest, AnAbsoluteTargetBecomesItsPathAndItsAuthorityTheHost) {
  EXPECT_THAT(upstream_request("GET http://a.example?q HTTP/1.1\r\nHost: b.example\r\n\r\n"),
              StartsWith("GET /?q HTTP/1.1\r\nHost: a.example\r\n"));
}

TEST(UpstreamRequest, BodiesAreFramedAnew) {
  EXPECT_THAT(upstream_request("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n"),
              HasSubstr("\r\nContent-Length: 5\r\n"));
  EXPECT_THAT(upstream_request("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"),
              HasSubstr("\r\nTransfer-Encoding: chunked\r\n"));
}

TEST(UpstreamRequest, AnExpectationCountsFromHttp11AndTrailersAreNotAnnounced) {
  const std::string fields = "Host: h\r\nExpect: 100-continue\r\nTrailer: X-T\r\nContent-Length: 1\r\n\r\n";
  EXPECT_THAT(upstream_request("POST / HTTP/1.1\r\n" + fields), HasSubstr("Expect: 100-continue\r\n"));
  EXPECT_THAT(upstream_request("POST / HTTP/1.0\r\n" + fields), Not(HasSubstr("Expect")));
  EXPECT_THAT(upstream_request("POST / HTTP/1.1\r\n" + fields), Not(HasSubstr("Trailer")));
}

TEST(UpstreamRequest, MaxForwardsCountsDownForTraceAndOptionsOnly) {
  EXPECT_THAT(upstream_request("OPTIONS /x HTTP/1.1\r\nHost: h\r\nMax-Forwards: 3\r\n\r\n"),
              HasSubstr("Max-Forwards: 2\r\n"));
  EXPECT_THAT(upstream_request("GET /x HTTP/1.1\r\nHost: h\r\nMax-Forwards: 3\r\n\r\n"),
              HasSubstr("Max-Forwards: 3\r\n"));
}

struct Sent {
  std::string head;
  Delivery delivery;
};

Sent client_response(std::string_view received,
                     ClientSide client = {.minor_version = 1, .is_head = false, .keep_alive = true}) {
  ResponseHead head;
  const auto rejection = parse_response_head(received, client.is_head ? "HEAD" : "GET", Limits(), head);
  EXPECT_FALSE(rejection) << rejection->reason;
  Sent sent;
  sent.delivery = append_client_response(sent.head, head, client);
  return sent;
}

TEST(ClientResponse, IsWrittenAnew) {
  const Sent sent =
      client_response("HTTP/1.1 200 Fine\r\nContent-Length: 3\r\nConnection: close\r\nETag: \"x\"\r\n\r\n");
  EXPECT_EQ(sent.head, "HTTP/1.1 200 Fine\r\nETag: \"x\"\r\nVia: 1.1 weir\r\nContent-Length: 3\r\n\r\n");
  EXPECT_EQ(sent.delivery, Delivery::kLength);
}

TEST(ClientResponse, WhatEndsWithTheConnectionIsChunkedWhereTheClientKnowsChunks) {
  constexpr std::string_view kUntilClose = "HTTP/1.1 200 OK\r\n\r\n";
  EXPECT_EQ(client_response(kUntilClose).delivery, Delivery::kChunked);
  const Sent old = client_response(kUntilClose, {.minor_version = 0, .is_head = false, .keep_alive = true});
  EXPECT_EQ(old.delivery, Delivery::kUntilClose);
  EXPECT_EQ(old.head, "HTTP/1.1 200 OK\r\nVia: 1.1 weir\r\nConnection: close\r\n\r\n");
}

TEST(ClientResponse, HeadAndNotModifiedKeepTheLengthOfWhatTheyStandFor) {
  const Sent sent = client_response("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n",
                                    {.minor_version = 1, .is_head = true, .keep_alive = true});
  EXPECT_EQ(sent.delivery, Delivery::kNone);
  EXPECT_THAT(sent.head, HasSubstr("Content-Length: 10\r\n"));
  EXPECT_THAT(client_response("HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n").head,
              HasSubstr("Content-Length: 10\r\n"));
}

TEST(ClientResponse, NoContentAndInterimResponsesHaveNoLength) {
  for (const std::string status : {"204 No Content", "103 Early Hints"}) {
    EXPECT_THAT(client_response("HTTP/1.1 " + status + "\r\nContent-Length: 10\r\n\r\n").head,
                Not(HasSubstr("Content-Length")));
  }
}

TEST(ClientResponse, SaysWhetherTheConnectionStaysOpen) {
  constexpr std::string_view kEmpty = "HTTP/1.1 204 No Content\r\n\r\n";
  EXPECT_THAT(client_response(kEmpty, {.minor_version = 1, .is_head = false, .keep_alive = false}).head,
              HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(client_response(kEmpty, {.minor_version = 0, .is_head = false, .keep_alive = true}).head,
              HasSubstr("Connection: keep-alive\r\n"));
}

TEST(Requests, RepeatableByMethodOrByKey) {
  RequestHead head;
  const auto repeatable = [&](std::string_view text) {
    EXPECT_FALSE(parse_request_head(text, Limits(), head));
    return is_repeatable(head);
  };
  EXPECT_TRUE(repeatable("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
  EXPECT_FALSE(repeatable("POST / HTTP/1.1\r\nHost: h\r\n\r\n"));
  EXPECT_FALSE(repeatable("PATCH / HTTP/1.1\r\nHost: h\r\n\r\n"));
  EXPECT_TRUE(repeatable("POST / HTTP/1.1\r\nHost: h\r\nIdempotency-Key: \"k\"\r\n\r\n"));
}

TEST(Requests, ExhaustedForwardsAreAnsweredHere) {
  RequestHead head;
  EXPECT_FALSE(parse_request_head("TRACE / HTTP/1.1\r\nHost: h\r\nMax-Forwards: 0\r\n\r\n", Limits(), head));
  EXPECT_TRUE(forwards_exhausted(head));
  EXPECT_FALSE(parse_request_head("GET / HTTP/1.1\r\nHost: h\r\nMax-Forwards: 0\r\n\r\n", Limits(), head));
  EXPECT_FALSE(forwards_exhausted(head));
}

}  // namespace
}  // namespace weir::gateway
