// ValueReader: reads one value of any type, whole or piece by piece, and hands it to a Sink. The file reader and the
// DUMP reader share it.
//
// It stops wherever the input does and goes on when there is more; between two calls it holds counters, never elements.
// No value makes it recurse, and what it allocates is bounded by the longest compressed string that has arrived.
// One owner.
#pragma once

#include <cstdint>
#include <string>

#include "store/persist/rdb/format.h"
#include "store/persist/rdb/input.h"
#include "store/persist/rdb/packed_check.h"
#include "store/persist/rdb/sink.h"
#include "store/persist/rdb/stream_walk.h"

namespace weir::store::rdb {

class ValueReader {
 public:
  // Whether a value of this type byte can be read; else why not, in the form "a module's value ...".
  static bool known(std::uint8_t type);

  // Reads the beginning of a value: all of a small one, the count of a large one; `record.key` is borrowed for this
  // call. False on trouble: the item has to be read again from its beginning. The caller commits. Requires: not
  // in_value(), known(type).
  bool begin(Input& in, Type type, const Record& record, Sink& sink);
  // Pieces of the value are still to come.
  bool in_value() const { return left_ > 0; }
  // Reads on until the value ends or the input has trouble, committing each piece. Requires: in_value().
  bool go_on(Input& in, Sink& sink);

  // Keys whose value was empty, which is nothing that a store may hold. Redis wrote such in some versions and passes
  // over them when it loads.
  std::uint64_t empty_values() const { return empty_values_; }

 private:
  bool begin_pieces(Input& in, const Record& record, Sink& sink);
  bool begin_stream(const Record& record, Input& in, Sink& sink);
  bool whole_blob(Input& in, const Record& record, Sink& sink);
  bool give_hash_listpack(Input& in, std::string_view blob, const Record& record, Sink& sink);
  bool give_hash_with_expiries(Input& in, std::string_view blob, const Record& record, Sink& sink);
  bool give_zset_listpack(Input& in, std::string_view blob, const Record& record, Sink& sink);
  bool give_ziplist(Input& in, std::string_view blob, const Record& record, Sink& sink);
  bool give_set_listpack(Input& in, std::string_view blob, const Record& record, Sink& sink);
  bool give_zipmap(Input& in, std::string_view blob, const Record& record, Sink& sink);
  bool give_intset(Input& in, std::string_view blob, const Record& record, Sink& sink);

  bool piece(Input& in, Sink& sink);
  bool list_node(Input& in, Sink& sink);
  bool begin_list_of_nodes(Input& in, Sink& sink);
  bool zset_member(Input& in, Sink& sink);
  bool hash_field(Input& in, Sink& sink);
  bool hash_field_with_expiry(Input& in, Sink& sink);
  bool no_value();

  // The value being read.
  Type type_ = Type::kString;
  std::uint64_t left_ = 0;            // Pieces still to come; of a stream, 1 until it is done.
  std::uint64_t soonest_expiry_ = 0;  // Of kHashExpiries.
  StreamWalk stream_;
  // A list of nodes begins with its first node that is not empty: until then its record is kept here.
  Record list_;
  std::string list_key_;
  bool list_begun_ = false;

  std::uint64_t empty_values_ = 0;

  // Working memory.
  std::string scratch_;
  std::string other_scratch_;
  PackedCheck check_;
};

}  // namespace weir::store::rdb
