#include "base/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::base {
namespace {

using testing::HasSubstr;

TEST(Metrics, RendersEachTypeWithHelpOncePerName) {
  Metrics metrics;
  Counter& get = metrics.counter({"weir_requests_total", "Requests.", {{"method", "GET"}}});
  Gauge& clients = metrics.gauge({"weir_clients", "Open\nconnections."});
  Counter& put = metrics.counter({"weir_requests_total", "Requests.", {{"method", "a\"b\\c"}}});
  get.add(3);
  put.add();
  clients.set(2.5);
  EXPECT_EQ(metrics.prometheus_text(),
            "# HELP weir_requests_total Requests.\n"
            "# TYPE weir_requests_total counter\n"
            "weir_requests_total{method=\"GET\"} 3\n"
            "weir_requests_total{method=\"a\\\"b\\\\c\"} 1\n"
            "# HELP weir_clients Open\\nconnections.\n"
            "# TYPE weir_clients gauge\n"
            "weir_clients 2.5\n");
}

TEST(Metrics, HistogramBucketsAreCumulativeSeconds) {
  Metrics metrics;
  LatencyHistogram& latency = metrics.latency({"weir_request_duration_seconds", "Time.", {{"route", "items"}}});
  latency.record(std::chrono::microseconds(15));
  latency.record(std::chrono::milliseconds(3));
  latency.record(std::chrono::minutes(2));
  const std::string text = metrics.prometheus_text();
  EXPECT_THAT(text, HasSubstr("weir_request_duration_seconds_bucket{route=\"items\",le=\"1e-05\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("weir_request_duration_seconds_bucket{route=\"items\",le=\"2e-05\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("weir_request_duration_seconds_bucket{route=\"items\",le=\"60\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("weir_request_duration_seconds_bucket{route=\"items\",le=\"+Inf\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("weir_request_duration_seconds_count{route=\"items\"} 3\n"));
}

TEST(Metrics, SampledGaugeIsReadAtRendering) {
  Metrics metrics;
  double now = 1;
  metrics.gauge_from({"weir_now", "Now."}, [&now] { return now; });
  now = 7;
  EXPECT_THAT(metrics.prometheus_text(), HasSubstr("weir_now 7\n"));
}

TEST(MetricsDeathTest, TheSameSeriesTwiceIsAProgrammersError) {
  Metrics metrics;
  metrics.counter({"weir_a_total", "A."});
  EXPECT_DEATH(metrics.counter({"weir_a_total", "A."}), "assertion failed");
}

}  // namespace
}  // namespace weir::base
