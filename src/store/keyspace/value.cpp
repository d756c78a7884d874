#include "store/keyspace/value.h"

#include <cstring>
#include <new>

namespace weir::store {

namespace {

struct KindTraits {
  std::uint8_t bytes = 0;
  void (*destroy)(void* object) = [](void*) {};
  void (*copy)(const void* from, void* to) = [](const void*, void*) {};
  std::size_t (*effort)(const void* object) = [](const void*) { return std::size_t{0}; };
  std::string_view (*encoding)(const void* object) = [](const void*) { return std::string_view(); };
  std::size_t (*footprint)(const void* object, std::size_t samples) = [](const void*, std::size_t) {
    return std::size_t{0};
  };
};

template <typename T>
constexpr KindTraits traits_of() {
  static_assert(sizeof(T) % 8 == 0 && sizeof(T) < 256 && alignof(T) <= 8);
  return {.bytes = sizeof(T),
          .destroy = [](void* object) { static_cast<T*>(object)->~T(); },
          .copy = [](const void* from, void* to) { new (to) T(static_cast<const T*>(from)->copy()); },
          .effort = [](const void* object) { return static_cast<const T*>(object)->free_effort(); },
          .encoding = [](const void* object) { return static_cast<const T*>(object)->encoding(); },
          .footprint = [](const void* object,
                          std::size_t samples) { return static_cast<const T*>(object)->footprint(samples); }};
}

constexpr KindTraits integer_traits() {
  KindTraits traits{.bytes = sizeof(std::int64_t)};
  traits.copy = [](const void* from, void* to) { std::memcpy(to, from, sizeof(std::int64_t)); };
  return traits;
}

constexpr KindTraits kNotYet = {};

// In the order of ValueKind.
constexpr std::array<KindTraits, kValueKindCount> kValueKinds = {
    integer_traits(),           // kInteger
    KindTraits{},               // kInline: in the entry, behind the key.
    traits_of<StringBuffer>(),  // kBuffer
    traits_of<List>(),          // kList
    traits_of<Set>(),           // kSet
    traits_of<Hash>(),          // kHash
    traits_of<SortedSet>(),     // kSortedSet
    kNotYet,                    // kStream
};

constexpr bool sizes_agree() {
  for (std::size_t i = 0; i < kValueKindCount; ++i) {
    if (kValueKinds[i].bytes != kObjectBytes[i]) return false;
  }
  return true;
}
static_assert(sizes_agree());

const KindTraits& traits_of(ValueKind kind) { return kValueKinds[static_cast<std::size_t>(kind)]; }

}  // namespace

std::string_view type_name(ValueType type) {
  constexpr std::array<std::string_view, 6> kNames = {"string", "list", "set", "hash", "zset", "stream"};
  return kNames[static_cast<std::size_t>(type)];
}

std::string_view encoding_name(ValueKind kind, const void* object) { return traits_of(kind).encoding(object); }
void destroy_object(ValueKind kind, void* object) { traits_of(kind).destroy(object); }
std::size_t free_effort(ValueKind kind, const void* object) { return traits_of(kind).effort(object); }

void copy_object(ValueKind kind, const void* from, void* to) { traits_of(kind).copy(from, to); }
std::size_t object_footprint(ValueKind kind, const void* object, std::size_t samples) {
  return traits_of(kind).footprint(object, samples);
}

namespace {

template <typename Act>
void with_members(ValueKind kind, const void* object, Act&& act) {
  switch (kind) {
    case ValueKind::kSet: return act(*static_cast<const Set*>(object));
    case ValueKind::kHash: return act(*static_cast<const Hash*>(object));
    case ValueKind::kSortedSet: return act(*static_cast<const SortedSet*>(object));
    default: return;
  }
}

}  // namespace

void prefetch_member_bucket(ValueKind kind, const void* object, std::uint64_t hash) {
  with_members(kind, object, [hash](const auto& value) { value.prefetch_bucket(hash); });
}
void prefetch_member(ValueKind kind, const void* object, std::uint64_t hash) {
  with_members(kind, object, [hash](const auto& value) { value.prefetch_item(hash); });
}

}  // namespace weir::store
