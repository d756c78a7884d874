#include "store/commands/monitoring.h"

#include <cmath>

#include <fmt/format.h>

#include "base/bytes.h"
#include "store/commands/command_table.h"
#include "store/commands/families.h"
#include "store/settings/directives.h"

namespace weir::store {

namespace {

using base::equal_ignoring_case;

std::int64_t microseconds(const Node& node, std::uint64_t ticks) {
  return static_cast<std::int64_t>(static_cast<double>(ticks) * node.stopwatch.ns_per_tick / 1000);
}

// As Redis quotes a word for people: printable bytes as they are.
void append_quoted(std::string& to, std::string_view word) {
  to += '"';
  for (const char c : word) {
    switch (c) {
      case '\\':
      case '"': to.append(1, '\\').append(1, c); break;
      case '\n': to += "\\n"; break;
      case '\r': to += "\\r"; break;
      case '\t': to += "\\t"; break;
      case '\a': to += "\\a"; break;
      case '\b': to += "\\b"; break;
      default:
        if (c >= ' ' && c <= '~') {
          to += c;
        } else {
          to += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        }
    }
  }
  to += '"';
}

void monitor(Call& call) {
  if (!call.session.monitors) {
    call.session.monitors = true;
    call.node.monitors.push_back(&call.session);
  }
  call.reply.ok();
}

void slowlog_get(Call& call) {
  if (call.count() > 3) return call.wrong_subcommand_arity();
  const auto& entries = call.node.slow_log.entries();
  std::size_t count = std::min<std::size_t>(10, entries.size());
  if (call.count() == 3) {
    const auto wanted = parse_integer(call.argument(2));
    if (!wanted || *wanted < -1) return call.reply.error("ERR count should be greater than or equal to -1");
    count = *wanted == -1 ? entries.size() : std::min(static_cast<std::size_t>(*wanted), entries.size());
  }
  call.reply.array(count);
  for (std::size_t i = 0; i < count; ++i) {
    const SlowLog::Entry& entry = entries[i];
    call.reply.array(6);
    call.reply.integer(entry.id);
    call.reply.integer(entry.at_s);
    call.reply.integer(entry.took_us);
    call.reply.array(entry.words.size());
    for (const std::string& word : entry.words) call.reply.bulk(word);
    call.reply.bulk(entry.address);
    call.reply.bulk(entry.client_name);
  }
}

void slowlog_len(Call& call) { call.reply.integer(static_cast<std::int64_t>(call.node.slow_log.entries().size())); }

void slowlog_reset(Call& call) {
  call.node.slow_log.clear();
  call.reply.ok();
}

void slowlog_help(Call& call) {
  static constexpr std::array<std::string_view, 9> kLines = {
      "GET [<count>]",
      "    Return top <count> entries from the slowlog (default: 10, -1 mean all).",
      "    Entries are made of:",
      "    id, timestamp, time in microseconds, arguments array, client IP and port,",
      "    client name",
      "LEN",
      "    Return the length of the slowlog.",
      "RESET",
      "    Reset the slowlog."};
  call.help(kLines);
}

void latency_latest(Call& call) {
  const auto& all = call.node.latency.series();
  call.reply.array(all.size());
  for (const auto& [event, series] : all) {
    call.reply.array(4);
    call.reply.bulk(event);
    call.reply.integer(series.spikes.back().at_s);
    call.reply.integer(series.spikes.back().ms);
    call.reply.integer(series.worst_ms);
  }
}

void latency_history(Call& call) {
  const auto& all = call.node.latency.series();
  const auto found = all.find(call.argument(2));
  if (found == all.end()) return call.reply.array(0);
  call.reply.array(found->second.spikes.size());
  for (const LatencyMonitor::Spike& spike : found->second.spikes) {
    call.reply.array(2);
    call.reply.integer(spike.at_s);
    call.reply.integer(spike.ms);
  }
}

void latency_reset(Call& call) {
  std::int64_t count = 0;
  if (call.count() == 2) {
    count = static_cast<std::int64_t>(call.node.latency.reset_all());
  } else {
    for (const std::string_view event : call.arguments.subspan(2)) count += call.node.latency.reset(event);
  }
  call.reply.integer(count);
}

void reply_distribution(Call& call, const CommandCounts& counts) {
  struct Bucket {
    std::int64_t us;
    std::uint64_t calls;
  };
  // Powers of two of microseconds, up to the one that holds the slowest call; empty ones in between are left out.
  std::vector<Bucket> buckets;
  const double ticks_per_us = 1000 / call.node.stopwatch.ns_per_tick;
  std::uint64_t seen = 0;
  for (std::int64_t us = 1; seen < counts.latency->count(); us *= 2) {
    const std::uint64_t calls =
        counts.latency->count_at_most(static_cast<std::uint64_t>(static_cast<double>(us) * ticks_per_us));
    if (calls > seen) buckets.push_back({us, calls});
    seen = calls;
    if (us > (std::int64_t{1} << 40)) break;
  }
  call.reply.map(2);
  call.reply.bulk("calls");
  call.reply.integer(static_cast<std::int64_t>(counts.latency->count()));
  call.reply.bulk("histogram_usec");
  call.reply.map(buckets.size());
  for (const Bucket& bucket : buckets) {
    call.reply.integer(bucket.us);
    call.reply.integer(static_cast<std::int64_t>(bucket.calls));
  }
}

void latency_histogram(Call& call) {
  std::vector<const CommandSpec*> rows;
  const auto add = [&](const CommandSpec& row) {
    if (call.node.statistics.of(row.id).latency != nullptr) rows.push_back(&row);
  };
  if (call.count() == 2) {
    for (std::size_t id = 0; id < call.node.commands.ids(); ++id) add(call.node.commands.row(id));
  } else {
    for (const std::string_view name : call.arguments.subspan(2)) {
      const CommandSpec* row = call.node.commands.find_full(name);
      if (row == nullptr) continue;
      add(*row);
      // Of a command with subcommands, all of them.
      for (const CommandSpec& subcommand : row->subcommands) add(subcommand);
    }
  }
  call.reply.map(rows.size());
  for (const CommandSpec* row : rows) {
    call.reply.bulk(row->name);
    reply_distribution(call, call.node.statistics.of(row->id));
  }
}

// The spikes as columns of a small chart, the older ones left, each with its age beneath.
void latency_graph(Call& call) {
  const auto& all = call.node.latency.series();
  const auto found = all.find(call.argument(2));
  if (found == all.end()) {
    return call.reply.error(fmt::format("ERR No samples available for event '{}'", call.argument(2)));
  }
  constexpr std::size_t kColumns = 80;
  constexpr int kRows = 4;
  const LatencyMonitor::Series& series = found->second;
  const std::size_t count = std::min(kColumns, series.spikes.size());
  const std::vector<LatencyMonitor::Spike> shown(series.spikes.end() - static_cast<std::ptrdiff_t>(count),
                                                 series.spikes.end());
  const auto [low, high] = std::ranges::minmax(shown, {}, [](const LatencyMonitor::Spike& spike) { return spike.ms; });
  std::string text = fmt::format("{} - high {} ms, low {} ms (all time high {} ms)\n{}\n", found->first, high.ms,
                                 low.ms, series.worst_ms, std::string(kColumns, '-'));
  // Of each column the row that its top is in, and whether it is the upper half of that row.
  for (int row = kRows - 1; row >= 0; --row) {
    for (const LatencyMonitor::Spike& spike : shown) {
      const std::int64_t range = std::max<std::int64_t>(high.ms - low.ms, 1);
      const auto height = static_cast<int>((spike.ms - low.ms) * (2 * kRows - 1) / range);
      const int top = height / 2;
      text += row > top ? ' ' : row < top ? '|' : height % 2 == 1 ? '#' : '_';
    }
    text += '\n';
  }
  text += '\n';
  std::vector<std::string> ages;
  std::size_t longest = 0;
  for (const LatencyMonitor::Spike& spike : shown) {
    const std::int64_t age = std::max<std::int64_t>(call.now / 1000 - spike.at_s, 0);
    ages.push_back(age < 60          ? fmt::format("{}s", age)
                   : age < 3600      ? fmt::format("{}m", age / 60)
                   : age < 24 * 3600 ? fmt::format("{}h", age / 3600)
                                     : fmt::format("{}d", age / (24 * 3600)));
    longest = std::max(longest, ages.back().size());
  }
  for (std::size_t line = 0; line < longest; ++line) {
    for (const std::string& age : ages) text += line < age.size() ? age[line] : ' ';
    text += '\n';
  }
  call.reply.verbatim("txt", text);
}

void latency_doctor(Call& call) {
  const auto& all = call.node.latency.series();
  std::string text;
  if (call.node.settings.latency_monitor_threshold_ms == 0 && all.empty()) {
    text =
        "Nothing is watched: latency-monitor-threshold is 0. Set it with CONFIG SET latency-monitor-threshold "
        "MILLISECONDS to the delay that your application would notice.\n";
  } else if (all.empty()) {
    text = "Nothing took longer than latency-monitor-threshold since the last LATENCY RESET.\n";
  }
  for (const auto& [event, series] : all) {
    double sum = 0;
    for (const LatencyMonitor::Spike& spike : series.spikes) sum += static_cast<double>(spike.ms);
    const double average = sum / static_cast<double>(series.spikes.size());
    double deviation = 0;
    for (const LatencyMonitor::Spike& spike : series.spikes) {
      deviation += std::abs(static_cast<double>(spike.ms) - average);
    }
    text += fmt::format(
        "{}: {} spikes, {:.0f} ms on average (mean deviation {:.0f} ms), over {} s; the worst ever {} ms.\n", event,
        series.spikes.size(), average, deviation / static_cast<double>(series.spikes.size()),
        call.now / 1000 - series.spikes.front().at_s, series.worst_ms);
    if (event == "command") {
      text += fmt::format(
          "  A command held the data thread. SLOWLOG GET shows which, if slowlog-log-slower-than (now {} us) is below "
          "the threshold. Split what works on large collections: SCAN for KEYS, ranges for whole collections, UNLINK "
          "for DEL.\n",
          call.node.settings.slowlog_log_slower_than_us);
    }
  }
  call.reply.verbatim("txt", text);
}

void latency_help(Call& call) {
  static constexpr std::array<std::string_view, 14> kLines = {
      "DOCTOR",
      "    Return a human readable latency analysis report.",
      "GRAPH <event>",
      "    Return an ASCII latency graph for the <event> class.",
      "HISTORY <event>",
      "    Return time-latency samples for the <event> class.",
      "LATEST",
      "    Return the latest latency samples for all events.",
      "RESET [<event> ...]",
      "    Reset latency data of one or more <event> classes.",
      "    (default: reset all data for all event classes)",
      "HISTOGRAM [COMMAND ...]",
      "    Return a cumulative distribution of latencies in the format of a histogram for the specified command names.",
      "    If no commands are specified then all histograms are replied."};
  call.help(kLines);
}

constexpr std::uint32_t kAdminAnyTime = kAdmin | kNoscript | kLoading | kStale;

constexpr std::uint32_t kSlowlogFlags = kAdmin | kLoading | kStale;
constexpr std::array<std::string_view, 3> kCountOfNodes = {"request_policy:all_nodes", "response_policy:agg_sum",
                                                           "nondeterministic_output"};
constexpr std::array<std::string_view, 2> kAllNodesAsked = {"request_policy:all_nodes", "nondeterministic_output"};
constexpr std::array<std::string_view, 3> kSpecial = {"nondeterministic_output", "request_policy:all_nodes",
                                                      "response_policy:special"};

constexpr Family row{.group = "server"};

constexpr std::array kLatency = {
    row("latency|doctor", 2, kAdminAnyTime, "Explains what the latency monitor saw.", "2.8.13", latency_doctor)
        .tipped(kSpecial)
        .costs("O(1)"),
    row("latency|graph", 3, kAdminAnyTime, "Draws the latency spikes of an event.", "2.8.13", latency_graph)
        .tipped(kSpecial)
        .takes("event")
        .costs("O(1)"),
    row("latency|help", 2, kLoading | kStale, "Describes the subcommands.", "2.8.13", latency_help).costs("O(1)"),
    row("latency|histogram", -2, kAdminAnyTime, "Returns how long the calls of commands took, as a histogram.", "7.0.0",
        latency_histogram)
        .tipped(kSpecial)
        .takes("[command...]")
        .costs("O(N), N: commands named"),
    row("latency|history", 3, kAdminAnyTime, "Returns the latency spikes of an event.", "2.8.13", latency_history)
        .tipped(kSpecial)
        .takes("event")
        .costs("O(1)"),
    row("latency|latest", 2, kAdminAnyTime, "Returns the latest latency spike of each event.", "2.8.13", latency_latest)
        .tipped(kSpecial)
        .costs("O(1)"),
    row("latency|reset", -2, kAdminAnyTime, "Forgets the latency spikes of events, or of all.", "2.8.13", latency_reset)
        .tipped(kAllNodes)
        .takes("[event...]")
        .costs("O(1)"),
};

constexpr std::array kSlowlog = {
    row("slowlog|get", -2, kSlowlogFlags, "Returns the latest slow commands.", "2.2.12", slowlog_get)
        .tipped(kAllNodesAsked)
        .takes("[count]")
        .costs("O(N), N: entries returned"),
    row("slowlog|help", 2, kLoading | kStale, "Describes the subcommands.", "6.2.0", slowlog_help).costs("O(1)"),
    row("slowlog|len", 2, kSlowlogFlags, "Counts the slow commands that are kept.", "2.2.12", slowlog_len)
        .tipped(kCountOfNodes)
        .costs("O(1)"),
    row("slowlog|reset", 2, kSlowlogFlags, "Forgets the slow commands.", "2.2.12", slowlog_reset)
        .tipped(kAllNodes)
        .costs("O(N), N: entries there"),
};

constexpr std::array kCommands = {
    row("latency", -2, 0, "Tells how long commands take.", "2.8.13", nullptr)
        .with_subcommands(kLatency)
        .costs("as the subcommand"),
    row("monitor", 1, kAdminAnyTime, "Streams every command that the store runs.", "1.0.0", monitor),
    row("slowlog", -2, 0, "Keeps the slow commands.", "2.2.12", nullptr)
        .with_subcommands(kSlowlog)
        .costs("as the subcommand"),
};

}  // namespace

std::vector<std::string> without_secrets(const Call& call) {
  std::vector<std::string> words(call.arguments.begin(), call.arguments.end());
  const auto hide = [&](std::size_t at) {
    if (at < words.size()) words[at] = "(redacted)";
  };
  const std::string_view name = call.spec.name;
  if (name == "auth") {
    for (std::size_t i = 1; i < words.size(); ++i) hide(i);
  } else if (name == "hello") {
    for (std::size_t i = 2; i + 2 < words.size(); ++i) {
      if (!equal_ignoring_case(words[i], "AUTH")) continue;
      hide(i + 1);
      hide(i + 2);
      break;
    }
  } else if (name == "config|set") {
    for (std::size_t i = 2; i + 1 < words.size(); i += 2) {
      const Directive* directive = find_directive(words[i]);
      if (directive != nullptr && directive->secret) hide(i + 1);
    }
  }
  return words;
}

void note_slow(const Call& call, std::uint64_t took_ticks) {
  Node& node = call.node;
  const std::int64_t took_us = microseconds(node, took_ticks);
  const Settings& settings = node.settings;
  const bool is_slow = settings.slowlog_log_slower_than_us >= 0 && took_us >= settings.slowlog_log_slower_than_us;
  if (is_slow && !call.spec.has(kSkipSlowlog)) {
    node.slow_log.add({.id = 0,
                       .at_s = call.now / 1000,
                       .took_us = took_us,
                       .words = SlowLog::abridge(without_secrets(call)),
                       .address = call.session.address,
                       .client_name = call.session.name},
                      settings.slowlog_max_len);
  }
  const std::int64_t threshold_ms = settings.latency_monitor_threshold_ms;
  if (threshold_ms > 0 && took_us / 1000 >= threshold_ms) {
    node.latency.add(call.spec.has(kFast) ? "fast-command" : "command", call.now / 1000, took_us / 1000);
  }
}

void tell_monitors(const Call& call) {
  if (call.spec.has(kSkipMonitor) || call.spec.has(kAdmin)) return;
  std::string line = fmt::format("+{}.{:06} [{} {}]", call.now / 1000, call.now % 1000 * 1000, call.session.database,
                                 call.session.address);
  for (const std::string& word : without_secrets(call)) {
    line += ' ';
    append_quoted(line, word);
  }
  line += "\r\n";
  for (Session* session : call.node.monitors) session->port->output() += line;
}

std::span<const CommandSpec> monitoring_commands() { return kCommands; }

}  // namespace weir::store
