// What must hold for any bytes given as an append-only file, or as its manifest.
#pragma once

#include <fmt/format.h>

#include "fuzz/feed.h"
#include "store/persist/aof/block.h"
#include "store/persist/aof/manifest.h"
#include "store/persist/aof/reader.h"

namespace weir::fuzz {

struct AofTrace {
  std::vector<std::string> words;
  std::string why;
  std::size_t consumed = 0;
  Violation violation;

  bool same_outcome(const AofTrace& other) const {
    return words == other.words && why == other.why && consumed == other.consumed;
  }
};

inline AofTrace trace_aof(std::string_view input, Cut cut) {
  using store::aof::Reader;
  AofTrace trace;
  Reader reader;
  bool over = false;
  const Violation fed = feed(input, cut, [&](std::string_view received) -> Fed {
    if (over) return {0, false};
    const Reader::Step step = reader.next(received);
    trace.consumed += step.consumed;
    if (step.status == Reader::Status::kCommand) {
      if (reader.arguments().empty()) trace.violation = "a command without words";
      if (step.consumed == 0) trace.violation = "a command of no bytes";
      for (const std::string_view word : reader.arguments()) trace.words.emplace_back(word);
      trace.words.emplace_back("\n");
      return {step.consumed, true};
    }
    over = step.status != Reader::Status::kMore;
    if (over) trace.why = reader.why();
    if (over && trace.why.empty()) trace.violation = "an error without its reason";
    if (!over && reader.wanted() <= received.size() - step.consumed) trace.violation = "waits for bytes that are there";
    return {step.consumed, false};
  });
  if (trace.violation.empty()) trace.violation = fed;
  return trace;
}

inline Violation check_aof_file(std::string_view input) {
  const AofTrace whole = trace_aof(input, Cut::kWhole);
  if (!whole.violation.empty()) return whole.violation;
  for (const Cut cut : {Cut::kBytes, Cut::kRandom}) {
    if (cut == Cut::kBytes && input.size() > 1024) continue;  // The feeding is quadratic.
    const AofTrace cut_up = trace_aof(input, cut);
    if (!cut_up.violation.empty()) return cut_up.violation;
    if (!whole.same_outcome(cut_up)) {
      return fmt::format("{} words and '{}' as a whole, {} and '{}' in pieces", whole.words.size(), whole.why,
                         cut_up.words.size(), cut_up.why);
    }
  }
  if (const auto mark = store::aof::parse_mark(input)) {
    std::string written(store::aof::kMarkBytes, '\0');
    store::aof::write_mark(*mark, written.data());
    if (written != input.substr(0, written.size())) return "a mark that is written another way than it was read";
  }
  return {};
}

inline Violation check_aof_manifest(std::string_view input) {
  using store::aof::parse_manifest;
  const auto manifest = parse_manifest(input);
  if (!manifest) return manifest.error().text().empty() ? "an error without its reason" : "";
  const std::string text = manifest->to_text();
  // Comments alone, or a line that only just fitted and is longer when its bytes are escaped.
  if (text.empty()) return {};
  const auto again = parse_manifest(text);
  if (!again) return input.size() > 200 ? "" : "what was written is not read: " + again.error().text();
  if (again->to_text() != text) return "another manifest after it was written";
  for (const auto& file : manifest->increments) {
    if (file.name.find('/') != std::string::npos) return "a name that is a path";
  }
  return {};
}

}  // namespace weir::fuzz
