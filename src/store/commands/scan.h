// The arguments and the cursor that SCAN, HSCAN, SSCAN and ZSCAN share.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "store/commands/call.h"
#include "store/commands/glob.h"

namespace weir::store {

struct ScanOptions {
  std::optional<std::string_view> pattern;
  std::optional<std::string_view> type;  // Of SCAN only.
  std::uint64_t count = 10;

  bool matches(std::string_view text) const { return !pattern || matches_glob(*pattern, text); }
};

// Nothing: an error was replied.
std::optional<std::uint64_t> parse_scan_cursor(Call& call, std::string_view text);
// The words from argument `first` on. Nothing: an error was replied.
std::optional<ScanOptions> parse_scan_options(Call& call, std::size_t first, bool with_type);

}  // namespace weir::store
