// SnapshotTransfers: snapshots of the data sent to clients as RDB files (SYNC), without a file in between:
//
//   data thread: walk, copy --chunks--> writer: encode, compress --BytePipe--> data thread: client's output
//
// One at a time, since the keyspace has one snapshot at a time; a save or a rewrite of the append-only file that runs
// is waited for, and they wait for this. All is bounded: the chunks by SnapshotWriter, the encoded bytes by BytePipe,
// and nothing is taken from the pipe while the client is congested; so a client that reads slowly slows the walk down,
// and if more is changed meanwhile than fits, the transfer ends, not the memory. The data thread never waits here.
//
//   $EOF:<40 characters>\r\n  <RDB file>  <the same 40 characters>  [an error, to a client that would follow]
//
// Data thread only, but `wake`, which the writer's thread calls.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "runtime/file.h"
#include "store/commands/node.h"
#include "store/commands/transfers.h"

namespace weir::store {

class SnapshotTransfers final : public Transfers {
 public:
  // The node's transfers from now on. What is given outlives this; `wake` is to make pump() be called soon.
  SnapshotTransfers(Node& node, runtime::Files& files, const base::Clock& clock, std::function<void()> wake);
  ~SnapshotTransfers();
  SnapshotTransfers(const SnapshotTransfers&) = delete;
  SnapshotTransfers& operator=(const SnapshotTransfers&) = delete;

  // Whether work() has something to do now, without waiting for another thread or a client.
  bool has_work() const;
  // Begins a snapshot, or walks for about `budget`.
  void work(base::Duration budget);
  // At the end of each turn: hands the client what it can take, and ends what is over.
  void pump();

  void begin(Session& session) override;
  void forget(const Session& session) override;
  bool walking() const override;
  void abandon() override;

 private:
  struct Transfer;

  bool may_begin() const;
  void begin_next();
  void conclude();

  Node& node_;
  runtime::Files& files_;
  const base::Clock& clock_;
  const std::function<void()> wake_;
  base::Random random_;
  std::deque<Session*> waiting_;
  std::unique_ptr<Transfer> current_;
};

}  // namespace weir::store
