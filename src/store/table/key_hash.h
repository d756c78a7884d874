// The hash of keys, fields and members: keyed by a secret of this process, so that nobody can choose keys that collide.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/siphash.h"

namespace weir::store {

// Fixed for the process: drawn at its start, or set before the first table is filled (a simulation's seed decides the
// order of SCAN too).
extern base::SipKey key_hash_secret;

inline std::uint64_t hash_key(std::string_view bytes) { return base::siphash13(key_hash_secret, bytes); }

}  // namespace weir::store
