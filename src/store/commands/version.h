// Which Redis the store answers like.
#pragma once

#include <string_view>

namespace weir::store {

inline constexpr std::string_view kRedisVersion = "7.0.15";
inline constexpr std::string_view kWeirVersion = WEIR_VERSION;

}  // namespace weir::store
