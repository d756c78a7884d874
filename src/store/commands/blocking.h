// BlockedClients: who waits for a key, until when, and in which order they are served.
//
// A command that finds nothing may call Call::block() instead of replying. Its client then takes no further request.
// When one of its keys was touched, the command is run again, after the one that touched the key (or the whole EXEC
// or script) and before the next request of anyone:
//
//   keys          in the order in which they were first touched
//   per key       clients in the order in which they blocked; each is tried only if its command says that what the
//                 key holds now may serve it, until the key is gone
//   again         a command that calls block() again keeps its place and its deadline
//
// So one mechanism serves BLPOP, BLMOVE, BZPOPMIN, XREAD and the like, and each of them is one function. Clients held
// by CLIENT PAUSE wait here too, for no key. A core, on the data thread; dispatch.cpp runs what is decided here.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "base/time.h"
#include "store/commands/session.h"

namespace weir::store {

class BlockedClients {
 public:
  // Requires: the session does not wait.
  void block(Session& session, std::unique_ptr<Waiting> waiting);
  // Takes the session out; it does not wait any more. Requires: it waits.
  std::unique_ptr<Waiting> release(Session& session);

  bool empty() const { return by_ticket_.empty(); }
  // Without those that CLIENT PAUSE holds.
  std::size_t waiting_for_keys() const { return by_ticket_.size() - paused_; }

  void touched(DatabaseKeyView at);
  // As if every key of the database that somebody waits for was touched.
  void touched_database(std::size_t database);
  bool any_ready() const { return !ready_.empty(); }
  // The keys that were touched since the last call, in that order.
  std::vector<DatabaseKey> take_ready();

  struct Place {
    std::uint64_t ticket;
    Session* session;
  };
  // Who waits for the key, in their order.
  std::vector<Place> waiting_for(const DatabaseKey& at) const;
  // Whether that session still waits as it did.
  bool still_waits(const Place& place) const { return by_ticket_.contains(place.ticket); }
  // Whom a pause holds, in their order.
  std::vector<Place> paused() const;

  std::optional<base::MonoTime> next_deadline() const;
  // Whose deadline has come, soonest first.
  std::vector<Place> due(base::MonoTime now) const;

 private:
  std::map<std::uint64_t, Session*> by_ticket_;
  std::map<DatabaseKey, std::map<std::uint64_t, Session*>, DatabaseKeyOrder> by_key_;
  std::set<std::pair<base::MonoTime, std::uint64_t>> deadlines_;
  std::vector<DatabaseKey> ready_;
  std::set<DatabaseKey, DatabaseKeyOrder> ready_once_;  // The same keys, so that each is noted once.
  std::size_t paused_ = 0;
  std::uint64_t next_ticket_ = 1;
};

}  // namespace weir::store
