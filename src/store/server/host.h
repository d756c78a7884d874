// What the machine and the process say about themselves, for INFO.
#pragma once

#include "store/commands/node.h"

namespace weir::store {

// Fills what does not depend on the server: os, executable, process id, memory, CPU time. Any thread.
HostFacts read_host_facts();

// Allows the process at least so many descriptors, if the system lets it; how many it may have then.
std::uint64_t allow_descriptors(std::uint64_t wanted);

}  // namespace weir::store
