#include "store/persist/rdb/writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/checksum.h"
#include "base/random.h"
#include "store/persist/rdb/dump.h"
#include "store/persist/rdb/reader.h"
#include "store/persist/rdb/recording_sink.h"

namespace weir::store::rdb {
namespace {

using namespace std::string_literals;
using testing::ElementsAre;
using testing::HasSubstr;

// What a Writer gave to its flush function.
struct File {
  std::string bytes;
  std::vector<std::size_t> pieces;

  Output::Flush flush() {
    return [this](std::string_view piece) -> base::Result<void> {
      bytes += piece;
      pieces.push_back(piece.size());
      return {};
    };
  }
};

std::vector<std::string> read_back(const std::string& file) {
  RecordingSink sink;
  Reader reader(sink);
  const Reader::Step step = reader.read(file, 0);
  EXPECT_EQ(step.status, Reader::Status::kDone) << reader.error().text();
  EXPECT_EQ(step.consumed, file.size());
  return sink.events;
}

std::string value_bytes(bool compress, const std::function<void(ValueWriter&)>& write) {
  Output output;
  ValueWriter value(output, compress);
  write(value);
  return output.buffer();
}
std::string string_bytes(std::string_view text, bool compress = true) {
  return value_bytes(compress, [text](ValueWriter& value) { value.string(text); });
}

TEST(RdbWriter, WritesIntegersOf32BitsAsSuchAndAllElseAsText) {
  EXPECT_EQ(string_bytes("-128"), "\xc0\x80");
  EXPECT_EQ(string_bytes("128"), "\xc1\x80\x00"s);
  EXPECT_EQ(string_bytes("-32769"), "\xc2\xff\x7f\xff\xff");
  EXPECT_EQ(string_bytes("2147483647"), "\xc2\xff\xff\xff\x7f");
  EXPECT_EQ(string_bytes("-2147483648"), "\xc2\x00\x00\x00\x80"s);
  EXPECT_EQ(string_bytes("2147483648"),
            "\x0a"
            "2147483648");
  EXPECT_EQ(string_bytes("012"),
            "\x03"
            "012");
  EXPECT_EQ(string_bytes(""), "\0"s);
  const auto integer = [](std::int64_t number) {
    return value_bytes(true, [number](ValueWriter& value) { value.integer(number); });
  };
  EXPECT_EQ(integer(-128), "\xc0\x80");
  EXPECT_EQ(integer(2147483648),
            "\x0a"
            "2147483648");
}

TEST(RdbWriter, CompressesWhatIsLongerThan20BytesIfThatIsSmaller) {
  EXPECT_EQ(string_bytes(std::string(20, 'a')), "\x14" + std::string(20, 'a'));
  EXPECT_EQ(string_bytes(std::string(21, 'a')),
            "\xc3\x06\x15\x01"
            "aa\xe0\x0a\x00"s);
  EXPECT_EQ(string_bytes(std::string(21, 'a'), false), "\x15" + std::string(21, 'a'));
  EXPECT_EQ(string_bytes("abcdefghijklmnopqrstuvwxyz"),
            "\x1a"
            "abcdefghijklmnopqrstuvwxyz");
}

TEST(RdbWriter, WritesLengthsInTheirShortestForm) {
  const auto length = [](std::uint64_t value) {
    std::string bytes;
    append_length(bytes, value);
    return bytes;
  };
  EXPECT_EQ(length(63), "\x3f");
  EXPECT_EQ(length(64), "\x40\x40");
  EXPECT_EQ(length(16383), "\x7f\xff");
  EXPECT_EQ(length(16384), "\x80\x00\x00\x40\x00"s);
  EXPECT_EQ(length(0xffffffff), "\x80\xff\xff\xff\xff");
  EXPECT_EQ(length(0x100000000), "\x81\x00\x00\x00\x01\x00\x00\x00\x00"s);
}

void write_everything(Writer& writer) {
  writer.header();
  writer.aux("redis-bits", "64");
  writer.function("#!lua name=x");
  writer.select_database(3);
  writer.resize(8, 1);
  writer.record({.key = "s", .expires_at_ms = 1000, .frequency = 7}, Type::kString).string("value");
  writer.record({.key = "i", .idle_seconds = 100}, Type::kString).integer(-5);
  ValueWriter& set = writer.record({.key = "set"}, Type::kSet);
  set.count(2);
  set.string("a");
  set.element(Element::of_integer(5));
  ValueWriter& hash = writer.record({.key = "hash"}, Type::kHash);
  hash.count(1);
  hash.string("f");
  hash.element(Element::of_bytes("v"));
  ValueWriter& zset = writer.record({.key = "zset"}, Type::kZset);
  zset.count(1);
  zset.string("m");
  zset.score(-0.5);
  Listpack list;
  list.append("a");
  list.append("1");
  writer.record({.key = "hl"}, Type::kHashListpack).string(list.view().blob());
  writer.record({.key = "zl"}, Type::kZsetListpack).string(list.view().blob());
  ValueWriter& nodes = writer.record({.key = "list"}, Type::kListOfNodes);
  nodes.count(2);
  nodes.packed_node(list.view().blob());
  nodes.plain_node("large");
  Intset integers;
  integers.insert(70'000);
  writer.record({.key = "is"}, Type::kSetIntset).string(integers.view().blob());
}

const std::vector<std::string> kEverything = {
    "aux redis-bits=64",
    "function #!lua name=x",
    "database 3",
    "resize 8 1",
    "string s until 1000 used 7 value",
    "string i idle 100 -5",
    "set set of 2",
    "  a",
    "  5",
    "end",
    "hash hash of 1",
    "  f=v",
    "end",
    "zset zset of 1",
    "  m -0.5",
    "end",
    "hash listpack hl a 1",
    "zset listpack zl a 1",
    "list list of 2",
    "  node a 1",
    "  large",
    "end",
    "intset is 70000",
};

TEST(RdbWriter, WritesWhatTheReaderReads) {
  for (const bool checksum : {true, false}) {
    File file;
    Writer writer(file.flush(), {.checksum = checksum});
    write_everything(writer);
    EXPECT_TRUE(writer.finish());
    EXPECT_EQ(read_back(file.bytes), kEverything);
    EXPECT_EQ(file.bytes.substr(0, 9), "REDIS0010");
    EXPECT_EQ(file.bytes.ends_with(std::string(8, '\0')), !checksum);
    EXPECT_EQ(file.pieces.size(), checksum ? 2u : 1u);
  }
}

TEST(RdbWriter, FlushesWheneverEnoughIsCollected) {
  File whole;
  Writer once(whole.flush(), {});
  write_everything(once);
  EXPECT_TRUE(once.finish());
  File file;
  Writer writer(file.flush(), {.flush_bytes = 40});
  write_everything(writer);
  EXPECT_TRUE(writer.finish());
  EXPECT_EQ(file.bytes, whole.bytes);
  EXPECT_GT(file.pieces.size(), 4u);
  EXPECT_EQ(read_back(file.bytes), kEverything);
}

TEST(RdbWriter, StopsAtTheFirstFlushThatFails) {
  int calls = 0;
  Writer writer(
      [&calls](std::string_view) -> base::Result<void> {
        ++calls;
        return base::fatal("disk full");
      },
      {.flush_bytes = 40});
  write_everything(writer);
  EXPECT_TRUE(writer.failed());
  const base::Result<void> done = writer.finish();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().text(), "disk full");
  EXPECT_EQ(calls, 1);
}

TEST(RdbWriter, RoundTripsStringsOfAllKinds) {
  const std::uint64_t seed = base::Random::from_entropy()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  base::Random random(seed);
  File file;
  Writer writer(file.flush(), {.flush_bytes = 1000});
  writer.header();
  std::vector<std::string> expected;
  for (int i = 0; i < 2000; ++i) {
    std::string value(random.below(random.chance(0.05) ? 70'000 : 60), 'x');
    if (random.chance(0.5)) {
      for (char& c : value) c = static_cast<char>('a' + random.below(3));
    }
    if (random.chance(0.3)) value = std::to_string(static_cast<std::int64_t>(random() >> random.below(64)));
    const std::string key = "key" + std::to_string(i);
    writer.record({.key = key}, Type::kString).string(value);
    expected.push_back(fmt::format("string {} {}", key, base::printable(value, 40)));
  }
  EXPECT_TRUE(writer.finish());
  EXPECT_EQ(read_back(file.bytes), expected);
}

std::string dump_of(Type type, const std::function<void(ValueWriter&)>& write) {
  DumpWriter dump(type, true);
  write(dump.value());
  return dump.finish();
}

TEST(RdbDump, IsReadAsItWasWritten) {
  const std::string payload = dump_of(Type::kSet, [](ValueWriter& value) {
    value.count(2);
    value.string("a");
    value.string("b");
  });
  ASSERT_TRUE(dump_is_intact(payload));
  RecordingSink sink;
  EXPECT_TRUE(read_dump(payload, {.key = "k", .expires_at_ms = 5}, sink));
  EXPECT_THAT(sink.events, ElementsAre("set k until 5 of 2", "  a", "  b", "end"));
}

// redis> SET k 10, DUMP k, as it stands in Redis's documentation.
TEST(RdbDump, IsThatOfRedis) {
  const std::string payload = dump_of(Type::kString, [](ValueWriter& value) { value.integer(10); });
  EXPECT_EQ(payload.substr(0, 5), "\x00\xc0\x0a\x0a\x00"s);
  EXPECT_TRUE(
      dump_is_intact("\x00\xc0\n\n\x00n\x9fWE\x0e\xae"
                     "c\xbb"s));
  EXPECT_EQ(payload,
            "\x00\xc0\n\n\x00n\x9fWE\x0e\xae"
            "c\xbb"s);
}

TEST(RdbDump, IsRefusedWhenAnyByteChanged) {
  const std::string payload = dump_of(Type::kString, [](ValueWriter& value) { value.string("some value"); });
  for (std::size_t at = 0; at < payload.size(); ++at) {
    EXPECT_FALSE(dump_is_intact(payload.substr(0, at)));
    for (int change = 1; change < 256; ++change) {
      std::string changed = payload;
      changed[at] = static_cast<char>(changed[at] ^ change);
      ASSERT_FALSE(dump_is_intact(changed)) << at;
    }
  }
}

// A payload whose checksum is right and whose value is not.
base::Result<void> read_forged(std::string body, int version = kWrittenVersion) {
  base::append_little_endian(body, static_cast<std::uint16_t>(version));
  base::append_little_endian(body, base::crc64(body));
  if (!dump_is_intact(body)) return base::reject("not intact");
  RecordingSink sink;
  return read_dump(body, {.key = "k"}, sink);
}

TEST(RdbDump, RefusesForgedValues) {
  EXPECT_TRUE(read_forged("\0\x01v"s));
  EXPECT_EQ(read_forged("\0\x01v"s, 13).error().text(), "not intact");
  EXPECT_EQ(read_forged("\0\x05v"s).error().text(), "offset 1: a string of 5 bytes is longer than what remains");
  EXPECT_EQ(read_forged("\x02\x02\x01v"s).error().text(), "offset 4: it ends where more should be");
  EXPECT_EQ(read_forged("\x02\0"s).error().text(), "offset 1: an empty value");
  EXPECT_EQ(read_forged("\x07\0"s).error().text(), "offset 0: value type 7 is not known");
  EXPECT_EQ(read_forged("\xfe\0"s).error().text(), "offset 0: value type 254 is not known");
  EXPECT_EQ(read_forged("").error().text(), "offset 0: it ends where more should be");
}

}  // namespace
}  // namespace weir::store::rdb
