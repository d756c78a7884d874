#include "store/settings/directives.h"

#include <array>
#include <limits>
#include <type_traits>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/bytes.h"
#include "store/settings/directive_values.h"
#include "store/settings/redis_directives.h"

namespace weir::store {

using base::reject;
using base::Result;
using Values = std::span<const std::string_view>;

namespace {

constexpr std::int64_t kLargest = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kLeastInt = std::numeric_limits<std::int32_t>::min();
constexpr std::int64_t kLargestInt = std::numeric_limits<std::int32_t>::max();
constexpr std::array<std::string_view, 3> kDebugChoices = {"no", "yes", "local"};
constexpr std::array<std::string_view, 4> kLogLevels = {"debug", "verbose", "notice", "warning"};
constexpr std::array<std::string_view, 8> kEvictionPolicies = {"volatile-lru",   "volatile-lfu", "volatile-random",
                                                               "volatile-ttl",   "allkeys-lru",  "allkeys-lfu",
                                                               "allkeys-random", "noeviction"};
constexpr std::array<std::string_view, 3> kEventLoops = {"auto", "epoll", "io_uring"};

// Rows of directives that are one member of Settings, which is read and shown as its type is.

template <bool Settings::* kMember>
constexpr Directive yes_no(std::string_view name, std::string_view summary) {
  return {.name = name,
          .expects = "yes or no",
          .summary = summary,
          .get = [](const Settings& s) { return show_yes_no(s.*kMember); },
          .set = [](Settings& s, Values v) { return set_yes_no(s.*kMember, v); }};
}
template <auto kMember, std::int64_t kLow, std::int64_t kHigh>
constexpr Directive number(std::string_view name, std::string_view expects, std::string_view summary) {
  using Number = std::remove_cvref_t<decltype(std::declval<Settings>().*kMember)>;
  static_assert(std::in_range<Number>(kLow) && std::in_range<Number>(kHigh));
  return {.name = name,
          .expects = expects,
          .summary = summary,
          .get = [](const Settings& s) { return fmt::to_string(s.*kMember); },
          .set = [](Settings& s, Values v) { return set_number(s.*kMember, v, kLow, kHigh); }};
}
// Lengths of elements have 32 bits.
constexpr std::uint64_t kLongestElement = std::uint64_t{2} << 30;

template <auto kMember, std::uint64_t kLow = 0>
constexpr Directive bytes(std::string_view name, std::string_view expects, std::string_view summary) {
  return {.name = name,
          .expects = expects,
          .summary = summary,
          .get = [](const Settings& s) { return fmt::to_string(s.*kMember); },
          .set = [](Settings& s, Values v) { return set_bytes(s.*kMember, v, kLow); }};
}
template <std::string Settings::* kMember>
constexpr Directive text(std::string_view name, std::string_view expects, std::string_view summary) {
  return {.name = name,
          .expects = expects,
          .summary = summary,
          .get = [](const Settings& s) { return s.*kMember; },
          .set = [](Settings& s, Values v) { return set_text(s.*kMember, v); }};
}
template <std::string Settings::* kMember, const auto& kChoices>
constexpr Directive one_of(std::string_view name, std::string_view expects, std::string_view summary) {
  return {.name = name,
          .expects = expects,
          .summary = summary,
          .get = [](const Settings& s) { return s.*kMember; },
          .set = [](Settings& s, Values v) { return set_one_of(s.*kMember, v, kChoices); }};
}

constexpr Directive kHashEntries = number<&Settings::hash_max_listpack_entries, 0, kLargest>(
    "hash-max-listpack-entries", "a number", "how many fields a hash has at most that is kept as a listpack");
constexpr Directive kHashValue = bytes<&Settings::hash_max_listpack_value_bytes>(
    "hash-max-listpack-value", "a size", "longest field or value of a hash that is kept as a listpack");
constexpr Directive kListSize = number<&Settings::list_max_listpack_size, kLeastInt, kLargestInt>(
    "list-max-listpack-size", "a number of elements; -1 to -5: 4 to 64 kb", "what a node of a list holds at most");
constexpr Directive kSortedSetEntries = number<&Settings::zset_max_listpack_entries, 0, kLargest>(
    "zset-max-listpack-entries", "a number", "how many members a sorted set has at most that is kept as a listpack");
constexpr Directive kSortedSetValue = bytes<&Settings::zset_max_listpack_value_bytes>(
    "zset-max-listpack-value", "a size", "longest member of a sorted set that is kept as a listpack");

// A directive under the name that it had before listpacks; CONFIG GET and SET know both.
constexpr Directive older_name(std::string_view name, Directive directive) {
  directive.alias_of = directive.name;
  directive.name = name;
  return directive;
}

constexpr std::array kDirectives = {
    text<&Settings::admin>("admin", "HOST:PORT, or an empty text",
                           "where /metrics and /healthz are served (Weir's own directive)")
        .fixed(),
    yes_no<&Settings::aof_load_truncated>(
        "aof-load-truncated", "whether an append-only file that ends in the middle of a command is loaded up to there"),
    yes_no<&Settings::aof_timestamp_enabled>("aof-timestamp-enabled",
                                             "whether the append-only file tells when commands were run"),
    Directive{"appenddirname", "a name, not a path", "folder in `dir` that the append-only file is in",
              [](const Settings& s) { return s.appenddirname; },
              [](Settings& s, Values v) { return set_name(s.appenddirname, v, "appenddirname", "dirname"); }}
        .fixed(),
    Directive{"appendfilename", "a name, not a path", "how the names of the append-only file begin",
              [](const Settings& s) { return s.appendfilename; },
              [](Settings& s, Values v) { return set_name(s.appendfilename, v, "appendfilename", "filename"); }}
        .fixed(),
    Directive{"appendfsync", "always, everysec or no", "when the append-only file is made durable",
              [](const Settings& s) { return show_append_sync(s.appendfsync); },
              [](Settings& s, Values v) { return set_append_sync(s.appendfsync, v); }},
    yes_no<&Settings::appendonly>("appendonly",
                                  "whether every write is appended to a file, which is loaded at the start"),
    bytes<&Settings::auto_aof_rewrite_min_size>("auto-aof-rewrite-min-size", "a size",
                                                "the append-only file is not rewritten unasked below it"),
    number<&Settings::auto_aof_rewrite_percentage, 0, kLargestInt>(
        "auto-aof-rewrite-percentage", "percent, 0: never",
        "by how much the append-only file has to grow to be rewritten unasked"),
    Directive{"bind", "addresses", "addresses to listen on; '-' before one: only if it exists",
              [](const Settings& s) { return fmt::format("{}", fmt::join(s.bind, " ")); },
              [](Settings& s, Values v) -> Result<void> {
                if (v.empty()) return reject("expected at least one address");
                s.bind.assign(v.begin(), v.end());
                return {};
              }}
        .fixed(),
    Directive{"client-output-buffer-limit", "CLASS HARD SOFT SECONDS, repeated",
              "what clients of a class may leave unread", [](const Settings& s) { return show_output_limits(s); },
              [](Settings& s, Values v) { return set_output_limits(s, v); }},
    bytes<&Settings::client_query_buffer_limit, 1 << 20>(
        "client-query-buffer-limit", "a size of at least 1mb",
        "what a client may send for one request, or queue in one transaction"),
    number<&Settings::databases, 1, 10'000>("databases", "1 to 10000", "number of databases").fixed(),
    Directive{"dbfilename", "a name, not a path", "file that the data is saved to and loaded from",
              [](const Settings& s) { return s.dbfilename; },
              [](Settings& s, Values v) { return set_name(s.dbfilename, v, "dbfilename", "filename"); }}
        .fixed()
        .guarded(),
    text<&Settings::dir>("dir", "a folder", "where the files of the data are").fixed().guarded(),
    one_of<&Settings::enable_debug_command, kDebugChoices>(
        "enable-debug-command", "no, yes or local", "whether DEBUG may be used, by all or by clients of this machine")
        .fixed(),
    one_of<&Settings::event_loop, kEventLoops>("event-loop", "auto, epoll or io_uring",
                                               "the engine of the data path (Weir's own directive)")
        .fixed(),
    bytes<&Settings::hll_sparse_max_bytes>("hll-sparse-max-bytes", "a size",
                                           "how long a HyperLogLog may be before it takes its dense form"),
    kHashEntries,
    kHashValue,
    older_name("hash-max-ziplist-entries", kHashEntries),
    older_name("hash-max-ziplist-value", kHashValue),
    number<&Settings::latency_monitor_threshold_ms, 0, kLargest>("latency-monitor-threshold", "milliseconds, 0: off",
                                                                 "how long a command takes that LATENCY notes"),
    yes_no<&Settings::latency_tracking>("latency-tracking",
                                        "whether the duration of every call is counted in a histogram"),
    Directive{"latency-tracking-info-percentiles", "percentiles, 0 to 100",
              "what INFO latencystats shows of the histograms",
              [](const Settings& s) { return fmt::format("{}", fmt::join(s.latency_percentiles, " ")); },
              [](Settings& s, Values v) { return set_percentiles(s, v); }},
    yes_no<&Settings::lazyfree_lazy_eviction>("lazyfree-lazy-eviction",
                                              "evicted keys go to replicas and file as UNLINK"),
    yes_no<&Settings::lazyfree_lazy_expire>("lazyfree-lazy-expire", "expired keys go to replicas and file as UNLINK"),
    yes_no<&Settings::lazyfree_lazy_server_del>("lazyfree-lazy-server-del",
                                                "no effect: what is overwritten is freed elsewhere in any case"),
    yes_no<&Settings::lazyfree_lazy_user_del>("lazyfree-lazy-user-del",
                                              "what GETDEL takes goes to replicas and file as UNLINK"),
    yes_no<&Settings::lazyfree_lazy_user_flush>("lazyfree-lazy-user-flush",
                                                "no effect: what is flushed is freed elsewhere in any case"),
    number<&Settings::lfu_decay_minutes, 0, kLargestInt>(
        "lfu-decay-time", "minutes, 0: never", "how long a key must be unused for its frequency to sink by one"),
    number<&Settings::lfu_log_factor, 0, kLargestInt>("lfu-log-factor", "a number",
                                                      "how slowly the frequency of a much used key rises"),
    Directive{"list-compress-depth", "0: lists are not compressed", "how many nodes at the ends stay as they are",
              [](const Settings&) { return std::string("0"); },
              [](Settings&, Values v) -> Result<void> {
                int depth = 0;
                return set_number(depth, v, 0, 0);
              }},
    kListSize,
    older_name("list-max-ziplist-size", kListSize),
    one_of<&Settings::loglevel, kLogLevels>("loglevel", "debug, verbose, notice or warning", "how much is logged")
        .fixed(),
    number<&Settings::maxclients, 1, 4'294'967'295>("maxclients", "1 to 4294967295",
                                                    "clients connected at the same time"),
    bytes<&Settings::maxmemory>("maxmemory", "a size, 0: no limit",
                                "what data and clients may take before keys are evicted"),
    one_of<&Settings::maxmemory_policy, kEvictionPolicies>(
        "maxmemory-policy", "noeviction, or (allkeys|volatile)-(lru|lfu|random), or volatile-ttl",
        "which keys are evicted"),
    number<&Settings::maxmemory_samples, 1, kLargestInt>("maxmemory-samples", "at least 1",
                                                         "how many keys are looked at for each that is evicted"),
    yes_no<&Settings::no_appendfsync_on_rewrite>(
        "no-appendfsync-on-rewrite", "whether the append-only file is not made durable while a snapshot is written"),
    Directive{"notify-keyspace-events", "letters of Ag$lshzxeKEtmdn", "which keyspace notifications are published",
              [](const Settings& s) { return to_letters(s.notify_keyspace_events); },
              [](Settings& s, Values v) -> Result<void> {
                if (v.size() != 1) return reject("expected one argument");
                const auto classes = parse_event_classes(v[0]);
                if (!classes) return reject("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.");
                s.notify_keyspace_events = *classes;
                return {};
              }},
    number<&Settings::port, 0, 65'535>("port", "0 to 65535", "TCP port; 0: none").fixed(),
    yes_no<&Settings::protected_mode>("protected-mode", "without a password, serve only this machine"),
    Directive{.name = "proto-max-bulk-len",
              .expects = "a size from 1mb to 2gb",
              .summary = "longest argument of a command",
              .get = [](const Settings& s) { return fmt::to_string(s.proto_max_bulk_len); },
              .set = [](Settings& s, Values v) -> Result<void> {
                std::uint64_t asked = 0;
                if (Result<void> read = set_bytes(asked, v, 1 << 20); !read) return read;
                if (asked > kLongestElement) return base::reject("argument must be at most 2gb");
                s.proto_max_bulk_len = asked;
                return {};
              }},
    yes_no<&Settings::rdbchecksum>("rdbchecksum", "whether saved files end with a checksum").fixed(),
    yes_no<&Settings::rdbcompression>("rdbcompression", "whether strings are compressed when they are saved"),
    text<&Settings::requirepass>("requirepass", "a password, or an empty text", "what AUTH must give").hidden(),
    number<&Settings::set_max_intset_entries, 0, kLargest>(
        "set-max-intset-entries", "a number", "how many members a set has at most that is kept as an intset"),
    Directive{"save", "pairs of SECONDS CHANGES, or an empty text",
              "save after so many seconds if there were so many changes",
              [](const Settings& s) { return show_save_points(s); },
              [](Settings& s, Values v) { return set_save_points(s, v); }}
        .adding_up(),
    number<&Settings::slowlog_log_slower_than_us, -1, kLargest>(
        "slowlog-log-slower-than", "microseconds; negative: off", "how long a command takes that SLOWLOG notes"),
    number<&Settings::slowlog_max_len, 0, kLargest>("slowlog-max-len", "a number", "how many commands SLOWLOG keeps"),
    yes_no<&Settings::stop_writes_on_bgsave_error>("stop-writes-on-bgsave-error",
                                                   "whether writes are refused while the data cannot be saved"),
    number<&Settings::tcp_backlog, 0, 2'147'483'647>("tcp-backlog", "0 to 2147483647",
                                                     "connections that may wait to be accepted")
        .fixed(),
    number<&Settings::tcp_keepalive_s, 0, kLargestInt>(
        "tcp-keepalive", "seconds, 0: off", "how long a client is silent before it is asked whether it is there"),
    number<&Settings::timeout_s, 0, 2'147'483'647>("timeout", "seconds, 0 to 2147483647",
                                                   "close clients that were idle for so long; 0: never"),
    text<&Settings::unixsocket>("unixsocket", "a path, or an empty text", "path of a Unix socket to listen on too")
        .fixed(),
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

}  // namespace weir::store
