#include "store/commands/key_positions.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"

namespace weir::store {

namespace {

bool names_keys(const KeySpec& spec) { return std::ranges::find(spec.access, "not_key") == spec.access.end(); }

// The argument where the keys begin; nothing when the keyword is not there.
std::optional<int> begin_of(const KeySpec& spec, std::span<const std::string_view> arguments) {
  if (spec.begin == KeySpec::Begin::kIndex) return spec.index;
  if (spec.begin == KeySpec::Begin::kUnknown) return std::nullopt;
  const int count = static_cast<int>(arguments.size());
  const int step = spec.start_from > 0 ? 1 : -1;
  // As the last word it has nothing behind it.
  for (int i = spec.start_from > 0 ? spec.start_from : count + spec.start_from; i > 0 && i + 1 < count; i += step) {
    if (base::equal_ignoring_case(arguments[static_cast<std::size_t>(i)], spec.keyword)) return i + 1;
  }
  return std::nullopt;
}

KeysFound add_keys(const KeySpec& spec, std::span<const std::string_view> arguments, std::vector<KeyPosition>& found) {
  const std::optional<int> begin = begin_of(spec, arguments);
  const int count = static_cast<int>(arguments.size());
  if (!begin || spec.find == KeySpec::Find::kUnknown) return KeysFound::kFound;
  int first = *begin;
  int last = 0;
  if (spec.find == KeySpec::Find::kRange) {
    last = spec.last >= 0 ? first + spec.last : count + spec.last;
    if (spec.last == -1 && spec.limit > 1) last = first + (count - first) / spec.limit - 1;
    if (last < first) return KeysFound::kMalformed;
  } else {
    const int at = first + spec.count_at;
    const auto keys =
        at < count ? base::parse_decimal<std::int64_t>(arguments[static_cast<std::size_t>(at)]) : std::nullopt;
    if (!keys || *keys < 0 || *keys > count) return KeysFound::kMalformed;
    first += spec.first_key;
    last = first + (static_cast<int>(*keys) - 1) * spec.step;
  }
  if (last >= count) return KeysFound::kMalformed;
  for (int i = first; i <= last; i += spec.step) found.push_back({static_cast<std::size_t>(i), spec.access});
  return KeysFound::kFound;
}

}  // namespace

KeySpecs::KeySpecs(const CommandSpec& spec) : spec_(spec), count_(spec.keys.first == 0 ? 0 : 1) {
  const KeyRange& range = spec.keys;
  ranged_.access = range.access;
  ranged_.notes = range.notes;
  ranged_.index = range.first;
  ranged_.last = range.last < 0 ? range.last : range.last - range.first;
  ranged_.step = range.step;
}

bool has_keys(const CommandSpec& spec) {
  const KeySpecs specs(spec);
  return spec.find_keys != nullptr || std::ranges::any_of(specs.all(), names_keys);
}

KeysFound find_keys(const CommandSpec& spec, std::span<const std::string_view> arguments,
                    std::vector<KeyPosition>& found) {
  if (spec.find_keys != nullptr) return spec.find_keys(arguments, found) ? KeysFound::kFound : KeysFound::kMalformed;
  const KeySpecs specs(spec);
  for (const KeySpec& one : specs.all()) {
    if (names_keys(one) && add_keys(one, arguments, found) == KeysFound::kMalformed) return KeysFound::kMalformed;
  }
  return KeysFound::kFound;
}

bool find_keys_of_set(std::span<const std::string_view> arguments, std::vector<KeyPosition>& found) {
  static constexpr std::array<std::string_view, 2> kOverwrites = {"OW", "update"};
  static constexpr std::array<std::string_view, 3> kReadsToo = {"RW", "access", "update"};
  const bool reads = std::ranges::any_of(arguments.subspan(3),
                                         [](std::string_view word) { return base::equal_ignoring_case(word, "GET"); });
  found.push_back({1, reads ? std::span<const std::string_view>(kReadsToo) : kOverwrites});
  return true;
}

bool find_keys_of_bitfield(std::span<const std::string_view> arguments, std::vector<KeyPosition>& found) {
  static constexpr std::array<std::string_view, 2> kReads = {"RO", "access"};
  static constexpr std::array<std::string_view, 3> kWritesToo = {"RW", "access", "update"};
  bool reads_only = true;
  for (std::size_t i = 2; i < arguments.size() && reads_only;) {
    const std::size_t left = arguments.size() - i - 1;
    if (base::equal_ignoring_case(arguments[i], "GET") && left >= 2) {
      i += 3;
    } else if (base::equal_ignoring_case(arguments[i], "OVERFLOW") && left >= 1) {
      i += 2;
    } else {
      reads_only = false;  // It writes, or is no sense at all: then it is the safer guess.
    }
  }
  found.push_back({1, reads_only ? std::span<const std::string_view>(kReads) : kWritesToo});
  return true;
}

bool find_keys_of_sort(std::span<const std::string_view> arguments, std::vector<KeyPosition>& found) {
  static constexpr std::array<std::string_view, 2> kReads = {"RO", "access"};
  static constexpr std::array<std::string_view, 2> kOverwrites = {"OW", "update"};
  found.push_back({1, kReads});
  std::size_t target = 0;
  for (std::size_t i = 2; i < arguments.size(); ++i) {
    const std::string_view word = arguments[i];
    if (base::equal_ignoring_case(word, "LIMIT")) {
      i += 2;
    } else if (base::equal_ignoring_case(word, "GET") || base::equal_ignoring_case(word, "BY")) {
      ++i;
    } else if (base::equal_ignoring_case(word, "STORE") && i + 1 < arguments.size()) {
      target = i + 1;
    }
  }
  if (target != 0) found.push_back({target, kOverwrites});
  return true;
}

}  // namespace weir::store
