// CommandTable: all rows, found by name.
//
// The rows of the families are copied here once, at the start, so that each has an id that indexes what is counted per
// command. Immutable afterwards, so any thread may read. `command_table()` is the one of the store; a test makes its
// own to have commands that do what the test needs.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "store/commands/command.h"
#include "store/commands/command_syntax.h"

namespace weir::store {

class CommandTable {
 public:
  // Requires: the rows' texts outlive the table, and every syntax can be parsed.
  explicit CommandTable(std::span<const std::span<const CommandSpec>> families);
  CommandTable(const CommandTable&) = delete;
  CommandTable& operator=(const CommandTable&) = delete;

  // The top-level rows, in the order of the families.
  std::span<const CommandSpec> rows() const { return rows_; }
  // How many ids there are: rows and subcommands.
  std::size_t ids() const { return by_id_.size(); }
  const CommandSpec& row(std::size_t id) const { return *by_id_[id]; }
  // What the row's syntax says.
  std::span<const Argument> arguments(const CommandSpec& row) const { return arguments_[row.id]; }

  // By a top-level name in any case; null if there is none. Called for every request: one probe of a table that stays
  // in the cache, no allocation.
  const CommandSpec* find(std::string_view name) const;
  // The same of a subcommand's name alone ("get" of CONFIG GET).
  static const CommandSpec* find_subcommand(const CommandSpec& parent, std::string_view name);
  // By the full name, "get" or "config|get".
  const CommandSpec* find_full(std::string_view name) const;

 private:
  struct Slot {
    std::uint64_t front = 0;  // Of the name; see front_of().
    std::uint32_t size = 0;
    bool whole = false;  // The front is all there is to compare.
    const CommandSpec* row = nullptr;
  };

  // At most a quarter of the slots is used, so that a probe rarely goes on.
  std::vector<Slot> slots_;
  std::size_t mask_ = 0;
  std::vector<CommandSpec> rows_;
  std::vector<std::vector<CommandSpec>> subcommands_;  // What the rows' spans point to.
  std::vector<const CommandSpec*> by_id_;
  std::vector<std::vector<Argument>> arguments_;  // By id.
};

const CommandTable& command_table();

}  // namespace weir::store
