// MonoTime in the words of Asio's timers. For the .cpp files of this room.
#pragma once

#include <boost/asio/steady_timer.hpp>

#include "base/time.h"

namespace weir::runtime {

inline std::chrono::steady_clock::time_point steady(base::MonoTime time) {
  return std::chrono::steady_clock::time_point(
      std::chrono::duration_cast<std::chrono::steady_clock::duration>(time.time_since_epoch()));
}

}  // namespace weir::runtime
