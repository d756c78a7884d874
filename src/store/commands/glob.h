// Redis's glob patterns: * ? [abc] [^a-z] and \ before a byte taken for itself. Pure; linear in the text for each star
// (a later star gives up the earlier ones), so that no pattern is exponential.
#pragma once

#include <string_view>

namespace weir::store {

bool matches_glob(std::string_view pattern, std::string_view text, bool ignore_case = false);

}  // namespace weir::store
