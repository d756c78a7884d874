// DBSIZE, FLUSHALL, INFO: what concerns the whole store.
#include <fmt/format.h>

#include "base/bytes.h"
#include "store/commands/families.h"
#include "store/commands/info.h"

namespace weir::store {

namespace {

void dbsize(Call& call) { call.reply.integer(static_cast<std::int64_t>(call.database().size())); }

void flushall(Call& call) {
  const bool known = call.count() == 1 || (call.count() == 2 && (base::equal_ignoring_case(call.argument(1), "ASYNC") ||
                                                                 base::equal_ignoring_case(call.argument(1), "SYNC")));
  if (!known) return call.syntax_error();
  call.node.keyspace.clear();
  call.reply.ok();
}

void info(Call& call) { call.reply.verbatim("txt", render_info(call.node, call.arguments.subspan(1))); }

constexpr std::array<std::string_view, 3> kInfoTips = {"nondeterministic_output", "request_policy:all_shards",
                                                       "response_policy:special"};

constexpr std::array kCommands = {
    CommandSpec{"dbsize",
                1,
                kReadonly | kFast,
                kKeyspaceCategory,
                {},
                "Counts the keys of the database.",
                "1.0.0",
                "server",
                kSumOfShards,
                dbsize},
    CommandSpec{"flushall",
                -1,
                kWrite,
                kKeyspaceCategory | kDangerousCategory,
                {},
                "Removes all keys of all databases.",
                "1.0.0",
                "server",
                kAllShards,
                flushall},
    CommandSpec{"info",
                -1,
                kLoading | kStale,
                kDangerousCategory,
                {},
                "Returns facts and statistics of the store.",
                "1.0.0",
                "server",
                kInfoTips,
                info},
};

}  // namespace

std::span<const CommandSpec> server_commands() { return kCommands; }

}  // namespace weir::store
