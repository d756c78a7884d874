// What SSCAN, HSCAN and ZSCAN reply, and their loop of bounded steps. Their arguments are scan.h's; their guarantee is
// the table's: what is there from the first call to the last is returned at least once.
#pragma once

#include <cstdint>

#include "store/commands/call.h"
#include "store/commands/counted_reply.h"

namespace weir::store {

class ScanReply : public CountedReply {
 public:
  using CountedReply::CountedReply;

  void send(std::uint64_t cursor) {
    NumberText text;
    CountedReply::send([&](wire::resp::ReplyWriter& header) {
      header.array(2);
      header.bulk(text.write(static_cast<std::int64_t>(cursor)));
      header.array(size());
    });
  }
};

// Calls `step(cursor, seen)`, which scans one bucket, adds to `seen` how many elements it visited and returns the next
// cursor, until about `count` were seen or ten times as many buckets: most of them may be empty.
template <typename Step>
std::uint64_t scan_steps(std::uint64_t cursor, std::uint64_t count, Step&& step) {
  constexpr std::uint64_t kBucketsPerElement = 10;
  std::uint64_t seen = 0, buckets = 0;
  do {
    cursor = step(cursor, seen);
    ++buckets;
  } while (cursor != 0 && seen < count && buckets / kBucketsPerElement < count);
  return cursor;
}

}  // namespace weir::store
