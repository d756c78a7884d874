#include "store/persist/image/loader.h"

#include <fmt/format.h>

#include "base/bytes.h"

namespace weir::store {

using rdb::Packed;
using rdb::Record;
using rdb::Shape;

namespace {

constexpr UnixMs kBeforeAll = std::numeric_limits<UnixMs>::min();

}  // namespace

bool Loader::select_database(std::uint64_t number) {
  if (number >= keyspace_.size() || !settle()) return false;
  database_ = static_cast<std::size_t>(number);
  return true;
}

void Loader::function(std::string_view) {
  if (refusal_.empty()) refusal_ = "a function library, which this store cannot run";
}

// Counts it.
bool Loader::has_expired(const Record& record) {
  const bool expired = options_.drops_expired && record.expires_at_ms && *record.expires_at_ms < options_.now;
  if (expired) ++expired_;
  return expired;
}

// A key that expired meanwhile is there for this purpose.
bool Loader::is_taken(const Key& key) { return !options_.replaces && database().peek(key, kBeforeAll) != nullptr; }

void Loader::set_access(const Record& record, Entry& entry) {
  const AccessClock& clock = keyspace_.context().access;
  if (clock.lfu && record.frequency) entry.set_access(clock.of_frequency(*record.frequency));
  if (!clock.lfu && record.idle_seconds) entry.set_access(clock.of_idle_seconds(*record.idle_seconds));
}

bool Loader::string(const Record& record, const Element& value) {
  if (has_expired(record)) return true;
  const Key key(record.key);
  Entry& entry = database().prepare_string(key, value, record.expires_at_ms);
  set_access(record, entry);
  batch_[batched_++] = {.entry = &entry, .hash = key.hash};
  return batched_ < kBatch || settle();
}

bool Loader::settle() {
  const std::size_t count = std::exchange(batched_, 0);
  std::size_t placed = 0;
  for (std::size_t i = 0; i < count; ++i) {
    placed += database().place_prepared(*batch_[i].entry, batch_[i].hash, options_.replaces);
  }
  loaded_ += placed;
  if (placed < count && refusal_.empty()) refusal_ = "a key that is there already";
  return placed == count;
}

void Loader::resize(std::uint64_t keys, std::uint64_t) {
  if (settle()) database().reserve(static_cast<std::size_t>(keys));
}

Hash::Limits Loader::hash_limits() const {
  return {.entries = settings_.hash_max_listpack_entries, .text_bytes = settings_.hash_max_listpack_value_bytes};
}

SortedSet::Limits Loader::sorted_set_limits() const {
  return {.entries = settings_.zset_max_listpack_entries, .text_bytes = settings_.zset_max_listpack_value_bytes};
}

template <typename T>
bool Loader::keep(const Record& record, T&& value) {
  if (!settle()) return false;
  if (has_expired(record)) return true;
  const Key key(record.key);
  if (is_taken(key)) return false;
  database().set_object(key, std::move(value), record.expires_at_ms);
  ++loaded_;
  if (record.idle_seconds || record.frequency) set_access(record, *database().find_for_write(key, kBeforeAll));
  return true;
}

bool Loader::packed(const Record& record, Packed form, std::string_view blob) {
  switch (form) {
    case Packed::kHashListpack: return keep(record, Hash(Listpack(blob), hash_limits()));
    case Packed::kIntset: return keep(record, Set(Intset(blob), settings_.set_max_intset_entries));
    case Packed::kZsetListpack: {
      auto set = SortedSet::adopt(Listpack(blob), sorted_set_limits());
      return set && keep(record, std::move(*set));
    }
  }
  return false;
}

bool Loader::begin(const Record& record, Shape shape, std::uint64_t expected) {
  key_ = record.key;
  record_ = record;
  record_.key = key_;
  if (!settle() || is_taken(Key(key_))) return false;
  switch (shape) {
    case Shape::kHash: value_.emplace<Hash>().expect(expected, hash_limits()); return true;
    case Shape::kSet: value_.emplace<Set>().expect(expected, settings_.set_max_intset_entries); return true;
    case Shape::kZset: value_.emplace<SortedSet>(SortedSet::to_be_loaded()); return true;
    case Shape::kList: value_.emplace<List>(settings_.list_max_listpack_size); return true;
    case Shape::kStream: refusal_ = "a stream, which this store cannot keep yet"; return false;
  }
  return false;
}

void Loader::list_element(const Element& element) {
  if (element.bytes.size() > List::kMaxElementBytes) {
    if (refusal_.empty()) refusal_ = "an element of a list that is longer than this store can keep";
    return;
  }
  std::get<List>(value_).push_back(EncodedEntry(element));
}

void Loader::list_node(std::string_view listpack) {
  const ListpackView view(listpack);
  if (listpack.size() > Listpack::kMaxBytes) {
    for (const Element& element : view) list_element(element);
    return;
  }
  const std::size_t around = ListpackView::kHeaderBytes + 1;
  std::get<List>(value_).append_node(listpack.substr(ListpackView::kHeaderBytes, listpack.size() - around),
                                     view.count());
}

bool Loader::set_member(const Element& member) {
  return std::get<Set>(value_).insert(SoughtMember(member), settings_.set_max_intset_entries);
}

bool Loader::zset_member(const Element& member, double score) {
  Element::Digits digits;
  return std::get<SortedSet>(value_).add(member.text(digits), score, {.only_new = true}, sorted_set_limits()).outcome ==
         SortedSet::Outcome::kAdded;
}

bool Loader::hash_field(const Element& field, const Element& value, std::uint64_t expires_at_ms) {
  if (expires_at_ms != 0 && refusal_.empty()) refusal_ = "a hash field with an expiry, which this store cannot keep";
  Element::Digits field_digits;
  Element::Digits value_digits;
  return std::get<Hash>(value_).set(field.text(field_digits), value.text(value_digits), hash_limits());
}

void Loader::end() {
  if (auto* set = std::get_if<SortedSet>(&value_)) set->settle(sorted_set_limits());
  std::visit(
      [this]<typename T>(T& value) {
        if constexpr (!std::is_same_v<T, std::monostate>) keep(record_, std::move(value));
      },
      value_);
  value_.emplace<std::monostate>();
}

}  // namespace weir::store
