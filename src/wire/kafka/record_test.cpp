#include "wire/kafka/record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/checksum.h"
#include "base/random.h"
#include "wire/kafka/batch_builder.h"
#include "wire/kafka/hex_for_tests.h"
#include "wire/kafka/varint.h"

namespace weir::wire::kafka {
namespace {

using namespace std::string_view_literals;
using testing::ElementsAre;
using Status = RecordReader::Status;

std::string small_batch(BatchOptions options = {.base_timestamp_ms = 1000}) {
  BatchBuilder builder(options);
  builder.add("k1", "v1", 1000);
  builder.add(std::nullopt, std::nullopt, 1005);
  builder.add(
      {.timestamp_delta_ms = -1, .offset_delta = 2, .key = "", .value = "v3", .headers = {{"h", "x"}, {"", {}}}});
  std::string batch;
  builder.append_to(batch);
  return batch;
}

// All records as text, or the error behind what was read until then.
std::vector<std::string> read_all(std::string_view bytes, std::int32_t count) {
  const auto shown = [](const std::optional<std::string_view>& value) { return std::string(value.value_or("null")); };
  RecordReader reader(bytes, count);
  Record record;
  std::vector<std::string> result;
  while (true) {
    switch (reader.next(record)) {
      case Status::kRecord: {
        std::string text = fmt::format("+{} {}ms {}={}", record.offset_delta, record.timestamp_delta_ms,
                                       shown(record.key), shown(record.value));
        for (const RecordHeader& header : record.headers)
          text += fmt::format(" {}:{}", header.key, shown(header.value));
        result.push_back(text);
        break;
      }
      case Status::kError: result.push_back("!" + reader.error().text()); return result;
      case Status::kEnd: return result;
    }
  }
}

TEST(KafkaVarint, HasZigzagForm) {
  const auto hex = [](std::int64_t value) {
    std::string bytes;
    append_varlong(bytes, value);
    return to_hex(bytes);
  };
  EXPECT_EQ(hex(0), "00");
  EXPECT_EQ(hex(-1), "01");
  EXPECT_EQ(hex(63), "7e");
  EXPECT_EQ(hex(-64), "7f");
  EXPECT_EQ(hex(64), "8001");
  EXPECT_EQ(hex(-65), "8101");
  EXPECT_EQ(hex(2147483647), "feffffff0f");
  EXPECT_EQ(hex(-2147483648), "ffffffff0f");
  EXPECT_EQ(hex(std::numeric_limits<std::int64_t>::max()), "feffffffffffffffff01");
  EXPECT_EQ(hex(std::numeric_limits<std::int64_t>::min()), "ffffffffffffffffff01");
}

TEST(KafkaVarint, IsReadBack) {
  base::Random random(1);
  for (int i = 0; i < 1000; ++i) {
    const auto wide = static_cast<std::int64_t>(random() >> random.below(64));
    const auto narrow = static_cast<std::int32_t>(random() >> (32 + random.below(32)));
    std::string bytes;
    append_varlong(bytes, wide);
    append_varint(bytes, narrow);
    const char* at = bytes.data();
    std::int64_t wide_read = 0;
    std::int32_t narrow_read = 0;
    ASSERT_TRUE(read_varlong(at, bytes.data() + bytes.size(), wide_read));
    ASSERT_TRUE(read_varint(at, bytes.data() + bytes.size(), narrow_read));
    ASSERT_EQ(at, bytes.data() + bytes.size());
    ASSERT_EQ(wide_read, wide);
    ASSERT_EQ(narrow_read, narrow);
  }
}

TEST(KafkaVarint, IsRefusedWhenCutOrTooWide) {
  const auto narrow = [](std::string_view hex) {
    const std::string bytes = from_hex(hex);
    const char* at = bytes.data();
    std::int32_t value = 0;
    return read_varint(at, bytes.data() + bytes.size(), value);
  };
  const auto wide = [](std::string_view hex) {
    const std::string bytes = from_hex(hex);
    const char* at = bytes.data();
    std::int64_t value = 0;
    return read_varlong(at, bytes.data() + bytes.size(), value);
  };
  EXPECT_FALSE(narrow(""));
  EXPECT_FALSE(narrow("80"));
  EXPECT_TRUE(narrow("ffffffff0f"));
  EXPECT_FALSE(narrow("ffffffff1f"));
  EXPECT_FALSE(narrow("808080808000"));
  EXPECT_TRUE(wide("ffffffffffffffffff01"));
  EXPECT_FALSE(wide("ffffffffffffffffff02"));
  EXPECT_FALSE(wide("80808080808080808080 01"));
}

TEST(KafkaBatchBuilder, LaysOutABatch) {
  BatchBuilder builder({.base_offset = 5,
                        .leader_epoch = 3,
                        .base_timestamp_ms = 1000,
                        .producer_id = 77,
                        .producer_epoch = 1,
                        .base_sequence = 9});
  builder.add("k", "v", 1000);
  builder.add(std::nullopt, "w", 1002);
  std::string batch;
  builder.append_to(batch);
  EXPECT_EQ(builder.size_bytes(), batch.size());
  std::string without_checksum = batch;
  without_checksum.replace(17, 4, 4, '\0');
  EXPECT_EQ(to_hex(without_checksum),
            to_hex(from_hex("0000000000000005 00000042 00000003 02 00000000  0000 00000001 00000000000003e8"
                            "00000000000003ea 000000000000004d 0001 00000009 00000002"
                            "10 00 00 00 02 6b 02 76 00   0e 00 04 02 01 02 77 00")));
  const auto read = RecordBatch::first(batch);
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->check_produced());
  EXPECT_EQ(read->last_offset(), 6);
  EXPECT_EQ(read->leader_epoch(), 3);
  EXPECT_EQ(read->base_timestamp_ms(), 1000);
  EXPECT_EQ(read->max_timestamp_ms(), 1002);
  EXPECT_EQ(read->producer_id(), 77);
  EXPECT_EQ(read->producer_epoch(), 1);
  EXPECT_EQ(read->base_sequence(), 9);
  EXPECT_EQ(read->count(), 2);
}

TEST(KafkaBatchBuilder, NotesTheLatestTimestamp) {
  const std::string bytes = small_batch();
  const auto batch = RecordBatch::first(bytes);
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->base_timestamp_ms(), 1000);
  EXPECT_EQ(batch->max_timestamp_ms(), 1005);
}

TEST(KafkaRecords, AreReadInEachCodec) {
  for (const Compression compression : kCompressions) {
    SCOPED_TRACE(to_string(compression));
    const std::string bytes = small_batch({.base_timestamp_ms = 1000, .compression = compression});
    const auto batch = RecordBatch::first(bytes);
    ASSERT_TRUE(batch);
    EXPECT_TRUE(batch->check_produced());
    EXPECT_EQ(batch->compression(), compression);
    std::string scratch = "overwritten";
    const auto records = record_bytes(*batch, 1 << 20, scratch);
    ASSERT_TRUE(records) << records.error().text();
    EXPECT_THAT(read_all(*records, batch->count()),
                ElementsAre("+0 0ms k1=v1", "+1 5ms null=null", "+2 -1ms =v3 h:x :null"));
    if (compression != Compression::kNone) {
      EXPECT_FALSE(record_bytes(*batch, 10, scratch));
    }
  }
}

TEST(KafkaRecords, NameWhatIsWrong) {
  // One record: length, attributes, timestamp, offset, key "k", value "v", no header.
  EXPECT_THAT(read_all(from_hex("10 00 00 00 02 6b 02 76 00"), 1), ElementsAre("+0 0ms k=v"));
  const auto error = [](std::string_view hex, std::int32_t count = 1) { return read_all(from_hex(hex), count).back(); };
  EXPECT_EQ(error("10 00 00 00 02 6b 02 76 00", 2), "!record 1 of 2, offset 9, length: not a varint");
  EXPECT_EQ(error("10 00 00 00 02 6b 02 76 00 00"), "!offset 9: 1 bytes behind the last record");
  EXPECT_EQ(error("12 00 00 00 02 6b 02 76 00"), "!record 0 of 1, offset 1, length: 9, and 8 bytes left");
  EXPECT_EQ(error("01"), "!record 0 of 1, offset 1, length: -1, and 0 bytes left");
  EXPECT_EQ(error("00"), "!record 0 of 1, offset 1, attributes: none");
  EXPECT_EQ(error("12 00 00 00 02 6b 02 76 00 00"), "!record 0 of 1, offset 9, end: 1 bytes left over");
  EXPECT_EQ(error("10 00 00 00 03 6b 02 76 00"), "!record 0 of 1, offset 5, key: a length of -2, and 4 bytes left");
  EXPECT_EQ(error("10 00 00 00 02 6b 06 76 00"), "!record 0 of 1, offset 7, value: a length of 3, and 2 bytes left");
  EXPECT_EQ(error("10 00 00 00 01 01 02 01 01"), "!record 0 of 1, offset 8, header key: null");
  EXPECT_EQ(error("0e 00 00 00 01 01 04 00"), "!record 0 of 1, offset 7, header count: 2, and 1 bytes left");
  EXPECT_EQ(error("0c 00 00 00 01 01 01"), "!record 0 of 1, offset 7, header count: -1, and 0 bytes left");
  EXPECT_EQ(error("", 1), "!record 0 of 1, offset 0, length: not a varint");
  EXPECT_THAT(read_all("", 0), ElementsAre());
}

TEST(KafkaRecords, GoOnSayingTheError) {
  const std::string bytes = from_hex("00");
  RecordReader reader(bytes, 1);
  Record record;
  EXPECT_EQ(reader.next(record), Status::kError);
  EXPECT_EQ(reader.next(record), Status::kError);
}

std::optional<BatchFault> fault_of(std::string_view bytes) {
  const auto batch = RecordBatch::first(bytes);
  if (!batch) return batch.error();
  const auto taken = batch->check_produced();
  return taken ? std::nullopt : std::optional(taken.error());
}

TEST(KafkaRecordBatch, IsTakenFromTheFront) {
  const std::string one = small_batch();
  const std::string two = one + one;
  const auto batch = RecordBatch::first(two);
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->bytes().data(), two.data());
  EXPECT_EQ(batch->bytes().size(), one.size());
  EXPECT_EQ(batch->payload().size(), one.size() - kBatchHeaderBytes);
  for (std::size_t size = 0; size < one.size(); ++size) {
    EXPECT_EQ(fault_of(std::string_view(one).substr(0, size)), BatchFault::kCut) << size;
  }
}

TEST(KafkaRecordBatch, NoticesEveryFlippedBitBehindTheChecksum) {
  const std::string good = small_batch();
  for (std::size_t at = 17; at < good.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ (1 << bit));
      const auto batch = RecordBatch::first(bad);
      ASSERT_TRUE(batch);
      ASSERT_EQ(batch->check(), std::unexpected(BatchFault::kChecksum)) << at;
    }
  }
}

TEST(KafkaRecordBatch, TakesAnOffsetWithoutANewChecksum) {
  std::string bytes = small_batch();
  set_offset(bytes, 0x0102030405060708, 9);
  const auto batch = RecordBatch::first(bytes);
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->base_offset(), 0x0102030405060708);
  EXPECT_EQ(batch->leader_epoch(), 9);
  EXPECT_TRUE(batch->check_produced());
}

// Changed behind the checksum's back: what is checked besides it.
std::string forged(std::size_t at, std::string_view bytes) {
  std::string batch = small_batch();
  batch.replace(at, bytes.size(), bytes);
  const std::uint32_t crc = base::crc32c(std::string_view(batch).substr(21));
  std::string crc_bytes;
  base::append_big_endian(crc_bytes, crc);
  return batch.replace(17, 4, crc_bytes);
}

TEST(KafkaRecordBatch, IsRefusedForWhatItsHeaderSays) {
  EXPECT_EQ(fault_of(forged(16, "\1"sv)), BatchFault::kMagic);
  EXPECT_EQ(fault_of(forged(8, "\0\0\0\x30"sv)), BatchFault::kLength);
  EXPECT_EQ(fault_of(forged(8, "\xff\xff\xff\xff"sv)), BatchFault::kLength);
  EXPECT_EQ(fault_of(forged(21, "\0\5"sv)), BatchFault::kCodec);
  EXPECT_EQ(fault_of(forged(21, "\0\7"sv)), BatchFault::kCodec);
  EXPECT_EQ(fault_of(forged(21, "\0\x20"sv)), BatchFault::kControl);
  EXPECT_EQ(fault_of(forged(23, "\0\0\0\1"sv)), BatchFault::kCount);
  EXPECT_EQ(fault_of(forged(23, "\0\0\0\3"sv)), BatchFault::kCount);
  EXPECT_EQ(fault_of(forged(23, "\xff\xff\xff\xff"sv)), BatchFault::kCount);
  EXPECT_EQ(fault_of(forged(23, "\x7f\xff\xff\xff"sv)), BatchFault::kCount);
  EXPECT_EQ(fault_of(forged(57, "\0\0\0\0"sv)), BatchFault::kCount);
  EXPECT_EQ(fault_of(forged(57, "\xff\xff\xff\xff"sv)), BatchFault::kCount);
}

TEST(KafkaRecordBatch, MayHaveLostRecordsToCompaction) {
  const std::string bytes = forged(23, "\0\0\0\x9"sv);
  EXPECT_TRUE(RecordBatch::first(bytes)->check());
  EXPECT_EQ(RecordBatch::first(forged(23, "\0\0\0\1"sv))->check(), std::unexpected(BatchFault::kCount));
}

TEST(KafkaRecordBatch, FaultsHaveTheErrorCodesThatProducersKnow) {
  EXPECT_EQ(error_code(BatchFault::kChecksum), ErrorCode::kCorruptMessage);
  EXPECT_EQ(error_code(BatchFault::kCut), ErrorCode::kCorruptMessage);
  EXPECT_EQ(error_code(BatchFault::kMagic), ErrorCode::kUnsupportedForMessageFormat);
  EXPECT_EQ(error_code(BatchFault::kCodec), ErrorCode::kUnsupportedCompressionType);
  EXPECT_EQ(error_code(BatchFault::kCount), ErrorCode::kInvalidRecord);
}

}  // namespace
}  // namespace weir::wire::kafka
