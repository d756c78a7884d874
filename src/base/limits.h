// Bound: a named limit on something that is held (connections, queued bytes, requests in flight). Every queue, buffer
// and cache of Weir takes its room from one; what is refused is counted, so that a limit that was reached can be seen.
//
// One owner thread; the figures may be read from any thread.
#pragma once

#include <cstdint>
#include <string>

#include "base/metrics.h"

namespace weir::base {

class Bound {
 public:
  // `name` is what the metrics and the error texts call it, for example "gateway_connections".
  Bound(std::string name, std::uint64_t limit) : name_(std::move(name)), limit_(limit) {}

  // Takes `n` if they all fit, else takes nothing and counts a refusal.
  [[nodiscard]] bool try_acquire(std::uint64_t n = 1);
  // Requires: n were acquired and not yet released.
  void release(std::uint64_t n = 1);

  const std::string& name() const { return name_; }
  std::uint64_t limit() const { return limit_; }
  std::uint64_t held() const { return held_; }
  std::uint64_t refused() const { return refused_.value(); }

  // weir_limit, weir_limit_held and weir_limit_refused_total with the label limit=NAME. The Bound must outlive
  // the rendering of `metrics`.
  void publish(Metrics& metrics);

 private:
  const std::string name_;
  const std::uint64_t limit_;
  std::atomic<std::uint64_t> held_{0};
  Counter refused_;
};

}  // namespace weir::base
