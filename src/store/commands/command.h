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
  kSkipMonitor = 1u << 12,
  kSkipSlowlog = 1u << 13,
  kNoMandatoryKeys = 1u << 14,
  kNoAsyncLoading = 1u << 15,
  kNoMulti = 1u << 16,
  kMovableKeys = 1u << 17,  // Some keys stand where only the arguments tell.
  // Not told by COMMAND.
  kMayReplicate = 1u << 18,    // Held by CLIENT PAUSE WRITE though it writes no data.
  kProtected = 1u << 19,       // Runs only under enable-debug-command.
  kForSubscribers = 1u << 20,  // Runs in RESP2 while the client is subscribed.
  kNeverQueued = 1u << 21,     // Runs at once after MULTI too.
  kRunsQueue = 1u << 22,       // EXEC.
};

// Redis's ACL categories, in the order in which COMMAND lists them. @write, @read, @admin, @fast, @slow and the like
// follow from the flags; a row names what does not.
enum Category : std::uint32_t {
  kKeyspaceCategory = 1u << 0,
  kReadCategory = 1u << 1,
  kWriteCategory = 1u << 2,
  kSetCategory = 1u << 3,
  kSortedSetCategory = 1u << 4,
  kListCategory = 1u << 5,
  kHashCategory = 1u << 6,
  kStringCategory = 1u << 7,
  kBitmapCategory = 1u << 8,
  kHyperLogLogCategory = 1u << 9,
  kGeoCategory = 1u << 10,
  kStreamCategory = 1u << 11,
  kPubsubCategory = 1u << 12,
  kAdminCategory = 1u << 13,
  kFastCategory = 1u << 14,
  kSlowCategory = 1u << 15,
  kBlockingCategory = 1u << 16,
  kDangerousCategory = 1u << 17,
  kConnectionCategory = 1u << 18,
  kTransactionCategory = 1u << 19,
  kScriptingCategory = 1u << 20,
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

// Where some of the keys stand, as COMMAND describes it and COMMAND GETKEYS finds them. A row whose keys a KeyRange
// describes wholly needs none of these.
struct KeySpec {
  enum class Begin : unsigned char { kIndex, kKeyword, kUnknown };
  enum class Find : unsigned char { kRange, kCount, kUnknown };

  std::span<const std::string_view> access;
  std::string_view notes = {};
  Begin begin = Begin::kIndex;
  int index = 1;                  // kIndex: the argument where the search begins.
  std::string_view keyword = {};  // kKeyword: it begins behind this word,
  int start_from = 1;             // which is looked for from this argument on (negative: from the end, backwards).
  Find find = Find::kRange;
  int last = 0;       // kRange: counted from the begin; negative: from the end of the arguments.
  int limit = 0;      // kRange with last -1: of what is left only a limit-th part are keys.
  int count_at = 0;   // kCount: the number of keys stands there, from the begin,
  int first_key = 1;  // and the first key there.
  int step = 1;
};

// One key of a request.
struct KeyPosition {
  std::size_t index;
  std::span<const std::string_view> access;
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
  std::span<const KeySpec> key_specs = {};  // Instead of what follows from `keys`.
  // Instead of what the specs say, where they cannot say it (SORT ... STORE). False: the arguments make no sense.
  bool (*find_keys)(std::span<const std::string_view> arguments, std::vector<KeyPosition>& found) = nullptr;
  std::uint16_t id = 0;  // Given by the table: of each command and subcommand another one.

  // What only COMMAND DOCS and docs/commands.md tell. A row says it behind its other columns:
  //   row("get", 2, ...).takes("key").costs("O(1)")
  std::string_view syntax = {};  // Without the name; see command_syntax.h.
  std::string_view complexity = {};
  std::string_view deprecated_since = {};
  std::string_view replaced_by = {};
  bool is_internal = false;  // Between servers, or for those who write one.

  // Where the field or member stands that is looked for in the first key's value; 0: nowhere. A hint (prefetch.h).
  std::uint8_t member_argument = 0;

  constexpr CommandSpec takes(std::string_view text) const {
    CommandSpec said = *this;
    said.syntax = text;
    return said;
  }
  constexpr CommandSpec costs(std::string_view text) const {
    CommandSpec said = *this;
    said.complexity = text;
    return said;
  }
  constexpr CommandSpec replaced(std::string_view since_version, std::string_view by) const {
    CommandSpec said = *this;
    said.deprecated_since = since_version;
    said.replaced_by = by;
    return said;
  }
  constexpr CommandSpec internal() const {
    CommandSpec said = *this;
    said.is_internal = true;
    return said;
  }

  constexpr CommandSpec looks_for(std::uint8_t argument) const {
    CommandSpec said = *this;
    said.member_argument = argument;
    return said;
  }

  bool accepts(std::size_t arguments) const {
    const int count = static_cast<int>(arguments);
    return arity >= 0 ? count == arity : count >= -arity;
  }
  bool has(Flag flag) const { return (flags & flag) != 0; }
};

// A 64-bit integer as Redis reads one: no sign but '-', no leading zeros, no spaces.
std::optional<std::int64_t> parse_integer(std::string_view text);

}  // namespace weir::store
