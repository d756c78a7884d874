// What takes memory, as INFO and MEMORY tell it.
#pragma once

#include <algorithm>
#include <cstdint>

#include "store/commands/node.h"

namespace weir::store {

struct MemoryFacts {
  std::uint64_t used = 0;
  std::uint64_t peak = 0;
  std::uint64_t startup = 0;
  std::uint64_t overhead = 0;  // Of `used`: what is no data.
  std::uint64_t dataset = 0;   // The rest.
  // Of what the allocator has from the system: given out; in pages that are in use; in memory.
  std::uint64_t allocated = 0;
  std::uint64_t active = 0;
  std::uint64_t mapped = 0;
  std::uint64_t resident = 0;  // The whole process.
};

MemoryFacts memory_facts(const Node& node, const HostFacts& host);

inline double percent(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : 100 * static_cast<double>(part) / static_cast<double>(whole);
}
inline double ratio(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}
inline std::int64_t difference(std::uint64_t a, std::uint64_t b) {
  return static_cast<std::int64_t>(a) - static_cast<std::int64_t>(b);
}

}  // namespace weir::store
