#include "wire/kafka/record_batch.h"

#include <cstring>

#include "base/assert.h"
#include "base/checksum.h"

namespace weir::wire::kafka {

namespace {

constexpr std::size_t kLengthOffset = 8;
constexpr std::size_t kLeaderEpochOffset = 12;
constexpr std::size_t kMagicOffset = 16;
constexpr std::size_t kChecksummedOffset = 21;

constexpr char kMagic = 2;
// A message set's entry: base offset, size, checksum, magic and more. All versions have the magic at the same place.
constexpr std::size_t kMinOldLength = 14;

template <class T>
void store_big_endian(char* to, T value) {
  const T swapped = base::load_big_endian<T>(reinterpret_cast<const char*>(&value));
  std::memcpy(to, &swapped, sizeof swapped);
}

}  // namespace

std::string_view to_string(BatchFault fault) {
  switch (fault) {
    case BatchFault::kCut: return "a record batch that is cut off";
    case BatchFault::kLength: return "a record batch shorter than its header";
    case BatchFault::kMagic: return "a record batch that is not of version 2";
    case BatchFault::kChecksum: return "a record batch whose checksum does not match";
    case BatchFault::kCodec: return "a record batch of an unknown compression codec";
    case BatchFault::kCount: return "a record batch whose count does not match its offsets";
    case BatchFault::kControl: return "a control batch, which only brokers write";
  }
  return "unknown";
}

ErrorCode error_code(BatchFault fault) {
  switch (fault) {
    case BatchFault::kMagic: return ErrorCode::kUnsupportedForMessageFormat;
    case BatchFault::kCodec: return ErrorCode::kUnsupportedCompressionType;
    case BatchFault::kCount:
    case BatchFault::kControl: return ErrorCode::kInvalidRecord;
    case BatchFault::kCut:
    case BatchFault::kLength:
    case BatchFault::kChecksum: return ErrorCode::kCorruptMessage;
  }
  return ErrorCode::kUnknownServerError;
}

std::expected<RecordBatch, BatchFault> RecordBatch::first(std::string_view bytes) {
  if (bytes.size() < kBatchSizeBytes) return std::unexpected(BatchFault::kCut);
  const auto length = base::load_big_endian<std::int32_t>(bytes.data() + kLengthOffset);
  if (length < static_cast<std::int32_t>(kMinOldLength)) return std::unexpected(BatchFault::kLength);
  if (bytes.size() <= kMagicOffset) return std::unexpected(BatchFault::kCut);
  if (bytes[kMagicOffset] != kMagic) return std::unexpected(BatchFault::kMagic);
  const std::size_t size = kBatchSizeBytes + static_cast<std::size_t>(length);
  if (size < kBatchHeaderBytes) return std::unexpected(BatchFault::kLength);
  if (bytes.size() < size) return std::unexpected(BatchFault::kCut);
  return RecordBatch(bytes.substr(0, size));
}

std::expected<void, BatchFault> RecordBatch::check() const {
  if (base::crc32c(bytes_.substr(kChecksummedOffset)) != crc()) return std::unexpected(BatchFault::kChecksum);
  if (compression() > Compression::kZstd) return std::unexpected(BatchFault::kCodec);
  // The difference is computed in 64 bits: the delta may be anything.
  if (count() < 0 || last_offset_delta() < 0 || count() > std::int64_t{last_offset_delta()} + 1) {
    return std::unexpected(BatchFault::kCount);
  }
  return {};
}

std::expected<void, BatchFault> RecordBatch::check_produced() const {
  if (auto readable = check(); !readable) return readable;
  if (count() == 0 || count() != std::int64_t{last_offset_delta()} + 1) return std::unexpected(BatchFault::kCount);
  if (control()) return std::unexpected(BatchFault::kControl);
  return {};
}

void set_offset(std::span<char> batch, std::int64_t base_offset, std::int32_t leader_epoch) {
  WEIR_ASSERT(batch.size() >= kBatchHeaderBytes);
  store_big_endian(batch.data(), base_offset);
  store_big_endian(batch.data() + kLeaderEpochOffset, leader_epoch);
}

}  // namespace weir::wire::kafka
