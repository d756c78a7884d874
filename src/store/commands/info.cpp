#include "store/commands/info.h"

#include <array>

#include <fmt/format.h>

#include "base/bytes.h"
#include "store/commands/version.h"

namespace weir::store {

namespace {

void add_server(std::string& to, const Node&, const HostFacts& host) {
  to += fmt::format(
      "redis_version:{}\r\nweir_version:{}\r\nredis_mode:standalone\r\nos:{}\r\narch_bits:64\r\nmultiplexing_api:{}\r\n"
      "process_id:{}\r\nrun_id:{}\r\ntcp_port:{}\r\nuptime_in_seconds:{}\r\nuptime_in_days:{}\r\nexecutable:{}\r\n",
      kRedisVersion, kWeirVersion, host.os, host.event_loop, host.process_id, host.run_id, host.port, host.uptime_s,
      host.uptime_s / 86'400, host.executable);
}

void add_clients(std::string& to, const Node& node, const HostFacts& host) {
  to += fmt::format("connected_clients:{}\r\nmaxclients:{}\r\n", host.connected_clients, node.settings.maxclients);
}

void add_memory(std::string& to, const Node&, const HostFacts& host) {
  to += fmt::format("used_memory:{}\r\nused_memory_rss:{}\r\ntotal_system_memory:{}\r\n", host.used_memory_bytes,
                    host.resident_bytes, host.total_memory_bytes);
}

void add_stats(std::string& to, const Node& node, const HostFacts&) {
  const NodeStats& stats = node.stats;
  const KeyspaceStats& keys = node.keyspace.stats();
  to += fmt::format(
      "total_connections_received:{}\r\ntotal_commands_processed:{}\r\ntotal_net_input_bytes:{}\r\n"
      "total_net_output_bytes:{}\r\nrejected_connections:{}\r\nexpired_keys:{}\r\nkeyspace_hits:{}\r\n"
      "keyspace_misses:{}\r\ntotal_error_replies:{}\r\n",
      stats.connections_received, stats.commands_processed, stats.input_bytes, stats.output_bytes,
      stats.connections_rejected, keys.expired, keys.hits, keys.misses, stats.error_replies);
}

void add_replication(std::string& to, const Node&, const HostFacts&) { to += "role:master\r\nconnected_slaves:0\r\n"; }

void add_cpu(std::string& to, const Node&, const HostFacts& host) {
  to += fmt::format("used_cpu_sys:{:.6f}\r\nused_cpu_user:{:.6f}\r\n", host.cpu_system_s, host.cpu_user_s);
}

void add_keyspace(std::string& to, const Node& node, const HostFacts&) {
  for (std::size_t i = 0; i < node.keyspace.size(); ++i) {
    const Database& database = node.keyspace.database(i);
    if (database.size() == 0) continue;
    to += fmt::format("db{}:keys={},expires={}\r\n", i, database.size(), database.with_expiry());
  }
}

struct Section {
  std::string_view name;
  void (*add)(std::string& to, const Node& node, const HostFacts& host);
};

constexpr std::array<Section, 7> kSections = {{{"Server", add_server},
                                               {"Clients", add_clients},
                                               {"Memory", add_memory},
                                               {"Stats", add_stats},
                                               {"Replication", add_replication},
                                               {"CPU", add_cpu},
                                               {"Keyspace", add_keyspace}}};

bool is_wanted(std::string_view section, std::span<const std::string_view> wanted) {
  if (wanted.empty()) return true;
  for (const std::string_view name : wanted) {
    for (const std::string_view match :
         {section, std::string_view("all"), std::string_view("everything"), std::string_view("default")}) {
      if (base::equal_ignoring_case(name, match)) return true;
    }
  }
  return false;
}

}  // namespace

std::string render_info(const Node& node, std::span<const std::string_view> wanted) {
  const HostFacts host = node.host_facts();
  std::string text;
  for (const Section& section : kSections) {
    if (!is_wanted(section.name, wanted)) continue;
    if (!text.empty()) text += "\r\n";
    text += fmt::format("# {}\r\n", section.name);
    section.add(text, node, host);
  }
  return text;
}

}  // namespace weir::store
