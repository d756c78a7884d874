// Who is told of what the keyspace removes by itself, and who frees what is large.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "store/keyspace/value.h"

namespace weir::store {

struct Contents;

enum class RemovalReason : unsigned char { kExpired, kEvicted };

// Told by the keyspace of every key that it removed by itself, after it is gone; `key` is valid during the call.
class RemovalListener {
 public:
  virtual void on_removed(std::size_t database, std::string_view key, RemovalReason reason) = 0;

 protected:
  ~RemovalListener() = default;
};

// A value that left its entry, so that it can be freed elsewhere.
class DetachedValue {
 public:
  DetachedValue() = default;
  // Takes over the object; its bytes in the entry are dead afterwards.
  DetachedValue(ValueKind kind, const void* object);
  DetachedValue(DetachedValue&& other) noexcept;
  DetachedValue& operator=(DetachedValue&& other) noexcept;
  ~DetachedValue();

 private:
  static constexpr std::size_t kMaxObjectBytes = 64;

  ValueKind kind_ = ValueKind::kInline;
  alignas(8) std::byte object_[kMaxObjectBytes] = {};
};

// Frees what takes long, best on another thread. The core's own does it at once.
class Disposer {
 public:
  virtual void dispose(DetachedValue) {}
  virtual void dispose(std::unique_ptr<Contents>);
  // What was handed over and is not freed yet.
  virtual std::size_t pending() const { return 0; }
  // Returns when nothing is pending: for who cannot go on without that memory.
  virtual void settle() {}

 protected:
  ~Disposer() = default;
};

}  // namespace weir::store
