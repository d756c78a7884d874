// DUMP payloads: one value outside of any file, as the commands DUMP, RESTORE and MIGRATE carry it.
//
//   +------+-------+---------------+----------------+
//   | type | value | version (u16) | CRC-64 (u64)   |     little-endian; the checksum is of all before it
//   +------+-------+---------------+----------------+
//
// One owner.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "store/persist/rdb/format.h"
#include "store/persist/rdb/sink.h"
#include "store/persist/rdb/value_writer.h"

namespace weir::store::rdb {

// Writes one payload: `DumpWriter dump(Type::kString, true); dump.value().string("v"); reply(dump.finish());`
class DumpWriter {
 public:
  DumpWriter(Type type, bool compress) : value_(output_, compress) { output_.buffer() += static_cast<char>(type); }
  DumpWriter(const DumpWriter&) = delete;
  DumpWriter& operator=(const DumpWriter&) = delete;

  // Takes what writer.h says follows the type.
  ValueWriter& value() { return value_; }
  // Requires: the value is whole. Ends this object's life.
  std::string finish();

 private:
  Output output_;
  ValueWriter value_;
};

// Whether the payload's version is known and its checksum right: what RESTORE asks before anything else, and has an
// error of its own for. A checksum of 0 is no exception here, unlike in files.
bool dump_is_intact(std::string_view payload);

// Hands the payload's value to the sink as that of `record`. Requires: dump_is_intact(payload).
base::Result<void> read_dump(std::string_view payload, const Record& record, Sink& sink);

}  // namespace weir::store::rdb
