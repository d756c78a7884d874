// The two servers: started by command or reached by address, and connections to them. Plain sockets, on purpose no code
// of the store or of its clients but the reply parser.
//
// One owner, one thread. A server that was started dies with this process.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "base/error.h"
#include "wire/resp/reply_parser.h"

namespace weir::differential {

class Server {
 public:
  // "127.0.0.1:6379" is an address; anything else is a command with Redis's quoting, to which a free port is added, and
  // for redis-server what makes it a quiet test server. Waits until it takes connections.
  static base::Result<std::unique_ptr<Server>> start(std::string_view command_or_address);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::uint16_t port() const { return port_; }
  // Starts it again on another port if it has ended. True: it had.
  base::Result<bool> restart_if_ended();

 private:
  Server() = default;
  base::Result<void> spawn();
  base::Result<void> spawn_once();
  bool ended();

  // Fixed after start().
  std::vector<std::string> command_;  // Empty: reached by address.
  std::string folder_;

  std::uint16_t port_ = 0;
  pid_t pid_ = -1;
};

struct Reply {
  std::string raw;
  wire::resp::Value value;
};

class Connection {
 public:
  static base::Result<std::unique_ptr<Connection>> open(std::uint16_t port);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void queue(std::span<const std::string> words);
  void queue(std::initializer_list<std::string_view> words);
  // The next reply that exchange() received; nothing if the connection failed before it.
  std::optional<Reply> take();
  // Why nothing more comes; empty while all is well.
  const std::string& failure() const { return failure_; }

 private:
  friend void exchange(Connection& a, Connection& b, bool wait);
  explicit Connection(int socket) : socket_(socket) {}

  bool busy(bool wait) const { return failure_.empty() && (!out_.empty() || (wait && awaited_ > 0)); }
  void send_some();
  void receive_some();

  const int socket_;
  wire::resp::ReplyParser parser_;
  std::string out_;
  std::string in_;
  std::string raw_;  // Of the reply that is being received.
  std::size_t awaited_ = 0;
  std::deque<Reply> replies_;
  std::string failure_;
};

// Sends what is queued on both connections and, unless told not to wait, receives all replies that are due, both at
// once, so that no server waits for the other or for its own full buffers. A server that says nothing for ten seconds
// has failed.
void exchange(Connection& a, Connection& b, bool wait = true);

// One command on one connection that waits for nothing else.
base::Result<wire::resp::Value> ask_alone(Connection& connection, const std::vector<std::string>& words);

}  // namespace weir::differential
