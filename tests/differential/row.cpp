#include "tests/differential/row.h"

#include <algorithm>

#include "base/bytes.h"
#include "tests/differential/commands.h"

namespace weir::differential {

namespace {

constexpr std::array<std::string_view, kFamilies> kFamilyNames = {
    "string", "bitmap", "hyperloglog", "list",        "set",        "hash",  "sorted-set",
    "geo",    "keys",   "expiry",      "transaction", "connection", "server"};

}  // namespace

std::string_view to_string(Family family) { return kFamilyNames[static_cast<std::size_t>(family)]; }

std::optional<Family> parse_family(std::string_view name) {
  const auto* const found = std::ranges::find(kFamilyNames, name);
  if (found == kFamilyNames.end()) return std::nullopt;
  return static_cast<Family>(found - kFamilyNames.begin());
}

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::kOk: return "ok";
    case Outcome::kNil: return "nil";
    case Outcome::kWrongType: return "wrong type";
    case Outcome::kSyntax: return "syntax";
    case Outcome::kArity: return "arity";
    case Outcome::kOtherError: return "other error";
  }
  return "invalid";
}

bool Row::possible(Outcome outcome) const {
  return std::ranges::none_of(
      kReasons, [&](const Reason& reason) { return (never & reason.never) != 0 && reason.outcome == outcome; });
}

std::string Row::command_name() const {
  std::string lower = base::to_lower(name);
  std::ranges::replace(lower, ' ', '|');
  return lower;
}

bool is_name(std::span<const std::string> words, std::string_view name) {
  return !words.empty() && base::equal_ignoring_case(words[0], name);
}

std::span<const Row> all_rows() {
  static const std::vector<Row> rows = [] {
    std::vector<Row> all;
    for (const auto part : {text_rows(), collection_rows(), sorted_rows(), key_rows(), server_rows()}) {
      all.insert(all.end(), part.begin(), part.end());
    }
    return all;
  }();
  return rows;
}

}  // namespace weir::differential
