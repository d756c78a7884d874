// Metrics: counters, gauges and latency histograms, and their rendering as Prometheus text (exposition format 0.0.4).
//
// A metric is created once, at start-up, through the process's Metrics; the reference stays valid as long as that
// lives. Updating takes no lock: a Counter, Gauge or LatencyHistogram has ONE writing thread (rule 2 of the design: one
// writer per datum) and is read by whoever renders. Threads that count the same thing each own a series with a label
// of their own. Creating and rendering take a mutex and may happen on any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/histogram.h"
#include "base/time.h"

namespace weir::base {

class Counter {
 public:
  void add(std::uint64_t n = 1) { value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed); }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

class Gauge {
 public:
  void set(double value) { value_.store(value, std::memory_order_relaxed); }
  void add(double by) { set(value() + by); }
  double value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

// Recorded as a duration, rendered in seconds with fixed bounds from 10 us to 60 s.
class LatencyHistogram {
 public:
  void record(Duration took) { histogram_.record(static_cast<std::uint64_t>(took.count() < 0 ? 0 : took.count())); }
  Histogram snapshot() const { return histogram_.snapshot(); }

 private:
  AtomicHistogram histogram_;
};

// What a metric is called. `name` is the field's form: snake_case with its unit last, counters end in _total.
struct MetricName {
  std::string name;
  std::string help;
  std::vector<std::pair<std::string, std::string>> labels = {};
};

class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // Requires: no other metric with this name and these labels, and one type per name.
  Counter& counter(MetricName name);
  Gauge& gauge(MetricName name);
  LatencyHistogram& latency(MetricName name);
  // Read when rendered, on the rendering thread; `read` must be safe there.
  void gauge_from(MetricName name, std::function<double()> read);
  void counter_from(MetricName name, std::function<std::uint64_t()> read);

  std::string prometheus_text() const;

 private:
  struct Series;
  enum class Type : unsigned char { kCounter, kGauge, kHistogram };
  using Render = std::function<void(std::string& to, const Series&)>;

  void add_series(MetricName name, Type type, Render render);

  mutable std::mutex mutex_;
  std::vector<Series> series_;  // By mutex_; all of one name stand together.
};

}  // namespace weir::base
