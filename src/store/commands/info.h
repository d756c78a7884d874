// INFO's text: sections of name:value lines, with Redis's names and order. A field stands here only when its value is
// true of this store.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "store/commands/node.h"

namespace weir::store {

// `wanted`: section names in any case; none: the default ones; "all", "everything", "default" as in Redis. Unknown
// names give nothing.
std::string render_info(const Node& node, std::span<const std::string_view> wanted);

}  // namespace weir::store
