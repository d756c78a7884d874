// Chunks: what a snapshot copies out of the keyspace, in blocks of about a megabyte, so that another thread can encode
// and write it. Copying is all that the data thread does for a snapshot: no compression, no checksum, no system call.
//
//   piece   | op (1) | flags (1) | fields of fixed size, then the bytes that their lengths announce |
//
// A chunk holds whole pieces, in the order of the calls to ChunkSink; replay() makes the same calls again. It lives for
// milliseconds and never leaves the process: nothing in it is checked, and numbers are in the machine's order.
// Cores. A chunk has one owner, who may hand it to another thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "store/persist/rdb/sink.h"

namespace weir::store {

class Chunk {
 public:
  // What most chunks have. One with a larger piece has room for that piece.
  static constexpr std::size_t kBytes = 1 << 20;

  Chunk() = default;
  explicit Chunk(std::size_t capacity) : bytes_(new char[capacity]), capacity_(capacity) {}

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  std::string_view view() const { return {bytes_.get(), size_}; }
  std::size_t room() const { return capacity_ - size_; }
  // Requires: room() >= count. The caller fills all of it.
  char* take(std::size_t count) {
    char* const at = bytes_.get() + size_;
    size_ += count;
    return at;
  }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_ = 0;
  std::size_t size_ = 0;
};

// Where full chunks go.
class ChunkTarget {
 public:
  virtual void on_chunk(Chunk chunk) = 0;

 protected:
  ~ChunkTarget() = default;
};

// Takes what hand_over() gives (entry_source.h).
class ChunkSink final : public rdb::Sink {
 public:
  explicit ChunkSink(ChunkTarget& target) : target_(target) {}

  // Hands on what is not full yet. The last call, or there may be more.
  void flush();

  void aux(std::string_view name, std::string_view value) override;
  bool select_database(std::uint64_t number) override;
  void resize(std::uint64_t keys, std::uint64_t with_expiry) override;
  void function(std::string_view library) override;
  bool string(const rdb::Record& record, const Element& value) override;
  bool packed(const rdb::Record& record, rdb::Packed form, std::string_view blob) override;
  bool begin(const rdb::Record& record, rdb::Shape shape, std::uint64_t count) override;
  void list_element(const Element& element) override;
  void list_node(std::string_view listpack) override;
  bool set_member(const Element& member) override;
  bool zset_member(const Element& member, double score) override;
  bool hash_field(const Element& field, const Element& value, std::uint64_t expires_at_ms) override;
  void stream_bytes(std::uint8_t type, std::string_view bytes) override;
  void end() override;

 private:
  char* take(std::size_t count);

  ChunkTarget& target_;
  Chunk chunk_;
};

// Requires: `chunk` was filled by a ChunkSink.
void replay(std::string_view chunk, rdb::Sink& to);

}  // namespace weir::store
