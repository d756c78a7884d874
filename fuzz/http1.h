// What must hold for any bytes given to the HTTP/1.1 codec, as requests to a server or as responses to a client.
#pragma once

#include <optional>

#include <fmt/format.h>

#include "fuzz/feed.h"
#include "wire/http1/body.h"
#include "wire/http1/head.h"
#include "wire/http1/writer.h"

namespace weir::fuzz {

// One message as it was understood, in owned bytes.
struct HttpMessage {
  std::string start;                                            // method and target, or status
  std::vector<std::pair<std::string, std::string>> end_to_end;  // fields, Content-Length aside
  wire::http1::Body body;
  std::string decisions;  // everything else that was decided
  std::string payload;
  std::vector<std::pair<std::string, std::string>> trailers;
  bool whole = false;
  std::string anew;  // The head, written again.

  bool same_outcome(const HttpMessage& other) const {
    return start == other.start && end_to_end == other.end_to_end && body == other.body &&
           decisions == other.decisions && payload == other.payload && trailers == other.trailers &&
           whole == other.whole;
  }
};

struct HttpTrace {
  std::vector<HttpMessage> messages;
  int rejected_with = 0;
  std::string reason;
  std::size_t consumed = 0;
  Violation violation;
};

// Reads message after message, as a server reads requests, or a client the answers to `request_method`.
class HttpReader {
 public:
  HttpReader(wire::http1::Message message, std::string_view request_method, const wire::http1::Limits& limits)
      : message_(message), request_method_(request_method), limits_(limits), scanner_(message, limits) {}

  Fed take(std::string_view received) {
    if (over_) return {0, false};
    const Fed fed = decoder_ ? take_body(received) : take_head(received);
    trace.consumed += fed.consumed;
    return fed;
  }

  HttpTrace trace;

 private:
  Fed reject(wire::http1::Rejection rejection) {
    over_ = true;
    trace.rejected_with = rejection.status;
    trace.reason = rejection.reason;
    const bool plausible = message_ == wire::http1::Message::kResponse
                               ? rejection.status == 502
                               : (rejection.status >= 400 && rejection.status <= 505 && rejection.status != 502);
    if (!plausible || rejection.reason.empty()) trace.violation = "a rejection that cannot be answered";
    return {0, false};
  }

  Fed take_head(std::string_view received) {
    using wire::http1::HeadScanner;
    switch (scanner_.scan(received)) {
      case HeadScanner::Status::kNeedMore: return {0, false};
      case HeadScanner::Status::kRejected: return reject(scanner_.rejection());
      case HeadScanner::Status::kComplete: break;
    }
    const std::string_view bytes = received.substr(0, scanner_.head_bytes());
    if (bytes.size() > limits_.head_bytes) trace.violation = "a head over its limit";
    scanner_.restart();
    const auto rejection = message_ == wire::http1::Message::kRequest ? read_request(bytes) : read_response(bytes);
    if (rejection) return reject(*rejection);
    return {bytes.size(), true};
  }

  std::optional<wire::http1::Rejection> read_request(std::string_view bytes) {
    if (const auto rejection = parse_request_head(bytes, limits_, request_)) return rejection;
    HttpMessage& message = trace.messages.emplace_back();
    message.start = fmt::format("{} {}", request_.method, request_.target);
    message.decisions =
        fmt::format("form {} path '{}' authority '{}' keep {} expect {} trailers {} upgrade '{}'",
                    static_cast<int>(request_.form), request_.path, request_.authority, request_.keep_alive,
                    request_.expects_continue, request_.accepts_trailers, request_.upgrade);
    if (request_.target.size() > limits_.target_bytes) trace.violation = "a target over its limit";
    if (request_.body.framing == wire::http1::Framing::kUntilClose) trace.violation = "a request until close";
    wire::http1::HeadWriter writer(message.anew);
    writer.request(request_.method, request_.target);
    if (request_.fields.find(wire::http1::FieldName::kHost) == nullptr) writer.field("Host", request_.authority);
    begin_body(message, request_.fields, request_.body, writer);
    last_ = !request_.keep_alive || !request_.upgrade.empty();
    return std::nullopt;
  }

  std::optional<wire::http1::Rejection> read_response(std::string_view bytes) {
    if (const auto rejection = parse_response_head(bytes, request_method_, limits_, response_)) return rejection;
    HttpMessage& message = trace.messages.emplace_back();
    message.start = fmt::format("{}", response_.status);
    // An empty phrase is written as the standard one.
    message.decisions =
        fmt::format("reason '{}' keep {} tunnel {}", response_.reason, response_.keep_alive, response_.tunnel);
    wire::http1::HeadWriter writer(message.anew);
    writer.response(response_.status, response_.reason);
    begin_body(message, response_.fields, response_.body, writer);
    // An interim response is followed by the final one whatever it says.
    last_ = response_.tunnel || (!response_.keep_alive && response_.status >= 200);
    return std::nullopt;
  }

  void begin_body(HttpMessage& message, const wire::http1::Fields& fields, const wire::http1::Body& body,
                  wire::http1::HeadWriter& writer) {
    if (fields.size() > limits_.fields) trace.violation = "fields over their limit";
    if (body.framing == wire::http1::Framing::kLength && body.length > limits_.body_bytes) {
      trace.violation = "a body over its limit";
    }
    for (const wire::http1::Field& field : fields) {
      const bool essential =
          field.known == wire::http1::FieldName::kHost || field.known == wire::http1::FieldName::kContentLength;
      if (essential && field.hop_by_hop) trace.violation = "an essential field dropped";
      if (!field.hop_by_hop && field.known != wire::http1::FieldName::kContentLength) {
        message.end_to_end.emplace_back(field.name, field.value);
      }
    }
    message.body = body;
    writer.end_to_end_fields(fields);
    writer.framing(body);
    writer.finish();
    decoder_.emplace(body, message_, limits_);
  }

  Fed take_body(std::string_view received) {
    using wire::http1::BodyDecoder;
    HttpMessage& message = trace.messages.back();
    const BodyDecoder::Step step = decoder_->decode(received);
    message.whole = decoder_->whole_at_close();
    switch (step.status) {
      case BodyDecoder::Status::kNeedMore: return {step.consumed, false};
      case BodyDecoder::Status::kData:
        if (step.data.empty()) trace.violation = "an empty piece of payload";
        message.payload += step.data;
        if (message.payload.size() > limits_.body_bytes) trace.violation = "payload over its limit";
        return {step.consumed, true};
      case BodyDecoder::Status::kRejected: return reject(decoder_->rejection());
      case BodyDecoder::Status::kDone: break;
    }
    if (!decoder_->trailer_section().empty()) {
      wire::http1::Fields trailers;
      if (parse_trailers(decoder_->trailer_section(), message_, limits_, trailers)) {
        trace.violation = "trailers accepted once and rejected twice";
      }
      for (const auto& field : trailers) message.trailers.emplace_back(field.name, field.value);
    }
    decoder_.reset();
    over_ = last_;
    return {step.consumed, !over_};
  }

  const wire::http1::Message message_;
  const std::string request_method_;
  const wire::http1::Limits limits_;
  wire::http1::HeadScanner scanner_;
  wire::http1::RequestHead request_;
  wire::http1::ResponseHead response_;
  std::optional<wire::http1::BodyDecoder> decoder_;
  bool last_ = false;
  bool over_ = false;
};

inline HttpTrace trace_http(std::string_view input, Cut cut, wire::http1::Message message,
                            std::string_view request_method, const wire::http1::Limits& limits) {
  HttpReader reader(message, request_method, limits);
  const Violation fed = feed(input, cut, [&](std::string_view received) { return reader.take(received); });
  if (reader.trace.violation.empty()) reader.trace.violation = fed;
  return std::move(reader.trace);
}

inline Violation difference(const HttpTrace& a, const HttpTrace& b) {
  const bool same = std::equal(a.messages.begin(), a.messages.end(), b.messages.begin(), b.messages.end(),
                               [](const auto& x, const auto& y) { return x.same_outcome(y); });
  if (same && a.rejected_with == b.rejected_with && a.reason == b.reason) return {};
  return fmt::format("{} messages and {} '{}' against {} and {} '{}'", a.messages.size(), a.rejected_with, a.reason,
                     b.messages.size(), b.rejected_with, b.reason);
}

// A whole message, written anew as a gateway does it, must be read as the same message: no more, no less.
inline Violation check_written_anew(const HttpMessage& message, wire::http1::Message direction,
                                    std::string_view request_method) {
  std::string written = message.anew;
  if (message.body.framing == wire::http1::Framing::kChunked) {
    if (!message.payload.empty()) wire::http1::append_chunk(written, message.payload);
    written += "0\r\n";
    wire::http1::HeadWriter writer(written);
    for (const auto& [name, value] : message.trailers) writer.field(name, value);
    writer.finish();
  } else {
    written += message.payload;
  }
  const wire::http1::Limits roomy{
      .head_bytes = 1 << 20, .target_bytes = 1 << 20, .body_bytes = 1 << 30, .trailer_bytes = 1 << 20};
  const HttpTrace again = trace_http(written, Cut::kWhole, direction, request_method, roomy);
  if (!again.violation.empty()) return again.violation;
  if (again.messages.size() != 1 || again.rejected_with != 0 || again.consumed != written.size()) {
    return fmt::format("written anew: {} messages, {} '{}'", again.messages.size(), again.rejected_with, again.reason);
  }
  const HttpMessage& copy = again.messages[0];
  // A Host may have been added for HTTP/1.0, always in front.
  const std::size_t added = copy.end_to_end.size() - message.end_to_end.size();
  if (copy.start != message.start || copy.body != message.body || copy.payload != message.payload ||
      copy.trailers != message.trailers || !copy.whole || added > 1 ||
      !std::equal(message.end_to_end.begin(), message.end_to_end.end(),
                  copy.end_to_end.begin() + static_cast<std::ptrdiff_t>(added), copy.end_to_end.end())) {
    return "written anew it is another message";
  }
  return {};
}

inline Violation check_http1(std::string_view input, wire::http1::Message direction, std::string_view request_method) {
  // The small limits are there to be reached by small inputs.
  const wire::http1::Limits settings[] = {{},
                                          {.head_bytes = 96,
                                           .fields = 3,
                                           .method_bytes = 7,
                                           .target_bytes = 24,
                                           .body_bytes = 10,
                                           .chunk_extension_bytes = 8,
                                           .trailer_bytes = 24}};
  for (const wire::http1::Limits& limits : settings) {
    const HttpTrace whole = trace_http(input, Cut::kWhole, direction, request_method, limits);
    if (!whole.violation.empty()) return whole.violation;
    for (const Cut cut : {Cut::kBytes, Cut::kRandom}) {
      if (cut == Cut::kBytes && input.size() > 1024) continue;  // The feeding is quadratic.
      const HttpTrace cut_up = trace_http(input, cut, direction, request_method, limits);
      if (!cut_up.violation.empty()) return cut_up.violation;
      if (const Violation different = difference(whole, cut_up); !different.empty()) {
        return "whole and in pieces: " + different;
      }
    }
    for (const HttpMessage& message : whole.messages) {
      // With a full table there is no room for the Host that HTTP/1.0 may lack.
      if (!message.whole || message.end_to_end.size() + 2 > wire::http1::kMaxFields) continue;
      const Violation anew = check_written_anew(message, direction, request_method);
      if (!anew.empty()) return anew;
    }
  }
  return {};
}

inline Violation check_http1_request(std::string_view input) {
  return check_http1(input, wire::http1::Message::kRequest, {});
}

inline Violation check_http1_response(std::string_view input) {
  for (const std::string_view method : {"GET", "HEAD", "CONNECT"}) {
    const Violation violation = check_http1(input, wire::http1::Message::kResponse, method);
    if (!violation.empty()) return fmt::format("answering {}: {}", method, violation);
  }
  return {};
}

}  // namespace weir::fuzz
