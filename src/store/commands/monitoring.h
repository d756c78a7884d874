// MONITOR, SLOWLOG and LATENCY: what they are told by the dispatcher.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "store/commands/command.h"

namespace weir::store {

// A command took at least node.slow_ticks.
void note_slow(const Call& call, std::uint64_t took_ticks);
// Writes the command to all clients that monitor. Requires: there are some.
void tell_monitors(const Call& call);

// The request's words without its secrets: what may be shown to others than who sent it.
std::vector<std::string> without_secrets(const Call& call);

}  // namespace weir::store
