// Where the keys of a request stand, by the table alone: for COMMAND GETKEYS, and later ACL and cluster slots.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "store/commands/command.h"

namespace weir::store {

// What a row says about its keys: its own specs, or the one that follows from its range.
class KeySpecs {
 public:
  explicit KeySpecs(const CommandSpec& spec);
  std::span<const KeySpec> all() const {
    return spec_.key_specs.empty() ? std::span(&ranged_, count_) : spec_.key_specs;
  }

 private:
  const CommandSpec& spec_;
  KeySpec ranged_;
  std::size_t count_;
};

// Whether the command can have keys at all; names of channels are none.
bool has_keys(const CommandSpec& spec);

enum class KeysFound : unsigned char {
  kFound,
  kMalformed
};  // kMalformed: a count of keys is no number or too large, or keys are missing.

// Requires: spec.accepts(arguments.size()).
KeysFound find_keys(const CommandSpec& spec, std::span<const std::string_view> arguments,
                    std::vector<KeyPosition>& found);

// For rows whose specs cannot say it; CommandSpec::find_keys. SET only writes its key, unless it has the option GET.
bool find_keys_of_set(std::span<const std::string_view> arguments, std::vector<KeyPosition>& found);
// BITFIELD only reads its key when all its operations are GET.
bool find_keys_of_bitfield(std::span<const std::string_view> arguments, std::vector<KeyPosition>& found);
// SORT writes the key behind STORE; the last one, if there are several.
bool find_keys_of_sort(std::span<const std::string_view> arguments, std::vector<KeyPosition>& found);

}  // namespace weir::store
