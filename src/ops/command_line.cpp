#include "ops/command_line.h"

#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

namespace weir::ops {

std::optional<int> parse_command_line(CLI::App& app, std::string_view command,
                                      std::span<const std::string_view> arguments) {
  app.name(fmt::format("weir {}", command));
  // CLI11 takes the words from the back.
  std::vector<std::string> words(arguments.rbegin(), arguments.rend());
  try {
    app.parse(words);
  } catch (const CLI::CallForHelp&) {
    fmt::print("{}", app.help());
    return 0;
  } catch (const CLI::ParseError& error) {
    fmt::print(stderr, "weir {}: {} (weir {} --help)\n", command, error.what(), command);
    return 2;
  }
  return std::nullopt;
}

}  // namespace weir::ops
