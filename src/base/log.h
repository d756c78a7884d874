// Logging: one line an event on standard error, spdlog beneath. Drivers log, cores do not. A line says what happened,
// on what, and what follows; secrets and whole payloads are never logged (base::printable cuts).
//
//   2024-01-01T12:00:00.123Z info  store: listening on 127.0.0.1:7710
//
// Any thread. Events that a stranger can cause at will go through a Throttle, so that bad input is no log flood.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "base/error.h"
#include "base/time.h"

namespace weir::base::log {

enum class Level : unsigned char { kDebug, kInfo, kWarning, kError };

// Accepts debug, info, warning, error.
Result<Level> parse_level(std::string_view text);

// Once, before other threads start. `role` begins every line's text.
void start(std::string role, Level level);
bool enabled(Level level);
void write(Level level, std::string_view text);

template <class... Args>
void debug(fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::kDebug)) write(Level::kDebug, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::kInfo)) write(Level::kInfo, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void warning(fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::kWarning)) write(Level::kWarning, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void error(fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::kError)) write(Level::kError, fmt::format(format, std::forward<Args>(args)...));
}

// Lets one event through per interval and counts the rest: `if (throttle.pass(now)) log::warning(..., suppressed())`.
// One thread.
class Throttle {
 public:
  explicit Throttle(Duration interval) : interval_(interval) {}
  bool pass(MonoTime now);
  // How many were held back before the last one that passed.
  std::uint64_t suppressed() const { return reported_; }

 private:
  Duration interval_;
  MonoTime next_ = MonoTime::min();
  std::uint64_t waiting_ = 0;
  std::uint64_t reported_ = 0;
};

}  // namespace weir::base::log
