// `weir store check-rdb FILE`: reads an RDB file as a store would, without a store, and says what is in it or where and
// why it is broken. (That no key comes twice it leaves to who loads: it keeps none.)
#pragma once

#include <span>
#include <string_view>

namespace weir::store {

// The arguments behind "check-rdb". The exit status: 0 the file is whole, 1 it is not, 2 no usable arguments.
int run_check_rdb(std::span<const std::string_view> arguments);

}  // namespace weir::store
