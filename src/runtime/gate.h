// Gate: who is still inside, and the proof that nobody is when the house is torn down (the idea is seastar's gate).
//
// Everything that runs beyond its caller holds the gate of its owner: a coroutine through spawn(), anything else
// through a Holder. Stopping is refuse, cancel, drain:
//
//   open --refuse()--> closed: enter() and spawn() let nobody in  --cancel()--> those inside are asked to leave
//                      --drain()--> returns when the last has left; only now may the owner be destroyed
//
// One loop only: whoever enters runs on the loop of the gate's owner. An exception that reaches the edge of a spawned
// task is handed to the gate's FailureReport, except the cancellation that cancel() itself asked for.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/event.h"
#include "runtime/task.h"

namespace boost::asio {
class cancellation_signal;
}

namespace weir::runtime {

// Told of each task that ended with an exception: its name, and what was thrown.
using FailureReport = std::function<void(std::string_view task, std::string_view what)>;

// What a gate does unless told otherwise: an unexpected exception is a programmer's error, and a process that goes on
// without one of its tasks looks healthy and is not.
[[noreturn]] void end_process_on_failure(std::string_view task, std::string_view what);

class Gate {
 public:
  class Holder {
   public:
    Holder(Holder&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
    Holder& operator=(Holder&&) = delete;
    ~Holder() {
      if (gate_ != nullptr) gate_->leave();
    }

   private:
    friend class Gate;
    explicit Holder(Gate* gate) : gate_(gate) {}
    Gate* gate_;
  };

  explicit Gate(FailureReport report = end_process_on_failure) : report_(std::move(report)) {}
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;
  ~Gate();

  // Nothing once the gate refuses.
  std::optional<Holder> enter();

  void refuse() { refusing_ = true; }
  // Asks every spawned task to end; a task that does not wait for anything goes on until it does.
  void cancel();
  // Returns when the last holder has left. Requires: refuse() was called.
  Task<void> drain();
  // refuse(), and the same until `deadline`: whether the last has left.
  Task<bool> drain_until(base::MonoTime deadline);
  // All three: those inside have until `deadline` to leave on their own before they are cancelled.
  Task<void> stop(base::MonoTime deadline);

  bool refusing() const { return refusing_; }
  std::size_t holders() const { return holders_; }

 private:
  friend bool spawn(Gate& gate, Executor executor, Task<void> task, std::string name);
  using Signals = std::list<std::shared_ptr<boost::asio::cancellation_signal>>;

  void leave();
  void finished(Signals::iterator signal, std::string_view name, std::exception_ptr failure);

  FailureReport report_;
  Signals spawned_;
  Event empty_;
  std::size_t holders_ = 0;
  bool refusing_ = false;
  bool cancelling_ = false;
};

// Runs `task` on `executor` until it ends, holding the gate. False, and the task never begins, if the gate refuses.
// Requires: `executor` is of the gate's loop.
bool spawn(Gate& gate, Executor executor, Task<void> task, std::string name);

}  // namespace weir::runtime
