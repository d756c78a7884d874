#include "store/settings/settings.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/bytes.h"
#include "store/settings/redis_directives.h"
#include "wire/resp/request.h"

namespace weir::store {

using base::reject;
using base::Result;
using Values = std::span<const std::string_view>;

namespace {

template <class Number>
Result<void> set_number(Number& to, Values values, std::int64_t low, std::int64_t high) {
  const auto number = values.size() == 1 ? base::parse_decimal<std::int64_t>(values[0]) : std::nullopt;
  if (!number) return reject("argument couldn't be parsed into an integer");
  if (*number < low || *number > high) {
    return reject(fmt::format("argument must be between {} and {} inclusive", low, high));
  }
  to = static_cast<Number>(*number);
  return {};
}

Result<void> set_text(std::string& to, Values values) {
  if (values.size() != 1) return reject("expected one argument");
  to = values[0];
  return {};
}

Result<void> set_yes_no(bool& to, Values values) {
  if (values.size() == 1) {
    const bool yes = base::equal_ignoring_case(values[0], "yes");
    if (yes || base::equal_ignoring_case(values[0], "no")) {
      to = yes;
      return {};
    }
  }
  return reject("argument must be 'yes' or 'no'");
}

std::string yes_no(bool value) { return value ? "yes" : "no"; }

Result<void> set_one_of(std::string& to, Values values, std::span<const std::string_view> choices) {
  if (values.size() == 1) {
    for (const std::string_view choice : choices) {
      if (!base::equal_ignoring_case(values[0], choice)) continue;
      to = choice;
      return {};
    }
  }
  return reject(fmt::format("argument(s) must be one of the following: {}", fmt::join(choices, ", ")));
}

Result<void> set_bytes(std::uint64_t& to, Values values, std::uint64_t low) {
  const auto bytes = values.size() == 1 ? parse_memory(values[0]) : std::nullopt;
  if (!bytes) return reject("argument must be a memory value");
  constexpr std::uint64_t kHigh = std::numeric_limits<std::int64_t>::max();
  if (*bytes < low || *bytes > kHigh) {
    return reject(fmt::format("argument must be between {} and {} inclusive", low, kHigh));
  }
  to = *bytes;
  return {};
}

// CONFIG SET gives one text where a file has several words.
std::vector<std::string_view> words_of(Values values) {
  std::vector<std::string_view> words;
  for (std::string_view value : values) {
    while (!value.empty()) {
      const std::size_t end = std::min(value.find(' '), value.size());
      if (end > 0) words.push_back(value.substr(0, end));
      value.remove_prefix(std::min(end + 1, value.size()));
    }
  }
  return words;
}

OutputLimit* limit_of(Settings& settings, std::string_view client_class) {
  if (base::equal_ignoring_case(client_class, "normal")) return &settings.normal_output_limit;
  if (base::equal_ignoring_case(client_class, "slave") || base::equal_ignoring_case(client_class, "replica")) {
    return &settings.replica_output_limit;
  }
  return base::equal_ignoring_case(client_class, "pubsub") ? &settings.pubsub_output_limit : nullptr;
}

// Groups of CLASS HARD SOFT SECONDS; classes that are not named keep what they have.
Result<void> set_output_limits(Settings& settings, Values values) {
  const std::vector<std::string_view> words = words_of(values);
  if (words.empty() || words.size() % 4 != 0) {
    return reject("Wrong number of arguments in buffer limit configuration.");
  }
  for (std::size_t i = 0; i < words.size(); i += 4) {
    OutputLimit* limit = limit_of(settings, words[i]);
    if (limit == nullptr) return reject("Invalid client class specified in buffer limit configuration.");
    const auto hard = parse_memory(words[i + 1]);
    const auto soft = parse_memory(words[i + 2]);
    const auto seconds = base::parse_decimal<std::int32_t>(words[i + 3]);
    if (!hard || !soft || !seconds || *seconds < 0) {
      return reject("Error in hard, soft or soft_seconds setting in buffer limit configuration.");
    }
    *limit = {.hard_bytes = *hard, .soft_bytes = *soft, .soft_seconds = *seconds};
  }
  return {};
}

std::string output_limits(const Settings& settings) {
  const auto show = [](std::string_view name, const OutputLimit& limit) {
    return fmt::format("{} {} {} {}", name, limit.hard_bytes, limit.soft_bytes, limit.soft_seconds);
  };
  return fmt::format("{} {} {}", show("normal", settings.normal_output_limit),
                     show("slave", settings.replica_output_limit), show("pubsub", settings.pubsub_output_limit));
}

Result<void> set_percentiles(Settings& settings, Values values) {
  std::vector<double> percentiles;
  for (const std::string_view word : words_of(values)) {
    double percentile = -1;
    const auto [end, code] = std::from_chars(word.data(), word.data() + word.size(), percentile);
    if (code != std::errc() || end != word.data() + word.size() || !(percentile >= 0 && percentile <= 100)) {
      return reject("latency-tracking-info-percentiles parameters should sit between [0.0,100.0]");
    }
    percentiles.push_back(percentile);
  }
  settings.latency_percentiles = std::move(percentiles);
  return {};
}

Result<void> set_save_points(Settings& settings, Values values) {
  const std::vector<std::string_view> words = words_of(values);
  if (words.size() % 2 != 0) return reject("Invalid save parameters");
  std::vector<SavePoint> points;
  for (std::size_t i = 0; i < words.size(); i += 2) {
    const auto seconds = base::parse_decimal<std::int64_t>(words[i]);
    const auto changes = base::parse_decimal<std::int64_t>(words[i + 1]);
    if (!seconds || !changes || *seconds < 1 || *changes < 0) return reject("Invalid save parameters");
    points.push_back({.seconds = *seconds, .changes = *changes});
  }
  settings.save_points = std::move(points);
  return {};
}

std::string save_points(const Settings& settings) {
  std::string text;
  for (const SavePoint& point : settings.save_points) {
    text += fmt::format("{}{} {}", text.empty() ? "" : " ", point.seconds, point.changes);
  }
  return text;
}

Result<void> set_name(std::string& to, Values values, std::string_view what, std::string_view kind) {
  if (values.size() != 1 || values[0].empty()) return reject("expected one argument");
  if (values[0].find_first_of("/\\") != std::string_view::npos) {
    return reject(fmt::format("{} can't be a path, just a {}", what, kind));
  }
  to = values[0];
  return {};
}

constexpr std::array<std::string_view, 3> kAppendSyncs = {"always", "everysec", "no"};

std::string append_sync(AppendSync sync) { return std::string(kAppendSyncs[static_cast<std::size_t>(sync)]); }

Result<void> set_append_sync(AppendSync& to, Values values) {
  std::string word;
  if (Result<void> set = set_one_of(word, values, kAppendSyncs); !set) return set;
  to = static_cast<AppendSync>(std::ranges::find(kAppendSyncs, word) - kAppendSyncs.begin());
  return {};
}

constexpr std::int64_t kLargest = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kLeastInt = std::numeric_limits<std::int32_t>::min();
constexpr std::int64_t kLargestInt = std::numeric_limits<std::int32_t>::max();
constexpr std::array<std::string_view, 3> kDebugChoices = {"no", "yes", "local"};
constexpr std::array<std::string_view, 4> kLogLevels = {"debug", "verbose", "notice", "warning"};
constexpr std::array<std::string_view, 8> kEvictionPolicies = {"volatile-lru",   "volatile-lfu", "volatile-random",
                                                               "volatile-ttl",   "allkeys-lru",  "allkeys-lfu",
                                                               "allkeys-random", "noeviction"};
constexpr std::array<std::string_view, 3> kEventLoops = {"auto", "epoll", "io_uring"};

constexpr Directive kHashEntries{
    "hash-max-listpack-entries",
    "a number",
    "how many fields a hash has at most that is kept as a listpack",
    true,
    [](const Settings& s) { return fmt::to_string(s.hash_max_listpack_entries); },
    [](Settings& s, Values v) { return set_number(s.hash_max_listpack_entries, v, 0, kLargest); }};
constexpr Directive kHashValue{"hash-max-listpack-value",
                               "a size",
                               "longest field or value of a hash that is kept as a listpack",
                               true,
                               [](const Settings& s) { return fmt::to_string(s.hash_max_listpack_value_bytes); },
                               [](Settings& s, Values v) { return set_bytes(s.hash_max_listpack_value_bytes, v, 0); }};

constexpr Directive kListSize{
    "list-max-listpack-size",
    "a number of elements; -1 to -5: 4 to 64 kb",
    "what a node of a list holds at most",
    true,
    [](const Settings& s) { return fmt::to_string(s.list_max_listpack_size); },
    [](Settings& s, Values v) { return set_number(s.list_max_listpack_size, v, kLeastInt, kLargestInt); }};

constexpr Directive kSortedSetEntries{
    "zset-max-listpack-entries",
    "a number",
    "how many members a sorted set has at most that is kept as a listpack",
    true,
    [](const Settings& s) { return fmt::to_string(s.zset_max_listpack_entries); },
    [](Settings& s, Values v) { return set_number(s.zset_max_listpack_entries, v, 0, kLargest); }};
constexpr Directive kSortedSetValue{
    "zset-max-listpack-value",
    "a size",
    "longest member of a sorted set that is kept as a listpack",
    true,
    [](const Settings& s) { return fmt::to_string(s.zset_max_listpack_value_bytes); },
    [](Settings& s, Values v) { return set_bytes(s.zset_max_listpack_value_bytes, v, 0); }};

// A directive under the name that it had before listpacks; CONFIG GET and SET know both.
constexpr Directive older_name(std::string_view name, Directive directive) {
  directive.alias_of = directive.name;
  directive.name = name;
  return directive;
}

constexpr std::array kDirectives = {
    Directive{"admin", "HOST:PORT, or an empty text", "where /metrics and /healthz are served (Weir's own directive)",
              false, [](const Settings& s) { return s.admin; },
              [](Settings& s, Values v) { return set_text(s.admin, v); }},
    Directive{"aof-load-truncated", "yes or no",
              "whether an append-only file that ends in the middle of a command is loaded up to there", true,
              [](const Settings& s) { return yes_no(s.aof_load_truncated); },
              [](Settings& s, Values v) { return set_yes_no(s.aof_load_truncated, v); }},
    Directive{"aof-timestamp-enabled", "yes or no", "whether the append-only file tells when commands were run", true,
              [](const Settings& s) { return yes_no(s.aof_timestamp_enabled); },
              [](Settings& s, Values v) { return set_yes_no(s.aof_timestamp_enabled, v); }},
    Directive{"appenddirname", "a name, not a path", "folder in `dir` that the append-only file is in", false,
              [](const Settings& s) { return s.appenddirname; },
              [](Settings& s, Values v) { return set_name(s.appenddirname, v, "appenddirname", "dirname"); }},
    Directive{"appendfilename", "a name, not a path", "how the names of the append-only file begin", false,
              [](const Settings& s) { return s.appendfilename; },
              [](Settings& s, Values v) { return set_name(s.appendfilename, v, "appendfilename", "filename"); }},
    Directive{"appendfsync", "always, everysec or no", "when the append-only file is made durable", true,
              [](const Settings& s) { return append_sync(s.appendfsync); },
              [](Settings& s, Values v) { return set_append_sync(s.appendfsync, v); }},
    Directive{"appendonly", "yes or no", "whether every write is appended to a file, which is loaded at the start",
              true, [](const Settings& s) { return yes_no(s.appendonly); },
              [](Settings& s, Values v) { return set_yes_no(s.appendonly, v); }},
    Directive{"auto-aof-rewrite-min-size", "a size", "the append-only file is not rewritten unasked below it", true,
              [](const Settings& s) { return fmt::to_string(s.auto_aof_rewrite_min_size); },
              [](Settings& s, Values v) { return set_bytes(s.auto_aof_rewrite_min_size, v, 0); }},
    Directive{"auto-aof-rewrite-percentage", "percent, 0: never",
              "by how much the append-only file has to grow to be rewritten unasked", true,
              [](const Settings& s) { return fmt::to_string(s.auto_aof_rewrite_percentage); },
              [](Settings& s, Values v) { return set_number(s.auto_aof_rewrite_percentage, v, 0, kLargestInt); }},
    Directive{"bind", "addresses", "addresses to listen on; '-' before one: only if it exists", false,
              [](const Settings& s) { return fmt::format("{}", fmt::join(s.bind, " ")); },
              [](Settings& s, Values v) -> Result<void> {
                if (v.empty()) return reject("expected at least one address");
                s.bind.assign(v.begin(), v.end());
                return {};
              }},
    Directive{"client-output-buffer-limit", "CLASS HARD SOFT SECONDS, repeated",
              "what clients of a class may leave unread", true, [](const Settings& s) { return output_limits(s); },
              [](Settings& s, Values v) { return set_output_limits(s, v); }},
    Directive{"client-query-buffer-limit", "a size of at least 1mb",
              "what a client may send for one request, or queue in one transaction", true,
              [](const Settings& s) { return fmt::to_string(s.client_query_buffer_limit); },
              [](Settings& s, Values v) { return set_bytes(s.client_query_buffer_limit, v, 1 << 20); }},
    Directive{"databases", "1 to 10000", "number of databases", false,
              [](const Settings& s) { return fmt::to_string(s.databases); },
              [](Settings& s, Values v) { return set_number(s.databases, v, 1, 10'000); }},
    Directive{"dbfilename", "a name, not a path", "file that the data is saved to and loaded from", false,
              [](const Settings& s) { return s.dbfilename; },
              [](Settings& s, Values v) { return set_name(s.dbfilename, v, "dbfilename", "filename"); },
              /*secret=*/false,
              /*adds_up=*/false, /*is_protected=*/true},
    Directive{"dir", "a folder", "where the files of the data are", false, [](const Settings& s) { return s.dir; },
              [](Settings& s, Values v) { return set_text(s.dir, v); }, /*secret=*/false, /*adds_up=*/false,
              /*is_protected=*/true},
    Directive{"enable-debug-command", "no, yes or local",
              "whether DEBUG may be used, by all or by clients of this machine", false,
              [](const Settings& s) { return s.enable_debug_command; },
              [](Settings& s, Values v) { return set_one_of(s.enable_debug_command, v, kDebugChoices); }},
    Directive{"event-loop", "auto, epoll or io_uring", "the engine of the data path (Weir's own directive)", false,
              [](const Settings& s) { return s.event_loop; },
              [](Settings& s, Values v) { return set_one_of(s.event_loop, v, kEventLoops); }},
    Directive{"hll-sparse-max-bytes", "a size", "how long a HyperLogLog may be before it takes its dense form", true,
              [](const Settings& s) { return fmt::to_string(s.hll_sparse_max_bytes); },
              [](Settings& s, Values v) { return set_bytes(s.hll_sparse_max_bytes, v, 0); }},
    kHashEntries,
    kHashValue,
    older_name("hash-max-ziplist-entries", kHashEntries),
    older_name("hash-max-ziplist-value", kHashValue),
    Directive{"latency-monitor-threshold", "milliseconds, 0: off", "how long a command takes that LATENCY notes", true,
              [](const Settings& s) { return fmt::to_string(s.latency_monitor_threshold_ms); },
              [](Settings& s, Values v) { return set_number(s.latency_monitor_threshold_ms, v, 0, kLargest); }},
    Directive{"latency-tracking", "yes or no", "whether the duration of every call is counted in a histogram", true,
              [](const Settings& s) { return yes_no(s.latency_tracking); },
              [](Settings& s, Values v) { return set_yes_no(s.latency_tracking, v); }},
    Directive{"latency-tracking-info-percentiles", "percentiles, 0 to 100",
              "what INFO latencystats shows of the histograms", true,
              [](const Settings& s) { return fmt::format("{}", fmt::join(s.latency_percentiles, " ")); },
              [](Settings& s, Values v) { return set_percentiles(s, v); }},
    Directive{"lazyfree-lazy-eviction", "yes or no", "evicted keys go to replicas and file as UNLINK", true,
              [](const Settings& s) { return yes_no(s.lazyfree_lazy_eviction); },
              [](Settings& s, Values v) { return set_yes_no(s.lazyfree_lazy_eviction, v); }},
    Directive{"lazyfree-lazy-expire", "yes or no", "expired keys go to replicas and file as UNLINK", true,
              [](const Settings& s) { return yes_no(s.lazyfree_lazy_expire); },
              [](Settings& s, Values v) { return set_yes_no(s.lazyfree_lazy_expire, v); }},
    Directive{"lazyfree-lazy-server-del", "yes or no", "no effect: what is overwritten is freed elsewhere in any case",
              true, [](const Settings& s) { return yes_no(s.lazyfree_lazy_server_del); },
              [](Settings& s, Values v) { return set_yes_no(s.lazyfree_lazy_server_del, v); }},
    Directive{"lazyfree-lazy-user-del", "yes or no", "what GETDEL takes goes to replicas and file as UNLINK", true,
              [](const Settings& s) { return yes_no(s.lazyfree_lazy_user_del); },
              [](Settings& s, Values v) { return set_yes_no(s.lazyfree_lazy_user_del, v); }},
    Directive{"lazyfree-lazy-user-flush", "yes or no", "no effect: what is flushed is freed elsewhere in any case",
              true, [](const Settings& s) { return yes_no(s.lazyfree_lazy_user_flush); },
              [](Settings& s, Values v) { return set_yes_no(s.lazyfree_lazy_user_flush, v); }},
    Directive{"lfu-decay-time", "minutes, 0: never", "how long a key must be unused for its frequency to sink by one",
              true, [](const Settings& s) { return fmt::to_string(s.lfu_decay_minutes); },
              [](Settings& s, Values v) { return set_number(s.lfu_decay_minutes, v, 0, kLargestInt); }},
    Directive{"lfu-log-factor", "a number", "how slowly the frequency of a much used key rises", true,
              [](const Settings& s) { return fmt::to_string(s.lfu_log_factor); },
              [](Settings& s, Values v) { return set_number(s.lfu_log_factor, v, 0, kLargestInt); }},
    Directive{"list-compress-depth", "0: lists are not compressed", "how many nodes at the ends stay as they are", true,
              [](const Settings&) { return std::string("0"); },
              [](Settings&, Values v) -> Result<void> {
                int depth = 0;
                return set_number(depth, v, 0, 0);
              }},
    kListSize,
    older_name("list-max-ziplist-size", kListSize),
    Directive{"loglevel", "debug, verbose, notice or warning", "how much is logged", false,
              [](const Settings& s) { return s.loglevel; },
              [](Settings& s, Values v) { return set_one_of(s.loglevel, v, kLogLevels); }},
    Directive{"maxclients", "1 to 4294967295", "clients connected at the same time", true,
              [](const Settings& s) { return fmt::to_string(s.maxclients); },
              [](Settings& s, Values v) { return set_number(s.maxclients, v, 1, 4'294'967'295); }},
    Directive{"maxmemory", "a size, 0: no limit", "what data and clients may take before keys are evicted", true,
              [](const Settings& s) { return fmt::to_string(s.maxmemory); },
              [](Settings& s, Values v) { return set_bytes(s.maxmemory, v, 0); }},
    Directive{"maxmemory-policy", "noeviction, or (allkeys|volatile)-(lru|lfu|random), or volatile-ttl",
              "which keys are evicted", true, [](const Settings& s) { return s.maxmemory_policy; },
              [](Settings& s, Values v) { return set_one_of(s.maxmemory_policy, v, kEvictionPolicies); }},
    Directive{"maxmemory-samples", "at least 1", "how many keys are looked at for each that is evicted", true,
              [](const Settings& s) { return fmt::to_string(s.maxmemory_samples); },
              [](Settings& s, Values v) { return set_number(s.maxmemory_samples, v, 1, kLargestInt); }},
    Directive{"no-appendfsync-on-rewrite", "yes or no",
              "whether the append-only file is not made durable while a snapshot is written", true,
              [](const Settings& s) { return yes_no(s.no_appendfsync_on_rewrite); },
              [](Settings& s, Values v) { return set_yes_no(s.no_appendfsync_on_rewrite, v); }},
    Directive{"notify-keyspace-events", "letters of Ag$lshzxeKEtmdn", "which keyspace notifications are published",
              true, [](const Settings& s) { return to_letters(s.notify_keyspace_events); },
              [](Settings& s, Values v) -> Result<void> {
                if (v.size() != 1) return reject("expected one argument");
                const auto classes = parse_event_classes(v[0]);
                if (!classes) return reject("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.");
                s.notify_keyspace_events = *classes;
                return {};
              }},
    Directive{"port", "0 to 65535", "TCP port; 0: none", false,
              [](const Settings& s) { return fmt::to_string(s.port); },
              [](Settings& s, Values v) { return set_number(s.port, v, 0, 65'535); }},
    Directive{"protected-mode", "yes or no", "without a password, serve only this machine", true,
              [](const Settings& s) { return yes_no(s.protected_mode); },
              [](Settings& s, Values v) { return set_yes_no(s.protected_mode, v); }},
    Directive{"proto-max-bulk-len", "a size of at least 1mb", "longest argument of a command", true,
              [](const Settings& s) { return fmt::to_string(s.proto_max_bulk_len); },
              [](Settings& s, Values v) { return set_bytes(s.proto_max_bulk_len, v, 1 << 20); }},
    Directive{"rdbchecksum", "yes or no", "whether saved files end with a checksum", false,
              [](const Settings& s) { return yes_no(s.rdbchecksum); },
              [](Settings& s, Values v) { return set_yes_no(s.rdbchecksum, v); }},
    Directive{"rdbcompression", "yes or no", "whether strings are compressed when they are saved", true,
              [](const Settings& s) { return yes_no(s.rdbcompression); },
              [](Settings& s, Values v) { return set_yes_no(s.rdbcompression, v); }},
    Directive{"requirepass", "a password, or an empty text", "what AUTH must give", true,
              [](const Settings& s) { return s.requirepass; },
              [](Settings& s, Values v) { return set_text(s.requirepass, v); }, /*secret=*/true},
    Directive{"set-max-intset-entries", "a number", "how many members a set has at most that is kept as an intset",
              true, [](const Settings& s) { return fmt::to_string(s.set_max_intset_entries); },
              [](Settings& s, Values v) { return set_number(s.set_max_intset_entries, v, 0, kLargest); }},
    Directive{"save", "pairs of SECONDS CHANGES, or an empty text",
              "save after so many seconds if there were so many changes", true,
              [](const Settings& s) { return save_points(s); },
              [](Settings& s, Values v) { return set_save_points(s, v); }, /*secret=*/false, /*adds_up=*/true},
    Directive{"slowlog-log-slower-than", "microseconds; negative: off", "how long a command takes that SLOWLOG notes",
              true, [](const Settings& s) { return fmt::to_string(s.slowlog_log_slower_than_us); },
              [](Settings& s, Values v) { return set_number(s.slowlog_log_slower_than_us, v, -1, kLargest); }},
    Directive{"slowlog-max-len", "a number", "how many commands SLOWLOG keeps", true,
              [](const Settings& s) { return fmt::to_string(s.slowlog_max_len); },
              [](Settings& s, Values v) { return set_number(s.slowlog_max_len, v, 0, kLargest); }},
    Directive{"stop-writes-on-bgsave-error", "yes or no", "whether writes are refused while the data cannot be saved",
              true, [](const Settings& s) { return yes_no(s.stop_writes_on_bgsave_error); },
              [](Settings& s, Values v) { return set_yes_no(s.stop_writes_on_bgsave_error, v); }},
    Directive{"tcp-backlog", "0 to 2147483647", "connections that may wait to be accepted", false,
              [](const Settings& s) { return fmt::to_string(s.tcp_backlog); },
              [](Settings& s, Values v) { return set_number(s.tcp_backlog, v, 0, 2'147'483'647); }},
    Directive{"tcp-keepalive", "seconds, 0: off", "how long a client is silent before it is asked whether it is there",
              true, [](const Settings& s) { return fmt::to_string(s.tcp_keepalive_s); },
              [](Settings& s, Values v) { return set_number(s.tcp_keepalive_s, v, 0, kLargestInt); }},
    Directive{"timeout", "seconds, 0 to 2147483647", "close clients that were idle for so long; 0: never", true,
              [](const Settings& s) { return fmt::to_string(s.timeout_s); },
              [](Settings& s, Values v) { return set_number(s.timeout_s, v, 0, 2'147'483'647); }},
    Directive{"unixsocket", "a path, or an empty text", "path of a Unix socket to listen on too", false,
              [](const Settings& s) { return s.unixsocket; },
              [](Settings& s, Values v) { return set_text(s.unixsocket, v); }},
    kSortedSetEntries,
    kSortedSetValue,
    older_name("zset-max-ziplist-entries", kSortedSetEntries),
    older_name("zset-max-ziplist-value", kSortedSetValue),
};

}  // namespace

std::span<const Directive> directives() { return kDirectives; }

const Directive* find_directive(std::string_view name) {
  for (const Directive& directive : kDirectives) {
    if (base::equal_ignoring_case(directive.name, name)) return &directive;
  }
  return nullptr;
}

Result<void> set_directive(Settings& settings, std::string_view name, Values values) {
  const Directive* directive = find_directive(name);
  if (directive == nullptr && is_redis_directive(name)) {
    return reject(
        fmt::format("directive '{}' is Redis's, but this store does not have it (weir store --help lists those "
                    "that it has)",
                    name));
  }
  if (directive == nullptr) {
    return reject(
        fmt::format("unknown directive '{}' (weir store --help lists the known ones)", base::printable(name)));
  }
  if (Result<void> set = directive->set(settings, values); !set) {
    return reject(fmt::format("{} {}: expected {}; {}", directive->name, fmt::join(values, " "), directive->expects,
                              set.error().text()));
  }
  return {};
}

Result<void> apply_config_text(Settings& settings, std::string_view file, std::string_view text) {
  std::size_t line_number = 0;
  std::vector<const Directive*> begun;  // Of those whose lines add up.
  while (!text.empty()) {
    ++line_number;
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    const std::size_t first = line.find_first_not_of(" \t\r");
    if (first == std::string_view::npos || line[first] == '#') continue;
    const auto at_line = [&](std::string_view why) { return reject(fmt::format("{}:{}: {}", file, line_number, why)); };
    std::string bytes;
    std::vector<std::size_t> sizes;
    if (!wire::resp::split_words(line, bytes, sizes)) return at_line("unbalanced quotes");
    std::vector<std::string_view> words;
    for (std::size_t at = 0; const std::size_t size : sizes) {
      words.push_back(std::string_view(bytes).substr(at, size));
      at += size;
    }
    std::vector<std::string_view> values(words.begin() + 1, words.end());
    const Directive* directive = find_directive(words[0]);
    std::string so_far;
    if (directive != nullptr && directive->adds_up && values != std::vector<std::string_view>{""}) {
      if (std::ranges::find(begun, directive) == begun.end()) {
        begun.push_back(directive);
      } else {
        so_far = directive->get(settings);
        values.insert(values.begin(), so_far);
      }
    }
    if (Result<void> set = set_directive(settings, words[0], values); !set) return at_line(set.error().text());
  }
  return {};
}

std::string rewrite_config_text(std::string_view text, const Settings& settings) {
  std::string rewritten;
  std::vector<const Directive*> written;
  const auto line_of = [&](const Directive& directive) {
    // Lists are several words in a file; any other value is one, quoted.
    std::string line(directive.name);
    const std::string value = directive.get(settings);
    const bool is_list = directive.name == "bind" || directive.name == "client-output-buffer-limit" ||
                         directive.name == "save" || directive.name == "latency-tracking-info-percentiles";
    if (is_list && !value.empty()) return line + ' ' + value + '\n';
    line += " \"";
    for (const char c : value) {
      if (c == '"' || c == '\\') {
        line.append(1, '\\').append(1, c);
      } else if (c >= ' ' && c <= '~') {
        line += c;
      } else {
        line += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
      }
    }
    return line + "\"\n";
  };
  const Settings defaults;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t first = line.find_first_not_of(" \t\r");
    const std::size_t last = std::min(line.find_first_of(" \t\r", first), line.size());
    const Directive* directive =
        first == std::string_view::npos ? nullptr : find_directive(line.substr(first, last - first));
    if (directive != nullptr && !directive->alias_of.empty()) directive = find_directive(directive->alias_of);
    if (directive == nullptr) {
      rewritten.append(line).append(1, '\n');
      continue;
    }
    if (std::ranges::find(written, directive) != written.end()) continue;
    written.push_back(directive);
    // A line that says what holds stays as the user wrote it.
    Settings alone;
    const bool holds = apply_config_text(alone, "", line) && directive->get(alone) == directive->get(settings);
    rewritten += holds ? std::string(line) + '\n' : line_of(*directive);
  }
  for (const Directive& directive : kDirectives) {
    if (!directive.alias_of.empty() || std::ranges::find(written, &directive) != written.end()) continue;
    if (directive.get(settings) != directive.get(defaults)) rewritten += line_of(directive);
  }
  return rewritten;
}

Result<void> apply_command_line(Settings& settings, Values arguments) {
  while (!arguments.empty()) {
    const std::string_view option = arguments[0];
    if (!option.starts_with("--") || option.size() == 2) {
      return reject(fmt::format("'{}': expected --DIRECTIVE VALUE", base::printable(option)));
    }
    std::size_t count = 0;
    while (count + 1 < arguments.size() && !arguments[count + 1].starts_with("--")) ++count;
    if (Result<void> set = set_directive(settings, option.substr(2), arguments.subspan(1, count)); !set) {
      return set.error().within(fmt::format("option {}", option));
    }
    arguments = arguments.subspan(count + 1);
  }
  return {};
}

std::optional<std::uint64_t> parse_memory(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, std::uint64_t>, 7> kUnits = {{{"b", 1},
                                                                                        {"k", 1000},
                                                                                        {"kb", 1ull << 10},
                                                                                        {"m", 1'000'000},
                                                                                        {"mb", 1ull << 20},
                                                                                        {"g", 1'000'000'000},
                                                                                        {"gb", 1ull << 30}}};
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = base::parse_decimal<std::uint64_t>(text.substr(0, digits));
  if (!number) return std::nullopt;
  if (digits == text.size()) return number;
  for (const auto& [unit, factor] : kUnits) {
    if (!base::equal_ignoring_case(text.substr(digits), unit)) continue;
    if (*number > std::numeric_limits<std::uint64_t>::max() / factor) return std::nullopt;
    return *number * factor;
  }
  return std::nullopt;
}

}  // namespace weir::store
