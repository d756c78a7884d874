// A real redis-server for one test: on a socket file in a fresh folder, no port, nothing saved. Ended by its pid.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace weir::test {

class RedisServer {
 public:
  // Waits until it is ready. Requires: redis-server and setpriv in PATH.
  explicit RedisServer(const std::vector<std::string>& settings);
  ~RedisServer();
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  bool running() const { return ready_; }
  std::string socket_path() const { return folder_ + "/redis.sock"; }

 private:
  std::string folder_;
  pid_t pid_ = -1;
  int log_ = -1;
  bool ready_ = false;
};

// A connection to it. Reads and writes give up after ten seconds.
class RedisConnection {
 public:
  explicit RedisConnection(const std::string& socket_path);
  ~RedisConnection();
  RedisConnection(const RedisConnection&) = delete;
  RedisConnection& operator=(const RedisConnection&) = delete;

  bool open() const { return socket_ >= 0; }
  void send(std::string_view bytes);
  // Everything up to `size` bytes; less if the server closed.
  std::string receive(std::size_t size);
  // What is there already.
  std::string receive_available();
  bool closed_by_server() const { return closed_; }

 private:
  int socket_ = -1;
  bool closed_ = false;
};

}  // namespace weir::test
