// How a message of the Kafka protocol is declared: as a struct, for who handles it, and one table of its fields in the
// order of the wire, for who reads and writes it.
//
//   struct HeartbeatRequest {
//     static constexpr Message kMessage{ApiKey::kHeartbeat, Direction::kRequest};
//     std::string_view group_id;
//     ...
//     std::optional<std::string_view> group_instance_id;
//     static constexpr auto fields() {
//       using M = HeartbeatRequest;
//       return table(field("group_id", &M::group_id), ...,
//                    field("group_instance_id", &M::group_instance_id).from(3));
//     }
//   };
//
// The member's type is the field's type on the wire:
//
//   bool  std::int8_t 16 32 64  ErrorCode     a number, big-endian
//   std::string_view                          STRING, COMPACT_STRING in a flexible version
//   Bytes                                     BYTES, COMPACT_BYTES
//   Records                                   RECORDS, COMPACT_RECORDS
//   std::vector<T>                            ARRAY of T, COMPACT_ARRAY
//   std::optional<one of the four above>      NULLABLE_...
//   a struct with fields()                    its fields; in a flexible version also tagged ones
//
// A field that the version does not have is left out when written, and has the member's initial value when read. So
// handlers see one shape, whatever the client's version.
#pragma once

#include <cstdint>
#include <limits>
#include <string_view>
#include <tuple>

#include "wire/kafka/api.h"

namespace weir::wire::kafka {

enum class Direction : unsigned char { kRequest, kResponse };

// Which message a struct is.
struct Message {
  ApiKey key;
  Direction direction;

  constexpr const Api& api() const { return api_of(key); }
};

// Opaque bytes, and record batches, which a Writer may leave to its caller to put in place (see Splice).
struct Bytes {
  std::string_view view;
  friend bool operator==(const Bytes&, const Bytes&) = default;
};
struct Records {
  std::string_view view;
  friend bool operator==(const Records&, const Records&) = default;
};

inline constexpr std::int16_t kNoTag = -1;

template <class Struct, class Member>
struct Field {
  std::string_view name;
  Member Struct::* member;
  // The first and the last version that has the field.
  std::int16_t first = 0;
  std::int16_t last = std::numeric_limits<std::int16_t>::max();
  // The first version in which an optional may be null. Before, null is written as empty.
  std::int16_t first_nullable = 0;
  std::int16_t tag = kNoTag;

  constexpr Field from(std::int16_t version) const {
    Field changed = *this;
    changed.first = version;
    return changed;
  }
  constexpr Field until(std::int16_t version) const {
    Field changed = *this;
    changed.last = version;
    return changed;
  }
  constexpr Field nullable_from(std::int16_t version) const {
    Field changed = *this;
    changed.first_nullable = version;
    return changed;
  }
  // Behind the other fields, and only where the value is not the initial one. Requires: from() a flexible version.
  constexpr Field tagged(std::int16_t number) const {
    Field changed = *this;
    changed.tag = number;
    return changed;
  }

  constexpr bool in(std::int16_t version) const { return version >= first && version <= last; }
};

template <class Struct, class Member>
constexpr Field<Struct, Member> field(std::string_view name, Member Struct::* member) {
  return {name, member};
}

template <class... Fields>
constexpr std::tuple<Fields...> table(Fields... fields) {
  return {fields...};
}

}  // namespace weir::wire::kafka
