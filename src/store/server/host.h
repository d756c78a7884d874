// What the machine and the process say about themselves, for INFO.
#pragma once

#include "store/commands/node.h"

namespace weir::store {

// Fills what does not depend on the server: os, executable, process id, memory, CPU time (of the calling thread too).
// Any thread.
HostFacts read_host_facts();

// Gives the pages back that the allocator holds and does not use; false: it is not jemalloc.
bool purge_allocator();
// What the allocator says of itself, some pages of text.
std::string allocator_report();

// Allows the process at least so many descriptors, if the system lets it; how many it may have then.
std::uint64_t allow_descriptors(std::uint64_t wanted);

}  // namespace weir::store
