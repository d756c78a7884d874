// Loader: puts what an RDB file or a DUMP payload holds into a keyspace: the mirror image of entry_source.h, and the
// one place that knows how each kind of value is made from what was saved.
//
// Blobs are adopted as they are if the settings let such a value be packed, else taken apart. What the store does not
// keep (streams, functions) is refused with refusal(), never dropped.
//
// Strings are put in place some keys later, in batches whose places were asked for ahead: settle() before the data is
// looked at. Data thread only, no time in it but the one
// given.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "store/keyspace/keyspace.h"
#include "store/persist/rdb/sink.h"
#include "store/settings/settings.h"

namespace weir::store {

class Loader final : public rdb::Sink {
 public:
  struct Options {
    UnixMs now = 0;
    // Keys that expired before `now` are dropped, as on a master.
    bool drops_expired = true;
    // A key that is there already is replaced; else the file is refused.
    bool replaces = false;
  };

  // Both must outlive this.
  Loader(Keyspace& keyspace, const Settings& settings, const Options& options)
      : keyspace_(keyspace), settings_(settings), options_(options) {}

  // Why the file is refused though its bytes are right; empty: it is not. Asked after every read of the reader.
  const std::string& refusal() const { return refusal_; }
  // Puts all that came where it belongs. False: a key was there already, and refusal() says so.
  bool settle();
  std::uint64_t loaded() const { return loaded_; }
  std::uint64_t expired() const { return expired_; }

  void aux(std::string_view, std::string_view) override {}
  bool select_database(std::uint64_t number) override;
  void resize(std::uint64_t keys, std::uint64_t with_expiry) override;
  void function(std::string_view library) override;
  bool string(const rdb::Record& record, const Element& value) override;
  bool packed(const rdb::Record& record, rdb::Packed form, std::string_view blob) override;
  bool begin(const rdb::Record& record, rdb::Shape shape, std::uint64_t expected) override;
  void list_element(const Element& element) override;
  void list_node(std::string_view listpack) override;
  bool set_member(const Element& member) override;
  bool zset_member(const Element& member, double score) override;
  bool hash_field(const Element& field, const Element& value, std::uint64_t expires_at_ms) override;
  void stream_bytes(std::uint8_t, std::string_view) override {}
  void end() override;

 private:
  // Long enough for memory to answer, short enough for the lines to be kept.
  static constexpr std::size_t kBatch = 16;

  bool has_expired(const rdb::Record& record);
  bool is_taken(const Key& key);
  Database& database() { return keyspace_.database(database_); }
  // What is said about the key besides its value.
  void set_access(const rdb::Record& record, Entry& entry);
  Hash::Limits hash_limits() const;
  SortedSet::Limits sorted_set_limits() const;
  // The value is whole: under its key.
  template <typename T>
  bool keep(const rdb::Record& record, T&& value);

  Keyspace& keyspace_;
  const Settings& settings_;
  const Options options_;
  std::size_t database_ = 0;
  std::string refusal_;
  std::uint64_t loaded_ = 0;
  std::uint64_t expired_ = 0;
  // Strings that are not in their place yet.
  struct Prepared {
    Entry* entry;
    std::uint64_t hash;
  };
  std::array<Prepared, kBatch> batch_;
  std::size_t batched_ = 0;
  // The value that comes piece by piece, and whose it is.
  std::string key_;
  rdb::Record record_;
  std::variant<std::monostate, List, Set, Hash, SortedSet> value_;
};

}  // namespace weir::store
