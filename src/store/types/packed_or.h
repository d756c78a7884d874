// PackedOr: one word that owns a collection in one of its two forms: packed into a blob while it is small, an object
// of its own when it is large. The lowest bit tells which.
//
//   | pointer to the blob ........... 0 |        a Packed is one pointer to such a blob, and nothing else
//   | pointer to the Large .......... 1 |        on the Heap
//
// A collection grows from the one form into the other and never back. Relocatable as bytes. One owner, one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <utility>

#include "store/memory/heap.h"

namespace weir::store {

// `Packed` is relocatable as bytes, and after a move from it its word is zero, which needs no destruction.
template <typename Packed, typename Large>
class PackedOr {
  static_assert(sizeof(Packed) == sizeof(std::uintptr_t) && alignof(Large) <= 16);

 public:
  PackedOr() : PackedOr(Packed()) {}
  explicit PackedOr(Packed&& packed) { new (bytes_) Packed(std::move(packed)); }
  explicit PackedOr(Large&& large) { hold(std::move(large)); }
  PackedOr(PackedOr&& other) noexcept {
    std::memcpy(bytes_, other.bytes_, sizeof bytes_);
    other.set_word(0);
  }
  PackedOr& operator=(PackedOr&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~PackedOr() { destroy(); }

  bool is_packed() const { return (word() & kLarge) == 0; }
  // Requires: is_packed().
  Packed& packed() { return *std::launder(reinterpret_cast<Packed*>(bytes_)); }
  const Packed& packed() const { return *std::launder(reinterpret_cast<const Packed*>(bytes_)); }
  // Requires: !is_packed().
  Large& large() { return *reinterpret_cast<Large*>(word() & ~kLarge); }
  const Large& large() const { return *reinterpret_cast<const Large*>(word() & ~kLarge); }

  // The packed form is gone afterwards.
  Large& become(Large&& large) {
    destroy();
    hold(std::move(large));
    return this->large();
  }

 private:
  static constexpr std::uintptr_t kLarge = 1;

  std::uintptr_t word() const {
    std::uintptr_t word = 0;
    std::memcpy(&word, bytes_, sizeof word);
    return word;
  }
  void set_word(std::uintptr_t word) { std::memcpy(bytes_, &word, sizeof word); }
  void hold(Large&& large) {
    set_word(reinterpret_cast<std::uintptr_t>(new (Heap::allocate(sizeof(Large))) Large(std::move(large))) | kLarge);
  }
  void destroy() {
    if (is_packed()) {
      packed().~Packed();
    } else {
      Large* const object = &large();
      object->~Large();
      Heap::release(object);
    }
  }

  alignas(std::uintptr_t) std::byte bytes_[sizeof(std::uintptr_t)];
};

}  // namespace weir::store
