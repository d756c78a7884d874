// Upstream: the connections of one worker to one upstream, and the idle ones among them, used again newest first.
//
//   acquire() --idle one, or a new one--> kLent --request and response whole, keep alive--> kIdle --acquire()--> ...
//                                           |                                                 | idle_timeout,
//                                           +--anything else--> kRetired <--------------------+ the server closes
//
// A connection is used again only when both messages of its last exchange are over: behind a half sent request the next
// one would be read as its body.
//
// Bounded by UpstreamSpec::max_connections; what does not fit is refused at once, and counted. The worker's thread
// only.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "base/metrics.h"
#include "gateway/core/route_table.h"
#include "runtime/loop.h"
#include "wire/http1/body.h"
#include "wire/http1/head.h"

namespace weir::gateway {

class Upstream;

// What an exchange hears of the connection that it was lent. After on_response_end() or on_upstream_failure() it hears
// nothing more, and the connection is no longer its own.
class ResponseReceiver {
 public:
  // An interim response (1xx): nothing of it follows.
  virtual void on_interim(const wire::http1::ResponseHead& head) = 0;
  virtual void on_response(const wire::http1::ResponseHead& head) = 0;
  virtual void on_response_data(std::string_view data) = 0;
  // The response is whole. `trailers` are those of a chunked body.
  virtual void on_response_end(const wire::http1::Fields& trailers) = 0;
  // `silent`: not one byte of a response came, so the request may not have been looked at.
  virtual void on_upstream_failure(std::string_view why, bool silent) = 0;
  // The upstream's side takes bytes again.
  virtual void on_upstream_drained() = 0;

 protected:
  ~ResponseReceiver() = default;
};

class UpstreamConnection final : public runtime::ConnectionHandler {
 public:
  UpstreamConnection(Upstream& upstream, const wire::http1::Limits& limits);

  // Begins an exchange. The request goes to connection().output(); request_sent() when the whole of it stands there.
  void lend(ResponseReceiver& receiver, std::string_view method);
  void request_sent() { request_sent_ = true; }
  // Ends it from the receiver's side: the response is of no use any more.
  void abandon();

  runtime::Connection& connection() { return *connection_; }
  // It has served an exchange before: then a failure before the first byte may only mean that the server closed it.
  bool reused() const { return reused_; }

  void on_receive(runtime::Connection& connection, std::string_view bytes) override;
  void on_end(runtime::Connection& connection) override;
  void on_drained(runtime::Connection& connection) override;
  void on_close(runtime::Connection& connection, const runtime::CloseReason& reason) override;

 private:
  friend class Upstream;
  enum class State : unsigned char { kIdle, kLent, kRetired };

  // Takes what stands whole in `received`; returns how many bytes that was.
  std::size_t consume(std::string_view received);
  bool take_head(std::string_view received, std::size_t& used);
  bool take_body(std::string_view received, std::size_t& used);
  void finish(const wire::http1::Fields& trailers);
  void fail(std::string_view why);

  Upstream& upstream_;
  runtime::Connection* connection_ = nullptr;
  ResponseReceiver* receiver_ = nullptr;  // In kLent.
  std::string method_;
  std::string pending_;
  wire::http1::HeadScanner scanner_;
  std::optional<wire::http1::BodyDecoder> body_;  // Once the head was taken.
  State state_ = State::kIdle;
  bool reused_ = false;
  bool request_sent_ = false;
  bool got_bytes_ = false;
  bool keep_alive_ = false;
  // Stays armed while lent, since moving it back costs nothing; it means something in kIdle only.
  runtime::Timer idle_timer_;
};

class Upstream {
 public:
  // Rejects an address that is none.
  static base::Result<std::unique_ptr<Upstream>> create(const UpstreamSpec& spec, const wire::http1::Limits& limits,
                                                        runtime::Loop& loop);
  ~Upstream();

  // An idle connection, or where none is idle a new one on its way. Null: the limit is reached, or no socket could be
  // had.
  UpstreamConnection* acquire();
  UpstreamConnection* acquire_new();

  const UpstreamSpec& spec() const { return spec_; }
  std::size_t open() const { return open_; }
  std::size_t idle() const { return idle_.size(); }
  // From any thread.
  std::uint64_t opened() const { return opened_.value(); }
  std::uint64_t refused() const { return refused_.value(); }

 private:
  friend class UpstreamConnection;

  Upstream(const UpstreamSpec& spec, const wire::http1::Limits& limits, runtime::Endpoint endpoint,
           runtime::Loop& loop);
  void release(UpstreamConnection& connection);
  void retire(UpstreamConnection& connection);

  const UpstreamSpec spec_;
  wire::http1::Limits limits_;  // Of responses: no bound on their bodies, which are passed on as they come.
  const runtime::Endpoint endpoint_;
  runtime::Loop& loop_;
  std::unordered_map<UpstreamConnection*, std::unique_ptr<UpstreamConnection>> connections_;
  std::vector<UpstreamConnection*> idle_;  // Newest last.
  std::size_t open_ = 0;                   // Without the retired ones, whose on_close is still to come.
  // Of the response being read just now. They are large, so there is one for all connections.
  wire::http1::ResponseHead head_;
  wire::http1::Fields trailers_;
  const wire::http1::Fields no_trailers_{};
  base::Counter opened_;
  base::Counter refused_;
};

}  // namespace weir::gateway
