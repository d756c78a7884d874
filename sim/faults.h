// FaultMix: what kinds of faults a run has, and how they come. Every run draws its own mix, many of them without most
// kinds: a run of nothing but restarts at once under partitions finds what a run with a little of everything buries.
#pragma once

#include <array>
#include <cstdint>

#include "base/random.h"

namespace weir::sim {

enum class Fault : std::uint8_t {
  kPartition,  // Some are cut off from the others, or one does not hear, or is not heard by, some.
  kHeal,       // The network is whole.
  kPause,      // A process stands still for a while: SIGSTOP, a long garbage collection.
  kKill,       // What was written is there after the restart.
  kPower,      // Of what was not synced a part at most.
  kRack,       // The power of several machines at once.
  kMove,       // A process is restarted and finds itself on the other side of the last partition.
  kDisk,       // A data node comes back with an empty disk: once in a run, and not where the power fails.
};

class FaultMix {
 public:
  explicit FaultMix(base::Random& random);

  Fault pick(base::Random& random) const;
  std::int64_t pause_us(base::Random& random) const;
  std::int64_t restart_us(base::Random& random) const;
  bool aims_at_master(base::Random& random) const { return random.chance(master_); }
  bool aims_at_bound(base::Random& random) const { return random.chance(bound_); }
  // How much the clients hurry: the longest time between two operations of one.
  std::int64_t client_pause_us() const { return client_pause_us_; }

 private:
  std::array<std::uint64_t, 8> weights_{};
  double burst_;    // Of the faults, those that come on the heels of another.
  double at_once_;  // Of the restarts, those of a supervisor.
  double master_;   // Of the faults of a process, those of the master,
  double bound_;    // and of the others those of the one that swore or voted last.
  std::int64_t client_pause_us_;
};

}  // namespace weir::sim
