// What works on keys of any type: generic commands, SORT, expiry, transactions.
#include "tests/differential/commands.h"

namespace weir::differential {

namespace {

using enum Compare;

constexpr Family kK = Family::kKeys;
constexpr Family kE = Family::kExpiry;
constexpr Family kT = Family::kTransaction;

constexpr unsigned kGeneric = kAnyType | kNoOptions | kNothingElse;

constexpr Row kRows[] = {
    {"DEL", kK, 16, "any-key...", kExact, kNeverNil | kGeneric},
    {"UNLINK", kK, 6, "any-key...", kExact, kNeverNil | kGeneric},
    {"EXISTS", kK, 6, "any-key...", kExact, kNeverNil | kGeneric},
    {"TOUCH", kK, 3, "any-key...", kExact, kNeverNil | kGeneric},
    {"TYPE", kK, 5, "any-key", kExact, kNeverNil | kGeneric},
    {"KEYS", kK, 3, "pattern", kUnordered, kNeverNil | kGeneric},
    {"SCAN", kK, 3, "0 {[MATCH pattern] [COUNT positive-count] [TYPE type]}", kScan, kNeverNil | kAnyType},
    {"RANDOMKEY", kK, 2, "", kRandomKey, kGeneric},
    {"RENAME", kK, 4, "key key", kExact, kNeverNil | kAnyType | kNoOptions},
    {"RENAMENX", kK, 4, "key key", kExact, kNeverNil | kAnyType | kNoOptions},
    {"COPY", kK, 5, "key key {[DB database] [REPLACE]}", kExact, kNeverNil | kAnyType},
    {"MOVE", kK, 3, "any-key database", kExact, kNeverNil | kAnyType | kNoOptions},
    {"DUMP", kK, 6, "key", kDump, kGeneric},
    {"RESTORE", kK, 6, "key restore-ttl payload {[REPLACE] [ABSTTL] [IDLETIME count|FREQ count]}", kExact,
     kNeverNil | kAnyType},
    {"OBJECT ENCODING", kK, 8, "any-key", kExact, kGeneric},
    {"OBJECT FREQ", kK, 1, "any-key", kExact, kNeverOk | kAnyType | kNoOptions},
    {"OBJECT IDLETIME", kK, 1, "any-key", kShape, kGeneric},
    {"OBJECT HELP", kK, 0.5, "", kExact, kNeverNil | kGeneric},
    {"MEMORY USAGE", kK, 2, "any-key [SAMPLES count]", kShape, kAnyType},
    {"SORT", kK, 5, "key {[LIMIT index index] [ASC|DESC] [ALPHA] [(GET get-pattern)...]}", kExact, kNeverNil},
    {"SORT", kK, 3, "key BY by-pattern {[LIMIT index index] [ASC|DESC] [(GET get-pattern)...]}", kExact, kNeverNil},
    // Equal weights leave the order open, and so does a set that is not sorted.
    {"SORT", kK, 1, "key ALPHA BY by-pattern {[ASC|DESC]}", kUnordered, kNeverNil},
    {"SORT", kK, 1, "key BY NOSORT", kUnordered, kNeverNil},
    {"SORT", kK, 3, "lex-key BY NOSORT {[LIMIT index index] [ASC|DESC] [(GET get-pattern)...]}", kExact, kNeverNil},
    {"SORT", kK, 3, "key {[BY by-pattern] [LIMIT index index] [ASC|DESC] [(GET get-pattern)...] STORE key}", kExact,
     kNeverNil},
    {"SORT", kK, 3, "key ALPHA {[LIMIT index index] [ASC|DESC] [(GET get-pattern)...] STORE key}", kExact, kNeverNil},
    {"SORT_RO", kK, 2, "key {[BY by-pattern] [LIMIT index index] [ASC|DESC] [(GET get-pattern)...]}", kExact,
     kNeverNil},

    {"EXPIRE", kE, 5, "any-key seconds [NX|XX|GT|LT]", kExact, kNeverNil | kAnyType | kNoOptions},
    {"PEXPIRE", kE, 4, "any-key milliseconds [NX|XX|GT|LT]", kExact, kNeverNil | kAnyType | kNoOptions},
    {"EXPIREAT", kE, 5, "any-key unix-seconds [NX|XX|GT|LT]", kExact, kNeverNil | kAnyType | kNoOptions},
    {"EXPIREAT", kE, 2, "any-key past-seconds", kExact, kNeverNil | kAnyType | kNoOptions},
    {"PEXPIREAT", kE, 4, "any-key unix-ms [NX|XX|GT|LT]", kExact, kNeverNil | kAnyType | kNoOptions},
    {"PEXPIREAT", kE, 2, "any-key past-ms", kExact, kNeverNil | kAnyType | kNoOptions},
    {"PERSIST", kE, 4, "any-key", kExact, kNeverNil | kGeneric},
    {"TTL", kE, 6, "any-key", kSeconds, kNeverNil | kGeneric},
    {"PTTL", kE, 4, "any-key", kMilliseconds, kNeverNil | kGeneric},
    {"EXPIRETIME", kE, 4, "any-key", kSeconds, kNeverNil | kGeneric},
    {"PEXPIRETIME", kE, 4, "any-key", kMilliseconds, kNeverNil | kGeneric},

    {"MULTI", kT, 12, "", kExact, kNeverNil | kAnyType | kNoOptions},
    {"EXEC", kT, 14, "", kExact, kAnyType | kNoOptions | kAnyArity},
    {"DISCARD", kT, 2, "", kExact, kNeverNil | kAnyType | kNoOptions},
    {"WATCH", kT, 8, "any-key...", kExact, kNeverNil | kAnyType | kNoOptions},
    {"UNWATCH", kT, 2, "", kExact, kNeverNil | kGeneric},
};

}  // namespace

std::span<const Row> key_rows() { return kRows; }

}  // namespace weir::differential
