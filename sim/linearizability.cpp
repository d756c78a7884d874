#include "sim/linearizability.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <vector>

namespace weir::sim {

namespace {

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kBefore = std::numeric_limits<std::int64_t>::min();

struct Cluster {
  std::uint64_t value = 0;
  bool was_written = false;
  bool was_seen = false;  // By a read, or its writer was told so.
  std::int64_t write_begin = 0;
  std::int64_t first_end = kNever;
  std::int64_t last_begin = kBefore;

  bool is_forward() const { return first_end < last_begin; }
};

}  // namespace

std::string linearizability_violation(std::span<const Operation> operations, std::uint8_t key) {
  std::map<std::uint64_t, Cluster> clusters;
  // The value of the beginning was written before everything.
  clusters[0] = {.value = 0,
                 .was_written = true,
                 .was_seen = true,
                 .write_begin = kBefore,
                 .first_end = kBefore,
                 .last_begin = kBefore};
  for (const Operation& operation : operations) {
    if (operation.key != key || operation.outcome == Operation::Outcome::kNotRun) continue;
    const bool done = operation.outcome == Operation::Outcome::kDone;
    if (operation.kind == Operation::Kind::kRead) continue;
    if (operation.kind == Operation::Kind::kStrictRead && !done) continue;
    Cluster& cluster = clusters[operation.value];
    cluster.value = operation.value;
    cluster.last_begin = std::max(cluster.last_begin, operation.begin_us);
    if (done) {
      cluster.was_seen = true;
      cluster.first_end = std::min(cluster.first_end, operation.end_us);
    }
    if (operation.kind == Operation::Kind::kWrite) {
      cluster.was_written = true;
      cluster.write_begin = operation.begin_us;
    }
  }

  std::vector<Cluster> forward;
  std::vector<Cluster> backward;
  for (const auto& [value, cluster] : clusters) {
    // A write without an answer that nobody read may never have happened.
    if (!cluster.was_seen) continue;
    if (!cluster.was_written) return fmt::format("key {}: {} was read, but nobody wrote it", key, value);
    if (cluster.first_end < cluster.write_begin) {
      return fmt::format("key {}: {} was read before it was written", key, value);
    }
    (cluster.is_forward() ? forward : backward).push_back(cluster);
  }
  std::ranges::sort(forward, {}, &Cluster::first_end);
  for (std::size_t i = 1; i < forward.size(); ++i) {
    if (forward[i].first_end < forward[i - 1].last_begin) {
      return fmt::format("key {}: {} and {} both stood at {} us", key, forward[i - 1].value, forward[i].value,
                         forward[i].first_end);
    }
  }
  for (const Cluster& inner : backward) {
    // Forward zones do not overlap, so only the last that begins before the inner one can hold it.
    const auto after = std::ranges::lower_bound(forward, inner.last_begin, {}, &Cluster::first_end);
    if (after == forward.begin()) continue;
    const Cluster& outer = *(after - 1);
    if (inner.first_end < outer.last_begin) {
      return fmt::format("key {}: {} took effect while {} stood, from {} to {} us", key, inner.value, outer.value,
                         outer.first_end, outer.last_begin);
    }
  }
  return {};
}

}  // namespace weir::sim
