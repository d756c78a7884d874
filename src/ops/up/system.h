// System: performs what the Supervisor decides: writes settings, starts, probes, signals and waits for the processes of
// a Plan, shows what happens on standard output, and answers /status. One loop, the calling thread's.
//
// Nothing outlives it: children are told to end when this process dies, also by SIGKILL.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "ops/core/plan.h"
#include "ops/core/supervisor.h"
#include "runtime/event.h"
#include "runtime/file.h"
#include "runtime/gate.h"
#include "runtime/process.h"
#include "serve/built_in.h"
#include "serve/server.h"

namespace weir::ops {

class System {
 public:
  System(UpSettings settings, std::string executable);
  ~System();

  // Runs until a signal ends it. The exit status: 0 after an orderly stop, 1 when it could not be brought up.
  runtime::Task<int> run();

 private:
  struct Part;

  base::Result<void> prepare();
  base::Result<void> check_ports() const;
  base::Result<void> start_status_server(runtime::Executor executor);
  void perform(const SupervisorAction& action, runtime::Executor executor);
  void start_part(PartIndex index, runtime::Executor executor);
  runtime::Task<void> wait_for_exit(PartIndex index);
  runtime::Task<void> probe(PartIndex index);
  runtime::Task<void> wait_for_signals();
  runtime::Task<void> bound_logs();
  void show(PartIndex index, const std::string& why);
  void show_end_of_log(PartIndex index);
  void show_ready();
  std::string log_path(PartIndex index) const;
  std::string status_text() const;
  std::string status_json() const;

  const UpSettings settings_;
  const std::string executable_;
  const Plan plan_;
  const base::MonoTime began_;
  runtime::RealFiles files_;
  std::unique_ptr<runtime::FileLock> lock_;
  Supervisor supervisor_;
  std::vector<std::unique_ptr<runtime::Process>> processes_;  // By part; null: not running.
  base::Metrics metrics_;
  serve::Health health_;
  std::unique_ptr<serve::Server> status_server_;
  runtime::Gate gate_;
  runtime::Event wake_;
  bool failed_ = false;
  bool done_ = false;
};

// The file by which other commands find the system that runs on a data directory.
std::string up_file_path(const std::string& data);
// Held by the supervisor as long as it runs.
std::string lock_path(const std::string& data);

}  // namespace weir::ops
