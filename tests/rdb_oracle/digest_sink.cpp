#include "tests/rdb_oracle/digest_sink.h"

namespace weir::test {

using store::DigestSink;
using store::Element;
using store::rdb::Packed;
using store::rdb::Record;
using store::rdb::Shape;

std::uint64_t CheckedDigest::loaded() const {
  std::uint64_t sum = 0;
  for (const auto& [database, count] : keys()) sum += count;
  return sum;
}

bool CheckedDigest::counts(std::optional<std::int64_t> expires_at_ms) {
  if (!expires_at_ms || *expires_at_ms > now_ms_) return true;
  ++expired_;
  return false;
}

bool CheckedDigest::select_database(std::uint64_t number) {
  seen_keys_.clear();
  return DigestSink::select_database(number) && number < 16;
}

bool CheckedDigest::string(const Record& record, const Element& value) {
  return DigestSink::string(record, value) && seen_keys_.emplace(record.key).second;
}

bool CheckedDigest::packed(const Record& record, Packed form, std::string_view blob) {
  return DigestSink::packed(record, form, blob) && seen_keys_.emplace(record.key).second;
}

bool CheckedDigest::begin(const Record& record, Shape shape, std::uint64_t expected) {
  members_.clear();
  return DigestSink::begin(record, shape, expected) && seen_keys_.emplace(record.key).second;
}

bool CheckedDigest::is_new_member(const Element& member) {
  Element::Digits digits;
  return members_.emplace(member.text(digits)).second;
}

bool CheckedDigest::set_member(const Element& member) {
  return DigestSink::set_member(member) && is_new_member(member);
}

bool CheckedDigest::zset_member(const Element& member, double score) {
  return DigestSink::zset_member(member, score) && is_new_member(member);
}

bool CheckedDigest::hash_field(const Element& field, const Element& value, std::uint64_t expires_at_ms) {
  return DigestSink::hash_field(field, value, expires_at_ms) && is_new_member(field);
}

}  // namespace weir::test
