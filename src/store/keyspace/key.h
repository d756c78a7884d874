// Key: a key's bytes with their hash, so that a command that looks twice hashes once. Made from the bytes wherever a
// key is asked for. Does not own the bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "store/table/key_hash.h"

namespace weir::store {

class Key {
 public:
  Key(std::string_view key) : bytes(key), hash(hash_key(key)) {}  // NOLINT(google-explicit-constructor)
  Key(const std::string& key) : Key(std::string_view(key)) {}     // NOLINT(google-explicit-constructor)
  Key(const char* key) : Key(std::string_view(key)) {}            // NOLINT(google-explicit-constructor)
  // Requires: hash == hash_key(key).
  Key(std::string_view key, std::uint64_t its_hash) : bytes(key), hash(its_hash) {}

  std::string_view bytes;
  std::uint64_t hash;
};

}  // namespace weir::store
