// Feeds an input to a parser in pieces, as a socket would: what the properties of every decoder are checked with.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"

namespace weir::fuzz {

// What a property has to say: empty if it holds, else what was wrong.
using Violation = std::string;

// How to cut an input into reads.
enum class Cut { kWhole, kBytes, kRandom };

inline std::vector<std::string_view> pieces(std::string_view input, Cut cut) {
  std::vector<std::string_view> result;
  std::uint64_t seed = 14695981039346656037u;  // FNV-1a of the input, so that a crash is found again from its file.
  for (const char c : input) seed = (seed ^ static_cast<unsigned char>(c)) * 1099511628211u;
  base::Random random(seed);
  while (!input.empty()) {
    std::size_t size = input.size();
    if (cut == Cut::kBytes) size = 1;
    if (cut == Cut::kRandom) size = std::min<std::size_t>(size, 1 + random.below(random.chance(0.5) ? 4 : 64));
    result.push_back(input.substr(0, size));
    input.remove_prefix(size);
  }
  return result;
}

struct Fed {
  std::size_t consumed;
  bool again;  // There may be more in the same bytes.
};

// Calls take(received) -> Fed after each piece until it wants more. Every call sees the bytes in a block of exactly
// their size that is freed afterwards: a sanitizer sees a view kept too long, or a read past the end. Returns a
// violation if more was consumed than given.
template <class Take>
Violation feed(std::string_view input, Cut cut, Take take) {
  std::string pending;
  for (const std::string_view piece : pieces(input, cut)) {
    pending += piece;
    for (bool again = true; again;) {
      const auto block = std::make_unique<char[]>(pending.size());
      std::copy(pending.begin(), pending.end(), block.get());
      const Fed fed = take(std::string_view(block.get(), pending.size()));
      if (fed.consumed > pending.size()) return "more consumed than received";
      pending.erase(0, fed.consumed);
      again = fed.again;
    }
  }
  return {};
}

}  // namespace weir::fuzz
