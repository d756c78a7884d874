// What a file holds by the strictest measure: its digest (store/persist/image/digest_sink.h), how many keys are live at
// a moment, and whether any key or member comes twice.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "store/persist/image/digest_sink.h"

namespace weir::test {

class CheckedDigest final : public store::DigestSink {
 public:
  // Keys that expired before `now_ms` are dropped, as a master that loads does.
  explicit CheckedDigest(std::int64_t now_ms) : now_ms_(now_ms) {}

  std::uint64_t loaded() const;
  std::uint64_t expired() const { return expired_; }
  // How many keys the file said it holds.
  std::uint64_t announced() const { return announced_; }
  std::uint64_t functions() const { return functions_; }

  bool select_database(std::uint64_t number) override;
  void resize(std::uint64_t keys, std::uint64_t) override { announced_ += keys; }
  void function(std::string_view) override { ++functions_; }
  bool string(const store::rdb::Record& record, const store::Element& value) override;
  bool packed(const store::rdb::Record& record, store::rdb::Packed form, std::string_view blob) override;
  bool begin(const store::rdb::Record& record, store::rdb::Shape shape, std::uint64_t expected) override;
  bool set_member(const store::Element& member) override;
  bool zset_member(const store::Element& member, double score) override;
  bool hash_field(const store::Element& field, const store::Element& value, std::uint64_t expires_at_ms) override;

 private:
  bool counts(std::optional<std::int64_t> expires_at_ms) override;
  bool is_new_member(const store::Element& member);

  const std::int64_t now_ms_;
  std::set<std::string> seen_keys_;
  std::set<std::string> members_;
  std::uint64_t expired_ = 0;
  std::uint64_t announced_ = 0;
  std::uint64_t functions_ = 0;
};

}  // namespace weir::test
