// One line of comma-separated values (RFC 4180, without line breaks inside fields) as its fields. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace weir::ops {

// Splits `line` (without its line end) into `fields`, whose strings are reused from call to call. A quoted field may
// hold commas and doubled quotes. Rejects a quote inside an unquoted field, text after a closing quote, a quote that is
// never closed.
base::Result<void> split_csv(std::string_view line, std::vector<std::string>& fields);

}  // namespace weir::ops
