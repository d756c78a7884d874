// `weir replay`: real orders played against a running system.
#pragma once

#include <span>
#include <string_view>

namespace weir::ops {

// 0: replayed, whatever the answers were (the report tells); 1: it could not go on; 2: the command line is wrong.
int run_replay(std::span<const std::string_view> arguments);

}  // namespace weir::ops
