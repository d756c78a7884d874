// Sorted sets and geo.
#include "tests/differential/commands.h"

namespace weir::differential {

namespace {

using enum Compare;

constexpr Family kZ = Family::kSortedSet;
constexpr Family kG = Family::kGeo;

constexpr Row kRows[] = {
    {"ZADD", kZ, 16, "key {[NX|XX] [GT|LT] [CH]} (score member)...!"},
    {"ZADD", kZ, 5, "key {[NX|XX] [GT|LT] [CH] INCR} score member"},
    {"ZADD", kZ, 5, "lex-key (0 member)...!"},
    {"ZINCRBY", kZ, 5, "key score member", kExact, kNeverNil | kNoOptions},
    {"ZCARD", kZ, 3, "key", kExact, kCounts},
    {"ZCOUNT", kZ, 4, "key score-end score-end", kExact, kNeverNil | kNoOptions},
    {"ZLEXCOUNT", kZ, 3, "lex-key lex-end lex-end", kExact, kNeverNil | kNoOptions},
    {"ZSCORE", kZ, 4, "key member", kExact, kPlainText},
    {"ZMSCORE", kZ, 3, "key member...", kExact, kCounts},
    {"ZRANK", kZ, 4, "key member", kExact, kPlainText},
    {"ZREVRANK", kZ, 4, "key member", kExact, kPlainText},
    {"ZREM", kZ, 5, "key member...", kExact, kCounts},
    {"ZRANGE", kZ, 5, "key index index {[REV] [WITHSCORES]}", kExact, kNeverNil},
    {"ZRANGE", kZ, 4, "key score-end score-end {BYSCORE [REV] [WITHSCORES] [LIMIT index index]}", kExact, kNeverNil},
    {"ZRANGE", kZ, 3, "lex-key lex-end lex-end {BYLEX [REV] [LIMIT index index]}", kExact, kNeverNil},
    {"ZRANGESTORE", kZ, 2, "key key index index [REV]", kExact, kNeverNil},
    {"ZRANGESTORE", kZ, 2, "key key score-end score-end {BYSCORE [REV] [LIMIT index index]}", kExact, kNeverNil},
    {"ZRANGESTORE", kZ, 2, "key lex-key lex-end lex-end {BYLEX [REV] [LIMIT index index]}", kExact, kNeverNil},
    {"ZREVRANGE", kZ, 4, "key index index [WITHSCORES]", kExact, kNeverNil},
    {"ZRANGEBYSCORE", kZ, 4, "key score-end score-end {[WITHSCORES] [LIMIT index index]}", kExact, kNeverNil},
    {"ZREVRANGEBYSCORE", kZ, 4, "key score-end score-end {[WITHSCORES] [LIMIT index index]}", kExact, kNeverNil},
    {"ZRANGEBYLEX", kZ, 3, "lex-key lex-end lex-end [LIMIT index index]", kExact, kNeverNil},
    {"ZREVRANGEBYLEX", kZ, 3, "lex-key lex-end lex-end [LIMIT index index]", kExact, kNeverNil},
    {"ZREMRANGEBYRANK", kZ, 2, "key index index", kExact, kNeverNil | kNoOptions},
    {"ZREMRANGEBYSCORE", kZ, 2, "key score-end score-end", kExact, kNeverNil | kNoOptions},
    {"ZREMRANGEBYLEX", kZ, 2, "lex-key lex-end lex-end", kExact, kNeverNil | kNoOptions},
    {"ZPOPMIN", kZ, 3, "key [count]", kExact, kNeverNil},
    {"ZPOPMAX", kZ, 3, "key [count]", kExact, kNeverNil},
    {"ZMPOP", kZ, 3, "numkeys-keys (MIN|MAX) [COUNT positive-count]"},
    {"BZPOPMIN", kZ, 2, "key... timeout", kExact, kNoOptions, true},
    {"BZPOPMAX", kZ, 2, "key... timeout", kExact, kNoOptions, true},
    {"BZMPOP", kZ, 2, "timeout numkeys-keys (MIN|MAX) [COUNT positive-count]", kExact, 0, true},
    {"ZRANDMEMBER", kZ, 3, "key [signed-count [WITHSCORES]]", kRandomMembers},
    {"ZUNION", kZ, 3, "numkeys-keys {[WEIGHTS weights] [AGGREGATE (SUM|MIN|MAX)] [WITHSCORES]}", kExact, kNeverNil},
    {"ZUNIONSTORE", kZ, 3, "key numkeys-keys {[WEIGHTS weights] [AGGREGATE (SUM|MIN|MAX)]}", kExact, kNeverNil},
    {"ZINTER", kZ, 3, "numkeys-keys {[WEIGHTS weights] [AGGREGATE (SUM|MIN|MAX)] [WITHSCORES]}", kExact, kNeverNil},
    {"ZINTERSTORE", kZ, 3, "key numkeys-keys {[WEIGHTS weights] [AGGREGATE (SUM|MIN|MAX)]}", kExact, kNeverNil},
    {"ZINTERCARD", kZ, 3, "numkeys-keys [LIMIT count]", kExact, kNeverNil},
    {"ZDIFF", kZ, 3, "numkeys-keys [WITHSCORES]", kExact, kNeverNil},
    {"ZDIFFSTORE", kZ, 3, "key numkeys-keys", kExact, kNeverNil},
    {"ZSCAN", kZ, 3, "key 0 {[MATCH pattern] [COUNT positive-count]}", kScan, kNeverNil},

    {"GEOADD", kG, 10, "key {[NX|XX] [CH]} (longitude latitude member)...", kExact, kNeverNil},
    {"GEODIST", kG, 4, "key member member [unit]"},
    {"GEOHASH", kG, 3, "key member...", kExact, kCounts},
    {"GEOPOS", kG, 3, "key member...", kExact, kCounts},
    {"GEOSEARCH", kG, 6,
     "key {(FROMMEMBER member|FROMLONLAT longitude latitude) (BYRADIUS radius unit|BYBOX radius radius unit) "
     "[ASC|DESC] "
     "[COUNT positive-count [ANY]] [WITHCOORD] [WITHDIST] [WITHHASH]}",
     kExact, kNeverNil},
    {"GEOSEARCHSTORE", kG, 4,
     "key key {(FROMMEMBER member|FROMLONLAT longitude latitude) (BYRADIUS radius unit|BYBOX radius radius unit) "
     "[ASC|DESC] [COUNT positive-count [ANY]] [STOREDIST]}",
     kExact, kNeverNil},
    {"GEORADIUS", kG, 3,
     "key longitude latitude radius unit {[WITHCOORD] [WITHDIST] [WITHHASH] [COUNT positive-count [ANY]] [ASC|DESC]}",
     kExact, kNeverNil},
    {"GEORADIUS", kG, 2, "key longitude latitude radius unit {[COUNT positive-count] (STORE|STOREDIST) key}", kExact,
     kNeverNil},
    {"GEORADIUSBYMEMBER", kG, 3,
     "key member radius unit {[WITHCOORD] [WITHDIST] [WITHHASH] [COUNT positive-count [ANY]] [ASC|DESC]}", kExact,
     kNeverNil},
    {"GEORADIUS_RO", kG, 1, "key longitude latitude radius unit {[WITHDIST] [ASC|DESC]}", kExact, kNeverNil},
    {"GEORADIUSBYMEMBER_RO", kG, 1, "key member radius unit {[WITHDIST] [ASC|DESC]}", kExact, kNeverNil},
};

}  // namespace

std::span<const Row> sorted_rows() { return kRows; }

}  // namespace weir::differential
