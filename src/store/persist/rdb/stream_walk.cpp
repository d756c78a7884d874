#include "store/persist/rdb/stream_walk.h"

#include "store/types/listpack.h"

namespace weir::store::rdb {

namespace {

constexpr std::uint64_t kIdBytes = 16;
constexpr std::uint64_t kTimeBytes = 8;

bool lengths(Input& in, int count) {
  for (std::uint64_t ignored = 0; count > 0; --count) {
    if (!in.length(ignored)) return false;
  }
  return true;
}

}  // namespace

void StreamWalk::start(Type type) {
  *this = {};
  type_ = type;
  part_ = Part::kCount;
}

bool StreamWalk::step(Input& in, std::string& scratch) {
  StreamWalk after = *this;
  if (!after.read(in, scratch)) return false;
  *this = after;
  return true;
}

bool StreamWalk::read(Input& in, std::string& scratch) {
  std::string_view raw;
  switch (part_) {
    case Part::kCount:
      if (!in.count(listpacks_, kIdBytes + 2, "listpacks of a stream")) return false;
      part_ = Part::kListpack;
      break;
    case Part::kListpack:
      if (!read_listpack(in, scratch)) return false;
      --listpacks_;
      break;
    case Part::kTail:
      if (!read_tail(in)) return false;
      part_ = Part::kGroup;
      break;
    case Part::kGroup:
      if (!read_group(in, scratch)) return false;
      --groups_;
      part_ = Part::kPending;
      break;
    case Part::kPending:
      if (!in.bytes(kIdBytes + kTimeBytes, raw, "a pending entry") || !lengths(in, 1)) return false;
      --pending_;
      break;
    case Part::kConsumers:
      if (!in.count(consumers_, 2 + kTimeBytes, "consumers of a group")) return false;
      part_ = Part::kConsumer;
      break;
    case Part::kConsumer:
      if (!read_consumer(in, scratch)) return false;
      --consumers_;
      part_ = Part::kOwned;
      break;
    case Part::kOwned:
      if (!in.bytes(kIdBytes, raw, "a consumer's pending entry")) return false;
      --owned_;
      break;
    case Part::kDone: return true;
  }
  go_on();
  return true;
}

// Leaves every level that has nothing more to come.
void StreamWalk::go_on() {
  if (part_ == Part::kListpack && listpacks_ == 0) part_ = Part::kTail;
  if (part_ == Part::kPending && pending_ == 0) part_ = Part::kConsumers;
  if (part_ == Part::kOwned && owned_ == 0) part_ = Part::kConsumer;
  if (part_ == Part::kConsumer && consumers_ == 0) part_ = Part::kGroup;
  if (part_ == Part::kGroup && groups_ == 0) part_ = Part::kDone;
}

bool StreamWalk::read_listpack(Input& in, std::string& scratch) {
  std::string_view id;
  if (!in.string(id, scratch)) return false;
  if (id.size() != kIdBytes) return in.fail("a stream's node whose id is not of 16 bytes");
  std::string_view blob;
  if (!in.string(blob, scratch)) return false;
  if (!ListpackView::valid(blob)) return in.fail("a stream's node that is no listpack");
  if (ListpackView(blob).empty()) return in.fail("a stream's node without entries");
  return true;
}

bool StreamWalk::read_tail(Input& in) {
  // From version 2 on: the first id, the greatest deleted one, and how many entries were ever added.
  if (!lengths(in, type_ == Type::kStream ? 3 : 8)) return false;
  return in.count(groups_, 5, "consumer groups");
}

bool StreamWalk::read_group(Input& in, std::string& scratch) {
  std::string_view name;
  if (!in.string(name, scratch) || !lengths(in, type_ == Type::kStream ? 2 : 3)) return false;
  return in.count(pending_, kIdBytes + kTimeBytes + 1, "pending entries of a group");
}

bool StreamWalk::read_consumer(Input& in, std::string& scratch) {
  std::string_view name;
  std::string_view times;
  if (!in.string(name, scratch)) return false;
  if (!in.bytes(type_ == Type::kStream3 ? 2 * kTimeBytes : kTimeBytes, times, "a consumer's times")) return false;
  return in.count(owned_, kIdBytes, "pending entries of a consumer");
}

}  // namespace weir::store::rdb
