#include "store/settings/directive_values.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/bytes.h"

namespace weir::store {

using base::reject;
using base::Result;
using Values = std::span<const std::string_view>;

namespace {

constexpr std::array<std::string_view, 3> kAppendSyncs = {"always", "everysec", "no"};

// CONFIG SET gives one text where a file has several words.
std::vector<std::string_view> words_of(Values values) {
  std::vector<std::string_view> words;
  for (std::string_view value : values) {
    while (!value.empty()) {
      const std::size_t end = std::min(value.find(' '), value.size());
      if (end > 0) words.push_back(value.substr(0, end));
      value.remove_prefix(std::min(end + 1, value.size()));
    }
  }
  return words;
}

OutputLimit* limit_of(Settings& settings, std::string_view client_class) {
  if (base::equal_ignoring_case(client_class, "normal")) return &settings.normal_output_limit;
  if (base::equal_ignoring_case(client_class, "slave") || base::equal_ignoring_case(client_class, "replica")) {
    return &settings.replica_output_limit;
  }
  return base::equal_ignoring_case(client_class, "pubsub") ? &settings.pubsub_output_limit : nullptr;
}

}  // namespace

std::optional<std::uint64_t> parse_memory(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, std::uint64_t>, 7> kUnits = {{{"b", 1},
                                                                                        {"k", 1000},
                                                                                        {"kb", 1ull << 10},
                                                                                        {"m", 1'000'000},
                                                                                        {"mb", 1ull << 20},
                                                                                        {"g", 1'000'000'000},
                                                                                        {"gb", 1ull << 30}}};
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = base::parse_decimal<std::uint64_t>(text.substr(0, digits));
  if (!number) return std::nullopt;
  if (digits == text.size()) return number;
  for (const auto& [unit, factor] : kUnits) {
    if (!base::equal_ignoring_case(text.substr(digits), unit)) continue;
    if (*number > std::numeric_limits<std::uint64_t>::max() / factor) return std::nullopt;
    return *number * factor;
  }
  return std::nullopt;
}

Result<std::int64_t> parse_number(Values values, std::int64_t low, std::int64_t high) {
  const auto number = values.size() == 1 ? base::parse_decimal<std::int64_t>(values[0]) : std::nullopt;
  if (!number) return reject("argument couldn't be parsed into an integer");
  if (*number < low || *number > high) {
    return reject(fmt::format("argument must be between {} and {} inclusive", low, high));
  }
  return *number;
}

Result<void> set_text(std::string& to, Values values) {
  if (values.size() != 1) return reject("expected one argument");
  to = values[0];
  return {};
}

Result<void> set_yes_no(bool& to, Values values) {
  if (values.size() == 1) {
    const bool yes = base::equal_ignoring_case(values[0], "yes");
    if (yes || base::equal_ignoring_case(values[0], "no")) {
      to = yes;
      return {};
    }
  }
  return reject("argument must be 'yes' or 'no'");
}

std::string show_yes_no(bool value) { return value ? "yes" : "no"; }

Result<void> set_one_of(std::string& to, Values values, std::span<const std::string_view> choices) {
  if (values.size() == 1) {
    for (const std::string_view choice : choices) {
      if (!base::equal_ignoring_case(values[0], choice)) continue;
      to = choice;
      return {};
    }
  }
  return reject(fmt::format("argument(s) must be one of the following: {}", fmt::join(choices, ", ")));
}

Result<void> set_bytes(std::uint64_t& to, Values values, std::uint64_t low) {
  const auto bytes = values.size() == 1 ? parse_memory(values[0]) : std::nullopt;
  if (!bytes) return reject("argument must be a memory value");
  constexpr std::uint64_t kHigh = std::numeric_limits<std::int64_t>::max();
  if (*bytes < low || *bytes > kHigh) {
    return reject(fmt::format("argument must be between {} and {} inclusive", low, kHigh));
  }
  to = *bytes;
  return {};
}

Result<void> set_output_limits(Settings& settings, Values values) {
  const std::vector<std::string_view> words = words_of(values);
  if (words.empty() || words.size() % 4 != 0) {
    return reject("Wrong number of arguments in buffer limit configuration.");
  }
  for (std::size_t i = 0; i < words.size(); i += 4) {
    OutputLimit* limit = limit_of(settings, words[i]);
    if (limit == nullptr) return reject("Invalid client class specified in buffer limit configuration.");
    const auto hard = parse_memory(words[i + 1]);
    const auto soft = parse_memory(words[i + 2]);
    const auto seconds = base::parse_decimal<std::int32_t>(words[i + 3]);
    if (!hard || !soft || !seconds || *seconds < 0) {
      return reject("Error in hard, soft or soft_seconds setting in buffer limit configuration.");
    }
    *limit = {.hard_bytes = *hard, .soft_bytes = *soft, .soft_seconds = *seconds};
  }
  return {};
}

std::string show_output_limits(const Settings& settings) {
  const auto show = [](std::string_view name, const OutputLimit& limit) {
    return fmt::format("{} {} {} {}", name, limit.hard_bytes, limit.soft_bytes, limit.soft_seconds);
  };
  return fmt::format("{} {} {}", show("normal", settings.normal_output_limit),
                     show("slave", settings.replica_output_limit), show("pubsub", settings.pubsub_output_limit));
}

Result<void> set_percentiles(Settings& settings, Values values) {
  std::vector<double> percentiles;
  for (const std::string_view word : words_of(values)) {
    double percentile = -1;
    const auto [end, code] = std::from_chars(word.data(), word.data() + word.size(), percentile);
    if (code != std::errc() || end != word.data() + word.size() || !(percentile >= 0 && percentile <= 100)) {
      return reject("latency-tracking-info-percentiles parameters should sit between [0.0,100.0]");
    }
    percentiles.push_back(percentile);
  }
  settings.latency_percentiles = std::move(percentiles);
  return {};
}

Result<void> set_save_points(Settings& settings, Values values) {
  const std::vector<std::string_view> words = words_of(values);
  if (words.size() % 2 != 0) return reject("Invalid save parameters");
  std::vector<SavePoint> points;
  for (std::size_t i = 0; i < words.size(); i += 2) {
    const auto seconds = base::parse_decimal<std::int64_t>(words[i]);
    const auto changes = base::parse_decimal<std::int64_t>(words[i + 1]);
    if (!seconds || !changes || *seconds < 1 || *changes < 0) return reject("Invalid save parameters");
    points.push_back({.seconds = *seconds, .changes = *changes});
  }
  settings.save_points = std::move(points);
  return {};
}

std::string show_save_points(const Settings& settings) {
  std::string text;
  for (const SavePoint& point : settings.save_points) {
    text += fmt::format("{}{} {}", text.empty() ? "" : " ", point.seconds, point.changes);
  }
  return text;
}

Result<void> set_name(std::string& to, Values values, std::string_view what, std::string_view kind) {
  if (values.size() != 1 || values[0].empty()) return reject("expected one argument");
  if (values[0].find_first_of("/\\") != std::string_view::npos) {
    return reject(fmt::format("{} can't be a path, just a {}", what, kind));
  }
  to = values[0];
  return {};
}

std::string show_append_sync(AppendSync sync) { return std::string(kAppendSyncs[static_cast<std::size_t>(sync)]); }

Result<void> set_append_sync(AppendSync& to, Values values) {
  std::string word;
  if (Result<void> set = set_one_of(word, values, kAppendSyncs); !set) return set;
  to = static_cast<AppendSync>(std::ranges::find(kAppendSyncs, word) - kAppendSyncs.begin());
  return {};
}

}  // namespace weir::store
