// The names of all directives of Redis 7.0, so that one which the store does not have is told from one that nobody has.
#pragma once

#include <string_view>

namespace weir::store {

// In any case.
bool is_redis_directive(std::string_view name);

}  // namespace weir::store
