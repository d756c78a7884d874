#include "store/commands/info.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/bytes.h"
#include "store/commands/command_table.h"
#include "store/commands/memory_facts.h"
#include "store/commands/persistence.h"
#include "store/commands/version.h"

namespace weir::store {

namespace {

// Redis's clock of seconds has so many bits.
constexpr std::int64_t kLruClockPeriod = 1 << 24;

// Zeros of a compiler that is not GCC, as Redis has it.
#ifdef __clang__
constexpr std::string_view kCompilerVersion = "0.0.0";
#else
constexpr std::string_view kCompilerVersion = __VERSION__;
#endif

void add_server(std::string& to, const Node& node, const HostFacts& host) {
  to += fmt::format(
      "redis_version:{}\r\nweir_version:{}\r\nredis_mode:standalone\r\nos:{}\r\narch_bits:64\r\nmultiplexing_api:{}\r\n"
      "gcc_version:{}\r\nprocess_id:{}\r\nprocess_supervised:no\r\nrun_id:{}\r\ntcp_port:{}\r\nserver_time_usec:{}"
      "\r\nuptime_in_seconds:{}\r\nuptime_in_days:{}"
      "\r\nlru_clock:{}\r\nexecutable:{}\r\nconfig_file:{}\r\nio_threads_active:0\r\n",
      kRedisVersion, kWeirVersion, host.os, host.event_loop, kCompilerVersion, host.process_id, host.run_id, host.port,
      node.unix_us(), host.uptime_s, host.uptime_s / 86'400, node.unix_us() / 1'000'000 % kLruClockPeriod,
      host.executable, host.config_file);
}

void add_clients(std::string& to, const Node& node, const HostFacts& host) {
  const auto timeouts = static_cast<std::uint64_t>(std::ranges::count_if(
      node.sessions, [](const auto& one) { return one.second->waiting != nullptr && one.second->waiting->deadline; }));
  std::size_t most_input = 0, most_output = 0;
  for (const auto& [id, session] : node.sessions) {
    const ConnectionFacts facts = session->port == nullptr ? ConnectionFacts() : session->port->facts();
    most_input = std::max(most_input, facts.query_capacity_bytes);
    most_output = std::max(most_output, facts.unsent_bytes);
  }
  to += fmt::format(
      "connected_clients:{}\r\nmaxclients:{}\r\nclient_recent_max_input_buffer:{}\r\n"
      "client_recent_max_output_buffer:{}\r\nblocked_clients:{}\r\ntracking_clients:0\r\n"
      "clients_in_timeout_table:{}\r\n",
      host.connected_clients, node.settings.maxclients, most_input, most_output, node.blocked.waiting_for_keys(),
      timeouts);
}

// As people read it: "1.50M".
std::string human(std::uint64_t bytes) {
  constexpr std::array<char, 5> kUnits = {'B', 'K', 'M', 'G', 'T'};
  auto amount = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; amount >= 1024 && unit + 1 < kUnits.size(); ++unit) amount /= 1024;
  return unit == 0 ? fmt::format("{}B", bytes) : fmt::format("{:.2f}{}", amount, kUnits[unit]);
}

void add_bytes(std::string& to, std::string_view field, std::uint64_t bytes) {
  to += fmt::format("{0}:{1}\r\n{0}_human:{2}\r\n", field, bytes, human(bytes));
}

void add_memory(std::string& to, const Node& node, const HostFacts& host) {
  const MemoryFacts facts = memory_facts(node, host);
  add_bytes(to, "used_memory", facts.used);
  add_bytes(to, "used_memory_rss", facts.resident);
  add_bytes(to, "used_memory_peak", facts.peak);
  to += fmt::format(
      "used_memory_peak_perc:{:.2f}%\r\nused_memory_overhead:{}\r\nused_memory_startup:{}\r\n"
      "used_memory_dataset:{}\r\nused_memory_dataset_perc:{:.2f}%\r\nallocator_allocated:{}\r\nallocator_active:{}\r\n"
      "allocator_resident:{}\r\n",
      percent(facts.used, facts.peak), facts.overhead, facts.startup, facts.dataset,
      percent(facts.dataset, facts.used - std::min(facts.used, facts.startup)), facts.allocated, facts.active,
      facts.mapped);
  add_bytes(to, "total_system_memory", host.total_memory_bytes);
  add_bytes(to, "maxmemory", node.settings.maxmemory);
  const auto add_part = [&](std::string_view name, std::uint64_t whole, std::uint64_t part) {
    to += fmt::format("{0}_ratio:{1:.2f}\r\n{0}_bytes:{2}\r\n", name, ratio(whole, part), difference(whole, part));
  };
  to += fmt::format("maxmemory_policy:{}\r\n", node.settings.maxmemory_policy);
  add_part("allocator_frag", facts.active, facts.allocated);
  add_part("allocator_rss", facts.mapped, facts.active);
  add_part("rss_overhead", facts.resident, facts.mapped);
  add_part("mem_fragmentation", facts.resident, facts.used);
  to += fmt::format(
      "mem_not_counted_for_evict:0\r\nmem_clients_normal:{}\r\nmem_aof_buffer:{}\r\nmem_allocator:{}\r\n"
      "lazyfree_pending_objects:{}\r\nlazyfreed_objects:{}\r\n",
      node.client_bytes, node.persistence == nullptr ? 0 : node.persistence->facts().buffered_bytes, host.allocator,
      node.keyspace.context().disposer->pending(), host.lazyfreed_objects);
}

void add_persistence(std::string& to, const Node& node, const HostFacts&) {
  const PersistenceFacts facts = node.persistence == nullptr ? PersistenceFacts() : node.persistence->facts();
  to += fmt::format(
      "loading:{}\r\nasync_loading:0\r\ncurrent_save_keys_processed:{}\r\ncurrent_save_keys_total:{}\r\n"
      "rdb_changes_since_last_save:{}\r\nrdb_bgsave_in_progress:{}\r\nrdb_last_save_time:{}\r\n"
      "rdb_last_bgsave_status:{}\r\nrdb_last_bgsave_time_sec:{}\r\nrdb_current_bgsave_time_sec:{}\r\nrdb_saves:{}\r\n"
      "rdb_last_load_keys_expired:{}\r\nrdb_last_load_keys_loaded:{}\r\n"
      "aof_enabled:{}\r\naof_rewrite_in_progress:{}\r\naof_rewrite_scheduled:{}\r\n"
      "aof_last_rewrite_time_sec:{}\r\naof_current_rewrite_time_sec:{}\r\naof_last_bgrewrite_status:{}\r\n"
      "aof_rewrites:{}\r\naof_rewrites_consecutive_failures:{}\r\naof_last_write_status:{}\r\n",
      facts.loading ? 1 : 0, facts.keys_saved, facts.keys_to_save, node.effects.changes_since_save(),
      facts.saving ? 1 : 0, facts.last_save_at_s, facts.last_background_save_failed ? "err" : "ok",
      facts.last_background_save_s, facts.current_save_s.value_or(-1), facts.saves, facts.last_load_expired,
      facts.last_load_keys, facts.append_only ? 1 : 0, facts.rewriting ? 1 : 0, facts.rewrite_scheduled ? 1 : 0,
      facts.last_rewrite_s, facts.current_rewrite_s.value_or(-1), facts.last_rewrite_failed ? "err" : "ok",
      facts.rewrites, facts.failed_rewrites, facts.last_write_failed ? "err" : "ok");
  if (facts.append_only) {
    to += fmt::format(
        "aof_current_size:{}\r\naof_base_size:{}\r\naof_pending_rewrite:0\r\naof_buffer_length:{}\r\n"
        "aof_pending_bio_fsync:{}\r\naof_delayed_fsync:{}\r\n",
        facts.file_bytes, facts.base_bytes, facts.buffered_bytes, facts.pending_syncs, facts.delayed_syncs);
  }
  if (!facts.loading) return;
  const PersistenceFacts::Loading& loading = *facts.loading;
  const double percent = loading.total_bytes == 0 ? 0
                                                  : static_cast<double>(loading.loaded_bytes) * 100 /
                                                        static_cast<double>(loading.total_bytes);
  to += fmt::format(
      "loading_start_time:{}\r\nloading_total_bytes:{}\r\nloading_loaded_bytes:{}\r\nloading_loaded_perc:{:.2f}\r\n"
      "loading_eta_seconds:{}\r\n",
      loading.started_at_s, loading.total_bytes, loading.loaded_bytes, percent, loading.eta_s);
}

void add_stats(std::string& to, const Node& node, const HostFacts& host) {
  const NodeStats& stats = node.stats;
  const KeyspaceStats& keys = node.keyspace.stats();
  to += fmt::format(
      "total_connections_received:{}\r\ntotal_commands_processed:{}\r\ninstantaneous_ops_per_sec:{:.0f}\r\n"
      "total_net_input_bytes:{}\r\ntotal_net_output_bytes:{}\r\ninstantaneous_input_kbps:{:.2f}\r\n"
      "instantaneous_output_kbps:{:.2f}\r\nrejected_connections:{}\r\nexpired_keys:{}\r\n"
      "expired_time_cap_reached_count:{}\r\nevicted_keys:{}\r\n"
      "keyspace_hits:{}\r\n"
      "keyspace_misses:{}\r\npubsub_channels:{}\r\npubsub_patterns:{}\r\npubsubshard_channels:{}\r\n"
      "latest_fork_usec:0\r\ntotal_forks:0\r\ntotal_error_replies:{}\r\ntotal_reads_processed:{}\r\n"
      "total_writes_processed:{}\r\nio_threaded_reads_processed:0\r\nio_threaded_writes_processed:0\r\nclient_output_"
      "buffer_limit_disconnections:{}\r\n",
      stats.connections_received, stats.commands_processed, host.commands_per_second, stats.input_bytes,
      stats.output_bytes, host.input_kib_per_second, host.output_kib_per_second, stats.connections_rejected,
      keys.expired, stats.busy_expire_cycles, keys.evicted, keys.hits, keys.misses,
      node.pubsub.of(ChannelKind::kChannel).size(), node.pubsub.of(ChannelKind::kPattern).size(),
      node.pubsub.of(ChannelKind::kShard).size(), stats.error_replies, host.reads, host.writes,
      stats.output_limit_disconnections);
}

void add_replication(std::string& to, const Node&, const HostFacts&) { to += "role:master\r\nconnected_slaves:0\r\n"; }

void add_cpu(std::string& to, const Node&, const HostFacts& host) {
  to += fmt::format(
      "used_cpu_sys:{:.6f}\r\nused_cpu_user:{:.6f}\r\nused_cpu_sys_main_thread:{:.6f}\r\n"
      "used_cpu_user_main_thread:{:.6f}\r\n",
      host.cpu_system_s, host.cpu_user_s, host.cpu_thread_system_s, host.cpu_thread_user_s);
}

// Without the commands that nobody has called.
template <class Line>
void add_commands(std::string& to, const Node& node, Line&& line) {
  for (std::size_t id = 0; id < node.commands.ids(); ++id) line(to, node.commands.row(id).name, node.statistics.of(id));
}

void add_commandstats(std::string& to, const Node& node, const HostFacts&) {
  add_commands(to, node, [&](std::string& text, std::string_view name, const CommandCounts& counts) {
    if (counts.calls + counts.rejected + counts.failed == 0) return;
    const double us = static_cast<double>(counts.ticks) * node.stopwatch.ns_per_tick / 1000;
    text += fmt::format("cmdstat_{}:calls={},usec={:.0f},usec_per_call={:.2f},rejected_calls={},failed_calls={}\r\n",
                        name, counts.calls, us, counts.calls == 0 ? 0 : us / static_cast<double>(counts.calls),
                        counts.rejected, counts.failed);
  });
}

void add_errorstats(std::string& to, const Node& node, const HostFacts&) {
  for (const auto& [code, count] : node.statistics.errors()) {
    to += fmt::format("errorstat_{}:count={}\r\n", code, count);
  }
}

void add_latencystats(std::string& to, const Node& node, const HostFacts&) {
  const std::vector<double>& percentiles = node.settings.latency_percentiles;
  add_commands(to, node, [&](std::string& text, std::string_view name, const CommandCounts& counts) {
    if (counts.latency == nullptr || percentiles.empty()) return;
    text += fmt::format("latency_percentiles_usec_{}:", name);
    for (std::size_t i = 0; i < percentiles.size(); ++i) {
      const double ticks = static_cast<double>(counts.latency->quantile(percentiles[i] / 100));
      const double us = ticks * node.stopwatch.ns_per_tick / 1000;
      text += fmt::format("{}p{}={:.3f}", i == 0 ? "" : ",", percentiles[i], us);
    }
    text += "\r\n";
  });
}

void add_cluster(std::string& to, const Node&, const HostFacts&) { to += "cluster_enabled:0\r\n"; }

void add_keyspace(std::string& to, const Node& node, const HostFacts&) {
  for (std::size_t i = 0; i < node.keyspace.size(); ++i) {
    const Database& database = node.keyspace.database(i);
    if (database.size() == 0) continue;
    to += fmt::format("db{}:keys={},expires={}\r\n", i, database.size(), database.with_expiry());
  }
}

struct Section {
  std::string_view name;
  bool by_default;  // Shown when none is asked for.
  void (*add)(std::string& to, const Node& node, const HostFacts& host);
};

constexpr std::array kSections = {Section{"Server", true, add_server},
                                  Section{"Clients", true, add_clients},
                                  Section{"Memory", true, add_memory},
                                  Section{"Persistence", true, add_persistence},
                                  Section{"Stats", true, add_stats},
                                  Section{"Replication", true, add_replication},
                                  Section{"CPU", true, add_cpu},
                                  Section{"Commandstats", false, add_commandstats},
                                  Section{"Errorstats", true, add_errorstats},
                                  Section{"Latencystats", false, add_latencystats},
                                  Section{"Cluster", true, add_cluster},
                                  Section{"Keyspace", true, add_keyspace}};

bool is_wanted(const Section& section, std::span<const std::string_view> wanted) {
  if (wanted.empty()) return section.by_default;
  return std::ranges::any_of(wanted, [&](std::string_view name) {
    const auto is = [name](std::string_view word) { return base::equal_ignoring_case(name, word); };
    return is(section.name) || is("all") || is("everything") || (section.by_default && is("default"));
  });
}

}  // namespace

MemoryFacts memory_facts(const Node& node, const HostFacts& host) {
  MemoryFacts facts{.used = node.used_memory(),
                    .startup = node.startup_memory,
                    .allocated = host.allocated_bytes,
                    .active = host.allocator_active_bytes,
                    .mapped = host.allocator_resident_bytes,
                    .resident = host.resident_bytes};
  facts.peak = std::max(facts.used, node.peak_memory);
  facts.overhead = node.startup_memory + node.client_bytes;
  for (std::size_t i = 0; i < node.keyspace.size(); ++i) facts.overhead += node.keyspace.database(i).table_bytes();
  facts.overhead = std::min(facts.overhead, facts.used);
  facts.dataset = facts.used - facts.overhead;
  return facts;
}

std::string render_info(const Node& node, std::span<const std::string_view> wanted) {
  const HostFacts host = node.host_facts();
  std::string text;
  for (const Section& section : kSections) {
    if (!is_wanted(section, wanted)) continue;
    if (!text.empty()) text += "\r\n";
    text += fmt::format("# {}\r\n", section.name);
    section.add(text, node, host);
  }
  return text;
}

}  // namespace weir::store
