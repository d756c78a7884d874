// RedisServer: a real redis-server for tests, on a Unix socket in a directory of its own, so that no two of them can
// meet. Header only, because only tests include it. Ends with its owner.
#pragma once

#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "runtime/process.h"

namespace weir::client::redis::testing {

class RedisServer {
 public:
  // `directives` are added to the command line, for example {"--requirepass", "secret"}.
  explicit RedisServer(runtime::Executor executor, std::vector<std::string> directives = {})
      : executor_(std::move(executor)), directives_(std::move(directives)) {
    std::string pattern = (std::filesystem::temp_directory_path() / "weir_redis_XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no directory for redis-server");
    directory_ = pattern;
    start();
  }
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;
  ~RedisServer() {
    process_.reset();
    std::filesystem::remove_all(directory_);
  }

  // What a client connects to; the same after kill() and start().
  std::string address() const { return "unix:" + directory_ + "/socket"; }

  void start() {
    runtime::ProcessOptions options;
    options.argv = {"redis-server", "--port", "0",     "--unixsocket", directory_ + "/socket", "--save", "",
                    "--appendonly", "no",     "--dir", directory_};
    options.argv.insert(options.argv.end(), directives_.begin(), directives_.end());
    options.output_file = directory_ + "/log";
    auto process = runtime::Process::start(executor_, std::move(options));
    if (!process) throw std::runtime_error(process.error().text());
    process_.emplace(std::move(*process));
  }
  // SIGKILL; returns when it is gone.
  void kill() { process_.reset(); }
  // It keeps its connections and answers nothing, until resume().
  void pause() { signal(SIGSTOP); }
  void resume() { signal(SIGCONT); }

 private:
  void signal(int number) {
    const auto sent = process_->signal(number);
    if (!sent) throw std::runtime_error(sent.error().text());
  }

  runtime::Executor executor_;
  std::vector<std::string> directives_;
  std::string directory_;
  std::optional<runtime::Process> process_;
};

}  // namespace weir::client::redis::testing
