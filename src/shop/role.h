// `weir shop api shop.toml`: the reference shop, until SIGTERM or SIGINT.
#pragma once

#include <span>
#include <string_view>

namespace weir::shop {

// arguments[0] is the part, "api". The exit status: 0, 1 when the shop cannot run, 2 when the command line or the
// settings are wrong.
int run_shop(std::span<const std::string_view> arguments);

}  // namespace weir::shop
