#include "gateway/core/rewrite.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/bytes.h"
#include "wire/http1/grammar.h"

namespace weir::gateway {

using base::equal_ignoring_case;
using wire::http1::Field;
using wire::http1::FieldName;
using wire::http1::Framing;
using wire::http1::HeadWriter;
using wire::http1::RequestHead;
using wire::http1::ResponseHead;

namespace {

// Fields of requests that the gateway writes itself.
enum class Own : unsigned char { kNo, kForwardedFor, kDropped, kVia, kMaxForwards };

Own own_field(const Field& field) {
  if (field.known == FieldName::kHost || field.known == FieldName::kContentLength) return Own::kDropped;
  if (field.known != FieldName::kOther || field.name.empty()) return Own::kNo;
  switch (field.name[0] | 0x20) {
    case 'x':
      if (equal_ignoring_case(field.name, "X-Forwarded-For")) return Own::kForwardedFor;
      for (const std::string_view name : {"X-Forwarded-Proto", "X-Forwarded-Host", "X-Request-Id"}) {
        if (equal_ignoring_case(field.name, name)) return Own::kDropped;
      }
      return Own::kNo;
    case 'v': return equal_ignoring_case(field.name, "Via") ? Own::kVia : Own::kNo;
    case 'm': return equal_ignoring_case(field.name, "Max-Forwards") ? Own::kMaxForwards : Own::kNo;
    default: return Own::kNo;
  }
}

void append_to_list(std::string& list, std::string_view member) {
  if (!list.empty()) list += ", ";
  list += member;
}

bool counts_forwards(const RequestHead& head) { return head.method == "TRACE" || head.method == "OPTIONS"; }

}  // namespace

void append_upstream_request(std::string& to, const RequestHead& head, const ForwardedRequest& forwarded) {
  HeadWriter writer(to);
  std::string target;
  if (head.form == wire::http1::TargetForm::kAbsolute) {
    // To a server the origin form is sent; an empty path is "/".
    if (!head.path.starts_with('/')) target = '/';
    target += head.path;
  }
  writer.request(head.method, target.empty() ? head.path : std::string_view(target));
  writer.field("Host", head.authority);
  std::string forwarded_for;
  std::string via;
  for (const Field& field : head.fields) {
    if (field.hop_by_hop) continue;
    switch (own_field(field)) {
      case Own::kNo:
        // An expectation counts only from an HTTP/1.1 client; the trailers of requests are not passed on.
        if (field.known == FieldName::kTrailer) break;
        if (field.known == FieldName::kExpect && !head.expects_continue) break;
        writer.field(field.name, field.value);
        break;
      case Own::kForwardedFor: append_to_list(forwarded_for, field.value); break;
      case Own::kVia: append_to_list(via, field.value); break;
      case Own::kMaxForwards: {
        const auto left = base::parse_decimal<std::uint32_t>(field.value);
        const bool counts = counts_forwards(head) && left && *left > 0;
        writer.field(field.name, counts ? std::string_view(fmt::to_string(*left - 1)) : field.value);
        break;
      }
      case Own::kDropped: break;
    }
  }
  append_to_list(forwarded_for, forwarded.client_address);
  append_to_list(via, fmt::format("1.{} {}", head.minor_version, kViaName));
  writer.field("X-Forwarded-For", forwarded_for);
  writer.field("X-Forwarded-Proto", "http");
  writer.field("X-Forwarded-Host", head.authority);
  const std::string_view request_id = usable_request_id(head);
  writer.field("X-Request-Id", request_id.empty() ? forwarded.request_id : request_id);
  writer.field("Via", via);
  writer.framing(head.body);
  writer.finish();
}

void write_connection(HeadWriter& writer, const ClientSide& client) {
  if (!client.keep_alive) {
    writer.field("Connection", "close");
  } else if (client.minor_version == 0) {
    writer.field("Connection", "keep-alive");
  }
}

Delivery append_client_response(std::string& to, const ResponseHead& head, const ClientSide& client) {
  const bool interim = head.status < 200;
  Delivery delivery = Delivery::kNone;
  wire::http1::Body body = head.body;
  switch (head.body.framing) {
    case Framing::kNone: break;
    case Framing::kLength: delivery = Delivery::kLength; break;
    case Framing::kChunked:
    case Framing::kUntilClose:
      // An HTTP/1.0 client knows no chunks: the end of the connection is the end of the body.
      delivery = client.minor_version >= 1 ? Delivery::kChunked : Delivery::kUntilClose;
      body.framing = client.minor_version >= 1 ? Framing::kChunked : Framing::kUntilClose;
      break;
  }
  HeadWriter writer(to);
  writer.response(head.status, head.reason);
  std::string via;
  for (const Field& field : head.fields) {
    if (field.hop_by_hop) continue;
    if (equal_ignoring_case(field.name, "Via")) {
      append_to_list(via, field.value);
    } else if (field.known != FieldName::kContentLength) {
      writer.field(field.name, field.value);
    } else if (!interim && head.status != 204 && head.body.framing == Framing::kNone) {
      // Of what a GET would have brought: this answers HEAD, or is 304.
      writer.field(field.name, field.value);
    }
  }
  append_to_list(via, fmt::format("1.{} {}", head.minor_version, kViaName));
  writer.field("Via", via);
  if (!interim) {
    // What ends with the connection says so by its framing.
    if (delivery != Delivery::kUntilClose) write_connection(writer, client);
    writer.framing(body);
  }
  writer.finish();
  return delivery;
}

std::string_view usable_request_id(const RequestHead& head) {
  const Field* field = head.fields.find("X-Request-Id");
  if (field == nullptr || field->value.size() > 64 || !wire::http1::is_token(field->value)) return {};
  return field->value;
}

bool forwards_exhausted(const RequestHead& head) {
  if (!counts_forwards(head)) return false;
  const Field* field = head.fields.find("Max-Forwards");
  return field != nullptr && base::parse_decimal<std::uint32_t>(field->value) == 0u;
}

bool is_repeatable(const RequestHead& head) {
  static constexpr std::array<std::string_view, 6> kIdempotent = {"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"};
  return std::ranges::find(kIdempotent, head.method) != kIdempotent.end() ||
         head.fields.find("Idempotency-Key") != nullptr;
}

}  // namespace weir::gateway
