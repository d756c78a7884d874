// StreamWalk: steps through a serialised stream, piece by piece, checking its lengths and listpacks. What the pieces
// mean (that every pending entry of a consumer is one of its group's, that the items of a listpack add up) is left to
// who builds the stream.
//
//   listpacks count, each: master id (16), listpack             length, last id (ms, seq)
//   from kStream2 on: first id, greatest deleted id, entries added
//   groups count, each: name, last id, [kStream2: entries read],
//     pending count, each: id (16), delivery time (8), delivery count
//     consumers count, each: name, seen time (8), [kStream3: active time (8)], pending count, each: id (16)
#pragma once

#include <cstdint>
#include <string>

#include "store/persist/rdb/input.h"

namespace weir::store::rdb {

class StreamWalk {
 public:
  void start(Type type);
  bool done() const { return part_ == Part::kDone; }
  // Reads the next piece, which the caller commits. False on trouble: the walk stands where it stood. Requires: not
  // done().
  bool step(Input& in, std::string& scratch);

 private:
  enum class Part : std::uint8_t { kCount, kListpack, kTail, kGroup, kPending, kConsumers, kConsumer, kOwned, kDone };

  bool read(Input& in, std::string& scratch);
  bool read_listpack(Input& in, std::string& scratch);
  bool read_tail(Input& in);
  bool read_group(Input& in, std::string& scratch);
  bool read_consumer(Input& in, std::string& scratch);
  void go_on();

  Type type_ = Type::kStream;
  Part part_ = Part::kDone;
  // What is still to come at each level.
  std::uint64_t listpacks_ = 0;
  std::uint64_t groups_ = 0;
  std::uint64_t pending_ = 0;
  std::uint64_t consumers_ = 0;
  std::uint64_t owned_ = 0;
};

}  // namespace weir::store::rdb
