// The rows of the table, file by file; row.cpp joins them.
#pragma once

#include <span>

#include "tests/differential/row.h"

namespace weir::differential {

std::span<const Row> text_rows();
std::span<const Row> collection_rows();
std::span<const Row> sorted_rows();
std::span<const Row> key_rows();
std::span<const Row> server_rows();

// Reasons that often stand together.
inline constexpr unsigned kPlainText = kNoOptions | kNothingElse;
inline constexpr unsigned kCounts = kNeverNil | kNoOptions | kNothingElse;

}  // namespace weir::differential
