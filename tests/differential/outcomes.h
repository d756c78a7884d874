// Outcomes: how often each command came to each outcome on the oracle, and which it has still to come to.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tests/differential/row.h"
#include "wire/resp/value.h"

namespace weir::differential {

Outcome outcome_of(const wire::resp::Value& reply);

class Outcomes {
 public:
  // `rows`: those in use. A command may have an outcome if one of its rows may; and where they make keys of one type
  // only, none has a wrong one.
  explicit Outcomes(std::span<const Row* const> rows);

  void count(const Row& row, Outcome outcome);
  void add(const Outcomes& other);

  struct Cell {
    const Row* row;  // One of the command's rows that may have the outcome.
    Outcome outcome;
  };
  // Possible, and not seen yet.
  std::vector<Cell> missing() const;
  // Said to be impossible, and seen: the table is wrong.
  std::vector<Cell> unexpected() const;
  // A line for each command; '-' where an outcome is impossible.
  std::string table() const;

 private:
  struct Command {
    std::vector<const Row*> rows;
    std::array<std::uint64_t, kOutcomes.size()> counts{};
  };

  // The row that has it; null: none.
  static const Row* possible(const Command& command, Outcome outcome);
  // As possible(), where the rows among these tests can bring it about.
  const Row* expected(const Command& command, Outcome outcome) const;

  std::map<std::string_view, Command> commands_;
  bool several_types_ = false;
};

}  // namespace weir::differential
