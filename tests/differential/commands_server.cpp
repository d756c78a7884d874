// The connection and the server: what of CLIENT, CONFIG and COMMAND does not depend on who asks and when.
#include "tests/differential/commands.h"

namespace weir::differential {

namespace {

using enum Compare;

constexpr Family kC = Family::kConnection;
constexpr Family kV = Family::kServer;

constexpr unsigned kKeyless = kNeverNil | kAnyType;

constexpr Row kRows[] = {
    {"PING", kC, 2, "[word]", kExact, kKeyless | kPlainText},
    {"ECHO", kC, 2, "word", kExact, kKeyless | kPlainText},
    {"SELECT", kC, 4, "database", kExact, kKeyless | kNoOptions},
    {"SWAPDB", kC, 1, "database database", kExact, kKeyless | kNoOptions},
    {"AUTH", kC, 0.5, "[word] word", kExact, kKeyless},
    {"AUTH", kC, 2, "default-user word", kExact, kKeyless},
    {"HELLO", kC, 1, "[protocol [SETNAME name]]", kHello, kKeyless | kNoOptions | kAnyArity},
    {"RESET", kC, 0.3, "", kExact, kKeyless | kPlainText},
    {"CLIENT ID", kC, 0.5, "", kShape, kKeyless | kPlainText},
    {"CLIENT INFO", kC, 0.3, "", kShape, kKeyless | kPlainText},
    {"CLIENT GETNAME", kC, 1, "", kExact, kAnyType | kPlainText},
    {"CLIENT SETNAME", kC, 1, "name", kExact, kKeyless | kNoOptions},
    {"CLIENT GETREDIR", kC, 0.5, "", kExact, kKeyless | kPlainText},
    {"CLIENT TRACKINGINFO", kC, 0.5, "", kExact, kKeyless | kPlainText},
    {"CLIENT NO-EVICT", kC, 0.5, "(ON|OFF)", kExact, kKeyless | kNothingElse},
    {"CLIENT CACHING", kC, 0.5, "(YES|NO)", kExact, kNeverOk | kKeyless | kNoOptions},
    {"CLIENT UNBLOCK", kC, 0.5, "client-id [TIMEOUT|ERROR]", kExact, kKeyless | kNoOptions},
    {"CLIENT KILL", kC, 0.5, "ID client-id", kExact, kKeyless},
    {"CLIENT LIST", kC, 0.5, "ID client-id", kShape, kKeyless | kAnyArity},
    {"CLIENT HELP", kC, 0.2, "", kExact, kKeyless | kPlainText},

    {"DBSIZE", kV, 4, "", kExact, kKeyless | kPlainText},
    {"FLUSHDB", kV, 0.6, "[ASYNC|SYNC]", kExact, kKeyless | kNothingElse | kAnyArity},
    {"FLUSHALL", kV, 0.3, "[ASYNC|SYNC]", kExact, kKeyless | kNothingElse | kAnyArity},
    {"CONFIG GET", kV, 1, "directive...", kUnordered, kKeyless | kPlainText},
    {"CONFIG SET", kV, 2, "directive-value", kExact, kKeyless},
    {"CONFIG RESETSTAT", kV, 0.3, "", kExact, kKeyless | kPlainText},
    {"CONFIG HELP", kV, 0.2, "", kExact, kKeyless | kPlainText},
    {"COMMAND COUNT", kV, 0.3, "", kShape, kKeyless | kPlainText},
    {"COMMAND INFO", kV, 2, "command-name...", kExact, kKeyless | kPlainText | kAnyArity},
    {"COMMAND GETKEYS", kV, 6, "command-line", kExact, kKeyless | kNoOptions},
    {"COMMAND GETKEYSANDFLAGS", kV, 4, "command-line", kExact, kKeyless | kNoOptions},
    {"COMMAND LIST", kV, 0.3, "FILTERBY MODULE word", kExact, kKeyless | kNothingElse | kAnyArity},
    {"COMMAND HELP", kV, 0.2, "", kExact, kKeyless | kPlainText},
    {"INFO", kV, 0.3, "[word]", kShape, kKeyless | kPlainText | kAnyArity},
    {"LASTSAVE", kV, 0.3, "", kShape, kKeyless | kPlainText},
    {"ROLE", kV, 0.3, "", kExact, kKeyless | kPlainText},
    {"WAIT", kV, 0.5, "0 wait-timeout", kExact, kKeyless | kNoOptions},
    {"PUBLISH", kV, 0.5, "word word", kExact, kKeyless | kPlainText},
    {"PUBSUB CHANNELS", kV, 0.3, "[pattern]", kExact, kKeyless | kNoOptions | kAnyArity},
    {"PUBSUB NUMSUB", kV, 0.3, "word...", kExact, kKeyless | kPlainText | kAnyArity},
    {"PUBSUB NUMPAT", kV, 0.3, "", kExact, kKeyless | kPlainText},
    {"SLOWLOG RESET", kV, 0.2, "", kExact, kKeyless | kPlainText},
    {"SLOWLOG HELP", kV, 0.2, "", kExact, kKeyless | kPlainText},
};

}  // namespace

std::span<const Row> server_rows() { return kRows; }

}  // namespace weir::differential
