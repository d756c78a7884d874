// CommandSpec: one row of the table of commands. What a command sees when it runs is in call.h.
//
// The table is the single source: dispatch, arity, COMMAND, key extraction and docs/commands.md come from it, and later
// ACL. Each family has a file with its functions and its rows (strings.cpp, keys.cpp, ...); command_table.cpp joins
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
#include <type_traits>
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

// A row of the table. A family says once what its rows have in common (Family, below) and writes each in a few lines:
//   row("get", 2, kReadonly | kFast, "Returns the string value of a key.", "1.0.0", get)
//       .on_key(kReadsValue)
//       .takes("key")
//       .costs("O(1)"),
struct CommandSpec {
  std::string_view name;  // Lower case; of a subcommand "config|get".
  int arity;              // With the name; negative: at least that many.
  std::uint32_t flags;
  std::uint32_t categories;
  KeyRange keys = {};
  std::string_view summary;
  std::string_view since;
  std::string_view group;
  std::span<const std::string_view> tips = {};
  void (*run)(Call&);  // Null only where every use has a subcommand.
  std::span<const CommandSpec> subcommands = {};
  std::span<const KeySpec> key_specs = {};  // Instead of what follows from `keys`.
  // Instead of what the specs say, where they cannot say it (SORT ... STORE). False: the arguments make no sense.
  bool (*find_keys)(std::span<const std::string_view> arguments, std::vector<KeyPosition>& found) = nullptr;
  std::uint16_t id = 0;  // Given by the table: of each command and subcommand another one.

  // What only COMMAND DOCS and docs/commands.md tell.
  std::string_view syntax = {};  // Without the name; see command_syntax.h.
  std::string_view complexity = {};
  std::string_view deprecated_since = {};
  std::string_view replaced_by = {};
  bool is_internal = false;  // Between servers, or for those who write one.

  // Where the field or member stands that is looked for in the first key's value; 0: nowhere. A hint (prefetch.h).
  std::uint8_t member_argument = 0;

 private:
  // Stands before those that use it, or clang cannot use them in a constant expression.
  template <class Column>
  constexpr CommandSpec with(Column CommandSpec::* column, const std::type_identity_t<Column>& value) const {
    CommandSpec row = *this;
    row.*column = value;
    return row;
  }

 public:
  // Each gives the same row with another column filled in. in(): other categories than the family's.
  constexpr CommandSpec in(std::uint32_t bits) const { return with(&CommandSpec::categories, bits); }
  constexpr CommandSpec in_group(std::string_view word) const { return with(&CommandSpec::group, word); }
  // One key, the first argument; where key specs follow, they say what is done to it.
  constexpr CommandSpec on_key(std::span<const std::string_view> access = {}, std::string_view notes = {}) const {
    return on_keys({.first = 1, .last = 1, .step = 1, .access = access, .notes = notes});
  }
  constexpr CommandSpec on_keys(const KeyRange& range) const { return with(&CommandSpec::keys, range); }
  constexpr CommandSpec with_key_specs(std::span<const KeySpec> specs) const {
    return with(&CommandSpec::key_specs, specs);
  }
  constexpr CommandSpec with_keys_found_by(decltype(find_keys) find) const {
    return with(&CommandSpec::find_keys, find);
  }
  constexpr CommandSpec with_subcommands(std::span<const CommandSpec> rows) const {
    return with(&CommandSpec::subcommands, rows);
  }
  constexpr CommandSpec tipped(std::span<const std::string_view> words) const {
    return with(&CommandSpec::tips, words);
  }
  constexpr CommandSpec takes(std::string_view text) const { return with(&CommandSpec::syntax, text); }
  constexpr CommandSpec costs(std::string_view text) const { return with(&CommandSpec::complexity, text); }
  constexpr CommandSpec replaced(std::string_view since_version, std::string_view by) const {
    return with(&CommandSpec::deprecated_since, since_version).with(&CommandSpec::replaced_by, by);
  }
  constexpr CommandSpec internal() const { return with(&CommandSpec::is_internal, true); }
  constexpr CommandSpec looks_for(std::uint8_t argument) const { return with(&CommandSpec::member_argument, argument); }

  bool accepts(std::size_t arguments) const {
    const int count = static_cast<int>(arguments);
    return arity >= 0 ? count == arity : count >= -arity;
  }
  bool has(Flag flag) const { return (flags & flag) != 0; }
};

// Makes the rows of a family: of commands in one of Redis's groups that mostly share their categories. A function
// object; each family has its own under the name `row`.
struct Family {
  std::string_view group;
  std::uint32_t categories = 0;

  constexpr CommandSpec operator()(std::string_view name, int arity, std::uint32_t flags, std::string_view summary,
                                   std::string_view since, void (*run)(Call&)) const {
    return {.name = name,
            .arity = arity,
            .flags = flags,
            .categories = categories,
            .summary = summary,
            .since = since,
            .group = group,
            .run = run};
  }
};

// A 64-bit integer as Redis reads one: no sign but '-', no leading zeros, no spaces.
std::optional<std::int64_t> parse_integer(std::string_view text);

}  // namespace weir::store
