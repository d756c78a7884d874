// Server: the store's data thread. Owns the loop, the node's state and the clients; listens where the settings say;
// removes what expired in bounded cycles; publishes its figures for the admin thread ten times a second.
//
// run() is the data thread. stop(), end() and the published figures may be used from any thread, all else before run()
// only.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/random.h"
#include "runtime/file.h"
#include "runtime/loop.h"
#include "store/commands/node.h"
#include "store/persist/data_files.h"
#include "store/replication/snapshot_transfers.h"
#include "store/server/batch.h"
#include "store/server/client.h"
#include "store/server/disposal_thread.h"
#include "store/server/ticks.h"

namespace weir::store {

class Server final : public runtime::Acceptor {
 public:
  // Listens at once; the error names the address that is taken. `config_file`: where the settings came from, for CONFIG
  // REWRITE; empty: from no file.
  static base::Result<std::unique_ptr<Server>> create(Settings settings, std::string config_file,
                                                      const base::Clock& clock);
  ~Server();

  // Loads the data, then serves until stop(). Clients are sent what was answered, then closed. The error says why the
  // data cannot be loaded or kept.
  base::Result<void> run();
  void stop() {
    stopping_.store(true, std::memory_order_release);
    loop_->stop();
  }
  // As SHUTDOWN: saves first if there are save points, and goes on if that fails.
  void end();

  // Whether the data thread came round within the last two seconds.
  bool alive() const;
  void publish(base::Metrics& metrics);

  // For clients.
  Node& node() { return node_; }
  // The calendar time of this turn.
  UnixMs wall_ms();
  base::log::Throttle& log_throttle() { return log_throttle_; }
  // For one client at a time.
  Batch& batch() { return batch_; }
  void forget(Client& client);
  // Something was written to the client that is no reply to its own request.
  void wrote_to(Client& client);
  // The client's session waits no more.
  void resume_at_turn_end(Client& client);

  runtime::ConnectionHandler* on_accept(runtime::Connection& connection) override;
  std::string_view refusal() const override { return "-ERR max number of clients reached\r\n"; }

 private:
  Server(Settings settings, const base::Clock& clock, std::unique_ptr<runtime::Loop> loop);
  base::Result<void> listen();
  HostFacts host_facts() const;
  void cycle();
  void turn_ends();
  // What was appended cannot be kept: nobody is answered any more, and run() ends with the error.
  void fail(const base::Error& why);
  bool has_work() const { return persistence_.has_work() || transfers_.has_work(); }
  base::Result<void> work_behind_turns();
  void run_due_waits();
  base::Result<bool> rewrite_config();
  base::Result<void> adopt(const Settings& next);
  // Why a connection from there is not served; empty: it is.
  std::string_view refusal_of(const Session& session) const;

  struct Published {
    std::atomic<std::uint64_t> commands{0}, errors{0}, connections{0}, clients{0}, rejected{0}, keys{0}, expired{0},
        hits{0}, misses{0}, input_bytes{0}, output_bytes{0}, evicted{0}, used_memory{0};
    std::atomic<std::int64_t> last_cycle_ns{0};
  };

  const base::Clock& clock_;
  std::atomic<bool> stopping_{false};
  Published published_;  // Written by the data thread, read by any.

  // The data thread only.
  DisposalThread disposal_;  // Before the node, whose values it frees.
  Node node_;
  std::unique_ptr<runtime::Loop> loop_;
  std::vector<runtime::Listener*> listeners_;
  runtime::RealFiles files_;
  DataFiles persistence_;
  SnapshotTransfers transfers_;
  std::optional<base::Error> failure_;  // Why the store cannot go on.
  std::unordered_map<Client*, std::unique_ptr<Client>> clients_;
  std::uint64_t next_client_id_ = 1;
  std::uint64_t turned_away_ = 0;
  std::uint64_t wall_turn_ = 0;
  UnixMs wall_ms_ = 0;
  base::MonoTime started_;
  std::string run_id_;
  std::string config_file_;
  base::log::Throttle log_throttle_{std::chrono::seconds(1)};
  runtime::Timer cycle_timer_;
  TickRate tick_rate_;
  // How fast it went of late, measured from cycle to cycle.
  struct Speed {
    base::MonoTime at{};
    NodeStats before;
    double commands_per_second = 0, input_kib_per_second = 0, output_kib_per_second = 0;
  };
  void note_peak();
  void measure_speed(base::MonoTime now);
  Speed speed_;
  Batch batch_;
  // Of this turn. Small, and searched for duplicates only at the end.
  std::vector<Client*> written_;
  std::vector<Client*> resumed_;
  // Deadlines of clients that wait, and the end of a pause.
  runtime::Timer due_timer_;
};

}  // namespace weir::store
