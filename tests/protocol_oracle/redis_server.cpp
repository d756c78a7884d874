#include "tests/protocol_oracle/redis_server.h"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace weir::test {

RedisServer::RedisServer(const std::vector<std::string>& settings) {
  std::string folder = (std::filesystem::temp_directory_path() / "weir-redis-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) return;
  folder_ = folder;

  // setpriv (util-linux) becomes the server, which then dies with this process, even if a test aborts.
  std::vector<std::string> words = {"setpriv", "--pdeathsig",  "KILL",        "redis-server", "--port",
                                    "0",       "--unixsocket", socket_path(), "--save",       "",
                                    "--dir",   folder_,        "--daemonize", "no",           "--set-proc-title",
                                    "no"};
  words.insert(words.end(), settings.begin(), settings.end());
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);

  // The log comes through a pipe: the server says there when it is ready, so nobody has to poll for its socket.
  int log[2];
  if (pipe2(log, O_CLOEXEC) != 0) return;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, log[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, log[1], STDERR_FILENO);
  if (posix_spawnp(&pid_, "setpriv", &actions, nullptr, arguments.data(), environ) != 0) pid_ = -1;
  posix_spawn_file_actions_destroy(&actions);
  close(log[1]);
  std::string said;
  char bytes[4096];
  while (!ready_) {
    const ssize_t got = read(log[0], bytes, sizeof bytes);
    if (got <= 0) break;
    said.append(bytes, static_cast<std::size_t>(got));
    ready_ = said.find("now ready to accept connections") != std::string::npos;
  }
  log_ = log[0];  // Kept open: the server goes on writing there, little enough for the pipe.
}

RedisServer::~RedisServer() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  if (log_ >= 0) close(log_);
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
}

RedisConnection::RedisConnection(const std::string& socket_path) {
  socket_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval limit{10, 0};
  setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, socket_path.c_str(), sizeof address.sun_path - 1);
  if (connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    close(socket_);
    socket_ = -1;
  }
}

RedisConnection::~RedisConnection() {
  if (socket_ >= 0) close(socket_);
}

void RedisConnection::send(std::string_view bytes) {
  while (!bytes.empty()) {
    // The server may close at once when it meets an error; what it said is read afterwards.
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

std::string RedisConnection::receive(std::size_t size) {
  std::string received(size, '\0');
  std::size_t have = 0;
  while (have < size) {
    const ssize_t got = recv(socket_, received.data() + have, size - have, 0);
    if (got <= 0) {
      closed_ = got == 0 || errno == ECONNRESET;
      break;
    }
    have += static_cast<std::size_t>(got);
  }
  received.resize(have);
  return received;
}

std::string RedisConnection::receive_available() {
  std::string received;
  char bytes[4096];
  while (true) {
    const ssize_t got = recv(socket_, bytes, sizeof bytes, MSG_DONTWAIT);
    if (got <= 0) {
      closed_ = got == 0 || errno == ECONNRESET;
      return received;
    }
    received.append(bytes, static_cast<std::size_t>(got));
  }
}

}  // namespace weir::test
