#include "wire/http1/head.h"

#include <gtest/gtest.h>

namespace weir::wire::http1 {
namespace {

// The verdict on a request as a server gives it: the status to answer with, 0 if it is taken, -1 if more is needed.
struct Verdict {
  int status = -1;
  std::string reason;
};

Verdict judge_request(std::string_view bytes, RequestHead& head, const Limits& limits = {}) {
  HeadScanner scanner(Message::kRequest, limits);
  switch (scanner.scan(bytes)) {
    case HeadScanner::Status::kNeedMore: return {};
    case HeadScanner::Status::kRejected: return {scanner.rejection().status, std::string(scanner.rejection().reason)};
    case HeadScanner::Status::kComplete: break;
  }
  const auto rejection = parse_request_head(bytes.substr(0, scanner.head_bytes()), limits, head);
  return rejection ? Verdict{rejection->status, std::string(rejection->reason)} : Verdict{0, ""};
}

RequestHead accepted(std::string_view bytes) {
  RequestHead head;
  const Verdict verdict = judge_request(bytes, head);
  EXPECT_EQ(verdict.status, 0) << verdict.reason;
  return head;
}

int status_of(std::string_view bytes, const Limits& limits = {}) {
  RequestHead head;
  return judge_request(bytes, head, limits).status;
}

// A request with these field lines behind its Host.
int status_with(std::string_view fields) {
  return status_of("POST / HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n");
}

TEST(RequestHead, HoldsViewsOfItsParts) {
  const RequestHead head =
      accepted("GET /items/7?size=xl HTTP/1.1\r\nHost: shop:8080\r\nX-Empty:\r\nAccept: \t */* \t\r\n\r\n");
  EXPECT_EQ(head.method, "GET");
  EXPECT_EQ(head.target, "/items/7?size=xl");
  EXPECT_EQ(head.path, "/items/7?size=xl");
  EXPECT_EQ(head.authority, "shop:8080");
  EXPECT_EQ(head.form, TargetForm::kOrigin);
  ASSERT_EQ(head.fields.size(), 3u);
  EXPECT_EQ(head.fields.find("x-empty")->value, "");
  EXPECT_EQ(head.fields.find("ACCEPT")->value, "*/*");
  EXPECT_EQ(head.fields.find("none"), nullptr);
  EXPECT_EQ(head.body, (Body{Framing::kNone, 0}));
  EXPECT_TRUE(head.keep_alive);
}

TEST(RequestHead, RefusesWhatCanSmuggleABody) {
  // Transfer-Encoding and Content-Length together, in either order.
  EXPECT_EQ(status_with("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n"), 400);
  EXPECT_EQ(status_with("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n"), 400);
  // More than one length, even if they agree.
  EXPECT_EQ(status_with("Content-Length: 4\r\nContent-Length: 5\r\n"), 400);
  EXPECT_EQ(status_with("Content-Length: 4\r\nContent-Length: 4\r\n"), 400);
  for (const char* bad : {"4, 4", "+4", "-4", "0x4", "1_0", "", "4 4", "four", "4.0", "9223372036854775808",
                          "18446744073709551616", "18446744073709551620"}) {
    EXPECT_EQ(status_with(std::string("Content-Length: ") + bad + "\r\n"), 400) << bad;
  }
  for (const char* bad : {"chunked, chunked", "chunked, gzip", "identity", "gzip", "", "chunked,", ",chunked",
                          "chunked;q=1", "\"chunked\"", "chunked chunked", "xchunked"}) {
    EXPECT_EQ(status_with(std::string("Transfer-Encoding: ") + bad + "\r\n"), 400) << bad;
  }
  EXPECT_EQ(status_with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400);
  EXPECT_EQ(status_with("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"), 400);
  EXPECT_EQ(status_with("Transfer-Encoding: gzip, chunked\r\n"), 501);
  EXPECT_EQ(status_with("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n"), 501);
  EXPECT_EQ(status_of("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
  EXPECT_EQ(status_of("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\nContent-Length: 0\r\n\r\n"), 400);
  EXPECT_EQ(status_with("Transfer-Encoding: Chunked\r\n"), 0);
  EXPECT_EQ(status_with("Content-Length: 0004\r\n"), 0);
}

TEST(RequestHead, RefusesLinesThatOthersMayReadOtherwise) {
  using namespace std::string_literals;
  EXPECT_EQ(status_with("X: a\r\n b\r\n"), 400);   // Folded.
  EXPECT_EQ(status_with("X: a\r\n\tb\r\n"), 400);  //
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\n Host: a\r\n\r\n"), 400);
  EXPECT_EQ(status_with("X : a\r\n"), 400);  // A space before the colon.
  EXPECT_EQ(status_with("X\t: a\r\n"), 400);
  EXPECT_EQ(status_with(": a\r\n"), 400);
  EXPECT_EQ(status_with("X\r\n"), 400);
  EXPECT_EQ(status_with("X(: a\r\n"), 400);
  EXPECT_EQ(status_with("X: a\rb\r\n"), 400);  // A bare CR.
  EXPECT_EQ(status_with("X: a\r\r\n"), 400);
  EXPECT_EQ(status_with("X: a\nY: b\r\n"), 400);  // A bare LF.
  EXPECT_EQ(status_with("X: a\n\r\n"), 400);
  EXPECT_EQ(status_with("X: a\0b\r\n"s), 400);
  EXPECT_EQ(status_with("X: a\x01\r\n"), 400);
  EXPECT_EQ(status_with("X: a\x7f\r\n"), 400);
  EXPECT_EQ(status_with("X: \xc3\xa4\r\n"), 0);  // obs-text is nobody's business.
  EXPECT_EQ(status_of("GET / HTTP/1.1\n\n"), 400);
}

TEST(RequestHead, RefusesMalformedRequestLines) {
  for (const char* bad :
       {"GET  / HTTP/1.1", " GET / HTTP/1.1", "GET / HTTP/1.1 ", "GET /", "GET", "GET / HTTP/1,1", "GET / http/1.1",
        "GET / HTTP/11", "GET /a b HTTP/1.1", "GET /a\tb HTTP/1.1", "G(T / HTTP/1.1", "GET /\x80 HTTP/1.1",
        "GET /#f HTTP/1.1", "GET \\ HTTP/1.1", "GET a HTTP/1.1", "GET / HTTP/1.10"}) {
    EXPECT_EQ(status_of(std::string(bad) + "\r\nHost: a\r\n\r\n"), 400) << bad;
  }
  for (const char* version : {"HTTP/0.9", "HTTP/1.2", "HTTP/2.0", "HTTP/3.0"}) {
    EXPECT_EQ(status_of(std::string("GET / ") + version + "\r\nHost: a\r\n\r\n"), 505) << version;
  }
}

TEST(RequestHead, TargetHasOneOfFourForms) {
  const RequestHead absolute = accepted("GET http://a.example:81/p?q HTTP/1.1\r\nHost: other\r\n\r\n");
  EXPECT_EQ(absolute.form, TargetForm::kAbsolute);
  EXPECT_EQ(absolute.authority, "a.example:81");  // Overrules Host.
  EXPECT_EQ(absolute.path, "/p?q");
  EXPECT_EQ(accepted("GET HTTPS://[::1] HTTP/1.1\r\nHost: a\r\n\r\n").path, "");
  EXPECT_EQ(accepted("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").form, TargetForm::kAsterisk);
  EXPECT_EQ(accepted("CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n").authority, "a:443");
  for (const char* bad :
       {"GET *", "GET a:443", "CONNECT a", "CONNECT /", "CONNECT a:", "CONNECT [::1]", "GET ftp://a/", "GET http://",
        "GET http:///p", "GET http://u@a/", "GET http://a:99999/", "GET *x", "GET http:/a"}) {
    EXPECT_EQ(status_of(std::string(bad) + " HTTP/1.1\r\nHost: a\r\n\r\n"), 400) << bad;
  }
}

TEST(RequestHead, HasExactlyOneValidHost) {
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost:\r\n\r\n"), 0);
  EXPECT_EQ(status_of("GET / HTTP/1.0\r\n\r\n"), 0);
  for (const char* bad :
       {"a b", "a,b", "a/b", "a@b", "a:b", "a:1:2", "a:-1", "a:65536", ":80", "[::1", "[]", "[x]", "[::1]x", "a\\b"}) {
    EXPECT_EQ(status_of(std::string("GET / HTTP/1.1\r\nHost: ") + bad + "\r\n\r\n"), 400) << bad;
  }
  for (const char* good : {"a", "a.example:65535", "127.0.0.1:80", "[::1]:80", "[2001:db8::1.2.3.4]", "a:", "a_b%41"}) {
    EXPECT_EQ(status_of(std::string("GET / HTTP/1.1\r\nHost: ") + good + "\r\n\r\n"), 0) << good;
  }
}

TEST(RequestHead, SaysWhetherTheConnectionStays) {
  const auto keep_alive = [](std::string_view version, std::string_view field) {
    return accepted("GET / " + std::string(version) + "\r\nHost: a\r\n" + std::string(field) + "\r\n").keep_alive;
  };
  EXPECT_TRUE(keep_alive("HTTP/1.1", ""));
  EXPECT_FALSE(keep_alive("HTTP/1.1", "Connection: Close\r\n"));
  EXPECT_FALSE(keep_alive("HTTP/1.1", "Connection: keep-alive\r\nConnection: x, close\r\n"));
  EXPECT_FALSE(keep_alive("HTTP/1.0", ""));
  EXPECT_TRUE(keep_alive("HTTP/1.0", "Connection: , Keep-Alive\r\n"));
  EXPECT_FALSE(keep_alive("HTTP/1.0", "Connection: keep-alive, close\r\n"));
}

TEST(RequestHead, MarksTheFieldsOfThisHopOnly) {
  const RequestHead head = accepted(
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nConnection: x-hop, Host, content-length, close, TE\r\n"
      "X-Hop: 1\r\nX-End: 1\r\nKeep-Alive: 1\r\nProxy-Connection: 1\r\nTE: trailers\r\nUpgrade: h2c\r\n\r\n");
  std::string kept;
  for (const Field& field : head.fields) kept += field.hop_by_hop ? "" : std::string(field.name) + " ";
  EXPECT_EQ(kept, "Host Content-Length X-End TE ");
  EXPECT_TRUE(head.accepts_trailers);
  EXPECT_EQ(head.upgrade, "");  // Connection does not name it.

  const RequestHead other =
      accepted("GET / HTTP/1.1\r\nHost: a\r\nX-Hop: 1\r\nTE: gzip, trailers\r\nConnection: x-hop\r\n\r\n");
  EXPECT_TRUE(other.fields.find("x-hop")->hop_by_hop);  // Named by a line behind it.
  EXPECT_TRUE(other.fields.find(FieldName::kTe)->hop_by_hop);
  EXPECT_TRUE(other.accepts_trailers);
}

TEST(RequestHead, UpgradeAndExpectAreOfHttp11Only) {
  const std::string fields = "Host: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\nExpect: 100-Continue\r\n\r\n";
  const std::string now_bytes = "GET / HTTP/1.1\r\n" + fields;
  const RequestHead now = accepted(now_bytes);
  EXPECT_EQ(now.upgrade, "websocket");
  EXPECT_TRUE(now.expects_continue);
  const std::string then_bytes = "GET / HTTP/1.0\r\n" + fields;
  const RequestHead then = accepted(then_bytes);
  EXPECT_EQ(then.upgrade, "");
  EXPECT_FALSE(then.expects_continue);
  EXPECT_EQ(status_with("Expect: the-unexpected\r\n"), 417);
}

TEST(RequestHead, LimitsHaveTheirOwnStatus) {
  const Limits limits{.head_bytes = 80, .fields = 2, .method_bytes = 4, .target_bytes = 10, .body_bytes = 9};
  const auto request = [](std::string_view line, std::string_view fields) {
    return std::string(line) + " HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n";
  };
  EXPECT_EQ(status_of(request("POST /123456789", "Content-Length: 9\r\n"), limits), 0);
  EXPECT_EQ(status_of(request("PATCH /", ""), limits), 501);
  EXPECT_EQ(status_of(request("GET /1234567890", ""), limits), 414);
  EXPECT_EQ(status_of(request("GET /", "Content-Length: 10\r\n"), limits), 413);
  EXPECT_EQ(status_of(request("GET /", "A: 1\r\nB: 2\r\n"), limits), 431);
  EXPECT_EQ(status_of(request("GET /", "A: " + std::string(80, 'a')), limits), 431);
  EXPECT_EQ(status_of("GET /" + std::string(80, 'a'), limits), 414);
  EXPECT_EQ(status_of(std::string(80, 'a'), limits), 431);
  // Exactly full is not too large.
  const std::string full = request("GET /", "A: " + std::string(80 - 32, 'a') + "\r\n");
  EXPECT_EQ(full.size(), 80u);
  EXPECT_EQ(status_of(full, limits), 0);
}

TEST(RequestHead, AHundredFieldsAreTheMostByDefault) {
  std::string fields;
  for (int i = 0; i < 99; ++i) fields += "A: 1\r\n";
  EXPECT_EQ(status_with(fields), 0);
  EXPECT_EQ(status_with(fields + "A: 1\r\n"), 431);
}

TEST(HeadScanner, FindsTheEndInAnyPieces) {
  const std::string head = "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n";
  HeadScanner scanner(Message::kRequest);
  for (int message = 0; message < 2; ++message) {
    for (std::size_t size = 0; size < head.size(); ++size) {
      ASSERT_EQ(scanner.scan(std::string_view(head).substr(0, size)), HeadScanner::Status::kNeedMore) << size;
    }
    ASSERT_EQ(scanner.scan(head + "the next"), HeadScanner::Status::kComplete);
    EXPECT_EQ(scanner.head_bytes(), head.size());
    scanner.restart();
  }
}

TEST(HeadScanner, RefusesABareLfBeforeTheHeadIsComplete) {
  HeadScanner scanner(Message::kRequest);
  EXPECT_EQ(scanner.scan("GET / HTTP/1.1\n"), HeadScanner::Status::kRejected);
  EXPECT_EQ(scanner.rejection().status, 400);
  EXPECT_EQ(scanner.scan("GET / HTTP/1.1\n\r\n\r\n"), HeadScanner::Status::kRejected);
}

ResponseHead answer(std::string_view bytes, std::string_view method = "GET") {
  ResponseHead head;
  const auto rejection = parse_response_head(bytes, method, {}, head);
  EXPECT_FALSE(rejection.has_value()) << (rejection ? rejection->reason : "");
  return head;
}

int refused(std::string_view bytes) {
  ResponseHead head;
  const auto rejection = parse_response_head(bytes, "GET", {}, head);
  return rejection ? rejection->status : 0;
}

TEST(ResponseHead, BodyFollowsFromStatusMethodAndFields) {
  EXPECT_EQ(answer("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n").body, (Body{Framing::kLength, 3}));
  EXPECT_EQ(answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").body, (Body{Framing::kChunked, 0}));
  EXPECT_EQ(answer("HTTP/1.1 200 OK\r\n\r\n").body, (Body{Framing::kUntilClose, 0}));
  EXPECT_FALSE(answer("HTTP/1.1 200 OK\r\n\r\n").keep_alive);
  EXPECT_EQ(answer("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", "HEAD").body, (Body{Framing::kNone, 0}));
  for (const char* status : {"100", "103", "204", "304"}) {
    const ResponseHead head = answer(std::string("HTTP/1.1 ") + status + " x\r\nContent-Length: 3\r\n\r\n");
    EXPECT_EQ(head.body, (Body{Framing::kNone, 0})) << status;
    EXPECT_TRUE(head.keep_alive) << status;
  }
}

TEST(ResponseHead, ATunnelBeginsBehind101AndConnect) {
  EXPECT_TRUE(answer("HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n").tunnel);
  EXPECT_TRUE(answer("HTTP/1.1 200 OK\r\n\r\n", "CONNECT").tunnel);
  EXPECT_FALSE(answer("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", "CONNECT").tunnel);
}

TEST(ResponseHead, ReasonMayBeMissing) {
  EXPECT_EQ(answer("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n").status, 200);
  EXPECT_EQ(answer("HTTP/1.1 404 \r\nContent-Length: 0\r\n\r\n").reason, "");
  EXPECT_EQ(answer("HTTP/1.0 404 Not there\r\n\r\n").reason, "Not there");
}

TEST(ResponseHead, WhatCannotBeTrustedIsABadGateway) {
  for (const char* bad :
       {"HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 099 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1  200 OK\r\n\r\n",
        "HTTP/1.1 200 O\x01K\r\n\r\n", "HTTP/2.0 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n", "\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\n"}) {
    EXPECT_EQ(refused(bad), 502) << bad;
  }
}

}  // namespace
}  // namespace weir::wire::http1
