// The RDB codec against a real redis-server 7.0: each reads what the other wrote, and a DUMP payload of ours is Redis's
// to the byte.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "store/persist/rdb/dump.h"
#include "store/persist/rdb/reader.h"
#include "store/persist/rdb/writer.h"
#include "store/types/intset.h"
#include "store/types/listpack.h"
#include "tests/protocol_oracle/redis_server.h"
#include "tests/rdb_oracle/digest_sink.h"
#include "wire/resp/request.h"

namespace weir::test {
namespace {

using store::EncodedEntry;
using store::Intset;
using store::Listpack;
using store::rdb::DumpWriter;
using store::rdb::Reader;
using store::rdb::Type;
using store::rdb::ValueWriter;
using store::rdb::Writer;

// A folder of its own for one test.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "weir-rdb-XXXXXX").string();
    if (mkdtemp(name.data()) != nullptr) path_ = name;
  }
  ~Folder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  std::string file(const std::string& name) const { return path_ / name; }
  std::string path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// The reply of one command: a line without its CRLF, or a bulk's bytes.
std::string ask(RedisConnection& redis, const std::vector<std::string>& words) {
  std::string request;
  wire::resp::append_command(request, std::vector<std::string_view>(words.begin(), words.end()));
  redis.send(request);
  std::string line;
  while (!line.ends_with("\r\n")) {
    const std::string byte = redis.receive(1);
    if (byte.empty()) return "closed";
    line += byte;
  }
  line.resize(line.size() - 2);
  if (line[0] != '$' || line == "$-1") return line;
  std::string bulk = redis.receive(std::stoull(line.substr(1)) + 2);
  bulk.resize(bulk.size() - 2);
  return bulk;
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string random_text(base::Random& random, std::size_t limit) {
  switch (random.below(4)) {
    case 0: return std::to_string(static_cast<std::int64_t>(random() >> random.below(64)));
    case 1: return std::to_string(random.between(-300, 300));
    case 2: {
      std::string text(random.below(limit), 'x');
      for (char& c : text) c = static_cast<char>('a' + random.below(3));
      return text;
    }
    default: {
      std::string text(random.below(limit), 'x');
      for (char& c : text) c = static_cast<char>(random());
      return text;
    }
  }
}

std::string seeded(base::Random& random) {
  const char* const asked = std::getenv("WEIR_SEED");
  const std::uint64_t seed = asked != nullptr ? std::stoull(asked) : base::Random::from_entropy()();
  random = base::Random(seed);
  return fmt::format("to repeat this: WEIR_SEED={}", seed);
}

std::string dump_of(Type type, const std::function<void(ValueWriter&)>& write) {
  DumpWriter dump(type, true);
  write(dump.value());
  return dump.finish();
}

TEST(RedisAndOurs, DumpTheSameBytes) {
  const RedisServer server({});
  ASSERT_TRUE(server.running());
  RedisConnection redis(server.socket_path());
  base::Random random(0);
  SCOPED_TRACE(seeded(random));
  for (int round = 0; round < 2000; ++round) {
    const std::string text = random_text(random, random.chance(0.1) ? 30'000 : 200);
    ask(redis, {"SET", "string", text});
    ASSERT_EQ(ask(redis, {"DUMP", "string"}), dump_of(Type::kString, [&](ValueWriter& value) { value.string(text); }));
  }
  for (int round = 0; round < 200; ++round) {
    ask(redis, {"FLUSHALL"});
    Listpack list;
    Listpack hash;
    Intset set;
    for (std::uint64_t left = 1 + random.below(100); left > 0; --left) {
      const std::string element = random_text(random, 64);
      ask(redis, {"RPUSH", "list", element});
      list.append(element);
      const std::string field = random_text(random, 60);
      if (hash.view().find(field, hash.begin(), 1) == hash.end()) {
        ask(redis, {"HSET", "hash", field, element});
        hash.append({EncodedEntry(field), EncodedEntry(element)});
      }
      const auto member = static_cast<std::int64_t>(random() >> (random.chance(0.9) ? 50 : random.below(64)));
      ask(redis, {"SADD", "set", std::to_string(member)});
      set.insert(member);
    }
    ASSERT_EQ(ask(redis, {"DUMP", "list"}), dump_of(Type::kListOfNodes, [&](ValueWriter& value) {
                value.count(1);
                value.packed_node(list.view().blob());
              }));
    ASSERT_EQ(ask(redis, {"DUMP", "hash"}),
              dump_of(Type::kHashListpack, [&](ValueWriter& value) { value.string(hash.view().blob()); }));
    ASSERT_EQ(ask(redis, {"DUMP", "set"}),
              dump_of(Type::kSetIntset, [&](ValueWriter& value) { value.string(set.view().blob()); }));
  }
}

// Every value type that is written, small and large, with and without expiry.
void write_everything(Writer& writer, base::Random& random) {
  writer.header();
  writer.aux("redis-ver", "7.0.15");
  writer.aux("redis-bits", "64");
  for (const std::uint64_t database : {0, 9}) {
    writer.select_database(database);
    writer.resize(60, 30);
    for (int i = 0; i < 10; ++i) {
      store::rdb::Record record;
      std::string key;
      const auto next = [&](std::string_view kind) -> const store::rdb::Record& {
        key = fmt::format("{}:{}", kind, i);
        record = {.key = key};
        if (i % 2 == 1) record.expires_at_ms = 4'000'000'000'000 + i;
        return record;
      };
      const std::size_t count = 1 + random.below(i < 5 ? 50 : 2000);
      writer.record(next("string"), Type::kString).string(random_text(random, 5000));
      ValueWriter& set = writer.record(next("set"), Type::kSet);
      set.count(count);
      for (std::size_t n = 0; n < count; ++n) set.string(fmt::format("{}-{}", n, random_text(random, 30)));
      ValueWriter& hash = writer.record(next("hash"), Type::kHash);
      hash.count(count);
      for (std::size_t n = 0; n < count; ++n) {
        hash.string(std::to_string(n));
        hash.string(random_text(random, 100));
      }
      ValueWriter& zset = writer.record(next("zset"), Type::kZset);
      zset.count(count);
      for (std::size_t n = count; n-- > 0;) {
        zset.string(fmt::format("member:{}", n));
        zset.score(static_cast<double>(n) / 8 - 3);
      }
      ValueWriter& list = writer.record(next("list"), Type::kListOfNodes);
      list.count(count + 1);
      for (std::size_t n = 0; n < count; ++n) {
        Listpack node;
        for (std::uint64_t left = 1 + random.below(20); left > 0; --left) node.append(random_text(random, 40));
        list.packed_node(node.view().blob());
      }
      list.plain_node(std::string(10'000, 'p'));
      Listpack fields;
      Listpack members;
      Intset integers;
      for (int n = 0; n < 60; ++n) {
        fields.append({EncodedEntry(fmt::format("field:{}", n)), EncodedEntry(random_text(random, 60))});
        members.append(
            {EncodedEntry(fmt::format("m{:03}", n)), EncodedEntry(fmt::format("{}", n / 4 + (n % 2) * 0.5))});
        integers.insert(static_cast<std::int64_t>(random() >> random.below(64)));
      }
      writer.record(next("hash-listpack"), Type::kHashListpack).string(fields.view().blob());
      Listpack sorted;
      for (int n = 0; n < 60; ++n)
        sorted.append({EncodedEntry(fmt::format("m{:03}", n)), EncodedEntry(fmt::format("{}", n * 0.5))});
      writer.record(next("zset-listpack"), Type::kZsetListpack).string(sorted.view().blob());
      writer.record(next("intset"), Type::kSetIntset).string(integers.view().blob());
    }
  }
}

TEST(RedisAndOurs, RedisReadsWhatWeWrite) {
  base::Random random(0);
  SCOPED_TRACE(seeded(random));
  for (const store::rdb::WriterOptions options :
       {store::rdb::WriterOptions{}, {.compress = false, .checksum = false}}) {
    const Folder folder;
    std::string bytes;
    Writer writer(
        [&bytes](std::string_view piece) -> base::Result<void> {
          bytes += piece;
          return {};
        },
        options);
    write_everything(writer, random);
    ASSERT_TRUE(writer.finish());
    std::ofstream(folder.file("weir.rdb"), std::ios::binary) << bytes;

    ASSERT_EQ(std::system(fmt::format("redis-check-rdb {} >/dev/null", folder.file("weir.rdb")).c_str()), 0);

    CheckedDigest ours(0);
    Reader reader(ours);
    ASSERT_EQ(reader.read(bytes, 0).status, Reader::Status::kDone) << reader.error().text();
    EXPECT_EQ(ours.loaded(), 2 * 10 * 8u);

    const RedisServer server({"--dir", folder.path(), "--dbfilename", "weir.rdb", "--enable-debug-command", "yes",
                              "--sanitize-dump-payload", "yes"});
    ASSERT_TRUE(server.running());
    RedisConnection redis(server.socket_path());
    EXPECT_EQ(ask(redis, {"DBSIZE"}), ":80");
    EXPECT_EQ(ask(redis, {"DEBUG", "DIGEST"}), "+" + ours.digest().value());
    EXPECT_EQ(ask(redis, {"OBJECT", "ENCODING", "hash-listpack:1"}), "listpack");
    EXPECT_EQ(ask(redis, {"OBJECT", "ENCODING", "intset:1"}), "intset");
    EXPECT_EQ(ask(redis, {"ZSCORE", "zset-listpack:0", "m007"}), "3.5");
    EXPECT_EQ(ask(redis, {"PEXPIRETIME", "list:3"}), ":4000000000003");
    EXPECT_EQ(ask(redis, {"PEXPIRETIME", "list:2"}), ":-1");
  }
}

TEST(RedisAndOurs, WeReadWhatRedisWrites) {
  const Folder folder;
  const RedisServer server({"--dir", folder.path(), "--dbfilename", "redis.rdb", "--enable-debug-command", "yes",
                            "--maxmemory-policy", "allkeys-lfu"});
  ASSERT_TRUE(server.running());
  RedisConnection redis(server.socket_path());
  base::Random random(0);
  SCOPED_TRACE(seeded(random));
  for (int step = 0; step < 3000; ++step) {
    if (random.chance(0.01)) ask(redis, {"SELECT", std::to_string(random.below(16))});
    const std::string n = std::to_string(random.below(4));
    const std::string text = random_text(random, random.chance(0.05) ? 20'000 : 80);
    switch (random.below(7)) {
      case 0: ask(redis, {"SET", "string" + n, text}); break;
      case 1: ask(redis, {"RPUSH", "list" + n, text}); break;
      case 2: ask(redis, {"SADD", "set" + n, text}); break;
      case 3: ask(redis, {"HSET", "hash" + n, text, random_text(random, 80)}); break;
      case 4: ask(redis, {"ZADD", "zset" + n, fmt::format("{}", random.unit() * 100), text}); break;
      case 5: ask(redis, {"SADD", "integers" + n, std::to_string(random.below(100'000))}); break;
      default: ask(redis, {"PEXPIREAT", "set" + n, "4000000000000"}); break;
    }
  }
  for (int i = 0; i < 3; ++i) ask(redis, {"HSET", "small-hash", std::to_string(i), "v"});
  ask(redis, {"ZADD", "small-zset", "inf", "a", "-1.5", "b", "3", "c"});
  ask(redis, {"FUNCTION", "LOAD", "#!lua name=lib\nredis.register_function('f', function() return 1 end)"});
  ASSERT_EQ(ask(redis, {"SAVE"}), "+OK");

  CheckedDigest ours(0);
  Reader reader(ours);
  ASSERT_EQ(reader.read(read_file(folder.file("redis.rdb")), 0).status, Reader::Status::kDone) << reader.error().text();
  EXPECT_EQ(reader.version(), 10);
  EXPECT_EQ("+" + ours.digest().value(), ask(redis, {"DEBUG", "DIGEST"}));
  EXPECT_EQ(ours.functions(), 1u);
}

}  // namespace
}  // namespace weir::test
