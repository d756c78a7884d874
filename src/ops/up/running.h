// RunningSystem: what other commands need to know of a system that `weir up` runs.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"

namespace weir::ops {

struct RunningSystem {
  std::int64_t pid;
  std::string gateway;  // "127.0.0.1:7700"
  std::string status;
};

// kRetry, naming the directory: nothing runs on it.
base::Result<RunningSystem> find_running(const std::string& data);

}  // namespace weir::ops
