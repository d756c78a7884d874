// ValueWriter: appends the parts of RDB values to an Output, in the forms that Redis 7.0 chooses. The file writer and
// the DUMP writer share it.
//
// The caller keeps the format's promises: after a count come so many elements, and a blob is a whole one.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "store/persist/rdb/format.h"
#include "store/persist/rdb/lzf.h"
#include "store/types/listpack_entry.h"

namespace weir::store::rdb {

// Bytes on their way: collected until they are worth a write, then summed and handed on. Without a flush function they
// stay in the buffer.
class Output {
 public:
  using Flush = std::function<base::Result<void>(std::string_view bytes)>;

  Output() = default;
  // `flush_bytes` is how many are collected; a single string may make it more.
  Output(Flush flush, std::size_t flush_bytes) : flush_(std::move(flush)), flush_bytes_(flush_bytes) {}

  // Append here, then call written().
  std::string& buffer() { return buffer_; }
  void written() {
    if (buffer_.size() >= flush_bytes_) flush();
  }
  // Hands on what is collected. After a failure everything is dropped, and failed() tells.
  void flush();
  bool failed() const { return failure_.has_value(); }
  const std::optional<base::Error>& failure() const { return failure_; }

  // Keeps a checksum of what is flushed from now on.
  void sum() { summing_ = true; }
  // Of everything appended so far: flushes first.
  std::uint64_t checksum() {
    flush();
    return checksum_;
  }

 private:
  Flush flush_;
  std::size_t flush_bytes_ = SIZE_MAX;
  std::string buffer_;
  bool summing_ = false;
  std::uint64_t checksum_ = 0;
  std::optional<base::Error> failure_;
};

void append_length(std::string& to, std::uint64_t length);

class ValueWriter {
 public:
  // `compress` is Redis's rdbcompression. The output must outlive the writer.
  ValueWriter(Output& output, bool compress) : output_(output), compress_(compress) {}

  // How many elements, pairs or nodes follow.
  void count(std::uint64_t count);
  // A key, a string value, a member, a field, or a blob (listpack, intset): as an integer, as LZF if that is smaller,
  // or as it is.
  void string(std::string_view bytes);
  void integer(std::int64_t value);
  void element(const Element& element);
  // Of a sorted set's member.
  void score(double score);
  // Of a list.
  void packed_node(std::string_view listpack);
  void plain_node(std::string_view element);

 private:
  bool append_compressed(std::string_view bytes);

  Output& output_;
  const bool compress_;
  LzfCompressor compressor_;
};

}  // namespace weir::store::rdb
