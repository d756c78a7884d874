#include "runtime/loop_timer.h"

#include <algorithm>

#include "base/assert.h"

namespace weir::runtime {

namespace {

constexpr std::size_t kChildren = 4;
// A place_ at or above this is an index in TimerHeap::due_: taken off the heap, function not yet called.
constexpr std::size_t kDue = std::size_t{1} << 62;

}  // namespace

void Timer::arm(base::MonoTime due) {
  if (place_ < kDue && due >= heap_.entries_[place_].key) {
    due_ = due;
    return;
  }
  cancel();
  due_ = due;
  heap_.insert(*this);
}

void Timer::cancel() {
  if (place_ == kNowhere) return;
  if (place_ >= kDue) {
    heap_.due_[place_ - kDue] = nullptr;
  } else {
    heap_.remove(*this);
  }
  place_ = kNowhere;
}

TimerHeap::~TimerHeap() { WEIR_ASSERT(entries_.empty()); }

std::optional<base::MonoTime> TimerHeap::next() const {
  if (entries_.empty()) return std::nullopt;
  return entries_.front().key;
}

void TimerHeap::fire(base::MonoTime now) {
  WEIR_ASSERT(due_.empty());
  while (!entries_.empty() && entries_.front().key <= now) {
    Timer& timer = *entries_.front().timer;
    if (timer.due_ > now) {
      sift_down(0, {timer.due_, &timer});
      continue;
    }
    remove(timer);
    timer.place_ = kDue + due_.size();
    due_.push_back(&timer);
  }
  for (std::size_t i = 0; i < due_.size(); ++i) {
    Timer* timer = due_[i];
    if (timer == nullptr) continue;
    timer->place_ = Timer::kNowhere;
    // The function may destroy its timer, and with it itself: it is called from a place that outlives both.
    const std::function<void()> on_due = timer->on_due_;
    on_due();
  }
  due_.clear();
}

void TimerHeap::insert(Timer& timer) {
  entries_.emplace_back();
  sift_up(entries_.size() - 1, {timer.due_, &timer});
}

void TimerHeap::remove(Timer& timer) {
  const std::size_t place = timer.place_;
  const Entry last = entries_.back();
  entries_.pop_back();
  if (last.timer == &timer) return;
  if (place > 0 && last.key < entries_[(place - 1) / kChildren].key) {
    sift_up(place, last);
  } else {
    sift_down(place, last);
  }
}

void TimerHeap::put(std::size_t place, const Entry& entry) {
  entries_[place] = entry;
  entry.timer->place_ = place;
}

void TimerHeap::sift_up(std::size_t place, const Entry& entry) {
  while (place > 0) {
    const std::size_t parent = (place - 1) / kChildren;
    if (entries_[parent].key <= entry.key) break;
    put(place, entries_[parent]);
    place = parent;
  }
  put(place, entry);
}

void TimerHeap::sift_down(std::size_t place, const Entry& entry) {
  while (true) {
    const std::size_t first = place * kChildren + 1;
    if (first >= entries_.size()) break;
    std::size_t least = first;
    for (std::size_t child = first + 1; child < std::min(first + kChildren, entries_.size()); ++child) {
      if (entries_[child].key < entries_[least].key) least = child;
    }
    if (entry.key <= entries_[least].key) break;
    put(place, entries_[least]);
    place = least;
  }
  put(place, entry);
}

}  // namespace weir::runtime
