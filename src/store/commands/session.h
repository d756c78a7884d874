// Session: what the store knows of one client, as far as commands can see it; ClientPort: what commands ask of whoever
// holds its connection. Data thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "store/commands/transfers.h"
#include "store/keyspace/database.h"
#include "wire/resp/reply_writer.h"

namespace weir::store {

class Call;
struct CommandSpec;

// Facts about a connection that only its holder can know, for CLIENT LIST.
struct ConnectionFacts {
  std::size_t query_bytes = 0;           // Arrived and not yet run.
  std::size_t query_capacity_bytes = 0;  // What holds them.
  std::size_t unsent_bytes = 0;
};

class ClientPort {
 public:
  // Where to append what the client is sent apart from the replies to its own requests: messages, the reply that it
  // was blocked for. Valid until the caller returns to the loop.
  virtual std::string& output() = 0;
  // The session does not wait any more: the requests behind the one that blocked may run.
  virtual void resume() = 0;
  // Now, or when what was written has left. Nothing of the client runs any more.
  virtual void close() = 0;
  virtual void close_after_flush() = 0;
  // Whether so much is unread that nothing should be added. Once it is, the turn in which it is not any more comes.
  virtual bool congested() = 0;
  virtual ConnectionFacts facts() const = 0;

 protected:
  ~ClientPort() = default;
};

// A key in a numbered database.
struct DatabaseKey {
  std::size_t database = 0;
  std::string key;

  friend auto operator<=>(const DatabaseKey&, const DatabaseKey&) = default;
};
struct DatabaseKeyView {
  std::size_t database;
  std::string_view key;
};
// Ordered by database and key, found without a copy of the key.
struct DatabaseKeyOrder {
  using is_transparent = void;
  template <class A, class B>
  bool operator()(const A& a, const B& b) const {
    return a.database != b.database ? a.database < b.database : std::string_view(a.key) < std::string_view(b.key);
  }
};

// A request that is kept to be run later: in a transaction, or by a client that is blocked.
struct KeptRequest {
  const CommandSpec* spec = nullptr;
  std::vector<std::string> words = {};
};

// MULTI to EXEC.
struct Transaction {
  bool open = false;
  bool aborted = false;  // A command was refused when it was to be queued.
  std::vector<KeptRequest> queued;
  std::size_t queued_bytes = 0;
};

// What WATCH noted of a key.
struct WatchedKey {
  DatabaseKey at;
  bool existed;  // When it was watched: then it must exist at EXEC too, or it expired meanwhile.
};

// About what a name costs beside its bytes, in the set and in the registry.
inline constexpr std::size_t kNameOverheadBytes = 128;

using Names = std::set<std::string, std::less<>>;

// Why a session takes no requests for a while; see blocking.h.
struct Waiting {
  enum class Kind : unsigned char { kForKeys, kForPause };

  Kind kind = Kind::kForKeys;
  KeptRequest request = {};
  std::vector<DatabaseKey> keys;
  std::optional<base::MonoTime> deadline;  // Nothing: for ever.
  bool (*may_serve)(Database&, std::string_view key, UnixMs now) = nullptr;
  void (*on_timeout)(Call&) = nullptr;
  std::uint64_t ticket = 0;  // In the order in which clients blocked.
};

enum class ReplyMode : unsigned char { kOn, kOff, kSkipNext, kSkipThis };

struct Session {
  Session() = default;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Set by the driver when the client comes.
  std::uint64_t id = 0;
  ClientPort* port = nullptr;  // Null only in tests of what needs none.
  std::string address;         // "127.0.0.1:5000", "/path:0"
  std::string local_address;
  bool is_local = true;  // By the loopback interface or a Unix socket.
  base::MonoTime connected_at{};

  std::string name;
  std::size_t database = 0;
  bool authenticated = true;
  wire::resp::Protocol protocol = wire::resp::Protocol::kResp2;
  bool close_after_reply = false;  // Set by QUIT: what follows in the pipeline is not run.
  ReplyMode reply_mode = ReplyMode::kOn;
  bool no_evict = false;
  bool monitors = false;

  base::MonoTime last_request_at{};
  const CommandSpec* last_command = nullptr;

  Transaction transaction;
  // Kept by Watches.
  std::vector<WatchedKey> watched;
  bool watch_broken = false;
  // Kept by PubSub.
  Names channels;
  Names patterns;
  Names shard_channels;
  // What the names above and the watched keys take, kept by who keeps them: counted against client-query-buffer-limit,
  // since it came in requests.
  std::size_t held_bytes = 0;
  SyncWishes sync_wishes;
  bool receives_snapshot = false;  // Since SYNC.
  // Kept by BlockedClients; null: not blocked.
  std::unique_ptr<Waiting> waiting;

  bool subscribed() const { return !channels.empty() || !patterns.empty() || !shard_channels.empty(); }
};

}  // namespace weir::store
