// The HTTP/1.1 workload: one request, whose path and body may name a key.
#pragma once

#include <optional>

#include "base/error.h"
#include "load/workload.h"

namespace weir::load {

struct HttpOptions {
  std::string method = "GET";
  // May hold __key__, as may the body.
  std::string path = "/";
  std::string host{};
  std::vector<std::string> headers{};  // "Name: value"
  std::string body{};
  std::uint64_t keys = 1'000'000;
  std::uint64_t seed = 1;
};

// Finds the ends of responses: by Content-Length, by chunks, or because there is no body. A response that ends with
// its connection is not counted (the engine sees a connection that closed under a request).
class HttpScanner final : public ReplyScanner {
 public:
  explicit HttpScanner(bool answers_head) : answers_head_(answers_head) {}
  // A status from 400 up is an error.
  bool scan(std::string_view bytes, Replies& replies) override;

 private:
  enum class State : unsigned char { kHead, kBody, kChunkSize, kChunk, kTrailers };

  bool take_head(std::string_view head, Replies& replies);
  bool take_chunk_size(std::string_view line);
  void finish(Replies& replies);
  // The text up to and including `end`, kept over calls while it is incomplete. Cuts what it took off `bytes`.
  std::optional<std::string_view> take_until(std::string_view& bytes, std::string_view end);

  const bool answers_head_;
  State state_ = State::kHead;
  bool is_error_ = false;
  std::uint64_t bytes_to_skip_ = 0;
  std::string partial_;
  bool partial_is_spent_ = false;  // What take_until() returned stood in partial_.
};

class HttpWorkload final : public Workload {
 public:
  static base::Result<std::unique_ptr<Workload>> create(const HttpOptions& options);

  void append_request(std::string& output) override { request_.append(output, keys_); }
  std::unique_ptr<ReplyScanner> make_scanner() const override { return std::make_unique<HttpScanner>(is_head_); }

 private:
  HttpWorkload(const HttpOptions& options, std::string_view request)
      : keys_(options.keys, false, options.seed), request_(request), is_head_(options.method == "HEAD") {}

  KeySource keys_;
  RequestTemplate request_;
  bool is_head_;
};

}  // namespace weir::load
