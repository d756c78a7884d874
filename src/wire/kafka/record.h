// Records: what a batch holds, once it is decompressed.
//
//   length varint | attributes i8 | timestamp_delta varlong | offset_delta varint |
//   key length varint, bytes | value length varint, bytes | header count varint | headers
//   header: key length varint, bytes | value length varint, bytes
//
// A length of -1 is null, which a header's key never is. The attributes mean nothing yet. Views into the records'
// bytes. One owner, no I/O.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "wire/kafka/record_batch.h"

namespace weir::wire::kafka {

struct RecordHeader {
  std::string_view key;
  std::optional<std::string_view> value;

  friend bool operator==(const RecordHeader&, const RecordHeader&) = default;
};

struct Record {
  std::int64_t timestamp_delta_ms = 0;  // To the batch's base timestamp.
  std::int32_t offset_delta = 0;        // To the batch's base offset.
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
  std::vector<RecordHeader> headers;

  friend bool operator==(const Record&, const Record&) = default;
};

// The records' bytes: those of the batch if they are not compressed, else in `scratch`, which is overwritten. An error
// if they cannot be decompressed into `max_bytes`.
base::Result<std::string_view> record_bytes(const RecordBatch& batch, std::size_t max_bytes, std::string& scratch);

// Walks a batch's records. Whatever the bytes are, it ends: with all records as the batch's header counts them and not
// a byte left over, or with an error that names the record and its offset in the records' bytes.
class RecordReader {
 public:
  enum class Status : unsigned char { kRecord, kEnd, kError };

  RecordReader(std::string_view bytes, std::int32_t count)
      : begin_(bytes.data()), at_(begin_), end_(begin_ + bytes.size()), count_(count) {}

  // The record is overwritten, so that its headers' memory is reused. After kEnd or kError: the same again.
  Status next(Record& record);
  // Of kError.
  base::Error error() const;

 private:
  bool read(Record& record);
  bool read_headers(const char* end, Record& record);
  bool read_bytes(const char* end, std::optional<std::string_view>& value, std::string_view what);
  bool fail(std::string_view why, std::string_view what);

  const char* const begin_;
  const char* at_;
  const char* const end_;
  const std::int32_t count_;
  std::int32_t read_ = 0;
  std::string failure_;
};

}  // namespace weir::wire::kafka
