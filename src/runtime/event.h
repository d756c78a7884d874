// Event: lets the coroutines of one loop wait until something has happened.
//
// It stays set until reset(), so a waiter that comes late does not wait. One loop only. Requires: no coroutine waits
// when the Event is destroyed (a Gate proves that).
#pragma once

#include <vector>

#include <boost/asio/steady_timer.hpp>

#include "runtime/task.h"

namespace weir::runtime {

class Event {
 public:
  Event() = default;
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event();

  // Wakes all who wait. They run after the caller has returned to the loop, and look again at what they waited for.
  void set();
  void reset() { set_ = false; }
  bool is_set() const { return set_; }

  // True if it was set, false if the deadline passed before. Throws on cancellation.
  Task<bool> wait(base::MonoTime deadline = kNever);

 private:
  class Waiter;

  std::vector<boost::asio::steady_timer*> waiting_;
  bool set_ = false;
};

}  // namespace weir::runtime
