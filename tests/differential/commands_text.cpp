// Strings, bitmaps, HyperLogLog.
#include "tests/differential/commands.h"

namespace weir::differential {

namespace {

using enum Compare;

constexpr Family kS = Family::kString;
constexpr Family kB = Family::kBitmap;
constexpr Family kH = Family::kHyperLogLog;

constexpr Row kRows[] = {
    {"SET", kS, 40, "key value {[NX|XX] [GET] [EX seconds|PX milliseconds|EXAT unix-seconds|PXAT unix-ms|KEEPTTL]}"},
    {"SET", kS, 2, "key value (EXAT past-seconds|PXAT past-ms)"},
    {"SET", kS, 2, "lex-key value"},
    {"GET", kS, 25, "key", kExact, kPlainText},
    {"APPEND", kS, 8, "key value", kExact, kNeverNil | kPlainText},
    {"DECR", kS, 6, "key", kExact, kNeverNil | kNoOptions},
    {"DECRBY", kS, 6, "key integer", kExact, kNeverNil | kNoOptions},
    {"INCR", kS, 8, "key", kExact, kNeverNil | kNoOptions},
    {"INCRBY", kS, 8, "key integer", kExact, kNeverNil | kNoOptions},
    {"INCRBYFLOAT", kS, 8, "key float", kExact, kNeverNil | kNoOptions},
    {"GETDEL", kS, 5, "key", kExact, kPlainText},
    {"GETEX", kS, 6, "key [EX seconds|PX milliseconds|EXAT unix-seconds|PXAT unix-ms|PERSIST]"},
    {"GETEX", kS, 1, "key (EXAT past-seconds|PXAT past-ms)"},
    {"GETRANGE", kS, 8, "key index index", kExact, kNeverNil | kNoOptions},
    {"SUBSTR", kS, 3, "key index index", kExact, kNeverNil | kNoOptions},
    {"GETSET", kS, 5, "key value", kExact, kPlainText},
    {"LCS", kS, 2, "key key {[LEN] [IDX] [MINMATCHLEN index] [WITHMATCHLEN]}", kExact, kNeverNil | kAnyType},
    {"MGET", kS, 6, "key...", kExact, kNeverNil | kAnyType | kPlainText},
    {"MSET", kS, 6, "(key value)...", kExact, kNeverNil | kAnyType | kPlainText},
    {"MSETNX", kS, 5, "(key value)...", kExact, kNeverNil | kAnyType | kPlainText},
    {"PSETEX", kS, 4, "key milliseconds value", kExact, kNeverNil | kAnyType | kNoOptions},
    {"SETEX", kS, 4, "key seconds value", kExact, kNeverNil | kAnyType | kNoOptions},
    {"SETNX", kS, 4, "key value", kExact, kNeverNil | kAnyType | kPlainText},
    {"SETRANGE", kS, 8, "key byte-offset value", kExact, kNeverNil | kNoOptions},
    {"STRLEN", kS, 6, "key", kExact, kNeverNil | kPlainText},

    {"SETBIT", kB, 10, "key bit-offset bit", kExact, kNeverNil | kNoOptions},
    {"GETBIT", kB, 6, "key bit-offset", kExact, kNeverNil | kNoOptions},
    {"BITCOUNT", kB, 6, "key [index index [BYTE|BIT]]", kExact, kNeverNil},
    {"BITPOS", kB, 6, "key bit [index [index [BYTE|BIT]]]", kExact, kNeverNil},
    {"BITOP", kB, 6, "(AND|OR|XOR|NOT) key key...", kExact, kNeverNil},
    {"BITFIELD", kB, 8,
     "key (GET field-type field-offset|[OVERFLOW (WRAP|SAT|FAIL)] (SET|INCRBY) field-type field-offset integer)...",
     kExact, kNeverNil},
    {"BITFIELD_RO", kB, 3, "key (GET field-type field-offset)...", kExact, kNeverNil},

    {"SET", kH, 1, "key broken-hyperloglog"},
    {"PFADD", kH, 8, "key member...!", kExact, kNeverNil | kNoOptions},
    {"PFCOUNT", kH, 6, "key...", kExact, kNeverNil | kNoOptions},
    {"PFMERGE", kH, 5, "key key...", kExact, kNeverNil | kNoOptions},
};

}  // namespace

std::span<const Row> text_rows() { return kRows; }

}  // namespace weir::differential
