// DigestSink: what Redis's DEBUG DIGEST answers for the data that it is given, without keeping the data: equal digests
// mean equal data, here and in a redis-server (src/debug.c of Redis 7.0; the keys of a database and the members of a
// set, hash or sorted set may come in any order).
//
// A core, one owner. Streams are not digested yet: digest() says nothing once there was one.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/sha1.h"
#include "store/persist/rdb/sink.h"

namespace weir::store {

class DigestSink : public rdb::Sink {
 public:
  enum class Of : unsigned char {
    kKeys,    // Names and values: DEBUG DIGEST.
    kValues,  // What stands under the names: DEBUG DIGEST-VALUE.
  };
  explicit DigestSink(Of of = Of::kKeys) : of_(of) {}

  // As DEBUG DIGEST prints it.
  std::optional<std::string> digest() const;
  // Of the last key alone.
  const base::Sha1& last_key() const { return key_; }
  // Keys by database; databases without any are left out.
  const std::map<std::uint64_t, std::uint64_t>& keys() const { return keys_; }

  void aux(std::string_view, std::string_view) override {}
  bool select_database(std::uint64_t number) override;
  void resize(std::uint64_t, std::uint64_t) override {}
  void function(std::string_view) override {}
  bool string(const rdb::Record& record, const Element& value) override;
  bool packed(const rdb::Record& record, rdb::Packed form, std::string_view blob) override;
  bool begin(const rdb::Record& record, rdb::Shape shape, std::uint64_t expected) override;
  void list_element(const Element& element) override;
  void list_node(std::string_view listpack) override;
  bool set_member(const Element& member) override;
  bool zset_member(const Element& member, double score) override;
  bool hash_field(const Element& field, const Element& value, std::uint64_t expires_at_ms) override;
  void stream_bytes(std::uint8_t, std::string_view) override { streams_ = true; }
  void end() override;

 protected:
  // Whether the key that just ended belongs to the data.
  virtual bool counts(std::optional<std::int64_t> /*expires_at_ms*/) { return true; }

 private:
  void start(const rdb::Record& record, rdb::Shape shape);
  void start_of_type(const rdb::Record& record, std::uint32_t type);

  const Of of_;
  std::uint64_t database_ = 0;
  // The key that is being read.
  base::Sha1 key_{};
  std::optional<std::int64_t> expires_at_ms_;

  // Of each database, the digests of its keys.
  std::map<std::uint64_t, base::Sha1> databases_;
  std::map<std::uint64_t, std::uint64_t> keys_;
  bool streams_ = false;
};

}  // namespace weir::store
