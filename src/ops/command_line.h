// What every command of ops/ does with its command line.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace CLI {
class App;
}

namespace weir::ops {

// Parses into what the app's options are bound to. The exit status if the command ends here: 0 after --help, 2 after an
// error, which was printed in one line.
std::optional<int> parse_command_line(CLI::App& app, std::string_view command,
                                      std::span<const std::string_view> arguments);

}  // namespace weir::ops
