// The answers that the gateway gives itself, as problem+json (RFC 9457). A core.
#pragma once

#include <string>
#include <string_view>

#include "gateway/core/rewrite.h"

namespace weir::gateway {

// A whole response. 503 carries Retry-After. To HEAD without its body.
void append_problem(std::string& to, int status, std::string_view detail, const ClientSide& client);

}  // namespace weir::gateway
