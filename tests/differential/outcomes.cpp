#include "tests/differential/outcomes.h"

#include <algorithm>

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
  for (const Row* row : rows) commands_[row->name].rows.push_back(row);
}

void Outcomes::count(const Row& row, Outcome outcome) {
  ++commands_[row.name].counts[static_cast<std::size_t>(outcome)];
}

void Outcomes::add(const Outcomes& other) {
  for (const auto& [name, command] : other.commands_) {
    for (std::size_t i = 0; i < kOutcomes.size(); ++i) commands_[name].counts[i] += command.counts[i];
  }
}

const Row* Outcomes::Command::possible(Outcome outcome) const {
  const auto found = std::ranges::find_if(rows, [&](const Row* row) { return row->possible(outcome); });
  return found == rows.end() ? nullptr : *found;
}

std::vector<Outcomes::Cell> Outcomes::missing() const {
  std::vector<Cell> cells;
  for (const auto& [name, command] : commands_) {
    for (const Outcome outcome : kOutcomes) {
      const Row* const row = command.possible(outcome);
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
      if (seen && command.possible(outcome) == nullptr) cells.push_back({command.rows.front(), outcome});
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
      text += fmt::format("{:>12}", count > 0                              ? fmt::to_string(count)
                                    : command.possible(outcome) == nullptr ? "-"
                                                                           : "MISSING");
    }
    text += '\n';
  }
  return text;
}

}  // namespace weir::differential
