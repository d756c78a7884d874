#include "store/commands/glob.h"

#include "base/bytes.h"

namespace weir::store {

namespace {

char folded(char c, bool ignore_case) { return ignore_case ? base::ascii_lower(c) : c; }

// Whether `c` is in the class that begins after the '[' at pattern[at]; moves `at` past the class. An unclosed class
// ends with the pattern, as in Redis.
bool matches_class(std::string_view pattern, std::size_t& at, char c, bool ignore_case) {
  c = folded(c, ignore_case);
  bool inside = false;
  bool negated = false;
  if (at < pattern.size() && pattern[at] == '^') {
    negated = true;
    ++at;
  }
  while (at < pattern.size() && pattern[at] != ']') {
    if (pattern[at] == '\\' && at + 1 < pattern.size()) {
      ++at;
      inside |= folded(pattern[at], ignore_case) == c;
      ++at;
    } else if (at + 2 < pattern.size() && pattern[at + 1] == '-') {
      auto low = static_cast<unsigned char>(folded(pattern[at], ignore_case));
      auto high = static_cast<unsigned char>(folded(pattern[at + 2], ignore_case));
      if (low > high) std::swap(low, high);
      const auto byte = static_cast<unsigned char>(c);
      inside |= byte >= low && byte <= high;
      at += 3;
    } else {
      inside |= folded(pattern[at], ignore_case) == c;
      ++at;
    }
  }
  if (at < pattern.size()) ++at;
  return inside != negated;
}

// Whether one element of the pattern at `at`, which is no star, matches `c`; moves `at` past it.
bool matches_one(std::string_view pattern, std::size_t& at, char c, bool ignore_case) {
  switch (pattern[at]) {
    case '?': ++at; return true;
    case '[': ++at; return matches_class(pattern, at, c, ignore_case);
    case '\\':
      if (at + 1 < pattern.size()) ++at;
      [[fallthrough]];
    default: return folded(pattern[at++], ignore_case) == folded(c, ignore_case);
  }
}

}  // namespace

bool matches_glob(std::string_view pattern, std::string_view text, bool ignore_case) {
  constexpr std::size_t kNone = std::string_view::npos;
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t after_star = kNone;
  std::size_t star_text = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      after_star = ++p;
      star_text = t;
      continue;
    }
    std::size_t next = p;
    if (p < pattern.size() && matches_one(pattern, next, text[t], ignore_case)) {
      p = next;
      ++t;
      continue;
    }
    if (after_star == kNone) return false;
    p = after_star;
    t = ++star_text;
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace weir::store
