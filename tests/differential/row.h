// Row: one command of the table that the differential tester draws from, and how its replies are compared.
//
// The table (commands_*.cpp) is all that has to change for a new command: a name, a family, a weight, the shape of its
// arguments in the notation of Redis's manual (shape.h), how replies compare, and which outcomes it cannot have.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir::differential {

enum class Family : unsigned char {
  kString,
  kBitmap,
  kHyperLogLog,
  kList,
  kSet,
  kHash,
  kSortedSet,
  kGeo,
  kKeys,
  kExpiry,
  kTransaction,
  kConnection,
  kServer,
};
inline constexpr std::size_t kFamilies = 13;
std::string_view to_string(Family family);
std::optional<Family> parse_family(std::string_view name);

// What the two replies must have in common. Everything that is not mentioned must be equal.
enum class Compare : unsigned char {
  kExact,         // Every byte.
  kUnordered,     // The elements, in any order.
  kMembers,       // As kUnordered, but in their order where OBJECT ENCODING (listpack, intset) determines one.
  kFields,        // As kMembers, for a reply of alternating fields and values.
  kShape,         // The type only, and of an array the number of elements.
  kSeconds,       // Numbers that are positive on both sides may be ten seconds apart: each server reads its own clock.
  kMilliseconds,  // The same in milliseconds.
  kHello,         // All but the connection's id.
  kDump,          // As kShape; the payloads are kept for RESTORE, which gives both servers the same one.
  // These are more than one command each and do not stand in transactions.
  kRandomMembers,  // The number of elements; and every one is a member of the key.
  kRandomKey,      // Nil or not; the key exists.
  kPop,            // As kRandomMembers; then the key is given as many members as are left, the same ones on both sides.
  kScan,           // The set of elements over a whole iteration.
};
// Whether the comparison takes several commands whose replies have to be seen.
constexpr bool is_composite(Compare compare) { return compare >= Compare::kRandomMembers; }

// What can come of a command; the columns of the table that is printed.
enum class Outcome : unsigned char { kOk, kNil, kWrongType, kSyntax, kArity, kOtherError };
inline constexpr std::array kOutcomes = {Outcome::kOk,     Outcome::kNil,   Outcome::kWrongType,
                                         Outcome::kSyntax, Outcome::kArity, Outcome::kOtherError};
std::string_view to_string(Outcome outcome);

// Why an outcome cannot be: each reason rules out one.
enum Never : std::uint8_t {
  kNeverOk = 1u << 0,
  kNeverNil = 1u << 1,
  kAnyType = 1u << 2,
  kNoOptions = 1u << 3,
  kAnyArity = 1u << 4,
  kNothingElse = 1u << 5,
};
struct Reason {
  Never never;
  Outcome outcome;
  std::string_view text;
};
inline constexpr std::array<Reason, 6> kReasons = {{
    {kNeverOk, Outcome::kOk, "it always fails in this setting"},
    {kNeverNil, Outcome::kNil, "it answers with a number, a text or an array, which may be empty"},
    {kAnyType, Outcome::kWrongType, "it takes keys of any type, or none"},
    {kNoOptions, Outcome::kSyntax, "it has no options, or words of its own for a wrong one"},
    {kAnyArity, Outcome::kArity, "it takes any number of arguments, or has words of its own for a wrong one"},
    {kNothingElse, Outcome::kOtherError, "it takes its arguments as they are"},
}};

struct Row {
  std::string_view name;  // Upper case; a subcommand after a space: "OBJECT ENCODING".
  Family family;
  double weight;           // How often, compared with the others.
  std::string_view shape;  // Of the arguments after the name: see shape.h.
  Compare compare = Compare::kExact;
  unsigned never = 0;  // Never flags.
  // With a timeout, and waiting for a key: it is also run blocked on a connection of its own until a write wakes it.
  bool blocks = false;

  bool possible(Outcome outcome) const;
  // As COMMAND spells it: "object|encoding".
  std::string command_name() const;
};

// The whole table. Several rows may have one name; their outcomes count together.
std::span<const Row> all_rows();

// One step of a sequence, the unit that is shrunk.
struct Operation {
  const Row* row = nullptr;
  unsigned connection = 0;  // 0, or 1: the other one, for WATCH.
  std::vector<std::string> words;
  // Of a blocked command only: the database, the keys that it waits for, and what another client does meanwhile.
  bool blocked = false;
  unsigned database = 0;
  std::vector<std::string> waits_for;
  std::vector<Operation> meanwhile;
};

// Whether the command is this one, in any case.
bool is_name(std::span<const std::string> words, std::string_view name);

// Arguments that stand for the latest payload that DUMP answered on either side. The run puts the bytes in their place.
inline constexpr std::string_view kOraclePayload = "\x01payload of the oracle\x01";
inline constexpr std::string_view kSubjectPayload = "\x01payload of the subject\x01";

}  // namespace weir::differential
