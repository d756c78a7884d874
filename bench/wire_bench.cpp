// What it costs to parse: RESP commands out of a pipeline, HTTP heads and chunks out of a buffer. Items are commands or
// messages, so "items_per_second" is the rate of one core that does nothing else.
//
//   build/weir-wire-bench --benchmark_filter=. --benchmark_repetitions=5
#include <benchmark/benchmark.h>

#include <fmt/format.h>

#include "base/assert.h"
#include "wire/http1/body.h"
#include "wire/http1/head.h"
#include "wire/http1/writer.h"
#include "wire/resp/reply_parser.h"
#include "wire/resp/request.h"

namespace weir::wire {
namespace {

constexpr int kPipeline = 16;

// Sixteen SETs of 64 bytes, or GETs, as redis-benchmark -P 16 sends them.
std::string pipeline(bool set) {
  std::string bytes;
  for (int i = 0; i < kPipeline; ++i) {
    const std::string key = fmt::format("key:{:012}", i * 7919);
    if (set) {
      resp::append_command(bytes, {"SET", key, std::string(64, 'x')});
    } else {
      resp::append_command(bytes, {"GET", key});
    }
  }
  return bytes;
}

void parse_pipeline(benchmark::State& state, bool set) {
  const std::string bytes = pipeline(set);
  resp::RequestParser parser;
  for (auto _ : state) {
    std::string_view rest = bytes;
    while (!rest.empty()) {
      const auto step = parser.parse(rest);
      WEIR_ASSERT(step.status == resp::RequestParser::Status::kCommand);
      benchmark::DoNotOptimize(parser.arguments().data());
      rest.remove_prefix(step.consumed);
    }
  }
  state.SetItemsProcessed(state.iterations() * kPipeline);
  state.counters["per_command"] = benchmark::Counter(static_cast<double>(state.iterations()) * kPipeline,
                                                     benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK_CAPTURE(parse_pipeline, get_p16, false);
BENCHMARK_CAPTURE(parse_pipeline, set_p16, true);

// One bulk that arrives in pieces of 16 KB: the time per byte must not grow with its size.
void parse_large_bulk(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range(0));
  std::string bytes;
  resp::append_command(bytes, {"SET", "k", std::string(size, 'x')});
  for (auto _ : state) {
    resp::RequestParser parser;
    for (std::size_t have = 16 << 10;; have += 16 << 10) {
      const auto step = parser.parse(std::string_view(bytes).substr(0, have));
      if (step.status == resp::RequestParser::Status::kCommand) break;
    }
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(parse_large_bulk)->Arg(1 << 20)->Arg(16 << 20)->Arg(64 << 20);

void parse_replies(benchmark::State& state) {
  std::string bytes;
  for (int i = 0; i < kPipeline; ++i) bytes += "$64\r\n" + std::string(64, 'x') + "\r\n";
  resp::ReplyParser parser;
  for (auto _ : state) {
    std::string_view rest = bytes;
    while (!rest.empty()) {
      const auto step = parser.parse(rest);
      WEIR_ASSERT(step.status == resp::ReplyParser::Status::kValue);
      benchmark::DoNotOptimize(parser.value().text.data());
      rest.remove_prefix(step.consumed);
    }
  }
  state.SetItemsProcessed(state.iterations() * kPipeline);
}
BENCHMARK(parse_replies);

// What wrk sends, and what a browser sends.
constexpr std::string_view kSmallRequest =
    "GET /items/4711 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nAccept: application/json\r\n\r\n";
constexpr std::string_view kBrowserRequest =
    "GET /shop/items/4711?colour=blue&size=xl HTTP/1.1\r\n"
    "Host: shop.example.com\r\n"
    "Connection: keep-alive\r\n"
    "Cache-Control: max-age=0\r\n"
    "Upgrade-Insecure-Requests: 1\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 "
    "Safari/537.36\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n"
    "Sec-Fetch-Site: none\r\n"
    "Sec-Fetch-Mode: navigate\r\n"
    "Accept-Encoding: gzip, deflate, br\r\n"
    "Accept-Language: en-GB,en;q=0.9\r\n"
    "Cookie: session=0123456789abcdef0123456789abcdef; theme=dark; basket=42\r\n\r\n";

void parse_request(benchmark::State& state, std::string_view bytes) {
  const http1::Limits limits;
  http1::HeadScanner scanner(http1::Message::kRequest, limits);
  http1::RequestHead head;
  for (auto _ : state) {
    const auto scanned = scanner.scan(bytes);
    const auto rejection = http1::parse_request_head(bytes.substr(0, scanner.head_bytes()), limits, head);
    WEIR_ASSERT(scanned == http1::HeadScanner::Status::kComplete && !rejection);
    benchmark::DoNotOptimize(head.fields.begin());
    scanner.restart();
  }
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes.size()));
}
BENCHMARK_CAPTURE(parse_request, small, kSmallRequest);
BENCHMARK_CAPTURE(parse_request, browser, kBrowserRequest);

void write_request(benchmark::State& state, std::string_view bytes) {
  http1::RequestHead head;
  WEIR_ASSERT(!http1::parse_request_head(bytes, {}, head));
  std::string out;
  for (auto _ : state) {
    out.clear();
    http1::HeadWriter writer(out);
    writer.request(head.method, head.target);
    writer.end_to_end_fields(head.fields);
    writer.framing(head.body);
    writer.finish();
    benchmark::DoNotOptimize(out.data());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(write_request, small, kSmallRequest);
BENCHMARK_CAPTURE(write_request, browser, kBrowserRequest);

void decode_chunks(benchmark::State& state) {
  std::string bytes;
  for (int i = 0; i < 16; ++i) http1::append_chunk(bytes, std::string(1024, 'x'));
  bytes += http1::kLastChunk;
  for (auto _ : state) {
    http1::BodyDecoder decoder({http1::Framing::kChunked, 0}, http1::Message::kResponse, {});
    std::string_view rest = bytes;
    while (!decoder.done()) {
      const auto step = decoder.decode(rest);
      benchmark::DoNotOptimize(step.data.data());
      rest.remove_prefix(step.consumed);
    }
  }
  state.SetItemsProcessed(state.iterations() * 16);
}
BENCHMARK(decode_chunks);

}  // namespace
}  // namespace weir::wire

BENCHMARK_MAIN();
