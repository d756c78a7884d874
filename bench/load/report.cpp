#include "load/report.h"

#include <fmt/format.h>

namespace weir::load {

namespace {

double quantile_us(const RunResult& result, double q) {
  return static_cast<double>(result.latency_ns.quantile(q)) / 1e3;
}

double client_cpu_us(const RunResult& result) {
  return result.replies > 0 ? result.client_cpu_seconds * 1e6 / static_cast<double>(result.replies) : 0;
}

}  // namespace

std::string report_json(const RunOptions& options, const RunResult& result) {
  return fmt::format(
      R"({{"target":"{}","connections":{},"pipeline":{},"target_rate":{:.0f},"seconds":{:.3f},"replies":{},"rate":{:.0f},)"
      R"("errors":{},"failed":{},"reconnects":{},"unsent":{},)"
      R"("latency_us":{{"p50":{:.1f},"p90":{:.1f},"p99":{:.1f},"p999":{:.1f},"max":{:.1f},"mean":{:.1f}}},)"
      R"("client_cpu_seconds":{:.3f},"client_waited_seconds":{:.3f},"client_cpu_us_per_reply":{:.3f}}})",
      options.target.to_string(), options.connections, options.pipeline, options.rate, result.seconds, result.replies,
      result.rate(), result.errors, result.failed, result.reconnects, result.unsent, quantile_us(result, 0.5),
      quantile_us(result, 0.9), quantile_us(result, 0.99), quantile_us(result, 0.999),
      static_cast<double>(result.latency_ns.max()) / 1e3, result.latency_ns.mean() / 1e3, result.client_cpu_seconds,
      result.client_waited_seconds, client_cpu_us(result));
}

std::string report_text(const RunOptions& options, const RunResult& result) {
  std::string text =
      fmt::format("{:.0f} replies/s from {}: {} in {:.2f} s over {} connections, pipeline {}{}\n", result.rate(),
                  options.target.to_string(), result.replies, result.seconds, options.connections, options.pipeline,
                  options.rate > 0 ? fmt::format(", {:.0f}/s wanted", options.rate) : "");
  text += fmt::format("latency us: p50 {:.1f}  p90 {:.1f}  p99 {:.1f}  p99.9 {:.1f}  max {:.1f}\n",
                      quantile_us(result, 0.5), quantile_us(result, 0.9), quantile_us(result, 0.99),
                      quantile_us(result, 0.999), static_cast<double>(result.latency_ns.max()) / 1e3);
  text += fmt::format("error replies {}  failed {}  reconnects {}  unsent {}  client CPU {:.2f} us/reply\n",
                      result.errors, result.failed, result.reconnects, result.unsent, client_cpu_us(result));
  return text;
}

}  // namespace weir::load
