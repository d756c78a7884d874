// What SSCAN, HSCAN and ZSCAN reply, and their loop of bounded steps. Their arguments are scan.h's; their guarantee is
// the table's: what is there from the first call to the last is returned at least once.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "store/commands/call.h"
#include "store/types/listpack_entry.h"

namespace weir::store {

// The elements of one call, collected first: how many match is known only at the end.
class ScanReply {
 public:
  explicit ScanReply(Call& call) : call_(call), writer_(elements_, call.reply.protocol()) {}

  void add(const Element& element);
  void add(std::string_view text);
  void send(std::uint64_t cursor);

 private:
  Call& call_;
  std::string elements_;
  wire::resp::ReplyWriter writer_;
  std::size_t size_ = 0;
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
