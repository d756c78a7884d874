// What is counted of each command, and of errors by their code: INFO commandstats, errorstats and latencystats, LATENCY
// HISTOGRAM. And the slow log.
//
// Durations are counted in ticks of whatever the driver's stopwatch counts, so that a command costs one reading of it;
// they become time where they are shown. A core, on the data thread.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/histogram.h"
#include "store/commands/session.h"

namespace weir::store {

class CommandTable;

// How the driver lets the core measure without a clock.
struct Stopwatch {
  std::uint64_t (*ticks)() = [] { return std::uint64_t{0}; };
  double ns_per_tick = 1;  // The driver may correct it at any time.
};

struct CommandCounts {
  std::uint64_t calls = 0;
  std::uint64_t ticks = 0;
  std::uint64_t rejected = 0;                // Refused before it ran.
  std::uint64_t failed = 0;                  // Answered an error.
  std::unique_ptr<base::Histogram> latency;  // In ticks; made at the first call that is tracked.
};

class CommandStatistics {
 public:
  explicit CommandStatistics(std::size_t commands) : counts_(commands) {}

  // By CommandSpec::id.
  CommandCounts& of(std::size_t id) { return counts_[id]; }
  const CommandCounts& of(std::size_t id) const { return counts_[id]; }

  // `reply` begins with "-CODE ". At most kMostCodes different ones are told apart, as clients may make them up.
  void count_error(std::string_view reply);
  const std::map<std::string, std::uint64_t, std::less<>>& errors() const { return errors_; }
  void reset();

 private:
  static constexpr std::size_t kMostCodes = 128;

  std::vector<CommandCounts> counts_;
  std::map<std::string, std::uint64_t, std::less<>> errors_;
};

// The latest commands that took longer than slowlog-log-slower-than, the newest first, at most slowlog-max-len.
class SlowLog {
 public:
  struct Entry {
    std::int64_t id;
    std::int64_t at_s;  // Since 1970.
    std::int64_t took_us;
    std::vector<std::string> words;
    std::string address;
    std::string client_name;
  };

  void add(Entry entry, std::size_t keep);
  void shorten(std::size_t keep);
  void clear() { entries_.clear(); }
  const std::deque<Entry>& entries() const { return entries_; }

  // Long requests are noted in part: 32 words of 128 bytes.
  static std::vector<std::string> abridge(std::span<const std::string> words);

 private:
  std::deque<Entry> entries_;
  std::int64_t next_id_ = 0;
};

// LATENCY's spikes: of each event the worst one of each second, the latest 160.
class LatencyMonitor {
 public:
  struct Spike {
    std::int64_t at_s = 0;
    std::int64_t ms = 0;
  };
  struct Series {
    std::deque<Spike> spikes;  // The latest last.
    std::int64_t worst_ms = 0;
  };
  static constexpr std::size_t kSpikes = 160;

  void add(std::string_view event, std::int64_t at_s, std::int64_t ms);
  const std::map<std::string, Series, std::less<>>& series() const { return series_; }
  // Returns whether there was any.
  bool reset(std::string_view event);
  std::size_t reset_all();

 private:
  std::map<std::string, Series, std::less<>> series_;
};

}  // namespace weir::store
