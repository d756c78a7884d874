// The table of directives: the one source of parsing, CONFIG GET, CONFIG SET and `weir store --help`. A directive that
// is not in the table is refused by name: nothing is accepted and then ignored. A core: text in, values out.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "store/settings/settings.h"

namespace weir::store {

struct Directive {
  std::string_view name;
  std::string_view expects;  // For people: "a port (0 to 65535)".
  std::string_view summary;
  std::string (*get)(const Settings&);
  // Rejects what is not `expects`.
  base::Result<void> (*set)(Settings&, std::span<const std::string_view> values);
  bool changeable = true;  // By CONFIG SET, while the store runs.
  bool secret = false;     // Not shown in logs.
  // A line of a file adds to the ones before it, of which the first replaces the default.
  bool adds_up = false;
  // Not to be changed by clients, because it says which files the store writes.
  bool is_protected = false;
  std::string_view alias_of = {};  // The directive whose older name this is.

  // Each gives the same row with one of the above.
  constexpr Directive fixed() const { return with(&Directive::changeable, false); }
  constexpr Directive hidden() const { return with(&Directive::secret, true); }
  constexpr Directive adding_up() const { return with(&Directive::adds_up, true); }
  constexpr Directive guarded() const { return with(&Directive::is_protected, true); }

 private:
  constexpr Directive with(bool Directive::* column, bool value) const {
    Directive said = *this;
    said.*column = value;
    return said;
  }
};

std::span<const Directive> directives();
// By name, in any case; null if there is none.
const Directive* find_directive(std::string_view name);

// Sets one directive; the error says what was expected.
base::Result<void> set_directive(Settings& settings, std::string_view name, std::span<const std::string_view> values);

}  // namespace weir::store
