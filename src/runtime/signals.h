// Signals as a task: SIGTERM and SIGINT end a role in an orderly way.
#pragma once

#include <vector>

#include "runtime/task.h"

namespace weir::runtime {

// The next of `signals` to arrive, which then has not its default effect. Throws on cancellation.
Task<int> wait_for_signal(std::vector<int> signals);

// SIGTERM or SIGINT.
Task<int> wait_for_termination();

}  // namespace weir::runtime
