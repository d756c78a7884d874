// `weir gateway gateway.toml`: the workers and the admin thread, until SIGTERM or SIGINT.
#pragma once

#include <span>
#include <string_view>

namespace weir::gateway {

// The exit status: 0, 1 when the gateway cannot run, 2 when the command line or the settings are wrong.
int run_gateway(std::span<const std::string_view> arguments);

}  // namespace weir::gateway
