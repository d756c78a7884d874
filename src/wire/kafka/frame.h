// Frames of the Kafka protocol and the headers in them.
//
//   request   size i32 | api_key i16, api_version i16, correlation_id i32, client_id STRING, [tagged fields] | body
//   response  size i32 | correlation_id i32, [tagged fields] | body
//
// `size` counts what follows it. The tagged fields stand there in flexible versions: these are the headers 2 and 1,
// without them 1 and 0. Two exceptions are the protocol's: the client id is never compact, and a response to
// ApiVersions has no tagged fields, since who reads it does not know yet what the broker speaks. (Header 0 of
// requests, without a client id, belongs to an API that only brokers use.)
//
// Pure functions, any thread. Views point into what was given.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "wire/kafka/codec.h"

namespace weir::wire::kafka {

// Kafka's socket.request.max.bytes.
inline constexpr std::size_t kMaxFrameBytes = 100 << 20;

struct FrameStep {
  enum class Status : unsigned char {
    kNeedMore,
    kFrame,    // `frame` is a whole one, without its size.
    kRefused,  // The size is negative, too small for any header, or above the limit: close the connection.
  };
  Status status;
  std::string_view frame = {};
  // How many bytes at the front are done with, once the frame was used.
  std::size_t consumed = 0;
  // Of kNeedMore: the length that `received` must at least have for the next call to get anywhere.
  std::size_t expected_bytes = 0;
  // Of kRefused.
  std::int32_t refused_size = 0;
};

// The first frame of `received`. Requires: max_bytes <= 2 GiB.
FrameStep take_frame(std::string_view received, std::size_t max_bytes = kMaxFrameBytes);

struct RequestHeader {
  const Api* api;
  std::int16_t version;
  std::int32_t correlation_id;
  std::optional<std::string_view> client_id;
  // False only for an ApiVersions request of a version that kApis does not declare: body and client id were not read,
  // and the answer is UNSUPPORTED_VERSION with the list of versions, in version 0. After any other unknown API or
  // version the connection is closed, as Kafka does it: the client did not ask what is spoken here.
  bool supported;
  std::string_view body;
};

base::Result<RequestHeader> parse_request(std::string_view frame);

// The body of a response to a request of `api` and `version`. Rejects another correlation id than the expected one:
// responses come in the order of the requests.
base::Result<std::string_view> parse_response(std::string_view frame, const Api& api, std::int16_t version,
                                              std::int32_t correlation_id);

namespace frame_detail {

// Appends size and header; finish() sets the size when the body stands behind.
std::size_t begin_request(std::string& to, const Api& api, std::int16_t version, std::int32_t correlation_id,
                          std::optional<std::string_view> client_id);
std::size_t begin_response(std::string& to, const Api& api, std::int16_t version, std::int32_t correlation_id);
void finish(std::string& to, std::size_t begin, std::size_t spliced_bytes);

}  // namespace frame_detail

// Appends a whole frame. With `splices`, record batches are not appended but noted there (writer.h), and counted in the
// frame's size.
template <class M>
void append_response(std::string& to, std::int16_t version, std::int32_t correlation_id, const M& message,
                     std::vector<Splice>* splices = nullptr) {
  static_assert(M::kMessage.direction == Direction::kResponse);
  const std::size_t begin = frame_detail::begin_response(to, M::kMessage.api(), version, correlation_id);
  Writer writer(to, splices);
  encode(message, version, writer);
  frame_detail::finish(to, begin, writer.spliced_bytes());
}

template <class M>
void append_request(std::string& to, std::int16_t version, std::int32_t correlation_id,
                    std::optional<std::string_view> client_id, const M& message,
                    std::vector<Splice>* splices = nullptr) {
  static_assert(M::kMessage.direction == Direction::kRequest);
  const std::size_t begin = frame_detail::begin_request(to, M::kMessage.api(), version, correlation_id, client_id);
  Writer writer(to, splices);
  encode(message, version, writer);
  frame_detail::finish(to, begin, writer.spliced_bytes());
}

}  // namespace weir::wire::kafka
