// The rows of each family of commands; command_table.cpp joins them.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "store/commands/command.h"

namespace weir::store {

std::span<const CommandSpec> bitmap_commands();
std::span<const CommandSpec> client_commands();
std::span<const CommandSpec> config_commands();
std::span<const CommandSpec> connection_commands();
std::span<const CommandSpec> counter_commands();
std::span<const CommandSpec> debug_commands();
std::span<const CommandSpec> dump_commands();
std::span<const CommandSpec> expiration_commands();
std::span<const CommandSpec> geo_commands();
std::span<const CommandSpec> geo_search_commands();
std::span<const CommandSpec> hash_commands();
std::span<const CommandSpec> hyperloglog_commands();
std::span<const CommandSpec> introspection_commands();
std::span<const CommandSpec> key_commands();
std::span<const CommandSpec> lcs_commands();
std::span<const CommandSpec> list_commands();
std::span<const CommandSpec> list_pop_commands();
std::span<const CommandSpec> memory_commands();
std::span<const CommandSpec> monitoring_commands();
std::span<const CommandSpec> object_commands();
std::span<const CommandSpec> persistence_commands();
std::span<const CommandSpec> pubsub_commands();
std::span<const CommandSpec> replication_commands();
std::span<const CommandSpec> scan_commands();
std::span<const CommandSpec> server_commands();
std::span<const CommandSpec> set_algebra_commands();
std::span<const CommandSpec> set_commands();
std::span<const CommandSpec> sort_commands();
std::span<const CommandSpec> sorted_set_algebra_commands();
std::span<const CommandSpec> sorted_set_commands();
std::span<const CommandSpec> sorted_set_pop_commands();
std::span<const CommandSpec> sorted_set_range_commands();
std::span<const CommandSpec> string_commands();
std::span<const CommandSpec> transaction_commands();

// As OBJECT ENCODING says it.
std::string_view encoding_of(const Entry& entry);
// What CLIENT SETNAME and HELLO SETNAME accept.
bool is_client_name(std::string_view name);

// What rows say about their keys, as COMMAND spells it.
inline constexpr std::array<std::string_view, 1> kNotKey = {"not_key"};
inline constexpr std::array<std::string_view, 1> kReadsKey = {"RO"};
inline constexpr std::array<std::string_view, 2> kReadsValue = {"RO", "access"};
inline constexpr std::array<std::string_view, 2> kUpdatesKey = {"RW", "update"};
inline constexpr std::array<std::string_view, 3> kUpdatesValue = {"RW", "access", "update"};
inline constexpr std::array<std::string_view, 2> kInsertsKey = {"OW", "insert"};
inline constexpr std::array<std::string_view, 2> kInsertsIntoValue = {"RW", "insert"};
inline constexpr std::array<std::string_view, 2> kOverwritesValue = {"OW", "update"};
inline constexpr std::array<std::string_view, 3> kTakesValue = {"RW", "access", "delete"};
inline constexpr std::array<std::string_view, 2> kRemovesFromValue = {"RW", "delete"};
inline constexpr std::array<std::string_view, 2> kRemovesKey = {"RM", "delete"};

inline constexpr std::array<std::string_view, 1> kNondeterministic = {"nondeterministic_output"};
inline constexpr std::array<std::string_view, 1> kNondeterministicOrder = {"nondeterministic_output_order"};
inline constexpr std::array<std::string_view, 2> kAllShards = {"request_policy:all_shards",
                                                               "response_policy:all_succeeded"};
inline constexpr std::array<std::string_view, 2> kAllNodes = {"request_policy:all_nodes",
                                                              "response_policy:all_succeeded"};
inline constexpr std::array<std::string_view, 2> kSumOfShards = {"request_policy:all_shards",
                                                                 "response_policy:agg_sum"};
inline constexpr std::array<std::string_view, 1> kByShard = {"request_policy:multi_shard"};
inline constexpr std::array<std::string_view, 2> kSuccessByShard = {"request_policy:multi_shard",
                                                                    "response_policy:all_succeeded"};
inline constexpr std::array<std::string_view, 2> kLeastByShard = {"request_policy:multi_shard",
                                                                  "response_policy:agg_min"};
inline constexpr std::array<std::string_view, 2> kSumOfKeys = {"request_policy:multi_shard", "response_policy:agg_sum"};

}  // namespace weir::store
