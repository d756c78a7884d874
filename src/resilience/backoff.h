// Backoff: how long to wait before trying again (exponential with full jitter: Brooker, "Exponential Backoff And
// Jitter", AWS 2015).
//
// The n-th failure in a row waits a uniformly random time up to first * 2^(n-1), and never more than `limit`, so that
// those who lost the same server do not come back together. A success does not start the row anew before it has lasted
// `settle`: whoever accepts a connection and drops it at once is not asked faster and faster.
//
// Pure: the time and the randomness are arguments.
#pragma once

#include <optional>

#include "base/random.h"
#include "base/time.h"

namespace weir::resilience {

class Backoff {
 public:
  // Requires: 0 < first <= limit.
  struct Settings {
    base::Duration first = std::chrono::milliseconds(50);
    base::Duration limit = std::chrono::seconds(5);
    base::Duration settle = std::chrono::seconds(1);
  };

  explicit Backoff(const Settings& settings);

  // The time to wait from `now`, when something failed, to the next attempt.
  base::Duration failed(base::MonoTime now, base::Random& random);
  void succeeded(base::MonoTime now);

  // Failures in this row.
  unsigned failures() const { return failures_; }

 private:
  Settings settings_;
  unsigned failures_ = 0;
  base::Duration ceiling_;
  std::optional<base::MonoTime> succeeded_at_;
};

}  // namespace weir::resilience
