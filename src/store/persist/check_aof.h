// `weir store check-aof [--fix] FILE|MANIFEST`: reads an append-only file as a store would at its start, without a
// store, and says what is in it, or where and why it is broken. With --fix what stands from there on is cut off.
#pragma once

#include <span>
#include <string_view>

namespace weir::store {

// The arguments behind "check-aof". The exit status: 0 all is whole, or was made so; 1 it is not; 2 no usable
// arguments.
int run_check_aof(std::span<const std::string_view> arguments);

}  // namespace weir::store
