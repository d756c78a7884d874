// Settings: Redis's directives as the store knows them, from a redis.conf, the command line and CONFIG SET. One table
// (directives()) is the source of parsing, CONFIG GET, CONFIG SET and `weir store --help`. A directive that is not in
// the table is refused by name: nothing is accepted and then ignored. A core: text in, values out.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "store/settings/keyspace_events.h"

namespace weir::store {

struct Settings {
  std::vector<std::string> bind = {"127.0.0.1", "-::1"};  // A leading '-': do without it when it is not there.
  std::uint16_t port = 6379;                              // 0: no TCP.
  int tcp_backlog = 511;
  std::string unixsocket;
  std::string requirepass;
  std::uint32_t maxclients = 10'000;
  std::uint32_t timeout_s = 0;  // 0: idle clients stay.
  std::uint32_t databases = 16;
  std::uint64_t proto_max_bulk_len = 512ull << 20;
  std::string loglevel = "notice";
  EventClasses notify_keyspace_events = 0;
  // Whether what the store removes by itself goes to replicas and file as UNLINK instead of DEL.
  bool lazyfree_lazy_expire = false;
  bool lazyfree_lazy_eviction = false;
  // Weir's own.
  std::string event_loop = "auto";
  std::string admin;  // "host:port" of /metrics and /healthz; empty: none.
};

struct Directive {
  std::string_view name;
  std::string_view expects;  // For people: "a port (0 to 65535)".
  std::string_view summary;
  bool changeable;  // By CONFIG SET, while the store runs.
  std::string (*get)(const Settings&);
  // Rejects what is not `expects`.
  base::Result<void> (*set)(Settings&, std::span<const std::string_view> values);
};

std::span<const Directive> directives();
// By name, in any case; null if there is none.
const Directive* find_directive(std::string_view name);

// Sets one directive; the error says what was expected.
base::Result<void> set_directive(Settings& settings, std::string_view name, std::span<const std::string_view> values);

// A redis.conf: a directive with its values a line, '#' comments, Redis's quoting. Errors name `file` and line.
base::Result<void> apply_config_text(Settings& settings, std::string_view file, std::string_view text);

// "--port 7 --bind a b": each option takes what follows up to the next one. Errors name the option.
base::Result<void> apply_command_line(Settings& settings, std::span<const std::string_view> arguments);

// "512mb", "1g", "100": Redis's units (k kb m mb g gb, b). Nothing when it is none or overflows.
std::optional<std::uint64_t> parse_memory(std::string_view text);

}  // namespace weir::store
