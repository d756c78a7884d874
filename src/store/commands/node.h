// Node: the state of one store that commands work on. The driver owns it, fills in what only it can know (clients,
// memory) before a command asks, and keeps it on the data thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "store/commands/blocking.h"
#include "store/commands/effects.h"
#include "store/commands/pubsub.h"
#include "store/commands/statistics.h"
#include "store/commands/watches.h"
#include "store/keyspace/eviction.h"
#include "store/keyspace/keyspace.h"
#include "store/settings/settings.h"

namespace weir::store {

class CommandTable;
class Persistence;
class Transfers;

// What INFO shows and only the driver can measure.
struct HostFacts {
  std::string os;  // "Linux 6.1.0 x86_64"
  std::string executable;
  std::string config_file;  // Empty: there is none.
  std::string event_loop;   // "epoll" or "io_uring"
  std::string allocator;    // "jemalloc", or "libc" where that is not linked.
  std::string run_id;       // 40 hexadecimal digits.
  std::int64_t process_id = 0;
  std::uint16_t port = 0;
  std::int64_t uptime_s = 0;
  std::uint64_t connected_clients = 0;
  std::uint64_t allocated_bytes = 0;           // All that was taken from the allocator, for data and everything else.
  std::uint64_t allocator_active_bytes = 0;    // The pages that it stands in,
  std::uint64_t allocator_resident_bytes = 0;  // and all pages that the allocator holds.
  std::uint64_t resident_bytes = 0;
  std::uint64_t total_memory_bytes = 0;
  std::uint64_t lazyfreed_objects = 0;
  double commands_per_second = 0;
  double input_kib_per_second = 0;
  double output_kib_per_second = 0;
  double cpu_user_s = 0;
  double cpu_system_s = 0;
  double cpu_thread_user_s = 0;  // Of the data thread.
  double cpu_thread_system_s = 0;
  std::uint64_t reads = 0;  // From sockets.
  std::uint64_t writes = 0;
};

struct NodeStats {
  std::uint64_t connections_received = 0;
  std::uint64_t connections_rejected = 0;
  std::uint64_t output_limit_disconnections = 0;
  std::uint64_t commands_processed = 0;
  std::uint64_t error_replies = 0;
  std::uint64_t input_bytes = 0;
  std::uint64_t output_bytes = 0;
  std::uint64_t busy_expire_cycles = 0;  // That found more than they may remove.
};

// CLIENT PAUSE.
struct Pause {
  enum class Mode : unsigned char { kNone, kWrites, kAll };

  Mode mode = Mode::kNone;
  base::MonoTime until{};
};

struct Node final : RemovalListener {
  explicit Node(Settings initial);
  Node(Settings initial, const CommandTable& table);
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  // What everybody who cares about a key has to hear; commands call these through their Call.
  //
  // The value or the expiry of the key is another one now, or it is gone.
  void touch(std::size_t database, std::string_view key) {
    if (!watches.empty()) watches.touch({database, key});
    if (!blocked.empty()) blocked.touched({database, key});
  }
  // Something happened to the key that subscribers of keyspace notifications may want to know.
  void notify(std::size_t database, std::string_view key, EventClass event_class, std::string_view event) {
    if (contains(settings.notify_keyspace_events, event_class)) publish_event(database, key, event);
  }
  // A key expired or was evicted: an effect like any other.
  void on_removed(std::size_t database, std::string_view key, RemovalReason reason) override;
  // Before all keys of a database are removed.
  void before_clearing(std::size_t database, UnixMs now);
  // Before two databases change places.
  void before_swapping(std::size_t first, std::size_t second, UnixMs now);

  // What maxmemory is held against: the data, and what clients sent or have not read yet.
  std::uint64_t used_memory() const;
  // Evicts until used_memory() is at most maxmemory; false: the policy lets nothing more go.
  bool make_room();

  bool exists(std::size_t database, std::string_view key, UnixMs now);

  // The settings were changed by CONFIG SET, or the stopwatch was corrected: what is kept in another form follows.
  void settings_changed();

  const CommandTable& commands;
  Settings settings;
  Keyspace keyspace;
  Evictor evictor;
  EvictionPolicy eviction = EvictionPolicy::kNone;
  NodeStats stats;
  Effects effects;
  Watches watches;
  PubSub pubsub;
  BlockedClients blocked;
  Pause pause;
  CommandStatistics statistics;
  SlowLog slow_log;
  LatencyMonitor latency;
  std::map<std::uint64_t, Session*> sessions;  // By id, which is the order in which they came.
  std::vector<Session*> monitors;

  // Kept by the driver, a few times a second: what clients sent that did not run yet, and what they have not read.
  std::uint64_t client_bytes = 0;
  std::uint64_t peak_memory = 0;     // The most that used_memory() was.
  std::uint64_t startup_memory = 0;  // What it was before the first key.
  // Set by the driver at the beginning of each turn: what timeouts are counted by.
  base::MonoTime mono_now{};
  Stopwatch stopwatch;
  std::uint64_t last_ticks = 0;                  // When the last request ended, or the first of a batch began.
  std::uint64_t slow_ticks = ~std::uint64_t{0};  // From here on a command is looked at by SLOWLOG or LATENCY.

  std::function<HostFacts()> host_facts = [] { return HostFacts(); };
  // For TIME: microseconds since 1970.
  std::function<std::int64_t()> unix_us = [] { return std::int64_t{0}; };
  // For DEBUG SLEEP: holds the data thread.
  std::function<void(base::Duration)> sleep = [](base::Duration) {};
  // For CONFIG SET, before the settings are replaced: the driver does what they ask of it (sockets, descriptors). An
  // error: it cannot, and they stay.
  std::function<base::Result<void>(const Settings&)> adopt_settings = [](const Settings&) {
    return base::Result<void>();
  };
  // For MEMORY PURGE: gives back what the allocator does not need; false: it cannot.
  std::function<bool()> purge_memory = [] { return false; };
  // For MEMORY MALLOC-STATS.
  std::function<std::string()> allocator_report = [] { return std::string("Stats not supported for the allocator"); };
  // For CONFIG REWRITE: writes the settings to their file; false: there is none.
  std::function<base::Result<bool>()> rewrite_config = [] { return false; };
  // Null: the node keeps no files. It sets the three below.
  Persistence* persistence = nullptr;
  // Null: the node sends no snapshots.
  Transfers* transfers = nullptr;
  // The data is being loaded: commands that need it are refused.
  bool loading = false;
  // The last save in the background failed.
  bool save_failed = false;
  // Why the append-only file cannot be written, as the system says it; empty: it can, or there is none.
  std::string append_failure;
  // Whether the driver removes expired keys that nobody reads; DEBUG SET-ACTIVE-EXPIRE.
  bool active_expire = true;
  // SHUTDOWN asks for it; the driver ends after this turn.
  bool shutdown_requested = false;

 private:
  void publish_event(std::size_t database, std::string_view key, std::string_view event);
};

}  // namespace weir::store
