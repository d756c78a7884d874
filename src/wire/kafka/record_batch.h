// Record batches of version 2: what producers send, the log keeps as it came, and consumers get.
//
//   offset  0 base_offset i64 | 8 length i32 | 12 leader_epoch i32 | 16 magic i8 | 17 crc u32 |
//          21 attributes i16 | 23 last_offset_delta i32 | 27 base_timestamp i64 | 35 max_timestamp i64 |
//          43 producer_id i64 | 51 producer_epoch i16 | 53 base_sequence i32 | 57 count i32 | 61 records
//
//   length       what follows it
//   crc          CRC-32C of everything behind it: a broker gives offsets and leader epoch, which stand before it,
//                without touching it
//   attributes   bits 0-2 codec, 3 timestamps are the broker's, 4 transactional, 5 control, 6 has a delete horizon
//   records      compressed as a whole unless the codec is none
//
// Views into bytes that somebody else owns; nothing is allocated. Pure, any thread.
//
// Specification: https://kafka.apache.org/documentation/#recordbatch
#pragma once

#include <cstdint>
#include <expected>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "wire/kafka/api.h"
#include "wire/kafka/compression.h"

namespace weir::wire::kafka {

inline constexpr std::size_t kBatchHeaderBytes = 61;
// base_offset and length: so much has to be there to know a batch's size.
inline constexpr std::size_t kBatchSizeBytes = 12;

inline constexpr std::int64_t kNoProducerId = -1;

// Why bytes are no batch that a log may take.
enum class BatchFault : unsigned char {
  kCut,       // It ends before the batch does. In a Fetch response that is normal: the rest comes with the next one.
  kLength,    // Too small for a header, or negative.
  kMagic,     // Not version 2: a message set of Kafka before 0.11.
  kChecksum,  // Damaged.
  kCodec,     // A codec that nobody has defined.
  kCount,     // Of no record, or not of one record for each offset.
  kControl,   // Marks the end of a transaction: only brokers write these.
};

std::string_view to_string(BatchFault fault);
// What a Produce is answered.
ErrorCode error_code(BatchFault fault);

class RecordBatch {
 public:
  // The first batch in `bytes`, its extent and magic checked and nothing else.
  static std::expected<RecordBatch, BatchFault> first(std::string_view bytes);

  // The whole batch, and what stands behind the header.
  std::string_view bytes() const { return bytes_; }
  std::string_view payload() const { return bytes_.substr(kBatchHeaderBytes); }

  std::int64_t base_offset() const { return load<std::int64_t>(0); }
  std::int32_t leader_epoch() const { return load<std::int32_t>(12); }
  std::uint32_t crc() const { return load<std::uint32_t>(17); }
  std::int16_t attributes() const { return load<std::int16_t>(21); }
  std::int32_t last_offset_delta() const { return load<std::int32_t>(23); }
  std::int64_t base_timestamp_ms() const { return load<std::int64_t>(27); }
  std::int64_t max_timestamp_ms() const { return load<std::int64_t>(35); }
  std::int64_t producer_id() const { return load<std::int64_t>(43); }
  std::int16_t producer_epoch() const { return load<std::int16_t>(51); }
  std::int32_t base_sequence() const { return load<std::int32_t>(53); }
  std::int32_t count() const { return load<std::int32_t>(57); }

  // Wraps around where a stranger's batch says so.
  std::int64_t last_offset() const {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(base_offset()) +
                                     static_cast<std::uint64_t>(last_offset_delta()));
  }
  // As the attributes say; check() tells whether that is one.
  Compression compression() const { return static_cast<Compression>(attributes() & 7); }
  bool has_log_append_time() const { return (attributes() & 0x08) != 0; }
  bool transactional() const { return (attributes() & 0x10) != 0; }
  bool control() const { return (attributes() & 0x20) != 0; }

  // Whether this is undamaged and readable: checksum, codec, count. Compaction leaves fewer records than offsets.
  std::expected<void, BatchFault> check() const;
  // Whether a log may take it from a producer: check(), one record for each offset, no control batch. The records
  // inside are not looked at.
  std::expected<void, BatchFault> check_produced() const;

 private:
  explicit RecordBatch(std::string_view bytes) : bytes_(bytes) {}

  template <class T>
  T load(std::size_t offset) const {
    return base::load_big_endian<T>(bytes_.data() + offset);
  }

  std::string_view bytes_;
};

// What a broker writes into a batch that it takes: outside of the checksum. Requires: `batch` begins with a batch.
void set_offset(std::span<char> batch, std::int64_t base_offset, std::int32_t leader_epoch);

}  // namespace weir::wire::kafka
