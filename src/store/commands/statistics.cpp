#include "store/commands/statistics.h"

#include <fmt/format.h>

namespace weir::store {

void CommandStatistics::count_error(std::string_view reply) {
  const std::string_view line = reply.substr(1, reply.find_first_of("\r\n") - 1);
  const std::string_view code = line.substr(0, line.find(' '));
  if (const auto found = errors_.find(code); found != errors_.end()) {
    ++found->second;
  } else if (errors_.size() < kMostCodes) {
    errors_.emplace(code, 1);
  }
}

void CommandStatistics::reset() {
  for (CommandCounts& counts : counts_) counts = {};
  errors_.clear();
}

void SlowLog::add(Entry entry, std::size_t keep) {
  entry.id = next_id_++;
  entries_.push_front(std::move(entry));
  shorten(keep);
}

void SlowLog::shorten(std::size_t keep) {
  while (entries_.size() > keep) entries_.pop_back();
}

std::vector<std::string> SlowLog::abridge(std::span<const std::string> words) {
  constexpr std::size_t kMostWords = 32;
  constexpr std::size_t kMostBytes = 128;
  std::vector<std::string> shown;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i + 1 == kMostWords && words.size() > kMostWords) {
      shown.push_back(fmt::format("... ({} more arguments)", words.size() - kMostWords + 1));
      break;
    }
    if (words[i].size() <= kMostBytes) {
      shown.push_back(words[i]);
    } else {
      shown.push_back(
          fmt::format("{}... ({} more bytes)", words[i].substr(0, kMostBytes), words[i].size() - kMostBytes));
    }
  }
  return shown;
}

void LatencyMonitor::add(std::string_view event, std::int64_t at_s, std::int64_t ms) {
  auto found = series_.find(event);
  if (found == series_.end()) found = series_.try_emplace(std::string(event)).first;
  Series& series = found->second;
  series.worst_ms = std::max(series.worst_ms, ms);
  if (!series.spikes.empty() && series.spikes.back().at_s == at_s) {
    series.spikes.back().ms = std::max(series.spikes.back().ms, ms);
    return;
  }
  series.spikes.push_back({.at_s = at_s, .ms = ms});
  if (series.spikes.size() > kSpikes) series.spikes.pop_front();
}

bool LatencyMonitor::reset(std::string_view event) {
  const auto found = series_.find(event);
  if (found == series_.end()) return false;
  series_.erase(found);
  return true;
}

std::size_t LatencyMonitor::reset_all() {
  const std::size_t count = series_.size();
  series_.clear();
  return count;
}

}  // namespace weir::store
