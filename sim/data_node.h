// DataNode: the simulated driver of store::replica::Member, with a disk, a stream of effects and clients. It does what
// the shipped driver will do, on one core object, and nothing that decides.
//
//   history   written   |----------------------------|     a killed process finds this
//             synced    |------------------|               a machine that stopped at least this
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "sim/operation.h"
#include "sim/oracle.h"
#include "sim/record_disk.h"
#include "sim/world.h"
#include "store/replica/member.h"

namespace weir::sim {

// How fast the clock of a machine goes, and where it stands.
struct LocalClock {
  double rate = 1;
  std::int64_t ahead_us = 0;

  base::MonoTime at(std::int64_t now_us) const {
    const auto local_us = static_cast<std::int64_t>(static_cast<double>(now_us) * rate) + ahead_us;
    return base::MonoTime(std::chrono::microseconds(local_us));
  }
};

class DataNode {
 public:
  struct Settings {
    Address address;
    LocalClock clock;
    bool appendfsync_always = false;
    base::Duration ack_timeout = std::chrono::seconds(1);
  };
  enum class Death : unsigned char {
    kKilled,  // What was written is there.
    kPower,   // Of what was not synced a part, from the front, may be there.
    kWiped,   // A new disk.
  };

  DataNode(const Settings& settings, World& world, Oracle& oracle, std::vector<Operation>& operations);

  void start();
  void stop(Death death);
  bool is_up() const { return member_.has_value(); }
  std::uint32_t incarnation() const { return incarnation_; }

  void receive(Message message);
  void tick();
  void stored(std::uint64_t version);

  failover::MemberId id() const { return disk_record_.record().id; }
  const Log& log() const { return log_; }
  // Requires: is_up().
  const store::replica::Member& member() const { return *member_; }

 private:
  struct Peer {
    store::replica::Attachment attachment;
    failover::Offset sent;
  };

  base::MonoTime now() const { return settings_.clock.at(world_.now_us()); }
  void run(Address client, const Request& request);
  void apply(const Stream& stream);
  void append(const Entry& entry);
  void sync();
  void perform();
  void perform(const store::replica::MemberAction& action);
  void send(failover::MemberId to, Body body);
  void stream_to(Peer& peer, bool always);
  void respond(std::uint64_t operation, Response::Kind kind);

  const Settings settings_;
  World& world_;
  Oracle& oracle_;
  std::vector<Operation>& operations_;

  // The disk.
  RecordDisk<store::replica::MemberRecord> disk_record_;
  std::optional<failover::Configuration> last_confirmed_;  // For the lie of the reused epoch.
  Log log_;                                                // Written.
  Log synced_log_;                                         // Synced, if the log was replaced since,
  std::size_t synced_ = 0;                                 // else so much of it.
  bool replaced_ = false;
  std::uint64_t boot_ = 1;
  std::uint64_t disk_ = 0;

  // The process.
  std::uint32_t incarnation_ = 0;
  std::optional<store::replica::Member> member_;
  std::array<std::uint64_t, kKeys> values_{};
  std::vector<Peer> peers_;
  std::optional<failover::Configuration> confirming_;
  std::int64_t next_sync_us_ = 0;
  std::int64_t next_heartbeat_us_ = 0;
};

inline failover::MemberId member_id(Address address, std::uint64_t disk) {
  return static_cast<failover::MemberId>((disk << 8) | (address + 1U));
}
inline Address address_of(failover::MemberId member) {
  return static_cast<Address>((static_cast<std::uint64_t>(member) & 0xFF) - 1);
}

}  // namespace weir::sim
