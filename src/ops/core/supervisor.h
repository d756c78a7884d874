// Supervisor: decides when each part of a system is started, probed, restarted and stopped. A core: what happened and
// the time go in, actions come out, and the driver (ops/up) performs them. It reads no clock and starts no process.
//
// A part is started when every part it needs is healthy, and stopped when every part that needs it is gone.
//
//              start            probe answers
//   kWaiting --------> kStarting ------------> kHealthy <------------+
//      ^                  |                       |  probes fail     | probe answers
//      |                  | exits                 +------------> kSilent
//      |                  v            exits                         |
//      |              kBackingOff <-----------------------------------+
//      |                  | backoff over
//      +------------------+
//
//   from any running state: stop() -> kStopping (SIGTERM, after stop_within SIGKILL) -> kStopped
//
// A part that hangs (kSilent) is shown but not killed: it may be stopped on purpose, and killing what may still hold
// data is an operator's decision. One owner.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "resilience/backoff.h"

namespace weir::ops {

struct PartSpec {
  std::string name;
  std::vector<std::string> needs = {};
  base::Duration start_within = std::chrono::seconds(10);
  base::Duration stop_within = std::chrono::seconds(10);
};

enum class PartState : unsigned char { kWaiting, kStarting, kHealthy, kSilent, kBackingOff, kStopping, kStopped };
std::string_view to_string(PartState state);

using PartIndex = std::size_t;

// What the driver does, in the order given.
struct SupervisorAction {
  enum class Kind : unsigned char {
    kStart,      // Start the part's process; answer with exited() if that fails.
    kProbe,      // Ask it for its health; answer with probed().
    kTerminate,  // Ask the process to end.
    kKill,       // End it without asking.
    kShow,       // The part's state changed: tell the user; `text` says why.
    kReady,      // Every part is healthy for the first time.
    kGiveUp,     // The first start failed for good by this part; `text` says why. stop() follows by itself.
    kDone,       // Everything is stopped.
  };
  Kind kind;
  PartIndex part = 0;
  std::string text = {};
};

class Supervisor {
 public:
  // Requires: names are distinct and `needs` names parts earlier in the list.
  Supervisor(std::vector<PartSpec> parts, std::uint64_t seed);

  // Events. `now` never runs back.
  void begin(base::MonoTime now);
  void probed(PartIndex part, bool healthy, base::MonoTime now);
  // The process ended, or could not be started; `how` is for people ("exit status 1", "signal 9").
  void exited(PartIndex part, std::string how, base::MonoTime now);
  void stop(base::MonoTime now);
  // Asked to stop a second time: whatever still runs is killed.
  void kill_all();
  void tick(base::MonoTime now);

  // When tick() is due next; nothing while only events can change anything.
  std::optional<base::MonoTime> next_tick() const;
  std::vector<SupervisorAction> take_actions();

  struct View {
    const std::string& name;
    PartState state;
    std::uint64_t restarts;
    base::MonoTime since;  // When it entered `state`.
    const std::string& last_exit;
  };
  View view(PartIndex part) const;
  std::size_t size() const { return parts_.size(); }
  bool stopping() const { return stopping_; }

 private:
  struct Part {
    PartSpec spec;
    std::vector<PartIndex> needs;
    PartState state = PartState::kWaiting;
    base::MonoTime since{};
    std::optional<base::MonoTime> due{};  // The next probe, restart or kill, by state.
    bool probing = false;
    int failed_probes = 0;
    std::uint64_t exits = 0;
    std::uint64_t restarts = 0;
    bool was_healthy = false;
    std::string last_exit{};
    resilience::Backoff backoff;
  };

  bool running(const Part& part) const;
  void enter(PartIndex index, PartState state, base::MonoTime now, std::string why);
  void start_what_can(base::MonoTime now);
  void stop_what_can(base::MonoTime now);
  void give_up(PartIndex index, std::string why, base::MonoTime now);
  void act(SupervisorAction::Kind kind, PartIndex part = 0, std::string text = {});

  std::vector<Part> parts_;
  std::vector<SupervisorAction> actions_;
  base::Random random_;
  bool ready_ = false;
  bool stopping_ = false;
  bool done_ = false;
};

}  // namespace weir::ops
