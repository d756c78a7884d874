#include "client/http/client.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/assert.h"
#include "base/bytes.h"
#include "wire/http1/body.h"
#include "wire/http1/grammar.h"
#include "wire/http1/head.h"
#include "wire/http1/writer.h"

namespace weir::client::http {

using base::Result;
using runtime::Task;
using wire::http1::BodyDecoder;
using wire::http1::HeadScanner;
using wire::http1::Message;

struct Client::Connection {
  explicit Connection(runtime::TcpStream connected) : stream(std::move(connected)) {}

  runtime::TcpStream stream;
  std::string received;      // Not yet taken.
  bool used_before = false;  // It answered a request already.
  bool got_bytes = false;    // Of the response that is awaited.
  bool keep_alive = false;
};

namespace {

constexpr std::size_t kReadBytes = 16 << 10;

bool is_idempotent(std::string_view method) {
  static constexpr std::array<std::string_view, 6> kMethods = {"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"};
  return std::ranges::find(kMethods, method) != kMethods.end();
}

// Whether the parts can be written without becoming something else on the way.
bool is_sound(const Request& request) {
  using namespace wire::http1;
  const auto sound_field = [](const Field& field) {
    return is_token(field.name) && all(field.value, character::kValue);
  };
  return is_token(request.method) && !request.target.empty() && all(request.target, character::kTarget) &&
         std::ranges::all_of(request.fields, sound_field);
}

// Counts one request as under way, also when its task is cancelled.
class Busy {
 public:
  explicit Busy(std::size_t& count) : count_(count) { ++count_; }
  ~Busy() { --count_; }
  Busy(const Busy&) = delete;
  Busy& operator=(const Busy&) = delete;

 private:
  std::size_t& count_;
};

}  // namespace

std::string_view Response::field(std::string_view name) const {
  for (const Field& field : fields) {
    if (base::equal_ignoring_case(field.name, name)) return field.value;
  }
  return {};
}

Client::Client(Options options) : options_(std::move(options)) { limits_.body_bytes = options_.max_body_bytes; }

Client::~Client() { WEIR_ASSERT(busy_ == 0); }

void Client::close() { idle_.clear(); }

Task<Result<Response>> Client::send(Request request, base::MonoTime deadline) {
  if (!is_sound(request))
    co_return base::reject(
        fmt::format("{} {}: not a request that HTTP can carry", request.method, base::printable(request.target)));
  if (busy_ >= options_.max_connections) {
    co_return base::retry(
        fmt::format("all {} connections to {} are in use", options_.max_connections, options_.address));
  }
  const Busy busy(busy_);
  for (Reuse reuse = Reuse::kYes;; reuse = Reuse::kNo) {
    std::unique_ptr<Connection> connection;
    if (reuse == Reuse::kYes && !idle_.empty()) {
      connection = std::move(idle_.back());
      idle_.pop_back();
    } else {
      Result<runtime::TcpStream> stream = co_await runtime::TcpStream::connect(options_.address, deadline);
      if (!stream) co_return stream.error();
      connection = std::make_unique<Connection>(std::move(*stream));
    }
    Result<Response> response = co_await exchange(connection.get(), &request, deadline);
    if (response && connection->keep_alive) {
      connection->used_before = true;
      idle_.push_back(std::move(connection));
      co_return response;
    }
    const bool was_closed = !response && connection->used_before && !connection->got_bytes;
    if (was_closed && is_idempotent(request.method) && runtime::mono_now() < deadline) continue;
    co_return response;
  }
}

Task<Result<Response>> Client::exchange(Connection* connection, const Request* request, base::MonoTime deadline) {
  connection->got_bytes = false;
  connection->keep_alive = false;
  const std::string encoded = encode(*request);
  const Result<void> written = co_await connection->stream.write_all(encoded, deadline);
  if (!written) co_return written.error().within(fmt::format("sending to {}", options_.address));
  Result<Response> response = co_await read_response(connection, request->method, deadline);
  if (!response) {
    // Whatever ended the wait, the server has the request.
    co_return base::unknown_outcome(
        fmt::format("{} {} on {}: {}", request->method, request->target, options_.address, response.error().text()));
  }
  co_return response;
}

Task<Result<Response>> Client::read_response(Connection* connection, std::string_view method, base::MonoTime deadline) {
  Response response;
  wire::http1::ResponseHead head;
  HeadScanner scanner(Message::kResponse, limits_);
  while (true) {
    const HeadScanner::Status status = scanner.scan(connection->received);
    if (status == HeadScanner::Status::kRejected) co_return base::retry(std::string(scanner.rejection().reason));
    if (status == HeadScanner::Status::kNeedMore) {
      const Result<std::size_t> more = co_await read_more(connection, deadline);
      if (!more) co_return more.error();
      if (*more == 0) co_return base::retry("the server closed the connection");
      continue;
    }
    const std::string_view bytes = std::string_view(connection->received).substr(0, scanner.head_bytes());
    if (const auto rejection = parse_response_head(bytes, method, limits_, head)) {
      co_return base::retry(std::string(rejection->reason));
    }
    const bool interim = head.status < 200;
    if (!interim) {
      response.status = head.status;
      for (const auto& field : head.fields)
        response.fields.push_back({std::string(field.name), std::string(field.value)});
    }
    connection->received.erase(0, bytes.size());
    if (!interim) break;
    scanner.restart();
  }
  BodyDecoder decoder(head.body, Message::kResponse, limits_);
  while (true) {
    const BodyDecoder::Step step = decoder.decode(connection->received);
    response.body.append(step.data);
    connection->received.erase(0, step.consumed);
    if (step.status == BodyDecoder::Status::kDone) break;
    if (step.status == BodyDecoder::Status::kRejected) co_return base::retry(std::string(decoder.rejection().reason));
    if (step.status == BodyDecoder::Status::kData) continue;
    const Result<std::size_t> more = co_await read_more(connection, deadline);
    if (!more) co_return more.error();
    if (*more == 0) {
      if (decoder.whole_at_close()) co_return response;
      co_return base::retry("the response was cut off");
    }
  }
  connection->keep_alive = head.keep_alive && connection->received.empty();
  co_return response;
}

Task<Result<std::size_t>> Client::read_more(Connection* connection, base::MonoTime deadline) {
  std::string& received = connection->received;
  const std::size_t before = received.size();
  received.resize(before + kReadBytes);
  const std::span<char> free_space(received.data() + before, kReadBytes);
  const Result<std::size_t> count = co_await connection->stream.read_some(free_space, deadline);
  received.resize(before + (count ? *count : 0));
  connection->got_bytes |= received.size() > before;
  co_return count;
}

std::string Client::encode(const Request& request) const {
  std::string encoded;
  wire::http1::HeadWriter writer(encoded);
  writer.request(request.method, request.target);
  writer.field("Host", options_.address);
  for (const Field& field : request.fields) writer.field(field.name, field.value);
  if (!request.body.empty() || request.method == "POST" || request.method == "PUT") {
    writer.framing({.framing = wire::http1::Framing::kLength, .length = request.body.size()});
  }
  writer.finish();
  return encoded + request.body;
}

}  // namespace weir::client::http
