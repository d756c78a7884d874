// How directives read their values, and print them as CONFIG GET shows them. Each set_ takes the words of a line of a
// file or of CONFIG SET; what it rejects changes nothing, and the error says why in Redis's words. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "store/settings/settings.h"

namespace weir::store {

// "512mb", "1g", "100": Redis's units (k kb m mb g gb, b). Nothing when it is none or overflows.
std::optional<std::uint64_t> parse_memory(std::string_view text);

base::Result<std::int64_t> parse_number(std::span<const std::string_view> values, std::int64_t low, std::int64_t high);

// Requires: a Number holds all from `low` to `high`.
template <class Number>
base::Result<void> set_number(Number& to, std::span<const std::string_view> values, std::int64_t low,
                              std::int64_t high) {
  const base::Result<std::int64_t> number = parse_number(values, low, high);
  if (!number) return number.error();
  to = static_cast<Number>(*number);
  return {};
}
base::Result<void> set_bytes(std::uint64_t& to, std::span<const std::string_view> values, std::uint64_t low);

base::Result<void> set_text(std::string& to, std::span<const std::string_view> values);
base::Result<void> set_one_of(std::string& to, std::span<const std::string_view> values,
                              std::span<const std::string_view> choices);
// A name in a folder. `what` is the directive and `kind` what it names, for the error.
base::Result<void> set_name(std::string& to, std::span<const std::string_view> values, std::string_view what,
                            std::string_view kind);

base::Result<void> set_yes_no(bool& to, std::span<const std::string_view> values);
std::string show_yes_no(bool value);

// Groups of CLASS HARD SOFT SECONDS; classes that are not named keep what they have.
base::Result<void> set_output_limits(Settings& settings, std::span<const std::string_view> values);
std::string show_output_limits(const Settings& settings);

base::Result<void> set_percentiles(Settings& settings, std::span<const std::string_view> values);

base::Result<void> set_save_points(Settings& settings, std::span<const std::string_view> values);
std::string show_save_points(const Settings& settings);

base::Result<void> set_append_sync(AppendSync& to, std::span<const std::string_view> values);
std::string show_append_sync(AppendSync sync);

}  // namespace weir::store
