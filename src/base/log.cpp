#include "base/log.h"

#include <utility>

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace weir::base::log {

namespace {

spdlog::level::level_enum spdlog_level(Level level) {
  switch (level) {
    case Level::kDebug: return spdlog::level::debug;
    case Level::kInfo: return spdlog::level::info;
    case Level::kWarning: return spdlog::level::warn;
    case Level::kError: return spdlog::level::err;
  }
  return spdlog::level::info;
}

spdlog::logger& logger() {
  // Tests log without start(): the default is quiet below warnings.
  static spdlog::logger instance = [] {
    spdlog::logger created("weir", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    created.set_level(spdlog::level::warn);
    created.flush_on(spdlog::level::debug);
    return created;
  }();
  return instance;
}

}  // namespace

Result<Level> parse_level(std::string_view text) {
  if (text == "debug") return Level::kDebug;
  if (text == "info") return Level::kInfo;
  if (text == "warning") return Level::kWarning;
  if (text == "error") return Level::kError;
  return reject(fmt::format("log level '{}': expected debug, info, warning or error", text));
}

void start(std::string role, Level level) {
  auto formatter = std::make_unique<spdlog::pattern_formatter>(fmt::format("%Y-%m-%dT%H:%M:%S.%eZ %-7l {}: %v", role),
                                                               spdlog::pattern_time_type::utc);
  logger().set_formatter(std::move(formatter));
  logger().set_level(spdlog_level(level));
}

bool enabled(Level level) { return logger().should_log(spdlog_level(level)); }

void write(Level level, std::string_view text) {
  logger().log(spdlog_level(level), spdlog::string_view_t(text.data(), text.size()));
}

bool Throttle::pass(MonoTime now) {
  if (now < next_) {
    ++waiting_;
    return false;
  }
  next_ = now + interval_;
  reported_ = std::exchange(waiting_, 0);
  return true;
}

}  // namespace weir::base::log
