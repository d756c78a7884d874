// Whether the history of one register is linearizable: whether every operation can be given a moment between its begin
// and its end at which it took effect at once, so that each read returns the last value written.
//
// Since every write writes another value, it is known whose value a read returned, and the question takes n log n
// (Gibbons and Korach, "Testing Shared Memories", 1997): a write and its reads are a cluster; from the first end to the
// last begin of a cluster its value must have stood (a forward zone), or else all fits between these two (a backward
// zone). The history is linearizable if no read ends before its write begins, no two forward zones overlap, and no
// backward zone lies inside a forward one.
#pragma once

#include <span>
#include <string>

#include "sim/operation.h"

namespace weir::sim {

// Empty: it is linearizable. Else what contradicts it. Operations of other keys, reads that are not strict, and those
// that did not run are passed over; index 0 is nobody's (the value 0 is that of the beginning).
std::string linearizability_violation(std::span<const Operation> operations, std::uint8_t key);

}  // namespace weir::sim
