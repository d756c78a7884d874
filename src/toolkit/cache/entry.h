// How a cached value stands in the store, and what a reply of the store means to the cache. The deciding half of the
// cache: no socket, no clock; cache.h does what is decided here.
//
//   '+' value    the value
//   '-'          it was looked for, and is not there
//
// Whatever else stands under the key (nothing at all, another first byte) is no entry: it reads as a miss and is
// overwritten, so that a later form and an earlier process do each other no harm.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/random.h"
#include "base/time.h"
#include "wire/resp/value.h"

namespace weir::toolkit {

// Nothing: a value that is known not to be there.
std::string encode_entry(const std::optional<std::string>& value);

// Where an answer came from.
enum class Source : unsigned char {
  kHit,     // The store had it.
  kMiss,    // The store had it not; it was loaded, and put there.
  kBypass,  // The store could not be asked; it was loaded.
};

// "hit", "miss", "bypass".
std::string_view to_string(Source source);

struct Lookup {
  Source source;
  std::optional<std::string> value = {};  // Of kHit.
};

// What the outcome of a GET says.
Lookup judge_lookup(base::Result<wire::resp::Value> reply);

// Uniform in [expiry * (1 - share), expiry], so that what was stored together does not expire together, and nothing is
// kept longer than `expiry`. At least 1 ms, because 0 is no expiry to the store. Requires: 0 <= share <= 1.
std::chrono::milliseconds jittered(base::Duration expiry, double share, base::Random& random);

}  // namespace weir::toolkit
