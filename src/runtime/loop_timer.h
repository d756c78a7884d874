// Timer: calls a function once, at or after a moment; TimerHeap: all timers of one loop, soonest first.
//
// Made for timeouts, which are moved far more often than they come due: arming an armed timer for a later moment only
// notes the new moment and leaves its place in the heap; the place is corrected when the old moment passes. So an
// idle timeout that is pushed back on every request costs two stores, and arming, cancelling and firing cost
// O(log n), without allocation beyond the heap's array.
//
// One thread: the loop's. Timers that are due together fire in no promised order.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

#include "base/time.h"

namespace weir::runtime {

class TimerHeap;

// Owned by whoever waits. Destroying it cancels it; inside its own function it may be armed again or destroyed.
class Timer {
 public:
  Timer(TimerHeap& heap, std::function<void()> on_due) : heap_(heap), on_due_(std::move(on_due)) {}
  ~Timer() { cancel(); }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // Fires once, at or after `due`; replaces an earlier arming.
  void arm(base::MonoTime due);
  void cancel();
  bool armed() const { return place_ != kNowhere; }
  // Requires: armed().
  base::MonoTime due() const { return due_; }

 private:
  friend class TimerHeap;
  static constexpr std::size_t kNowhere = static_cast<std::size_t>(-1);

  TimerHeap& heap_;
  std::function<void()> on_due_;
  base::MonoTime due_{};
  std::size_t place_ = kNowhere;  // Index in the heap's array.
};

class TimerHeap {
 public:
  TimerHeap() = default;
  TimerHeap(const TimerHeap&) = delete;
  TimerHeap& operator=(const TimerHeap&) = delete;
  // Requires: no timer is armed.
  ~TimerHeap();

  // When fire() should be called next: never later than the soonest timer, perhaps earlier (a timer was moved back).
  std::optional<base::MonoTime> next() const;
  // Fires all that are due at `now`; those that a fired function arms wait for the next call, even if already due, so
  // that a timer which arms itself for now cannot hold the loop.
  void fire(base::MonoTime now);
  std::size_t size() const { return entries_.size(); }

 private:
  friend class Timer;

  // `key` <= timer->due_: the moment at which this place was taken. Kept beside the pointer, so that sifting does
  // not touch the timers that it compares.
  struct Entry {
    base::MonoTime key;
    Timer* timer;
  };

  void insert(Timer& timer);
  void remove(Timer& timer);
  void put(std::size_t place, const Entry& entry);
  void sift_up(std::size_t place, const Entry& entry);
  void sift_down(std::size_t place, const Entry& entry);

  std::vector<Entry> entries_;  // A heap by key, four children each.
  std::vector<Timer*> due_;     // Being fired now; a timer that is cancelled meanwhile leaves a null.
};

}  // namespace weir::runtime
