// Sink: who takes what an RDB file or a DUMP payload holds, and Record: a key with all that is said about it but its
// value. Implemented by the store that loads, by the checker that counts, by a replica that receives.
//
// The reader trusts nothing in the file; what arrives here is checked: packed blobs are whole and hold no field or
// member twice, scores are numbers, no value is empty. What only the receiver can know it answers: whether a key, and a
// member that came by itself, is new.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "store/types/listpack_entry.h"

namespace weir::store::rdb {

struct Record {
  std::string_view key;
  std::optional<std::int64_t> expires_at_ms;  // Since 1970. May be past: the receiver decides.
  std::optional<std::uint64_t> idle_seconds;  // Under an LRU policy.
  std::optional<std::uint8_t> frequency;      // Under an LFU policy.
};

// Of values that come piece by piece.
enum class Shape : std::uint8_t { kList, kSet, kZset, kHash, kStream };

// Of values that come whole, as the blob that they are kept in.
enum class Packed : std::uint8_t { kHashListpack, kZsetListpack, kIntset };

// Every view is valid until the call returns. Where a function returns bool, false means "it is there already", and the
// reader then refuses the file.
class Sink {
 public:
  virtual ~Sink() = default;

  virtual void aux(std::string_view name, std::string_view value) = 0;
  // False if there is no such database.
  virtual bool select_database(std::uint64_t number) = 0;
  // A hint for the database selected, no more than what remains of the file could hold.
  virtual void resize(std::uint64_t keys, std::uint64_t with_expiry) = 0;
  virtual void function(std::string_view library) = 0;

  virtual bool string(const Record& record, const Element& value) = 0;
  // A hash's fields and values alternate; a sorted set's members and scores do, in order.
  virtual bool packed(const Record& record, Packed form, std::string_view blob) = 0;

  // begin, then pieces, then end. If the file turns out bad in between, there is no end: what was begun is to be
  // thrown away. `expected` is a hint, no more than what remains could hold.
  virtual bool begin(const Record& record, Shape shape, std::uint64_t expected) = 0;
  virtual void list_element(const Element& element) = 0;
  // A listpack of some of the list's elements, at least one.
  virtual void list_node(std::string_view listpack) = 0;
  virtual bool set_member(const Element& member) = 0;
  virtual bool zset_member(const Element& member, double score) = 0;
  // `expires_at_ms` 0 means never.
  virtual bool hash_field(const Element& field, const Element& value, std::uint64_t expires_at_ms) = 0;
  // The serialised value, cut anywhere; its lengths and listpacks are checked. `type` is that of the file.
  virtual void stream_bytes(std::uint8_t type, std::string_view bytes) = 0;
  virtual void end() = 0;
};

}  // namespace weir::store::rdb
