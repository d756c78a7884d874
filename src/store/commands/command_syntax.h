// What a command takes, as its row says it in one line and COMMAND DOCS tells it in a tree.
//
//   key value [condition=(NX|XX)@2.6.12] [GET@6.2.0] [expiration=(EX seconds|PX milliseconds|KEEPTTL@6.0.0)]
//
//   syntax   = [item *(" " item)]
//   item     = one | "[" one "]" | "[" one "]..."    optional; or repeated together with its token
//   one      = [token " "] value suffixes            a token, and what follows it
//            | [name "="] token suffixes             a token alone; its name is the token in lower case
//   value    = name [":" type]                       the type, where it does not follow from the name
//            | [name "="] "(" syntax ")"             a block
//            | [name "="] "(" item *("|" item) ")"   one of these
//                                                    the name of both, if none is given: those inside, joined by "_"
//   suffixes = ["#" number] ["@" version] ["~" version] ["..."]
//              which of the row's key specs (of a key: the first, unless said), since when, until when, repeated
//   token    = a word that begins with a capital letter, or anything between quotes
//
// A core; parsed once for each row, when the table is made.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace weir::store {

struct Argument {
  enum class Type : unsigned char {
    kString,
    kInteger,
    kDouble,
    kKey,
    kPattern,
    kUnixTime,
    kPureToken,
    kOneOf,
    kBlock,
  };

  std::string name;
  Type type = Type::kString;
  std::string_view token;  // Empty: none, unless the type is a pure token.
  std::optional<int> key_spec;
  std::string_view since;
  std::string_view deprecated_since;
  bool optional = false;
  bool repeated = false;
  bool repeated_with_token = false;
  std::vector<Argument> arguments;  // Of a block, or to choose one from.
};

// As COMMAND DOCS spells it.
std::string_view to_string(Argument::Type type);

// The error names the place. Requires: the text outlives what is returned.
base::Result<std::vector<Argument>> parse_syntax(std::string_view text);

}  // namespace weir::store
