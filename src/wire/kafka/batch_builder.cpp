#include "wire/kafka/batch_builder.h"

#include <algorithm>

#include "base/assert.h"
#include "base/bytes.h"
#include "base/checksum.h"
#include "wire/kafka/varint.h"

namespace weir::wire::kafka {

namespace {

void append_bytes(std::string& to, const std::optional<std::string_view>& bytes) {
  if (!bytes) return append_varint(to, -1);
  append_varint(to, static_cast<std::int32_t>(bytes->size()));
  to += *bytes;
}

std::int16_t attributes_of(const BatchOptions& options) {
  return static_cast<std::int16_t>(static_cast<int>(options.compression) | (options.log_append_time ? 0x08 : 0) |
                                   (options.transactional ? 0x10 : 0) | (options.control ? 0x20 : 0));
}

// As Kafka adds times: they wrap around, since a record copied from a stranger's batch may have any.
std::int64_t wrapping_sum(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

}  // namespace

void BatchBuilder::add(const Record& record) {
  WEIR_ASSERT(record.offset_delta > last_offset_delta_);
  record_.clear();
  record_.push_back('\0');  // Attributes.
  append_varlong(record_, record.timestamp_delta_ms);
  append_varint(record_, record.offset_delta);
  append_bytes(record_, record.key);
  append_bytes(record_, record.value);
  append_varint(record_, static_cast<std::int32_t>(record.headers.size()));
  for (const RecordHeader& header : record.headers) {
    append_bytes(record_, header.key);
    append_bytes(record_, header.value);
  }
  append_varint(records_, static_cast<std::int32_t>(record_.size()));
  records_ += record_;
  last_offset_delta_ = record.offset_delta;
  max_timestamp_delta_ms_ =
      count_ == 0 ? record.timestamp_delta_ms : std::max(max_timestamp_delta_ms_, record.timestamp_delta_ms);
  ++count_;
}

void BatchBuilder::add(std::optional<std::string_view> key, std::optional<std::string_view> value,
                       std::int64_t timestamp_ms) {
  add({.timestamp_delta_ms = timestamp_ms - options_.base_timestamp_ms,
       .offset_delta = last_offset_delta_ + 1,
       .key = key,
       .value = value});
}

void BatchBuilder::append_to(std::string& to) const {
  WEIR_ASSERT(count_ > 0);
  std::string checksummed;
  base::append_big_endian(checksummed, attributes_of(options_));
  base::append_big_endian(checksummed, last_offset_delta_);
  base::append_big_endian(checksummed, options_.base_timestamp_ms);
  base::append_big_endian(checksummed, wrapping_sum(options_.base_timestamp_ms, max_timestamp_delta_ms_));
  base::append_big_endian(checksummed, options_.producer_id);
  base::append_big_endian(checksummed, options_.producer_epoch);
  base::append_big_endian(checksummed, options_.base_sequence);
  base::append_big_endian(checksummed, count_);
  compress(options_.compression, records_, checksummed);

  constexpr std::size_t kBehindLength = 4 + 1 + 4;  // Leader epoch, magic, checksum.
  base::append_big_endian(to, options_.base_offset);
  base::append_big_endian(to, static_cast<std::int32_t>(kBehindLength + checksummed.size()));
  base::append_big_endian(to, options_.leader_epoch);
  to.push_back('\2');
  base::append_big_endian(to, base::crc32c(checksummed));
  to += checksummed;
}

}  // namespace weir::wire::kafka
