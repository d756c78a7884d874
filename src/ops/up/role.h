// `weir up`, `weir status`, `weir stop`: one system on one machine, found again by its data directory.
#pragma once

#include <span>
#include <string_view>

namespace weir::ops {

// Exit statuses: 0 done, 1 the run failed, 2 the command line or the settings are wrong.
int run_up(std::span<const std::string_view> arguments);
int run_status(std::span<const std::string_view> arguments);
int run_stop(std::span<const std::string_view> arguments);

}  // namespace weir::ops
