#include "tests/differential/outcomes.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace weir::differential {

Outcome outcome_of(const wire::resp::Value& reply) {
  if (reply.is_null()) return Outcome::kNil;
  if (!reply.is_error()) return Outcome::kOk;
  if (reply.error_code() == "WRONGTYPE") return Outcome::kWrongType;
  if (reply.text.starts_with("ERR wrong number of arguments")) return Outcome::kArity;
  if (reply.text.starts_with("ERR syntax error")) return Outcome::kSyntax;
  return Outcome::kOtherError;
}

Outcomes::Outcomes(std::span<const Row* const> rows) {
  std::set<Family> types;
  for (const Row* row : rows) {
    commands_[row->name].rows.push_back(row);
    switch (row->family) {
      case Family::kString:
      case Family::kBitmap:
      case Family::kHyperLogLog: types.insert(Family::kString); break;
      case Family::kSortedSet:
      case Family::kGeo: types.insert(Family::kSortedSet); break;
      case Family::kList:
      case Family::kSet:
      case Family::kHash: types.insert(row->family); break;
      default: break;
    }
  }
  several_types_ = types.size() > 1;
}

void Outcomes::count(const Row& row, Outcome outcome) {
  ++commands_[row.name].counts[static_cast<std::size_t>(outcome)];
}

void Outcomes::add(const Outcomes& other) {
  for (const auto& [name, command] : other.commands_) {
    for (std::size_t i = 0; i < kOutcomes.size(); ++i) commands_[name].counts[i] += command.counts[i];
  }
}

const Row* Outcomes::possible(const Command& command, Outcome outcome) {
  const auto found = std::ranges::find_if(command.rows, [&](const Row* row) { return row->possible(outcome); });
  return found == command.rows.end() ? nullptr : *found;
}

const Row* Outcomes::expected(const Command& command, Outcome outcome) const {
  return outcome == Outcome::kWrongType && !several_types_ ? nullptr : possible(command, outcome);
}

std::vector<Outcomes::Cell> Outcomes::missing() const {
  std::vector<Cell> cells;
  for (const auto& [name, command] : commands_) {
    for (const Outcome outcome : kOutcomes) {
      const Row* const row = expected(command, outcome);
      if (row != nullptr && command.counts[static_cast<std::size_t>(outcome)] == 0) cells.push_back({row, outcome});
    }
  }
  return cells;
}

std::vector<Outcomes::Cell> Outcomes::unexpected() const {
  std::vector<Cell> cells;
  for (const auto& [name, command] : commands_) {
    for (const Outcome outcome : kOutcomes) {
      const bool seen = command.counts[static_cast<std::size_t>(outcome)] > 0;
      if (seen && possible(command, outcome) == nullptr) cells.push_back({command.rows.front(), outcome});
    }
  }
  return cells;
}

std::string Outcomes::table() const {
  std::string text = fmt::format("{:<26}", "command");
  for (const Outcome outcome : kOutcomes) text += fmt::format("{:>12}", to_string(outcome));
  text += '\n';
  for (const auto& [name, command] : commands_) {
    text += fmt::format("{:<26}", name);
    for (const Outcome outcome : kOutcomes) {
      const std::uint64_t count = command.counts[static_cast<std::size_t>(outcome)];
      text += fmt::format("{:>12}", count > 0                               ? fmt::to_string(count)
                                    : expected(command, outcome) == nullptr ? "-"
                                                                            : "MISSING");
    }
    text += '\n';
  }
  return text;
}

}  // namespace weir::differential
