#include "sim/oracle.h"

#include <fmt/format.h>

#include <algorithm>

namespace weir::sim {

namespace {

std::size_t common_length(std::span<const Entry> left, std::span<const Entry> right) {
  return static_cast<std::size_t>(std::ranges::mismatch(left, right).in1 - left.begin());
}

std::string describe(const Entry& entry) {
  return entry.is_mark ? fmt::format("the mark of epoch {}", entry.id) : fmt::format("write {}", entry.id);
}

}  // namespace

void Oracle::leads(Who who, failover::Epoch epoch) {
  const auto [known, is_new] = leaders_.try_emplace(epoch, who);
  if (!is_new && known->second != who) {
    violate(fmt::format("epoch {} has two leaders: {} and {}", epoch, known->second.address, who.address));
  }
}

void Oracle::confirmed(Who who, const failover::Configuration& configuration, const Log& log) {
  const auto [known, is_new] = masters_.try_emplace(configuration.epoch, who);
  if (!is_new && known->second != who) {
    violate(
        fmt::format("epoch {} has two masters: {} and {}", configuration.epoch, known->second.address, who.address));
  }
  const std::size_t common = common_length(acknowledged_, log);
  if (common < acknowledged_.size() && acknowledged_by_[common] < configuration.epoch) {
    violate(fmt::format("node {} became master of epoch {} without {} (at offset {}), which was acknowledged",
                        who.address, configuration.epoch, describe(acknowledged_[common]), common));
  }
  if (configuration.epoch >= last_.epoch) {
    last_ = configuration;
    last_log_ = log;
    last_is_open_ = false;
  }
}

void Oracle::acknowledged(failover::Epoch epoch, std::span<const Entry> seen) {
  if (seen.empty()) return;
  last_is_open_ |= epoch == last_.epoch;
  const std::size_t last = seen.size() - 1;
  if (epoch < last_.epoch && (last >= last_log_.size() || last_log_[last] != seen[last])) {
    violate(fmt::format("epoch {} acknowledged {} (at offset {}), which the master of epoch {} lacks", epoch,
                        describe(seen[last]), last, last_.epoch));
  }
  if (last < acknowledged_.size()) {
    if (acknowledged_[last] != seen[last]) {
      violate(fmt::format("epoch {} acknowledged {} at offset {}, where {} was acknowledged before", epoch,
                          describe(seen[last]), last, describe(acknowledged_[last])));
    }
    return;
  }
  if (!acknowledged_.empty() && acknowledged_.back() != seen[acknowledged_.size() - 1]) {
    violate(fmt::format("epoch {} acknowledged {} without {}, which was acknowledged before", epoch,
                        describe(seen[last]), describe(acknowledged_.back())));
    return;
  }
  acknowledged_by_.resize(seen.size(), epoch);
  acknowledged_.insert(acknowledged_.end(), seen.begin() + static_cast<std::ptrdiff_t>(acknowledged_.size()),
                       seen.end());
}

bool Oracle::counts(failover::MemberId member) const {
  if (last_.epoch == 0) return true;
  return last_is_open_ ? last_.roster.contains(member) : last_.counts(member);
}

void Oracle::lost(std::span<const Log* const> held) {
  std::size_t kept = 0;
  for (const Log* const log : held) kept = std::max(kept, common_length(acknowledged_, *log));
  if (kept == acknowledged_.size()) return;
  excused_ = true;
  acknowledged_.resize(kept);
  acknowledged_by_.resize(kept);
}

}  // namespace weir::sim
