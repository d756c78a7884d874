#include "store/settings/config_text.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "base/bytes.h"
#include "store/settings/directives.h"
#include "wire/resp/request.h"

namespace weir::store {

using base::reject;
using base::Result;
using Values = std::span<const std::string_view>;

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
  for (const Directive& directive : directives()) {
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

}  // namespace weir::store
