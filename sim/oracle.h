// Oracle: sees everything that the nodes do, and stops the run at the first step that breaks a promise.
//
// The promises (docs/design/003-availability.md):
// - An epoch has one leader and one master, each in one life.
// - What was acknowledged, to a writer or by a reply that saw it, is one history, which only grows.
// - Every master that is confirmed later has all of it, and whoever acknowledges holds nothing that a later master
// lacks.
//
// A history is excused to the degree that every member which could be asked for it has lost it (unsynced data of
// machines that stopped, all of them).
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "sim/message.h"

namespace weir::sim {

class Oracle {
 public:
  struct Who {
    Address address;
    std::uint32_t incarnation;

    friend bool operator==(const Who&, const Who&) = default;
  };

  void leads(Who who, failover::Epoch epoch);
  // The master has begun its epoch; its history without the mark.
  void confirmed(Who who, const failover::Configuration& configuration, const Log& log);
  // A reply leaves that saw this much of the history of the master of this epoch.
  void acknowledged(failover::Epoch epoch, std::span<const Entry> seen);
  // Whether the member may be asked for what was acknowledged: it is of the roster or, before the epoch has
  // acknowledged anything, of an earlier one.
  bool counts(failover::MemberId member) const;
  // Data was lost. `held`: the histories of all members that count.
  void lost(std::span<const Log* const> held);

  const failover::Configuration& last_confirmed() const { return last_; }
  const Log& acknowledged() const { return acknowledged_; }
  // Something acknowledged was lost by all who had it.
  bool excused() const { return excused_; }
  const std::string& violation() const { return violation_; }
  void violate(std::string what) {
    if (violation_.empty()) violation_ = std::move(what);
  }

 private:
  std::map<failover::Epoch, Who> leaders_;
  std::map<failover::Epoch, Who> masters_;
  failover::Configuration last_;  // Of those confirmed, the highest.
  Log last_log_;                  // That its master began with.
  bool last_is_open_ = false;
  Log acknowledged_;
  std::vector<failover::Epoch> acknowledged_by_;  // The epoch, of each entry.
  bool excused_ = false;
  std::string violation_;
};

}  // namespace weir::sim
