// Settings: what Redis's directives say, as the store knows them. directives.h is the table that they are read and
// shown by. Values only.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "store/settings/keyspace_events.h"

namespace weir::store {

// How much a client of a class may have left unread: closed at once above `hard`, or after it was above `soft` for so
// long. 0: no limit.
struct OutputLimit {
  std::uint64_t hard_bytes = 0;
  std::uint64_t soft_bytes = 0;
  std::int64_t soft_seconds = 0;
};

// After so many seconds the data is saved, if there were so many changes.
struct SavePoint {
  std::int64_t seconds = 0;
  std::int64_t changes = 0;

  friend bool operator==(const SavePoint&, const SavePoint&) = default;
};

// When the append-only file is made durable (persist/aof_log.h).
enum class AppendSync : unsigned char { kAlways, kEverySecond, kNo };

struct Settings {
  std::vector<std::string> bind = {"127.0.0.1", "-::1"};  // A leading '-': do without it when it is not there.
  std::uint16_t port = 6379;                              // 0: no TCP.
  int tcp_backlog = 511;
  std::string unixsocket;
  std::string requirepass;
  bool protected_mode = true;  // Without a password, serve only this machine.
  std::uint32_t maxclients = 10'000;
  std::uint64_t client_query_buffer_limit = 1ull << 30;
  OutputLimit normal_output_limit;
  OutputLimit replica_output_limit = {.hard_bytes = 256ull << 20, .soft_bytes = 64ull << 20, .soft_seconds = 60};
  OutputLimit pubsub_output_limit = {.hard_bytes = 32ull << 20, .soft_bytes = 8ull << 20, .soft_seconds = 60};
  std::uint32_t timeout_s = 0;          // 0: idle clients stay.
  std::uint32_t tcp_keepalive_s = 300;  // 0: a peer that is silent is not asked whether it is there.
  std::uint32_t databases = 16;
  std::uint64_t proto_max_bulk_len = 512ull << 20;
  std::uint64_t hll_sparse_max_bytes = 3000;  // Of a HyperLogLog, until it becomes dense.
  std::string loglevel = "notice";
  std::int64_t slowlog_log_slower_than_us = 10'000;  // Negative: none is noted.
  std::uint64_t slowlog_max_len = 128;
  std::int64_t latency_monitor_threshold_ms = 0;  // 0: off.
  bool latency_tracking = true;
  std::vector<double> latency_percentiles = {50, 99, 99.9};
  std::string enable_debug_command = "no";  // "no", "local" or "yes"
  EventClasses notify_keyspace_events = 0;
  std::uint64_t maxmemory = 0;  // Bytes; 0: no limit.
  std::string maxmemory_policy = "noeviction";
  std::uint32_t maxmemory_samples = 5;
  std::uint32_t lfu_log_factor = 10;
  std::uint32_t lfu_decay_minutes = 1;  // 0: never.
  // Whether removals go to replicas and file as UNLINK instead of DEL: of what the store removes by itself, and of what
  // a command takes out (GETDEL).
  bool lazyfree_lazy_expire = false;
  bool lazyfree_lazy_eviction = false;
  bool lazyfree_lazy_user_del = false;
  // Without effect: the store frees elsewhere what was overwritten or flushed, whatever these say.
  bool lazyfree_lazy_server_del = false;
  bool lazyfree_lazy_user_flush = false;
  // How far a hash and a sorted set stay packed in a listpack, and a set in an intset.
  std::size_t hash_max_listpack_entries = 512;
  std::size_t hash_max_listpack_value_bytes = 64;
  std::size_t set_max_intset_entries = 512;
  // What a node of a list holds: so many elements, or -1 to -5 for 4 to 64 KB.
  int list_max_listpack_size = -2;
  std::size_t zset_max_listpack_entries = 128;
  std::size_t zset_max_listpack_value_bytes = 64;
  // The RDB file: where it is, how it is written, and when without being asked.
  std::string dir = ".";
  std::string dbfilename = "dump.rdb";
  std::vector<SavePoint> save_points = {{3600, 1}, {300, 100}, {60, 10'000}};
  bool rdbcompression = true;
  bool rdbchecksum = true;
  bool stop_writes_on_bgsave_error = true;
  // The append-only file.
  bool appendonly = false;
  AppendSync appendfsync = AppendSync::kEverySecond;
  std::string appendfilename = "appendonly.aof";
  std::string appenddirname = "appendonlydir";  // In `dir`.
  bool no_appendfsync_on_rewrite = false;
  std::uint32_t auto_aof_rewrite_percentage = 100;  // 0: never without an order.
  std::uint64_t auto_aof_rewrite_min_size = 64ull << 20;
  bool aof_load_truncated = true;
  bool aof_timestamp_enabled = false;
  // Weir's own.
  std::string event_loop = "auto";
  std::string admin;  // "host:port" of /metrics and /healthz; empty: none.
};

}  // namespace weir::store
