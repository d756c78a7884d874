// CommandSpec: one row of the table of commands. What a command sees when it runs is in call.h.
//
// The table is the single source: dispatch, arity, COMMAND, and later key extraction, ACL and docs/commands.md come
// from it. Each family has a file with its functions and its rows (strings.cpp, keys.cpp, ...); command_table.cpp joins
// them.
//
// A command is a plain function on the keyspace: it runs to its end on the data thread, appends exactly one reply and
// reads no clock (the time of the call is in it). A core: no socket, no thread, no file.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "store/commands/call.h"

namespace weir::store {

// Redis's command flags, in the order in which COMMAND lists them.
enum Flag : std::uint32_t {
  kWrite = 1u << 0,
  kReadonly = 1u << 1,
  kDenyOom = 1u << 2,
  kAdmin = 1u << 3,
  kPubsub = 1u << 4,
  kNoscript = 1u << 5,
  kBlocking = 1u << 6,
  kLoading = 1u << 7,
  kStale = 1u << 8,
  kFast = 1u << 9,
  kNoAuth = 1u << 10,
  kAllowBusy = 1u << 11,
};

// Redis's ACL categories, in the order in which COMMAND lists them. @write, @read, @admin, @fast, @slow and the like
// follow from the flags; a row names what does not.
enum Category : std::uint32_t {
  kKeyspaceCategory = 1u << 0,
  kReadCategory = 1u << 1,
  kWriteCategory = 1u << 2,
  kStringCategory = 1u << 3,
  kAdminCategory = 1u << 4,
  kFastCategory = 1u << 5,
  kSlowCategory = 1u << 6,
  kDangerousCategory = 1u << 7,
  kConnectionCategory = 1u << 8,
};

// Where the keys stand: first, last (negative: from the end) and step; all 0: no keys. `access` and `notes` are what
// COMMAND says about them.
struct KeyRange {
  int first = 0;
  int last = 0;
  int step = 0;
  std::span<const std::string_view> access = {};
  std::string_view notes = {};
};

struct CommandSpec {
  std::string_view name;  // Lower case; of a subcommand "config|get".
  int arity;              // With the name; negative: at least that many.
  std::uint32_t flags;
  std::uint32_t categories;
  KeyRange keys;
  std::string_view summary;
  std::string_view since;
  std::string_view group;
  std::span<const std::string_view> tips;
  void (*run)(Call&);  // Null only where every use has a subcommand.
  std::span<const CommandSpec> subcommands = {};

  bool accepts(std::size_t arguments) const {
    const int count = static_cast<int>(arguments);
    return arity >= 0 ? count == arity : count >= -arity;
  }
  bool has(Flag flag) const { return (flags & flag) != 0; }
};

// All rows, in a fixed order.
std::span<const CommandSpec* const> all_commands();
// By name in any case, "get" or "config|get"; null if there is none.
const CommandSpec* find_command(std::string_view name);

// The whole way of one request: finds the command, checks arity and authentication, runs it, counts it. Requires: at
// least one argument.
void execute(std::span<const std::string_view> arguments, Session& session, Node& node, UnixMs now,
             std::string& output);

// A 64-bit integer as Redis reads one: no sign but '-', no leading zeros, no spaces.
std::optional<std::int64_t> parse_integer(std::string_view text);

}  // namespace weir::store
