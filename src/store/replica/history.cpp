#include "store/replica/history.h"

namespace weir::store::replica {

void History::begin(Epoch epoch, Offset mark_end) {
  WEIR_ASSERT(epoch > position().epoch && mark_end > offset_);
  if (branches_.size() == kMaxBranches) branches_.erase(branches_.begin());
  branches_.push_back({epoch, offset_});
  offset_ = mark_end;
}

void History::advance(Offset end) {
  WEIR_ASSERT(end >= offset_);
  offset_ = end;
}

bool History::contains(Position position) const {
  if (position == Position{}) return true;
  if (position.epoch == 0) return false;
  const auto branch = std::ranges::find(branches_, position.epoch, &Branch::epoch);
  if (branch == branches_.end()) return false;
  const Offset end = branch + 1 == branches_.end() ? offset_ : (branch + 1)->begin;
  return position.offset > branch->begin && position.offset <= end;
}

}  // namespace weir::store::replica
