// Node: the state of one store that commands work on. The driver owns it, fills in what only it can know (clients,
// memory) before a command asks, and keeps it on the data thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "store/commands/effects.h"
#include "store/keyspace/keyspace.h"
#include "store/settings/settings.h"

namespace weir::store {

// What INFO shows and only the driver can measure.
struct HostFacts {
  std::string os;  // "Linux 6.1.0 x86_64"
  std::string executable;
  std::string event_loop;  // "epoll" or "io_uring"
  std::string run_id;      // 40 hexadecimal digits.
  std::int64_t process_id = 0;
  std::uint16_t port = 0;
  std::int64_t uptime_s = 0;
  std::uint64_t connected_clients = 0;
  std::uint64_t used_memory_bytes = 0;
  std::uint64_t resident_bytes = 0;
  std::uint64_t total_memory_bytes = 0;
  double cpu_user_s = 0;
  double cpu_system_s = 0;
};

struct NodeStats {
  std::uint64_t connections_received = 0;
  std::uint64_t connections_rejected = 0;
  std::uint64_t commands_processed = 0;
  std::uint64_t error_replies = 0;
  std::uint64_t input_bytes = 0;
  std::uint64_t output_bytes = 0;
};

struct Node final : RemovalListener {
  explicit Node(Settings initial) : settings(std::move(initial)), keyspace(settings.databases) {
    keyspace.context().listener = this;
  }
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  // What everybody who cares about a key has to hear, in the order in which a command calls them (call.h).
  //
  // The value or the expiry of the key is another one now, or it is gone.
  void touch(std::size_t database, std::string_view key);
  // Something happened to the key that subscribers of keyspace notifications may want to know.
  void notify(std::size_t database, std::string_view key, EventClass event_class, std::string_view event);
  // A key expired or was evicted: an effect like any other.
  void on_removed(std::size_t database, std::string_view key, RemovalReason reason) override;

  Settings settings;
  Keyspace keyspace;
  NodeStats stats;
  Effects effects;
  std::function<HostFacts()> host_facts = [] { return HostFacts(); };
};

}  // namespace weir::store
