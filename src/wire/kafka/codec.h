// A whole message of the Kafka protocol, in both directions: the body that follows a request's or a response's header.
//
//   ProduceRequest request;                         // kept by the connection, so that its vectors are reused
//   if (auto ok = decode(header.body, header.version, request); !ok) ...
//   append_response(output, header, response);      // frame.h
//
// What decode() gives are views into the body, batches included: valid as long as those bytes stand. It takes exactly
// the bytes that the message has: one byte more or less is an error, which names the API, its version, the field and
// the offset in the body. Memory is bounded by ReadLimits.
//
// The messages are declared in messages/; each is instantiated once, in the .cpp beside its declaration. Pure
// functions, any thread.
#pragma once

#include <string_view>

#include "base/error.h"
#include "wire/kafka/reader.h"
#include "wire/kafka/schema.h"
#include "wire/kafka/writer.h"

namespace weir::wire::kafka {

template <class M>
struct Codec {
  static base::Result<void> decode(std::string_view body, std::int16_t version, M& into, ReadLimits limits);
  static void encode(const M& message, std::int16_t version, Writer& to);
};

// Requires: the API's row in kApis declares `version`, here as below. After a failure `into` holds anything.
template <class M>
base::Result<void> decode(std::string_view body, std::int16_t version, M& into, ReadLimits limits = {}) {
  return Codec<M>::decode(body, version, into, limits);
}

template <class M>
void encode(const M& message, std::int16_t version, Writer& to) {
  Codec<M>::encode(message, version, to);
}

}  // namespace weir::wire::kafka
