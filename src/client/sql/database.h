// Database: SQL for coroutines. SQLite today; MariaDB will stand behind the same calls.
//
// Everything runs in order on one thread of the database's own, behind a bounded queue, so a caller waits for the disk
// without holding up its loop. Every call has a deadline and one of three outcomes:
//   a value          done, and durable as SqliteOptions say
//   kRetry, kReject  nothing was applied: not begun in time, interrupted and undone, or refused
//   kUnknownOutcome  the deadline passed while the disk was at work; it may be applied or not
//
// May be used from any loop. Each task resumes on its own executor, which must outlive the Database.
#pragma once

#include <memory>
#include <string>
#include <type_traits>

#include "client/sql/sqlite.h"
#include "client/sql/value.h"
#include "runtime/worker_thread.h"

namespace weir::client::sql {

struct DatabaseOptions {
  SqliteOptions sqlite;
  std::size_t max_queued = 1000;
};

class Database {
 public:
  // Blocks until the file is open.
  static base::Result<std::unique_ptr<Database>> open(const DatabaseOptions& options);
  // Ends what runs; what waits ends with kRetry.
  ~Database() = default;

  runtime::Task<base::Result<Rows>> query(std::string text, Parameters parameters, base::MonoTime deadline);
  runtime::Task<base::Result<Changes>> execute(std::string text, Parameters parameters, base::MonoTime deadline);
  runtime::Task<base::Result<void>> execute_script(std::string text, base::MonoTime deadline);

  // Runs `steps`, which takes a Sqlite& and returns a Result, as one transaction on the database's thread: committed if
  // it returns a value, rolled back if it returns an error or throws. `steps` must hold whatever it needs by value or
  // share it: if the deadline passes meanwhile, it outlives this call.
  template <class Steps>
  runtime::Task<std::invoke_result_t<Steps&, Sqlite&>> transaction(Steps steps, base::MonoTime deadline) {
    auto work = [sqlite = sqlite_.get(), steps = std::move(steps), deadline]() mutable {
      return run_transaction(*sqlite, steps, deadline);
    };
    return worker_.run(std::move(work), deadline);
  }

  // Statements that wait for the thread.
  std::size_t queued() const { return worker_.queued(); }

 private:
  Database(std::unique_ptr<Sqlite> sqlite, std::size_t max_queued);

  template <class Steps>
  static std::invoke_result_t<Steps&, Sqlite&> run_transaction(Sqlite& sqlite, Steps& steps, base::MonoTime deadline) {
    sqlite.set_deadline(deadline);
    if (auto begun = sqlite.begin(); !begun) return std::move(begun).error();
    try {
      auto result = steps(sqlite);
      if (!result) {
        sqlite.rollback();
      } else if (auto committed = sqlite.commit(); !committed) {
        return std::move(committed).error();
      }
      return result;
    } catch (...) {
      sqlite.rollback();
      throw;
    }
  }

  // Used by the worker's thread only; destroyed after it has ended.
  std::unique_ptr<Sqlite> sqlite_;
  runtime::WorkerThread worker_;
};

}  // namespace weir::client::sql
