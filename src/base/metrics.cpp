#include "base/metrics.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/assert.h"

namespace weir::base {

struct Metrics::Series {
  std::string name;
  std::string help;
  std::string labels;  // Rendered: a="b",c="d"
  Type type;
  Render render;
};

namespace {

struct Bound {
  Duration limit;
  std::string_view text;
};

using namespace std::chrono_literals;

constexpr std::array<Bound, 21> kBounds = {
    {{10us, "1e-05"}, {20us, "2e-05"}, {50us, "5e-05"}, {100us, "0.0001"}, {200us, "0.0002"}, {500us, "0.0005"},
     {1ms, "0.001"},  {2ms, "0.002"},  {5ms, "0.005"},  {10ms, "0.01"},    {20ms, "0.02"},    {50ms, "0.05"},
     {100ms, "0.1"},  {200ms, "0.2"},  {500ms, "0.5"},  {1s, "1"},         {2s, "2"},         {5s, "5"},
     {10s, "10"},     {30s, "30"},     {60s, "60"}}};

void append_escaped(std::string& to, std::string_view text, bool quotes) {
  for (const char c : text) {
    if (c == '\\') {
      to += "\\\\";
    } else if (c == '\n') {
      to += "\\n";
    } else if (quotes && c == '"') {
      to += "\\\"";
    } else {
      to += c;
    }
  }
}

std::string render_labels(const std::vector<std::pair<std::string, std::string>>& labels) {
  std::string text;
  for (const auto& [key, value] : labels) {
    if (!text.empty()) text += ',';
    text += key;
    text += "=\"";
    append_escaped(text, value, true);
    text += '"';
  }
  return text;
}

void append_sample(std::string& to, std::string_view name, std::string_view suffix, std::string_view labels,
                   std::string_view value) {
  to.append(name).append(suffix);
  if (!labels.empty()) to.append("{").append(labels).append("}");
  to.append(" ").append(value).append("\n");
}

void append_histogram(std::string& to, std::string_view name, std::string_view labels, const Histogram& histogram) {
  const std::string separator = labels.empty() ? "" : ",";
  for (const auto& [limit, text] : kBounds) {
    const auto count = histogram.count_at_most(static_cast<std::uint64_t>(limit.count()));
    append_sample(to, name, "_bucket", fmt::format("{}{}le=\"{}\"", labels, separator, text), fmt::to_string(count));
  }
  append_sample(to, name, "_bucket", fmt::format("{}{}le=\"+Inf\"", labels, separator),
                fmt::to_string(histogram.count()));
  append_sample(to, name, "_sum", labels, fmt::format("{}", static_cast<double>(histogram.sum()) * 1e-9));
  append_sample(to, name, "_count", labels, fmt::to_string(histogram.count()));
}

}  // namespace

Metrics::Metrics() = default;
Metrics::~Metrics() = default;

void Metrics::add_series(MetricName name, Type type, Render render) {
  Series series{.name = std::move(name.name),
                .help = std::move(name.help),
                .labels = render_labels(name.labels),
                .type = type,
                .render = std::move(render)};
  const std::lock_guard lock(mutex_);
  // All series of one name stand together, as the format demands.
  auto after = series_.end();
  for (auto it = series_.begin(); it != series_.end(); ++it) {
    if (it->name != series.name) continue;
    WEIR_ASSERT(it->type == type);
    WEIR_ASSERT(it->labels != series.labels);
    after = it + 1;
  }
  series_.insert(after, std::move(series));
}

Counter& Metrics::counter(MetricName name) {
  auto counter = std::make_shared<Counter>();
  counter_from(std::move(name), [counter] { return counter->value(); });
  return *counter;
}

Gauge& Metrics::gauge(MetricName name) {
  auto gauge = std::make_shared<Gauge>();
  gauge_from(std::move(name), [gauge] { return gauge->value(); });
  return *gauge;
}

LatencyHistogram& Metrics::latency(MetricName name) {
  auto latency = std::make_shared<LatencyHistogram>();
  add_series(std::move(name), Type::kHistogram, [latency](std::string& to, const Series& series) {
    append_histogram(to, series.name, series.labels, latency->snapshot());
  });
  return *latency;
}

void Metrics::gauge_from(MetricName name, std::function<double()> read) {
  add_series(std::move(name), Type::kGauge, [read = std::move(read)](std::string& to, const Series& series) {
    append_sample(to, series.name, "", series.labels, fmt::format("{}", read()));
  });
}

void Metrics::counter_from(MetricName name, std::function<std::uint64_t()> read) {
  add_series(std::move(name), Type::kCounter, [read = std::move(read)](std::string& to, const Series& series) {
    append_sample(to, series.name, "", series.labels, fmt::to_string(read()));
  });
}

std::string Metrics::prometheus_text() const {
  static constexpr std::array<std::string_view, 3> kTypes = {"counter", "gauge", "histogram"};
  std::string text;
  const std::lock_guard lock(mutex_);
  std::string_view previous;
  for (const Series& series : series_) {
    if (series.name != previous) {
      text.append("# HELP ").append(series.name).append(" ");
      append_escaped(text, series.help, false);
      text.append("\n# TYPE ").append(series.name).append(" ");
      text.append(kTypes[static_cast<std::size_t>(series.type)]).append("\n");
    }
    previous = series.name;
    series.render(text, series);
  }
  return text;
}

}  // namespace weir::base
