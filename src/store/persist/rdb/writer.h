// Writer: an RDB file of version 10, as Redis 7.0 writes it, into a buffer that is flushed when it is large.
//
//   Writer writer(flush, {});
//   writer.header();
//   writer.aux("redis-ver", "7.0.15");
//   writer.select_database(0);
//   writer.resize(keys, keys with expiry);
//   writer.record({.key = "a"}, Type::kString).string("value");
//   ValueWriter& hash = writer.record({.key = "h"}, Type::kHash);
//   hash.count(1); hash.string("field"); hash.string("value");
//   Result<void> done = writer.finish();
//
// What follows record(), by type:
//   kString        string or integer                  kHashListpack, kZsetListpack, kSetIntset    string: the blob
//   kSet           count, then string or integer      kHash    count, then field and value
//   kListOfNodes   count, then packed or plain nodes  kZset    count, then member and score, the greatest first
//
// One owner.
#pragma once

#include <string_view>

#include "base/error.h"
#include "store/persist/rdb/format.h"
#include "store/persist/rdb/sink.h"
#include "store/persist/rdb/value_writer.h"

namespace weir::store::rdb {

struct WriterOptions {
  bool compress = true;                  // Redis's rdbcompression.
  bool checksum = true;                  // Redis's rdbchecksum.
  std::size_t flush_bytes = 256 * 1024;  // How many are collected for one flush.
};

class Writer {
 public:
  Writer(Output::Flush flush, WriterOptions options);
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  void header();
  void aux(std::string_view name, std::string_view value);
  // A function library, with its first line.
  void function(std::string_view library);
  void select_database(std::uint64_t number);
  void resize(std::uint64_t keys, std::uint64_t with_expiry);
  // Writes all but the value, which the caller writes next, whole, into what is returned.
  ValueWriter& record(const Record& record, Type type);
  // Ends the file and flushes. The first error that a flush returned, if any did.
  base::Result<void> finish();

  // A flush failed: what is written now goes nowhere, and finish() will say why.
  bool failed() const { return output_.failed(); }

 private:
  void opcode(Opcode code) { output_.buffer() += static_cast<char>(code); }

  const bool checksum_;
  Output output_;
  ValueWriter value_;
};

}  // namespace weir::store::rdb
