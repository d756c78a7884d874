#include "tests/differential/server.h"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include "base/bytes.h"
#include "wire/resp/request.h"

extern char** environ;

namespace weir::differential {

namespace {

using base::Error;
using base::Result;

constexpr int kSilenceMs = 10'000;
constexpr int kStartMs = 10'000;
constexpr int kAttempts = 5;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

int connect_to(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  close(fd);
  return -1;
}

// A port that was free a moment ago; 0 if there is none.
std::uint16_t free_port() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  const bool bound = bind(fd, reinterpret_cast<const sockaddr*>(&address), size) == 0 &&
                     getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  close(fd);
  return bound ? ntohs(address.sin_port) : 0;
}

std::vector<std::string> split_command(std::string_view line) {
  std::string bytes;
  std::vector<std::size_t> sizes;
  std::vector<std::string> words;
  if (!wire::resp::split_words(line, bytes, sizes)) return words;
  std::size_t at = 0;
  for (const std::size_t size : sizes) {
    words.push_back(bytes.substr(at, size));
    at += size;
  }
  return words;
}

}  // namespace

Result<std::unique_ptr<Server>> Server::start(std::string_view command_or_address) {
  std::unique_ptr<Server> server(new Server());
  if (const std::size_t colon = command_or_address.rfind(':');
      colon != std::string_view::npos && !command_or_address.contains(' ')) {
    const auto port = base::parse_decimal<std::uint16_t>(command_or_address.substr(colon + 1));
    if (!port || command_or_address.substr(0, colon) != "127.0.0.1") {
      return base::reject(fmt::format("'{}': expected 127.0.0.1:PORT or a command", command_or_address));
    }
    server->port_ = *port;
    return server;
  }
  server->command_ = split_command(command_or_address);
  if (server->command_.empty()) return base::reject(fmt::format("'{}' is no command", command_or_address));
  if (server->command_[0].contains('/')) {
    server->command_[0] = std::filesystem::absolute(server->command_[0]).string();
  }
  if (std::filesystem::path(server->command_[0]).filename() == "redis-server") {
    // Set before what the caller sets. 500 turns a second, so that a timeout of a millisecond takes a few.
    const std::vector<std::string> quiet = {
        "--save", "",    "--appendonly",           "no",  "--bind",      "127.0.0.1",
        "--hz",   "500", "--enable-debug-command", "yes", "--daemonize", "no"};
    server->command_.insert(server->command_.begin() + 1, quiet.begin(), quiet.end());
  }
  if (Result<void> spawned = server->spawn(); !spawned) return spawned.error();
  return server;
}

Server::~Server() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
}

bool Server::ended() {
  if (pid_ <= 0) return true;
  if (waitpid(pid_, nullptr, WNOHANG) == 0) return false;
  pid_ = -1;
  return true;
}

Result<bool> Server::restart_if_ended() {
  if (command_.empty() || !ended()) return false;
  if (Result<void> spawned = spawn(); !spawned) return spawned.error();
  return true;
}

Result<void> Server::spawn() {
  // Somebody else may take the port in between.
  for (int attempt = 1;; ++attempt) {
    Result<void> spawned = spawn_once();
    if (spawned || attempt == kAttempts) return spawned;
  }
}

Result<void> Server::spawn_once() {
  if (folder_.empty()) {
    std::string folder = (std::filesystem::temp_directory_path() / "weir-differential-XXXXXX").string();
    if (mkdtemp(folder.data()) == nullptr) return base::system_error(base::ErrorKind::kFatal, "mkdtemp", errno);
    folder_ = folder;
  }
  port_ = free_port();
  // setpriv (util-linux) becomes the server, which then dies with this process, however that ends. Texts compare and
  // sort byte by byte in the C locale.
  std::vector<std::string> words = {"setpriv", "--pdeathsig", "KILL", "env", "LC_ALL=C"};
  words.insert(words.end(), command_.begin(), command_.end());
  words.insert(words.end(), {"--port", std::to_string(port_)});
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);

  // Files go into a folder of its own, which is where it runs.
  const std::string log = folder_ + "/log";
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  posix_spawn_file_actions_addchdir_np(&actions, folder_.c_str());
  const int failed = posix_spawnp(&pid_, "setpriv", &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) {
    pid_ = -1;
    return base::system_error(base::ErrorKind::kFatal, "start of " + command_[0], failed);
  }

  // Ready when it takes connections; waiting on the process itself ends the wait at once if that ends.
  // By number: glibc 2.36 declares pidfd_open() for C only.
  const int process = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(kStartMs);
  bool ready = false;
  while (!ready && std::chrono::steady_clock::now() < deadline) {
    pollfd end{.fd = process, .events = POLLIN, .revents = 0};
    if (poll(&end, 1, 5) == 1) break;
    const int probe = connect_to(port_);
    ready = probe >= 0;
    if (ready) close(probe);
  }
  close(process);
  if (ready) return {};
  if (!ended()) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  return base::fatal(fmt::format("'{}' did not take connections on port {}", fmt::join(command_, " "), port_));
}

// --- Connection

Result<std::unique_ptr<Connection>> Connection::open(std::uint16_t port) {
  const int fd = connect_to(port);
  if (fd < 0) return base::system_error(base::ErrorKind::kFatal, fmt::format("connect to port {}", port), errno);
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  fcntl(fd, F_SETFL, O_NONBLOCK);
  return std::unique_ptr<Connection>(new Connection(fd));
}

Connection::~Connection() { close(socket_); }

void Connection::queue(std::span<const std::string> words) {
  const std::vector<std::string_view> views(words.begin(), words.end());
  wire::resp::append_command(out_, std::span<const std::string_view>(views));
  ++awaited_;
}

void Connection::queue(std::initializer_list<std::string_view> words) {
  wire::resp::append_command(out_, words);
  ++awaited_;
}

std::optional<Reply> Connection::take() {
  if (replies_.empty()) return std::nullopt;
  Reply reply = std::move(replies_.front());
  replies_.pop_front();
  return reply;
}

void Connection::send_some() {
  const ssize_t sent = send(socket_, out_.data(), out_.size(), MSG_NOSIGNAL);
  if (sent > 0) out_.erase(0, static_cast<std::size_t>(sent));
  // A connection that the server closed says so to receive_some(), after what it still had to say.
  if (sent < 0 && errno != EAGAIN && errno != EINTR) out_.clear();
}

void Connection::receive_some() {
  char bytes[64 << 10];
  const ssize_t got = recv(socket_, bytes, sizeof bytes, 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) {
    failure_ = "the connection was closed";
    return;
  }
  in_.append(bytes, static_cast<std::size_t>(got));
  std::size_t done = 0;
  while (true) {
    const auto step = parser_.parse(std::string_view(in_).substr(done));
    raw_.append(in_, done, step.consumed);
    done += step.consumed;
    if (step.status == wire::resp::ReplyParser::Status::kError) failure_ = "no RESP: " + parser_.error();
    if (step.status != wire::resp::ReplyParser::Status::kValue) break;
    if (awaited_ == 0) {
      failure_ = "a reply to nothing: " + base::printable(raw_);
      break;
    }
    replies_.push_back({std::exchange(raw_, {}), std::move(parser_.value())});
    --awaited_;
  }
  in_.erase(0, done);
}

void exchange(Connection& a, Connection& b, bool wait) {
  while (a.busy(wait) || b.busy(wait)) {
    pollfd polled[2];
    Connection* const both[2] = {&a, &b};
    for (int i = 0; i < 2; ++i) {
      const bool busy = both[i]->busy(wait);
      polled[i] = {.fd = busy ? both[i]->socket_ : -1,
                   .events = static_cast<short>(POLLIN | (both[i]->out_.empty() ? 0 : POLLOUT)),
                   .revents = 0};
    }
    const int ready = poll(polled, 2, kSilenceMs);
    for (int i = 0; i < 2; ++i) {
      if (ready == 0 && polled[i].fd >= 0) both[i]->failure_ = "no reply for ten seconds";
      if ((polled[i].revents & POLLOUT) != 0) both[i]->send_some();
      if ((polled[i].revents & (POLLIN | POLLHUP | POLLERR)) != 0) both[i]->receive_some();
    }
  }
}

Result<wire::resp::Value> ask_alone(Connection& connection, const std::vector<std::string>& words) {
  connection.queue(std::span<const std::string>(words));
  exchange(connection, connection);
  std::optional<Reply> reply = connection.take();
  if (!reply) return base::fatal(fmt::format("{}: {}", words.front(), connection.failure()));
  return std::move(reply->value);
}

}  // namespace weir::differential
