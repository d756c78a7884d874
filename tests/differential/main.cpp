// differential: the same random commands to two servers, every reply compared. See README.md.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/random.h"
#include "tests/differential/comparison.h"
#include "tests/differential/generator.h"
#include "tests/differential/outcomes.h"
#include "tests/differential/run.h"
#include "tests/differential/shrink.h"

namespace weir::differential {
namespace {

constexpr std::string_view kUsage = R"(usage: differential --subject SERVER [--oracle SERVER] [OPTIONS]

  SERVER                  127.0.0.1:PORT, or a command that takes --port: "build/weir store"
  --oracle SERVER         redis-server unless given
  --seed N                replays a run; drawn and printed unless given
  --commands N            operations to draw (20000), half of them in each protocol
  --protocol 2|3|both     RESP2, RESP3 or both (both)
  --families A,B          string bitmap hyperloglog list set hash sorted-set geo keys expiry transaction connection server
  --implemented           only the commands that the subject's COMMAND lists; names those that it lacks
  --digest                also compares DEBUG DIGEST at intervals
  --require-all-outcomes  fails if a command did not come to each of its possible outcomes
  --quiet                 prints no table of outcomes
)";

struct Options {
  std::string oracle = "redis-server";
  std::string subject;
  std::uint64_t seed = base::Random::from_entropy()() >> 32;
  std::size_t commands = 20'000;
  std::vector<unsigned> protocols = {2, 3};
  std::vector<Family> families;  // Empty: all.
  bool implemented = false;
  bool digest = false;
  bool require_all_outcomes = false;
  bool quiet = false;
};

std::optional<Options> parse_options(std::span<const std::string_view> words) {
  Options options;
  const auto complain = [](std::string_view why) {
    fmt::print(stderr, "differential: {}\n{}", why, kUsage);
    return std::nullopt;
  };
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view name = words[i];
    if (name == "--implemented") {
      options.implemented = true;
    } else if (name == "--digest") {
      options.digest = true;
    } else if (name == "--require-all-outcomes") {
      options.require_all_outcomes = true;
    } else if (name == "--quiet") {
      options.quiet = true;
    } else if (++i == words.size()) {
      return complain(fmt::format("{}: unknown, or its value is missing", name));
    } else if (const std::string_view value = words[i]; name == "--oracle") {
      options.oracle = value;
    } else if (name == "--subject") {
      options.subject = value;
    } else if (name == "--seed" || name == "--commands") {
      const auto number = base::parse_decimal<std::uint64_t>(value);
      if (!number) return complain(fmt::format("{}: expected a number, not '{}'", name, value));
      (name == "--seed" ? options.seed : options.commands) = *number;
    } else if (name == "--protocol") {
      if (value != "2" && value != "3" && value != "both") return complain("--protocol: expected 2, 3 or both");
      if (value != "both") options.protocols = {value == "2" ? 2u : 3u};
    } else if (name == "--families") {
      for (std::size_t at = 0; at <= value.size();) {
        const std::size_t end = std::min(value.find(',', at), value.size());
        const auto family = parse_family(value.substr(at, end - at));
        if (!family) return complain(fmt::format("--families: '{}' is none", value.substr(at, end - at)));
        options.families.push_back(*family);
        at = end + 1;
      }
    } else {
      return complain(fmt::format("unknown option '{}'", name));
    }
  }
  if (options.subject.empty()) return complain("--subject is missing");
  return options;
}

std::string replay_line(const Options& options, unsigned protocol, std::size_t operations) {
  std::string line = "differential " + quoted({"--oracle", options.oracle, "--subject", options.subject, "--seed",
                                               fmt::to_string(options.seed), "--commands", fmt::to_string(operations),
                                               "--protocol", fmt::to_string(protocol)});
  if (!options.families.empty()) {
    std::string names;
    for (const Family family : options.families) names += (names.empty() ? "" : ",") + std::string(to_string(family));
    line += " --families " + names;
  }
  if (options.implemented) line += " --implemented";
  if (options.digest) line += " --digest";
  return line;
}

int fail(const base::Error& error) {
  fmt::print(stderr, "differential: {}\n", error.text());
  return 1;
}

// Draws and runs `commands` operations of one protocol. Counts in `commands_run`.
struct Session {
  const Options& options;
  Server& oracle;
  Server& subject;
  RunSettings run_settings;
  GeneratorSettings generator_settings;
  Outcomes& outcomes;
  std::uint64_t commands_run = 0;

  // True: no difference.
  base::Result<bool> run(std::size_t operations);

 private:
  void report(std::vector<Operation> operations, const Difference& found);
};

base::Result<bool> Session::run(std::size_t operations) {
  constexpr std::size_t kPiece = 500;
  // The seed decides alone: what came of the run in the other protocol has no part in it.
  Generator generator(generator_settings, options.seed * 2 + run_settings.protocol);
  Outcomes here(generator_settings.rows);
  Run run(oracle, subject, run_settings, &here);
  if (base::Result<void> reset = run.reset(); !reset) return reset.error();
  std::vector<Operation> all;
  // Outcomes that are required and rare may take longer, at most twice as long.
  const auto go_on = [&] {
    return all.size() < operations ||
           (options.require_all_outcomes && all.size() < 2 * operations && !here.missing().empty());
  };
  while (go_on()) {
    // Whole pieces, so that a longer run begins with the same operations.
    std::vector<Operation> piece;
    const std::vector<Outcomes::Cell> missing = here.missing();
    while (piece.size() < kPiece) generator.draw(piece, missing);
    std::optional<Difference> difference = run.run(piece);
    all.insert(all.end(), std::make_move_iterator(piece.begin()), std::make_move_iterator(piece.end()));
    if (!difference && !go_on()) difference = run.compare_state();
    if (difference) {
      report(std::move(all), *difference);
      return false;
    }
  }
  commands_run += run.commands();
  outcomes.add(here);
  return true;
}

void Session::report(std::vector<Operation> operations, const Difference& found) {
  constexpr std::size_t kMaxTrials = 2000;
  fmt::print("\nDIFFERENCE at operation {} of seed {} in RESP{}\n  {}\noracle:  {}subject: {}\n", found.operation,
             options.seed, run_settings.protocol, found.what, found.expected, found.actual);
  std::fflush(stdout);
  operations.resize(std::min(operations.size(), found.operation + 1));
  const std::size_t size = operations.size();
  RunSettings settings = run_settings;
  settings.state_every = size + 1;
  const auto trial = [&](std::span<Operation> candidate) -> std::optional<Difference> {
    Run run(oracle, subject, settings, nullptr);
    if (!run.reset()) return std::nullopt;
    std::optional<Difference> difference = run.run(candidate);
    return difference ? difference : run.compare_state();
  };
  const std::optional<Shrunk> shrunk = shrink(std::move(operations), trial, kMaxTrials);
  if (shrunk) {
    fmt::print("shrunk from {} operations to {} in {} runs:\n\n{}\n{}\noracle:  {}subject: {}\n", size,
               shrunk->operations.size(), shrunk->trials, as_script(shrunk->operations), shrunk->difference.what,
               shrunk->difference.expected, shrunk->difference.actual);
  } else {
    fmt::print("the same operations did not differ again: the reply depends on more than them\n\n");
  }
  fmt::print("replay:  {}\n", replay_line(options, run_settings.protocol, size));
}

int run_all(const Options& options) {
  auto oracle = Server::start(options.oracle);
  if (!oracle) return fail(oracle.error());
  auto subject = Server::start(options.subject);
  if (!subject) return fail(subject.error());
  base::Result<CommandNames> oracle_commands = implemented_commands(**oracle);
  if (!oracle_commands) return fail(oracle_commands.error());
  base::Result<CommandNames> subject_commands = implemented_commands(**subject);
  if (!subject_commands) return fail(subject_commands.error());
  base::Result<std::set<std::string>> directives = known_directives(**subject);
  if (!directives) return fail(directives.error());

  RunSettings run_settings{.digest = options.digest, .commands = *oracle_commands};
  GeneratorSettings generator_settings;
  for (const Directive& directive : all_directives()) {
    if (!options.implemented || directives->contains(std::string(directive.name))) {
      generator_settings.directives.push_back(directive);
    }
  }
  const auto lacks = [&](std::string_view name) { return options.implemented && !subject_commands->contains(name); };
  if (options.implemented) {
    std::erase_if(run_settings.commands, [&](const std::string& name) { return !subject_commands->contains(name); });
  }
  for (const std::string_view needed : {"del", "rpush", "zadd"}) {
    if (lacks(needed)) generator_settings.blocked = false;
  }
  std::set<std::string> missing;
  for (const Row& row : all_rows()) {
    if (!options.families.empty() && std::ranges::find(options.families, row.family) == options.families.end())
      continue;
    const bool pops = row.compare == Compare::kPop;
    if (lacks(row.command_name()) || (pops && (lacks("smembers") || lacks("sadd")))) {
      missing.insert(std::string(row.name));
    } else {
      generator_settings.rows.push_back(&row);
    }
  }
  if (generator_settings.rows.empty()) return fail(base::reject("no command is left to compare"));

  fmt::print("seed {}: {} operations, {} rows of commands\n", options.seed, options.commands,
             generator_settings.rows.size());
  if (!missing.empty()) fmt::print("the subject lacks {}: {}\n", missing.size(), fmt::join(missing, ", "));

  const auto started = std::chrono::steady_clock::now();
  Outcomes outcomes(generator_settings.rows);
  std::uint64_t commands = 0;
  for (const unsigned protocol : options.protocols) {
    run_settings.protocol = protocol;
    generator_settings.protocol = protocol;
    Session session{options, **oracle, **subject, run_settings, generator_settings, outcomes};
    const base::Result<bool> same = session.run(options.commands / options.protocols.size());
    if (!same) return fail(same.error());
    if (!*same) return 1;
    commands += session.commands_run;
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();

  if (!options.quiet) fmt::print("{}", outcomes.table());
  fmt::print("no difference in {} commands to each server, {:.1f} s, {:.0f} commands/s\n", commands, seconds,
             static_cast<double>(commands) / seconds);
  int status = 0;
  if (options.require_all_outcomes) {
    for (const auto& cell : outcomes.missing()) {
      fmt::print("never seen: {} with outcome {}\n", cell.row->name, to_string(cell.outcome));
      status = 1;
    }
    for (const auto& cell : outcomes.unexpected()) {
      const auto reason = std::ranges::find(kReasons, cell.outcome, &Reason::outcome);
      fmt::print("seen, though the table says of {} that {}: outcome {}\n", cell.row->name, reason->text,
                 to_string(cell.outcome));
      status = 1;
    }
  }
  return status;
}

}  // namespace
}  // namespace weir::differential

int main(int count, char** arguments) {
  const std::vector<std::string_view> words(arguments + 1, arguments + count);
  const auto options = weir::differential::parse_options(words);
  return options ? weir::differential::run_all(*options) : 2;
}
