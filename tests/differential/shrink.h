// Shrink: of a sequence of operations that fails, a short one that still fails.
//
// Delta debugging (Zeller and Hildebrandt 2002) over the operations, then over the words of each. Knows no server: a
// trial is a function, so that the search itself is tested without one.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "tests/differential/run.h"

namespace weir::differential {

// Runs the operations from the beginning; nothing: both servers agreed, or the trial could not be made.
using Trial = std::function<std::optional<Difference>(std::span<Operation>)>;

struct Shrunk {
  std::vector<Operation> operations;
  Difference difference;
  std::size_t trials;
};

// Nothing if the whole sequence does not fail again. Gives up improving after `max_trials`.
std::optional<Shrunk> shrink(std::vector<Operation> operations, const Trial& trial, std::size_t max_trials);

// As lines for redis-cli, with what it cannot say (another connection, a blocked one) as comments.
std::string as_script(std::span<const Operation> operations);

}  // namespace weir::differential
