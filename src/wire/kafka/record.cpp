#include "wire/kafka/record.h"

#include <fmt/format.h>

#include "wire/kafka/varint.h"

namespace weir::wire::kafka {

base::Result<std::string_view> record_bytes(const RecordBatch& batch, std::size_t max_bytes, std::string& scratch) {
  if (batch.compression() == Compression::kNone) return batch.payload();
  scratch.clear();
  if (auto done = decompress(batch.compression(), batch.payload(), max_bytes, scratch); !done) return done.error();
  return std::string_view(scratch);
}

RecordReader::Status RecordReader::next(Record& record) {
  if (!failure_.empty()) return Status::kError;
  if (read_ == count_) {
    if (at_ == end_) return Status::kEnd;
    failure_ = fmt::format("offset {}: {} bytes behind the last record", at_ - begin_, end_ - at_);
    return Status::kError;
  }
  if (!read(record)) return Status::kError;
  ++read_;
  return Status::kRecord;
}

base::Error RecordReader::error() const { return base::reject(failure_); }

bool RecordReader::read(Record& record) {
  std::int32_t length = 0;
  if (!read_varint(at_, end_, length)) return fail("not a varint", "length");
  if (length < 0 || length > end_ - at_)
    return fail(fmt::format("{}, and {} bytes left", length, end_ - at_), "length");
  const char* const end = at_ + length;
  if (length == 0) return fail("none", "attributes");
  ++at_;  // The attributes.
  if (!read_varlong(at_, end, record.timestamp_delta_ms)) return fail("not a varint", "timestamp");
  if (!read_varint(at_, end, record.offset_delta)) return fail("not a varint", "offset");
  if (!read_bytes(end, record.key, "key") || !read_bytes(end, record.value, "value")) return false;
  if (!read_headers(end, record)) return false;
  if (at_ != end) return fail(fmt::format("{} bytes left over", end - at_), "end");
  return true;
}

bool RecordReader::read_headers(const char* end, Record& record) {
  record.headers.clear();
  std::int32_t headers = 0;
  if (!read_varint(at_, end, headers)) return fail("not a varint", "header count");
  // Each has two lengths at least, so that this also bounds the memory.
  if (headers < 0 || headers > (end - at_) / 2) {
    return fail(fmt::format("{}, and {} bytes left", headers, end - at_), "header count");
  }
  for (; headers > 0; --headers) {
    std::optional<std::string_view> key;
    if (!read_bytes(end, key, "header key")) return false;
    if (!key) return fail("null", "header key");
    RecordHeader& header = record.headers.emplace_back();
    if (!read_bytes(end, header.value, "header value")) return false;
    header.key = *key;
  }
  return true;
}

bool RecordReader::read_bytes(const char* end, std::optional<std::string_view>& value, std::string_view what) {
  std::int32_t length = 0;
  if (!read_varint(at_, end, length)) return fail("its length is not a varint", what);
  if (length == -1) {
    value.reset();
    return true;
  }
  if (length < 0 || length > end - at_) {
    return fail(fmt::format("a length of {}, and {} bytes left", length, end - at_), what);
  }
  value.emplace(at_, static_cast<std::size_t>(length));
  at_ += length;
  return true;
}

bool RecordReader::fail(std::string_view why, std::string_view what) {
  failure_ = fmt::format("record {} of {}, offset {}, {}: {}", read_, count_, at_ - begin_, what, why);
  return false;
}

}  // namespace weir::wire::kafka
