// Reader: decodes an RDB file of version 1 to 12 from the bytes as they come, from a file in large blocks or from a
// master over a connection, and hands what it holds to a Sink. format.h draws the format.
//
//   Reader reader(sink);
//   do {
//     fill the buffer to at least reader.wanted() bytes
//     step = reader.read(buffer, how many bytes can still follow);
//     drop step.consumed bytes from the front of the buffer
//   } while (step.status == Reader::Status::kMore);
//
// Strings that are not compressed are never copied: the sink sees views into the buffer. An item (a key with a small
// value, one element of a large value) has to lie in the buffer as a whole; elements are handed on as they are read. An
// error is one line that says where and why: "offset 123: a string of 5000 bytes is longer than what remains". It may
// come after the sink has taken keys: the caller throws those away or keeps them. One owner.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "store/persist/rdb/input.h"
#include "store/persist/rdb/sink.h"
#include "store/persist/rdb/value_reader.h"

namespace weir::store::rdb {

class Reader {
 public:
  enum class Status : std::uint8_t {
    kMore,   // Call again with more bytes behind these.
    kDone,   // The file is complete, and its checksum is right. What follows (an AOF behind its preamble) is not
             // consumed.
    kError,  // error() says why; nothing more can be read.
  };
  struct Step {
    Status status;
    // How many bytes at the front are done with: drop them before the next call.
    std::size_t consumed;
  };

  // Nobody knows how much follows.
  static constexpr std::uint64_t kUnknown = Input::kUnknown;

  // The sink must outlive the reader.
  explicit Reader(Sink& sink) : sink_(sink) {}

  // Reads on. `behind` is how many bytes can follow the window at most: of a file its size less what was read, 0 when
  // it is all here, kUnknown on a connection. Requires: `window` holds what the last call was given, without what it
  // consumed, and what came since.
  Step read(std::string_view window, std::uint64_t behind);

  // The size that the window must at least have for the next call to get anywhere. Only what a length in the file says:
  // let the buffer grow as bytes arrive.
  std::size_t wanted() const { return wanted_; }
  // Of kError.
  const base::Error& error() const { return error_; }

  // Of the file, once its header is read.
  int version() const { return version_; }
  std::uint64_t offset() const { return offset_; }
  // Keys passed over because their value was empty, as Redis does.
  std::uint64_t empty_keys() const { return value_.empty_values(); }

 private:
  enum class Part : std::uint8_t { kHeader, kBetween, kValue, kChecksum, kDone };

  bool read_part(Input& in);
  bool header(Input& in);
  bool between(Input& in);
  bool opcode(Input& in, std::uint8_t code);
  bool key_and_value(Input& in, std::uint8_t type);
  bool early_function(Input& in);
  bool module_refused(Input& in, std::string_view what);
  bool checksum(Input& in);

  Sink& sink_;
  ValueReader value_;
  Part part_ = Part::kHeader;
  int version_ = 0;
  Record record_;  // What was said about the next key.
  std::string key_scratch_;
  std::string scratch_;

  std::uint64_t offset_ = 0;  // Where the next window begins.
  std::uint64_t checksum_ = 0;
  std::size_t wanted_ = 1;
  base::Error error_ = base::reject({});
};

}  // namespace weir::store::rdb
