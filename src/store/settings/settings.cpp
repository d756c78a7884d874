#include "store/settings/settings.h"

#include <array>
#include <limits>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/bytes.h"
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

constexpr std::array<std::string_view, 4> kLogLevels = {"debug", "verbose", "notice", "warning"};
constexpr std::array<std::string_view, 3> kEventLoops = {"auto", "epoll", "io_uring"};

constexpr std::array kDirectives = {
    Directive{"admin", "HOST:PORT, or an empty text", "where /metrics and /healthz are served (Weir's own directive)",
              false, [](const Settings& s) { return s.admin; },
              [](Settings& s, Values v) { return set_text(s.admin, v); }},
    Directive{"bind", "addresses", "addresses to listen on; '-' before one: only if it exists", false,
              [](const Settings& s) { return fmt::format("{}", fmt::join(s.bind, " ")); },
              [](Settings& s, Values v) -> Result<void> {
                if (v.empty()) return reject("expected at least one address");
                s.bind.assign(v.begin(), v.end());
                return {};
              }},
    Directive{"databases", "1 to 10000", "number of databases", false,
              [](const Settings& s) { return fmt::to_string(s.databases); },
              [](Settings& s, Values v) { return set_number(s.databases, v, 1, 10'000); }},
    Directive{"event-loop", "auto, epoll or io_uring", "the engine of the data path (Weir's own directive)", false,
              [](const Settings& s) { return s.event_loop; },
              [](Settings& s, Values v) { return set_one_of(s.event_loop, v, kEventLoops); }},
    Directive{"lazyfree-lazy-eviction", "yes or no", "evicted keys go to replicas and file as UNLINK", true,
              [](const Settings& s) { return yes_no(s.lazyfree_lazy_eviction); },
              [](Settings& s, Values v) { return set_yes_no(s.lazyfree_lazy_eviction, v); }},
    Directive{"lazyfree-lazy-expire", "yes or no", "expired keys go to replicas and file as UNLINK", true,
              [](const Settings& s) { return yes_no(s.lazyfree_lazy_expire); },
              [](Settings& s, Values v) { return set_yes_no(s.lazyfree_lazy_expire, v); }},
    Directive{"loglevel", "debug, verbose, notice or warning", "how much is logged", false,
              [](const Settings& s) { return s.loglevel; },
              [](Settings& s, Values v) { return set_one_of(s.loglevel, v, kLogLevels); }},
    Directive{"maxclients", "1 to 4294967295", "clients connected at the same time", false,
              [](const Settings& s) { return fmt::to_string(s.maxclients); },
              [](Settings& s, Values v) { return set_number(s.maxclients, v, 1, 4'294'967'295); }},
    Directive{"port", "0 to 65535", "TCP port; 0: none", false,
              [](const Settings& s) { return fmt::to_string(s.port); },
              [](Settings& s, Values v) { return set_number(s.port, v, 0, 65'535); }},
    Directive{"proto-max-bulk-len", "a size of at least 1mb", "longest argument of a command", true,
              [](const Settings& s) { return fmt::to_string(s.proto_max_bulk_len); },
              [](Settings& s, Values v) -> Result<void> {
                const auto bytes = v.size() == 1 ? parse_memory(v[0]) : std::nullopt;
                if (!bytes) return reject("argument must be a memory value");
                if (*bytes < (1 << 20) || *bytes > std::numeric_limits<std::int64_t>::max()) {
                  return reject("argument must be between 1048576 and 9223372036854775807 inclusive");
                }
                s.proto_max_bulk_len = *bytes;
                return {};
              }},
    Directive{"requirepass", "a password, or an empty text", "what AUTH must give", true,
              [](const Settings& s) { return s.requirepass; },
              [](Settings& s, Values v) { return set_text(s.requirepass, v); }},
    Directive{"tcp-backlog", "0 to 2147483647", "connections that may wait to be accepted", false,
              [](const Settings& s) { return fmt::to_string(s.tcp_backlog); },
              [](Settings& s, Values v) { return set_number(s.tcp_backlog, v, 0, 2'147'483'647); }},
    Directive{"timeout", "seconds, 0 to 2147483647", "close clients that were idle for so long; 0: never", true,
              [](const Settings& s) { return fmt::to_string(s.timeout_s); },
              [](Settings& s, Values v) { return set_number(s.timeout_s, v, 0, 2'147'483'647); }},
    Directive{"unixsocket", "a path, or an empty text", "path of a Unix socket to listen on too", false,
              [](const Settings& s) { return s.unixsocket; },
              [](Settings& s, Values v) { return set_text(s.unixsocket, v); }},
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
    if (Result<void> set = set_directive(settings, words[0], Values(words).subspan(1)); !set) {
      return at_line(set.error().text());
    }
  }
  return {};
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
