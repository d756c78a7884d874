// Settings from the text of a redis.conf and from a command line, and back into the text. A core: text in, values out.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "store/settings/settings.h"

namespace weir::store {

// A redis.conf: a directive with its values a line, '#' comments, Redis's quoting. Errors name `file` and line.
base::Result<void> apply_config_text(Settings& settings, std::string_view file, std::string_view text);

// The text of the settings file as CONFIG REWRITE leaves it: lines whose directive has another value now are replaced,
// what differs from the default and had no line is added at the end, all else stays.
std::string rewrite_config_text(std::string_view text, const Settings& settings);

// "--port 7 --bind a b": each option takes what follows up to the next one. Errors name the option.
base::Result<void> apply_command_line(Settings& settings, std::span<const std::string_view> arguments);

}  // namespace weir::store
