#include "ops/replay/replay.h"

#include <unistd.h>

#include <cstdio>

#include <fmt/format.h>

#include "client/http/client.h"
#include "ops/replay/line_reader.h"
#include "runtime/deadline.h"
#include "runtime/gate.h"
#include "serve/message.h"

namespace weir::ops {

using base::Result;
using runtime::Task;
using namespace std::chrono_literals;

namespace {

double seconds(base::Duration duration) { return std::chrono::duration<double>(duration).count(); }

// Everything but what RFC 3986 calls unreserved.
std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kUnreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  std::string encoded;
  for (const char c : text) {
    if (kUnreserved.find(c) != std::string_view::npos) {
      encoded += c;
    } else {
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

std::string item_json(const Catalogue::Article& article) {
  std::string json = "{\"id\":";
  serve::append_json_string(json, article.stock_code);
  json += ",\"name\":";
  serve::append_json_string(json, article.description);
  // Half a cent and more is a cent.
  json += fmt::format(",\"price_cents\":{},\"currency\":\"GBP\"}}", (article.price_mills + 5) / 10);
  return json;
}

// One line that is written over while standard error is a terminal; else a line every ten seconds.
class Progress {
 public:
  explicit Progress(std::string what) : what_(std::move(what)), terminal_(isatty(STDERR_FILENO) == 1) {}
  ~Progress() {
    if (terminal_ && shown_) fmt::print(stderr, "\n");
  }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  base::Duration interval() const { return terminal_ ? 500ms : 10s; }
  void show(std::uint64_t done, base::Duration took, std::uint64_t failures) {
    shown_ = true;
    fmt::print(stderr, "{}{}: {} done, {:.0f}/s, {} failures{}", terminal_ ? "\r" : "", what_, done,
               static_cast<double>(done) / std::max(seconds(took), 1e-3), failures, terminal_ ? "   " : "\n");
    std::fflush(stderr);
  }

 private:
  std::string what_;
  bool terminal_;
  bool shown_ = false;
};

// The lines of the file, parsed, in order; malformed ones are counted and skipped.
class Orders {
 public:
  static Result<Orders> open(runtime::Files& files, const std::string& path, ReplayReport* report) {
    Result<LineReader> reader = LineReader::open(files, path);
    if (!reader) return reader.error();
    return Orders(std::move(*reader), report);
  }

  // False at the end of the file.
  Result<bool> next(RetailLine& line) {
    while (true) {
      const auto text = reader_.next();
      if (!text) return text.error();
      if (!*text) return false;
      if (reader_.line_number() == 1 && **text == kRetailHeader) continue;
      const Result<void> parsed = parser_.parse(**text, line);
      if (parsed) return true;
      if (report_ == nullptr) continue;
      if (report_->malformed++ == 0) {
        report_->first_malformed = fmt::format("line {}: {}", reader_.line_number(), parsed.error().text());
      }
    }
  }

 private:
  Orders(LineReader reader, ReplayReport* report) : reader_(std::move(reader)), report_(report) {}

  LineReader reader_;
  RetailParser parser_;
  ReplayReport* report_;  // Null: a second reading, which counts nothing again.
};

class Replay {
 public:
  Replay(ReplaySettings settings, runtime::Executor executor)
      : settings_(std::move(settings)),
        executor_(executor),
        client_({.address = settings_.gateway, .max_connections = settings_.connections}) {}

  Task<Result<ReplayReport>> run() {
    Result<Catalogue> catalogue = read_catalogue();
    if (!catalogue) co_return catalogue.error();
    articles_ = catalogue->articles();
    co_await in_parallel(&Replay::put_articles, "catalogue", &report_.articles);
    if (report_.articles > 0 && report_.article_failures == report_.articles) {
      co_return base::retry(
          fmt::format("no article could be stored through {}: {}", settings_.gateway, report_.first_failure));
    }
    Result<Orders> orders = Orders::open(files_, settings_.orders, nullptr);
    if (!orders) co_return orders.error();
    orders_ = &*orders;
    began_ = runtime::mono_now();
    co_await in_parallel(&Replay::ask_for_items, "replay", &report_.lines);
    report_.took = runtime::mono_now() - began_;
    client_.close();
    if (broken_) co_return *broken_;
    co_return std::move(report_);
  }

 private:
  using Worker = Task<void> (Replay::*)();

  Result<Catalogue> read_catalogue() {
    Result<Orders> orders = Orders::open(files_, settings_.orders, &report_);
    if (!orders) return orders.error();
    Catalogue catalogue;
    RetailLine line;
    for (std::uint64_t lines = 0; lines < settings_.limit; ++lines) {
      const Result<bool> more = orders->next(line);
      if (!more) return more.error();
      if (!*more) break;
      catalogue.add(line);
    }
    return catalogue;
  }

  Task<void> in_parallel(Worker worker, std::string what, const std::uint64_t* done) {
    Progress progress(std::move(what));
    const base::MonoTime began = runtime::mono_now();
    runtime::Gate workers;
    for (std::size_t i = 0; i < settings_.connections; ++i) {
      runtime::spawn(workers, executor_, (this->*worker)(), "replay worker");
    }
    workers.refuse();
    while (workers.holders() > 0) {
      runtime::Task<void> drained = workers.drain();
      const auto outcome = co_await runtime::with_deadline(std::move(drained), progress.interval());
      if (outcome.ending != runtime::Ending::kCompleted) {
        progress.show(*done, runtime::mono_now() - began,
                      report_.errors + report_.other_status + report_.article_failures);
      }
    }
  }

  Task<void> put_articles() {
    while (next_article_ < articles_.size()) {
      const Catalogue::Article& article = articles_[next_article_++];
      client::http::Request request{.method = "POST",
                                    .target = "/items",
                                    .fields = {{"Content-Type", "application/json"}},
                                    .body = item_json(article)};
      const auto response =
          co_await client_.send(std::move(request), runtime::deadline_after(settings_.request_timeout));
      ++report_.articles;
      const bool stored = response && (response->status == 201 || response->status == 200);
      if (stored) continue;
      ++report_.article_failures;
      note_failure(
          response ? fmt::format("POST /items {}: status {}: {}", article.stock_code, response->status, response->body)
                   : response.error().text());
    }
  }

  Task<void> ask_for_items() {
    RetailLine line;
    while (started_ < settings_.limit && !broken_) {
      const Result<bool> more = orders_->next(line);
      if (!more) broken_ = more.error();
      if (!more || !*more) break;
      ++started_;
      base::MonoTime due = runtime::mono_now();
      if (settings_.speed) {
        const std::int64_t time = retail_time_s(line.time);
        if (!first_time_s_) first_time_s_ = time;
        const double after = static_cast<double>(time - *first_time_s_) / *settings_.speed;
        due = began_ + std::chrono::duration_cast<base::Duration>(std::chrono::duration<double>(after));
        co_await runtime::sleep_until(due);
      }
      client::http::Request request{.target = "/items/" + percent_encoded(line.stock_code)};
      const auto response =
          co_await client_.send(std::move(request), runtime::deadline_after(settings_.request_timeout));
      report_.latency.record(static_cast<std::uint64_t>((runtime::mono_now() - due).count()));
      ++report_.lines;
      count(response);
    }
  }

  void count(const Result<client::http::Response>& response) {
    if (!response) {
      ++report_.errors;
      note_failure(response.error().text());
      return;
    }
    if (response->status == 200) {
      ++report_.ok;
    } else if (response->status == 404) {
      ++report_.not_found;
    } else {
      ++report_.other_status;
      note_failure(fmt::format("status {}: {}", response->status, response->body));
    }
    const std::string_view cache = response->field("X-Cache");
    if (cache == "hit") ++report_.hits;
    if (cache == "miss") ++report_.misses;
    if (cache == "bypass") ++report_.bypassed;
  }

  void note_failure(std::string text) {
    if (report_.first_failure.empty()) report_.first_failure = std::move(text);
  }

  const ReplaySettings settings_;
  const runtime::Executor executor_;
  runtime::RealFiles files_;
  client::http::Client client_;
  ReplayReport report_;
  std::vector<Catalogue::Article> articles_;
  std::size_t next_article_ = 0;
  Orders* orders_ = nullptr;
  base::MonoTime began_{};
  std::uint64_t started_ = 0;
  std::optional<std::int64_t> first_time_s_;
  std::optional<base::Error> broken_;
};

}  // namespace

std::string ReplayReport::to_text() const {
  const auto ms = [this](double q) { return static_cast<double>(latency.quantile(q)) * 1e-6; };
  const auto cached = static_cast<double>(std::max<std::uint64_t>(hits + misses + bypassed, 1));
  std::string text = fmt::format(
      "catalogue  {} articles, {} failed\n"
      "requests   {} in {:.2f} s, {:.0f}/s\n"
      "latency    p50 {:.2f} ms, p99 {:.2f} ms, p999 {:.2f} ms, max {:.2f} ms\n"
      "answers    {} found, {} not found, {} other, {} without a response\n"
      "cache      {:.2f} % hits ({} hits, {} misses, {} bypassed)\n"
      "malformed  {} lines skipped\n",
      articles, article_failures, lines, seconds(took), static_cast<double>(lines) / std::max(seconds(took), 1e-9),
      ms(0.5), ms(0.99), ms(0.999), ms(1), ok, not_found, other_status, errors,
      100 * static_cast<double>(hits) / cached, hits, misses, bypassed, malformed);
  if (!first_malformed.empty()) text += fmt::format("           first: {}\n", first_malformed);
  if (!first_failure.empty()) text += fmt::format("failures   first: {}\n", first_failure);
  return text;
}

Task<Result<ReplayReport>> replay_orders(ReplaySettings settings) {
  const runtime::Executor executor = co_await boost::asio::this_coro::executor;
  Replay replay(std::move(settings), executor);
  Result<ReplayReport> report = co_await replay.run();
  co_return report;
}

}  // namespace weir::ops
