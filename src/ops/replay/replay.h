// Replay: the articles of retail invoices put into the shop's catalogue, then asked for in the invoices' order, through
// the gateway, as the users of that shop did.
//
// Requests begin in the order of the file. Unpaced, each connection asks again as soon as it was answered; paced, a
// line's request is due at its invoice's time divided by the speed, and its latency counts from then, so that a slow
// answer does not hide the wait of those behind it. One loop.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/histogram.h"
#include "ops/core/retail.h"
#include "runtime/task.h"

namespace weir::ops {

struct ReplaySettings {
  std::string gateway;  // "host:port"
  std::string orders;   // The file.
  std::size_t connections = 32;
  std::uint64_t limit = UINT64_MAX;  // Lines to replay.
  std::optional<double> speed;       // Nothing: as fast as it goes.
  base::Duration request_timeout = std::chrono::seconds(5);
};

struct ReplayReport {
  std::uint64_t articles = 0;
  std::uint64_t article_failures = 0;
  std::uint64_t lines = 0;  // That were replayed.
  std::uint64_t ok = 0;
  std::uint64_t not_found = 0;
  std::uint64_t other_status = 0;
  std::uint64_t errors = 0;  // No response.
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
  std::uint64_t bypassed = 0;
  std::uint64_t malformed = 0;
  std::string first_malformed;  // With its line number.
  std::string first_failure;
  base::Histogram latency;  // Nanoseconds.
  base::Duration took{};

  std::string to_text() const;
};

// Shows a progress line on standard error. The report also tells of requests that failed; an error means that it could
// not go on.
runtime::Task<base::Result<ReplayReport>> replay_orders(ReplaySettings settings);

}  // namespace weir::ops
