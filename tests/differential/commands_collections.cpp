// Lists, sets, hashes.
#include "tests/differential/commands.h"

namespace weir::differential {

namespace {

using enum Compare;

constexpr Family kL = Family::kList;
constexpr Family kS = Family::kSet;
constexpr Family kH = Family::kHash;

constexpr Row kRows[] = {
    {"LPUSH", kL, 10, "key member...!", kExact, kCounts},
    {"RPUSH", kL, 12, "key (member|value)...!", kExact, kCounts},
    {"LPUSHX", kL, 4, "key member...", kExact, kCounts},
    {"RPUSHX", kL, 4, "key member...", kExact, kCounts},
    {"LPOP", kL, 6, "key [count]", kExact, kNoOptions},
    {"RPOP", kL, 6, "key [count]", kExact, kNoOptions},
    {"LLEN", kL, 4, "key", kExact, kCounts},
    {"LINDEX", kL, 5, "key index", kExact, kNoOptions},
    {"LINSERT", kL, 6, "key (BEFORE|AFTER) member member", kExact, kNeverNil | kNothingElse},
    {"LRANGE", kL, 8, "key index index", kExact, kNeverNil | kNoOptions},
    {"LREM", kL, 5, "key signed-count member", kExact, kNeverNil | kNoOptions},
    {"LSET", kL, 5, "key index member", kExact, kNeverNil | kNoOptions},
    {"LTRIM", kL, 4, "key index index", kExact, kNeverNil | kNoOptions},
    {"LPOS", kL, 6, "key member {[RANK rank] [COUNT count] [MAXLEN count]}"},
    {"LMOVE", kL, 5, "key key (LEFT|RIGHT) (LEFT|RIGHT)", kExact, kNothingElse},
    {"RPOPLPUSH", kL, 4, "key key", kExact, kPlainText},
    {"LMPOP", kL, 5, "numkeys-keys (LEFT|RIGHT) [COUNT positive-count]"},
    {"BLPOP", kL, 2, "key... timeout", kExact, kNoOptions, true},
    {"BRPOP", kL, 2, "key... timeout", kExact, kNoOptions, true},
    {"BLMOVE", kL, 2, "key key (LEFT|RIGHT) (LEFT|RIGHT) timeout", kExact, 0, true},
    {"BRPOPLPUSH", kL, 1, "key key timeout", kExact, kNoOptions, true},
    {"BLMPOP", kL, 2, "timeout numkeys-keys (LEFT|RIGHT) [COUNT positive-count]", kExact, 0, true},

    {"SADD", kS, 16, "key member...!", kExact, kCounts},
    {"SREM", kS, 6, "key member...", kExact, kCounts},
    {"SCARD", kS, 4, "key", kExact, kCounts},
    {"SISMEMBER", kS, 4, "key member", kExact, kCounts},
    {"SMISMEMBER", kS, 4, "key member...", kExact, kCounts},
    {"SMEMBERS", kS, 6, "key", kMembers, kCounts},
    {"SMOVE", kS, 5, "key key member", kExact, kCounts},
    {"SPOP", kS, 4, "key [count]", kPop},
    {"SRANDMEMBER", kS, 4, "key [signed-count]", kRandomMembers},
    {"SDIFF", kS, 4, "key...", kUnordered, kCounts},
    {"SDIFFSTORE", kS, 4, "key key...", kExact, kCounts},
    {"SINTER", kS, 4, "key...", kUnordered, kCounts},
    {"SINTERSTORE", kS, 4, "key key...", kExact, kCounts},
    {"SINTERCARD", kS, 4, "numkeys-keys [LIMIT count]", kExact, kNeverNil},
    {"SUNION", kS, 4, "key...", kUnordered, kCounts},
    {"SUNIONSTORE", kS, 4, "key key...", kExact, kCounts},
    {"SSCAN", kS, 3, "key 0 {[MATCH pattern] [COUNT positive-count]}", kScan, kNeverNil},

    {"HSET", kH, 16, "key (member value)...!", kExact, kCounts},
    {"HMSET", kH, 4, "key (member value)...", kExact, kCounts},
    {"HSETNX", kH, 4, "key member value", kExact, kCounts},
    {"HGET", kH, 6, "key member", kExact, kPlainText},
    {"HMGET", kH, 4, "key member...", kExact, kCounts},
    {"HDEL", kH, 6, "key member...", kExact, kCounts},
    {"HEXISTS", kH, 4, "key member", kExact, kCounts},
    {"HLEN", kH, 4, "key", kExact, kCounts},
    {"HSTRLEN", kH, 4, "key member", kExact, kCounts},
    {"HINCRBY", kH, 6, "key member integer", kExact, kNeverNil | kNoOptions},
    {"HINCRBYFLOAT", kH, 6, "key member float", kExact, kNeverNil | kNoOptions},
    {"HKEYS", kH, 4, "key", kMembers, kCounts},
    {"HVALS", kH, 4, "key", kMembers, kCounts},
    {"HGETALL", kH, 6, "key", kFields, kCounts},
    {"HRANDFIELD", kH, 4, "key [signed-count [WITHVALUES]]", kRandomMembers},
    {"HSCAN", kH, 3, "key 0 {[MATCH pattern] [COUNT positive-count]}", kScan, kNeverNil},
};

}  // namespace

std::span<const Row> collection_rows() { return kRows; }

}  // namespace weir::differential
