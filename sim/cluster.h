// Cluster: one run. Data nodes, sentinels and clients in a World, under faults drawn from the seed or under those that
// a test orders, with an Oracle that sees every step.
//
//   0                      faults_until                 converged, at most converge_within later
//   |---- founded, faults and clients ----|---- healed, all restarted, clients ----|---- the histories are checked
//
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/data_node.h"
#include "sim/faults.h"
#include "sim/oracle.h"
#include "sim/sentinel_node.h"
#include "sim/world.h"

namespace weir::sim {

struct Range {
  std::size_t low;
  std::size_t high;
};

struct Plan {
  std::uint64_t seed = 1;
  Lie lie = Lie::kNone;
  bool trace = false;
  Range data_nodes{3, 7};
  // Drawn from the seed unless they are set.
  std::optional<unsigned> replicas;  // R
  std::optional<unsigned> acks;      // N
  std::optional<std::size_t> sentinels;
  bool draw_faults = true;
  std::int64_t faults_until_us = 5'000'000;
  std::int64_t converge_within_us = 15'000'000;
};

struct Result {
  std::string violation;  // Empty: every promise was kept.
  // What the run was good for.
  std::size_t events = 0;
  std::size_t writes_done = 0;
  std::size_t strict_reads_done = 0;
  std::size_t unknown = 0;
  std::size_t faults = 0;
  failover::Epoch epochs = 0;
  bool excused = false;
};

class Cluster {
 public:
  explicit Cluster(const Plan& plan);

  // Until the end, or the first broken promise.
  Result run();

  // For tests that order their own faults. Runs on for so long; false: a promise was broken.
  bool run_for(std::int64_t us);
  // Nothing passes between these and all others, in both directions.
  void isolate(const std::vector<Address>& side);
  void heal();
  void stop(Address address, DataNode::Death death);
  void restart(Address address);
  void pause(Address address, std::int64_t for_us);
  void aim(std::size_t client, Address at) { clients_[client].aim = at; }

  Address sentinel(std::size_t index) const { return static_cast<Address>(nodes_.size() + index); }
  Address client(std::size_t index) const { return static_cast<Address>(nodes_.size() + sentinels_.size() + index); }
  // The data node that is a master in its own eyes, of the highest epoch.
  std::optional<Address> master() const;
  const DataNode& node(Address address) const { return *nodes_[address]; }
  const std::string& violation() const { return oracle_.violation(); }
  std::span<const Operation> operations() const { return operations_; }

 private:
  struct Client {
    Address aim;
    std::uint32_t waiting_for = 0;  // Operation; 0: none.
  };
  // A process that is stopped: what would have happened to it comes when it goes on.
  struct Paused {
    bool is = false;
    std::vector<Event> events;
    std::vector<Message> messages;
  };

  void happen(const Event& event);
  void deliver(Message message);
  bool is_sentinel(Address address) const { return address >= nodes_.size() && address < client(0); }
  bool is_current(const Event& event) const;

  void next_operation(Address address);
  void answered(const Response& response);
  void aim_anew(Client& client);

  void draw_machines();
  void fault();
  void draw_partition();
  void fell(Address address, DataNode::Death death);
  void end_faults();
  bool converged() const;
  void check_histories();

  const Plan plan_;
  World world_;
  Oracle oracle_;
  std::vector<Operation> operations_;
  std::vector<std::unique_ptr<DataNode>> nodes_;
  std::vector<std::unique_ptr<SentinelNode>> sentinels_;
  std::vector<Client> clients_;
  std::vector<Paused> paused_;
  failover::Configuration founding_;
  std::optional<FaultMix> mix_;
  std::vector<Address> side_;  // Of the last partition.
  bool disk_was_lost_ = false;
  bool healed_ = false;
  std::int64_t healed_us_ = 0;
  std::size_t done_since_healed_ = 0;
  Result result_;
};

}  // namespace weir::sim
