// What a client asked for that wants the data whole (SYNC), and who brings it. The driver implements it
// (store/replication/snapshot_transfers.h); a node without one sends no snapshots.
#pragma once

namespace weir::store {

struct Session;

// What REPLCONF said.
struct SyncWishes {
  bool takes_marked_end = false;  // capa eof: the snapshot's length need not be known when it begins.
  bool snapshot_only = false;     // rdb-only 1: it will not follow.
  bool is_replica = false;        // It told its port, or that it knows PSYNC: it will.
};

class Transfers {
 public:
  // Sends the session a snapshot as soon as one can be taken, then closes it. The session waits until then; if its
  // client goes, so does the transfer. Requires: the session is not served yet.
  virtual void begin(Session& session) = 0;
  // The session is gone.
  virtual void forget(const Session& session) = 0;
  // A snapshot is being taken.
  virtual bool walking() const = 0;
  // A snapshot that is being taken comes to nothing; what only has to be sent yet is sent.
  virtual void abandon() = 0;

 protected:
  ~Transfers() = default;
};

}  // namespace weir::store
