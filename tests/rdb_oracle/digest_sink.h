// A Sink that computes what Redis's DEBUG DIGEST answers for the same data, without keeping the data: the strongest
// comparison of what was read with what Redis reads. (src/debug.c of Redis 7.0.)
//
// Streams are counted but not digested; digest() then says nothing.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "store/persist/rdb/sink.h"

namespace weir::test {

class DigestSink final : public store::rdb::Sink {
 public:
  using Sha1 = std::array<unsigned char, 20>;

  // Keys that expired before `now_ms` are dropped, as a master that loads does.
  explicit DigestSink(std::int64_t now_ms) : now_ms_(now_ms) {}

  // As DEBUG DIGEST prints it; nothing if there were streams.
  std::optional<std::string> digest() const;
  // Live keys by database.
  const std::map<std::uint64_t, std::uint64_t>& keys() const { return keys_; }
  std::uint64_t loaded() const;
  std::uint64_t expired() const { return expired_; }
  // How many keys the file said it holds.
  std::uint64_t announced() const { return announced_; }
  std::uint64_t functions() const { return functions_; }

  void aux(std::string_view, std::string_view) override {}
  bool select_database(std::uint64_t number) override;
  void resize(std::uint64_t keys, std::uint64_t) override { announced_ += keys; }
  void function(std::string_view) override { ++functions_; }
  bool string(const store::rdb::Record& record, const store::Element& value) override;
  bool packed(const store::rdb::Record& record, store::rdb::Packed form, std::string_view blob) override;
  bool begin(const store::rdb::Record& record, store::rdb::Shape shape, std::uint64_t expected) override;
  void list_element(const store::Element& element) override;
  void list_node(std::string_view listpack) override;
  bool set_member(const store::Element& member) override;
  bool zset_member(const store::Element& member, double score) override;
  bool hash_field(const store::Element& field, const store::Element& value, std::uint64_t expires_at_ms) override;
  void stream_bytes(std::uint8_t, std::string_view) override { streams_ = true; }
  void end() override;

 private:
  void start(const store::rdb::Record& record, store::rdb::Shape shape);
  void start_of_type(const store::rdb::Record& record, std::uint32_t type);
  bool is_new_member(const store::Element& member);

  const std::int64_t now_ms_;
  std::uint64_t database_ = 0;
  std::set<std::string> seen_keys_;
  std::set<std::string> members_;
  Sha1 key_{};
  bool key_expired_ = false;
  bool key_expires_ = false;

  // Of each database, the digests of its keys.
  std::map<std::uint64_t, Sha1> databases_;
  std::map<std::uint64_t, std::uint64_t> keys_;
  std::uint64_t expired_ = 0;
  std::uint64_t announced_ = 0;
  std::uint64_t functions_ = 0;
  bool streams_ = false;
};

}  // namespace weir::test
