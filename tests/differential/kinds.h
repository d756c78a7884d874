// Kinds: what an argument of a command is, and how to draw a good one and a bad one.
//
// The pools are small, so that keys and members collide; and no value depends on the clock: an expiry is a decade away
// or clearly past, since a key that expires during the run would be there on one server and gone on the other. For the
// same reason no bad value may be a small positive time, and none may ask for hundreds of megabytes.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "tests/differential/row.h"

namespace weir::differential {

class Generator;

// What a generator wants to come of the command that it is drawing.
enum class Intent : unsigned char { kValid, kNil, kWrongType, kSyntax, kArity, kOtherError };

// What kinds know of the command being drawn, and tell about it.
struct Draft {
  base::Random& random;
  Generator& generator;
  Family family;
  Intent intent;
  bool blocked = false;  // Timeouts wait for ever.

  std::vector<std::string> words;
  std::vector<std::string> keys;  // All that were drawn.
  std::size_t numkeys = 1;        // The latest, for WEIGHTS.
  bool expires_at_once = false;   // A time in the past was drawn.

  std::string_view pick(std::span<const std::string_view> from) { return from[random.below(from.size())]; }
  void add(std::string_view word) { words.emplace_back(word); }
};

struct Kind {
  std::string_view name;
  void (*draw)(Draft&);                          // Appends one or more words.
  std::span<const std::string_view> wrong = {};  // Each replaces the first word; empty: every word is a good one.
};

const Kind* find_kind(std::string_view name);

// Every key that a command may create, for the checks of the whole state.
std::span<const std::string_view> all_keys();

// The settings that CONFIG rows change, and values that they may take.
struct Directive {
  std::string_view name;
  std::span<const std::string_view> values;
};
std::span<const Directive> all_directives();

inline constexpr unsigned kDatabases = 3;

}  // namespace weir::differential
