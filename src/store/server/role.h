// `weir store`: settings from redis.conf and command line, then the server until SIGTERM or SIGINT.
#pragma once

#include <span>
#include <string_view>

namespace weir::store {

// The exit status: 0, 1 when the store cannot run, 2 when its settings are wrong.
int run_store(std::span<const std::string_view> arguments);

}  // namespace weir::store
