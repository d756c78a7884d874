// SentinelNode: the simulated driver of sentinel::Sentinel, with a disk. It asks the data nodes for their reports,
// greets the other sentinels, and does what the core says.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "sentinel/core/sentinel.h"
#include "sim/data_node.h"
#include "sim/oracle.h"
#include "sim/record_disk.h"
#include "sim/world.h"

namespace weir::sim {

class SentinelNode {
 public:
  struct Settings {
    Address address;
    LocalClock clock;
    std::size_t data_nodes;  // At the addresses from 0 on,
    std::size_t sentinels;   // and these behind them.
    failover::Configuration founding;
    base::Duration replace_after;
  };
  // For the lies: whether a data node is up and can be reached from here.
  using Reaches = std::function<bool(failover::MemberId)>;

  SentinelNode(const Settings& settings, World& world, Oracle& oracle, Reaches reaches);

  void start();
  void stop();
  bool is_up() const { return sentinel_.has_value(); }
  std::uint32_t incarnation() const { return incarnation_; }

  void receive(const Message& message);
  void tick();
  void stored(std::uint64_t version);

  // Requires: is_up().
  const sentinel::SentinelRecord& record() const { return sentinel_->record(); }
  bool is_changing() const { return sentinel_->leads().has_value(); }

 private:
  failover::SentinelId id_at(Address address) const { return failover::SentinelId{address + 1U}; }
  base::MonoTime now() const { return settings_.clock.at(world_.now_us()); }
  void perform();
  void perform(const sentinel::SentinelAction& action);

  const Settings settings_;
  World& world_;
  Oracle& oracle_;
  const Reaches reaches_;

  // The disk.
  RecordDisk<sentinel::SentinelRecord> disk_record_;

  // The process.
  std::uint32_t incarnation_ = 0;
  std::optional<sentinel::Sentinel> sentinel_;
  unsigned ticks_ = 0;
};

}  // namespace weir::sim
