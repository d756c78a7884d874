// What must hold for any bytes given as an RDB file, as the value of a DUMP payload, or as a listpack.
#pragma once

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/checksum.h"
#include "fuzz/feed.h"
#include "store/persist/rdb/dump.h"
#include "store/persist/rdb/reader.h"
#include "store/persist/rdb/recording_sink.h"
#include "store/types/listpack.h"

namespace weir::fuzz {

struct RdbTrace {
  std::vector<std::string> events;
  std::string error;
  std::size_t consumed = 0;
  Violation violation;

  bool same_outcome(const RdbTrace& other) const {
    return events == other.events && error == other.error && consumed == other.consumed;
  }
};

inline RdbTrace trace_rdb(std::string_view input, Cut cut) {
  using store::rdb::Reader;
  RdbTrace trace;
  store::rdb::RecordingSink sink;
  Reader reader(sink);
  bool over = false;
  const Violation fed = feed(input, cut, [&](std::string_view received) -> Fed {
    if (over) return {0, false};
    // What feed() has not given yet.
    const std::size_t known = trace.consumed + received.size();
    const Reader::Step step = reader.read(received, input.size() - known);
    trace.consumed += step.consumed;
    if (reader.offset() != trace.consumed) trace.violation = "an offset that is not where it stands";
    over = step.status != Reader::Status::kMore;
    if (step.status == Reader::Status::kError) {
      trace.error = reader.error().text();
      if (!trace.error.starts_with("offset ")) trace.violation = "an error without its place";
      if (trace.error.find_first_of("\r\n") != std::string::npos) trace.violation = "an error of two lines";
    }
    if (!over && known == input.size()) trace.violation = "waits for what cannot come";
    if (!over && reader.wanted() <= received.size() - step.consumed) trace.violation = "waits for bytes that are there";
    return {step.consumed, false};
  });
  if (trace.violation.empty()) trace.violation = fed;
  trace.events = std::move(sink.events);
  return trace;
}

inline Violation check_rdb_file(std::string_view input) {
  if (input.empty()) return {};
  const RdbTrace whole = trace_rdb(input, Cut::kWhole);
  if (!whole.violation.empty()) return whole.violation;
  for (const Cut cut : {Cut::kBytes, Cut::kRandom}) {
    if (cut == Cut::kBytes && input.size() > 1024) continue;  // The feeding is quadratic.
    const RdbTrace cut_up = trace_rdb(input, cut);
    if (!cut_up.violation.empty()) return cut_up.violation;
    if (!whole.same_outcome(cut_up)) {
      return fmt::format("{} events and error '{}' as a whole, {} and '{}' in pieces", whole.events.size(), whole.error,
                         cut_up.events.size(), cut_up.error);
    }
  }
  return {};
}

// The input is the type and the value: what follows them is forged, or no input would get past the checksum.
inline Violation check_dump_payload(std::string_view input) {
  std::string payload(input);
  base::append_little_endian(payload, static_cast<std::uint16_t>(store::rdb::kWrittenVersion));
  base::append_little_endian(payload, base::crc64(payload));
  if (!store::rdb::dump_is_intact(payload)) return "a payload with the right checksum is not intact";
  payload.shrink_to_fit();
  store::rdb::RecordingSink sink;
  const base::Result<void> done = store::rdb::read_dump(payload, {.key = "key"}, sink);
  if (!done) return done.error().text().starts_with("offset ") ? "" : "an error without its place";
  if (sink.events.empty()) return "a value that nobody was given";
  return {};
}

inline Violation check_listpack(std::string_view input) {
  using store::Listpack;
  using store::ListpackView;
  // In a block of exactly its size, so that a sanitizer sees a read past the end.
  const std::vector<char> block(input.begin(), input.end());
  const std::string_view blob(block.data(), block.size());
  if (!ListpackView::valid(blob)) return {};
  const ListpackView view(blob);
  Listpack copy;
  std::size_t count = 0;
  for (const store::Element& element : view) {
    copy.append({store::EncodedEntry(element)});
    ++count;
  }
  if (view.count() != count) return "another count than there are entries";
  auto backwards = view.end();
  for (auto at = copy.end(); at != copy.begin();) {
    if (backwards == view.begin()) return "fewer entries backwards than forwards";
    if (!(*--at == *--backwards)) return "another entry backwards than forwards";
  }
  if (backwards != view.begin()) return "more entries backwards than forwards";
  if (!ListpackView::valid(copy.view().blob())) return "a copy that is no listpack";
  Listpack edited{blob};
  while (edited.begin() != edited.end()) edited.erase(edited.view().at(edited.count() / 2));
  if (!edited.view().empty()) return "erased, and not empty";
  return {};
}

}  // namespace weir::fuzz
