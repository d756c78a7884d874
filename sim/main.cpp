// weir-sim: runs clusters of the shipped cores by seeds; see sim/README.md.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <string>

#include "sim/cluster.h"

namespace weir::sim {
namespace {

struct Options {
  std::string seeds = "1..20000";
  std::string nodes = "3..7";
  std::string lie = "none";
  bool trace = false;
  bool keep_going = false;
};

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// "7" or "3..7".
template <class T>
std::optional<std::pair<T, T>> parse_range(std::string_view text) {
  const std::size_t dots = text.find("..");
  const auto low = parse_number(text.substr(0, dots));
  const auto high = dots == std::string_view::npos ? low : parse_number(text.substr(dots + 2));
  if (!low || !high || *low < 1 || *high < *low) return std::nullopt;
  return std::pair(static_cast<T>(*low), static_cast<T>(*high));
}

int complain(std::string_view why) {
  fmt::print(stderr, "weir-sim: {}\n", why);
  return 2;
}

int run(const Options& options) {
  const auto seeds = parse_range<std::uint64_t>(options.seeds);
  if (!seeds) return complain(fmt::format("--seeds {}: expected N or FIRST..LAST", options.seeds));
  const auto nodes = parse_range<std::size_t>(options.nodes);
  if (!nodes || nodes->first < 3 || nodes->second > 7) {
    return complain(fmt::format("--nodes {}: expected N or LOW..HIGH, from 3 to 7", options.nodes));
  }
  const std::optional<Lie> lie = lie_of(options.lie);
  if (!lie) return complain(fmt::format("--lie {}: expected one of {}", options.lie, fmt::join(kLieNames, ", ")));

  Result sum;
  std::size_t excused = 0;
  std::size_t violations = 0;
  const auto began = std::chrono::steady_clock::now();
  std::uint64_t seed = seeds->first;
  for (; seed <= seeds->second; ++seed) {
    const Plan plan{.seed = seed, .lie = *lie, .trace = options.trace, .data_nodes = {nodes->first, nodes->second}};
    const Result result = Cluster(plan).run();
    sum.events += result.events;
    sum.writes_done += result.writes_done;
    sum.strict_reads_done += result.strict_reads_done;
    sum.unknown += result.unknown;
    sum.faults += result.faults;
    sum.epochs += result.epochs;
    excused += result.excused ? 1 : 0;
    if (result.violation.empty()) continue;
    ++violations;
    fmt::print("seed {}: {}\n  replay: ./dev sim --seeds {} --nodes {}{} --trace\n", seed, result.violation, seed,
               options.nodes, *lie == Lie::kNone ? "" : " --lie " + options.lie);
    if (!options.keep_going) break;
  }
  const std::uint64_t runs = std::min(seed, seeds->second) - seeds->first + 1;
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  fmt::print(
      "{} seeds, {} violations, {:.1f} s ({:.2f} ms each)\n"
      "  per seed: {:.0f} events, {:.1f} faults, {:.1f} epochs, {:.1f} writes and {:.1f} strict reads done, {:.1f} "
      "operations "
      "unknown; in {} seeds all holders of something acknowledged lost it\n",
      runs, violations, seconds, seconds * 1000 / static_cast<double>(runs),
      static_cast<double>(sum.events) / static_cast<double>(runs),
      static_cast<double>(sum.faults) / static_cast<double>(runs),
      static_cast<double>(sum.epochs) / static_cast<double>(runs),
      static_cast<double>(sum.writes_done) / static_cast<double>(runs),
      static_cast<double>(sum.strict_reads_done) / static_cast<double>(runs),
      static_cast<double>(sum.unknown) / static_cast<double>(runs), excused);
  return violations == 0 ? 0 : 1;
}

}  // namespace
}  // namespace weir::sim

int main(int argc, char** argv) {
  weir::sim::Options options;
  CLI::App app("Runs simulated clusters of data nodes and sentinels; the exit status is 1 if a promise was broken.",
               "weir-sim");
  app.add_option("--seeds", options.seeds, "N or FIRST..LAST (1..20000)");
  app.add_option("--nodes", options.nodes, "Data nodes: N or LOW..HIGH, from 3 to 7 (3..7)");
  app.add_option("--lie", options.lie, "A mutant (sim/lie.h): the run must find a violation");
  app.add_flag("--trace", options.trace, "Prints what happens");
  app.add_flag("--keep-going", options.keep_going, "Goes on after a violation");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return error.get_exit_code() == 0 ? app.exit(error) : weir::sim::complain(error.what());
  }
  return weir::sim::run(options);
}
