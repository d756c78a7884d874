// Sinks that write what they are handed in the RDB format: into a file, or as one DUMP payload. They take what
// hand_over() gives (entry_source.h), whose counts are exact. Cores, one owner.
#pragma once

#include <optional>
#include <string>

#include "store/persist/rdb/dump.h"
#include "store/persist/rdb/sink.h"
#include "store/persist/rdb/writer.h"

namespace weir::store {

class WritingSink : public rdb::Sink {
 public:
  bool string(const rdb::Record& record, const Element& value) override;
  bool packed(const rdb::Record& record, rdb::Packed form, std::string_view blob) override;
  bool begin(const rdb::Record& record, rdb::Shape shape, std::uint64_t count) override;
  void list_element(const Element& element) override;
  void list_node(std::string_view listpack) override { value_->packed_node(listpack); }
  bool set_member(const Element& member) override;
  bool zset_member(const Element& member, double score) override;
  bool hash_field(const Element& field, const Element& value, std::uint64_t expires_at_ms) override;
  void stream_bytes(std::uint8_t type, std::string_view bytes) override;
  void end() override {}

 protected:
  // Writes all that comes before the value, and says what the value goes to.
  virtual rdb::ValueWriter& open(const rdb::Record& record, rdb::Type type) = 0;

 private:
  rdb::ValueWriter* value_ = nullptr;  // Between begin() and end().
};

// Databases in any order and again and again, as a snapshot hands over what is about to change.
class FileSink final : public WritingSink {
 public:
  // The writer must outlive this, and has its header.
  explicit FileSink(rdb::Writer& writer) : writer_(writer) {}

  void aux(std::string_view name, std::string_view value) override { writer_.aux(name, value); }
  bool select_database(std::uint64_t number) override;
  void resize(std::uint64_t keys, std::uint64_t with_expiry) override { writer_.resize(keys, with_expiry); }
  void function(std::string_view library) override { writer_.function(library); }

 private:
  rdb::ValueWriter& open(const rdb::Record& record, rdb::Type type) override { return writer_.record(record, type); }

  rdb::Writer& writer_;
};

class DumpSink final : public WritingSink {
 public:
  explicit DumpSink(bool compress) : compress_(compress) {}

  // Requires: one value was handed over.
  std::string payload() { return dump_->finish(); }

  void aux(std::string_view, std::string_view) override {}
  bool select_database(std::uint64_t) override { return true; }
  void resize(std::uint64_t, std::uint64_t) override {}
  void function(std::string_view) override {}

 private:
  rdb::ValueWriter& open(const rdb::Record& record, rdb::Type type) override;

  const bool compress_;
  std::optional<rdb::DumpWriter> dump_;
};

}  // namespace weir::store
