#include "store/persist/rdb/writer.h"

#include <utility>

#include <fmt/format.h>

#include "base/bytes.h"

namespace weir::store::rdb {

Writer::Writer(Output::Flush flush, WriterOptions options)
    : checksum_(options.checksum), output_(std::move(flush), options.flush_bytes), value_(output_, options.compress) {
  if (checksum_) output_.sum();
}

void Writer::header() { output_.buffer() += fmt::format("{}{:04}", kMagic, kWrittenVersion); }

void Writer::aux(std::string_view name, std::string_view value) {
  opcode(Opcode::kAux);
  value_.string(name);
  value_.string(value);
}

void Writer::function(std::string_view library) {
  opcode(Opcode::kFunction);
  value_.string(library);
}

void Writer::select_database(std::uint64_t number) {
  opcode(Opcode::kSelectDatabase);
  append_length(output_.buffer(), number);
}

void Writer::resize(std::uint64_t keys, std::uint64_t with_expiry) {
  opcode(Opcode::kResize);
  append_length(output_.buffer(), keys);
  append_length(output_.buffer(), with_expiry);
}

ValueWriter& Writer::record(const Record& record, Type type) {
  if (record.expires_at_ms) {
    opcode(Opcode::kExpiryMs);
    base::append_little_endian(output_.buffer(), *record.expires_at_ms);
  }
  if (record.idle_seconds) {
    opcode(Opcode::kIdle);
    append_length(output_.buffer(), *record.idle_seconds);
  }
  if (record.frequency) {
    opcode(Opcode::kFrequency);
    output_.buffer() += static_cast<char>(*record.frequency);
  }
  output_.buffer() += static_cast<char>(type);
  value_.string(record.key);
  return value_;
}

base::Result<void> Writer::finish() {
  opcode(Opcode::kEnd);
  const std::uint64_t checksum = checksum_ ? output_.checksum() : 0;
  base::append_little_endian(output_.buffer(), checksum);
  output_.flush();
  if (output_.failure()) return *output_.failure();
  return {};
}

}  // namespace weir::store::rdb
