#include "client/sql/value.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/assert.h"

namespace weir::client::sql {

using base::Error;
using base::Result;

std::string_view type_name(const Value& value) {
  constexpr std::string_view kNames[] = {"NULL", "integer", "real", "text", "blob"};
  return kNames[value.index()];
}

Result<const Value*> Rows::at(std::size_t row, std::string_view column) const {
  WEIR_ASSERT(row < rows.size());
  const auto found = std::ranges::find(columns, column);
  if (found == columns.end()) return base::reject(fmt::format("the rows have no column '{}'", column));
  return &rows[row][static_cast<std::size_t>(found - columns.begin())];
}

Error Rows::mismatch(std::string_view column, const Value& value) {
  return base::reject(fmt::format("column '{}' holds {} where another type was expected", column, type_name(value)));
}

}  // namespace weir::client::sql
