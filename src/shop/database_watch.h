// DatabaseWatch: whether the database answers, asked now and then, so that a health check has a state to look at and
// need not wait. One loop.
#pragma once

#include <optional>

#include "base/error.h"
#include "client/sql/database.h"
#include "runtime/gate.h"
#include "runtime/task.h"

namespace weir::shop {

class DatabaseWatch {
 public:
  struct Options {
    base::Duration pause = std::chrono::seconds(1);
    base::Duration patience = std::chrono::seconds(2);
  };

  // `database` outlives it.
  DatabaseWatch(client::sql::Database& database, Options options) : database_(database), options_(options) {}

  void start(runtime::Executor executor);
  runtime::Task<void> stop();

  // How the last question ended; all is well before the first one.
  base::Result<void> check() const;

 private:
  runtime::Task<void> watch();

  client::sql::Database& database_;
  const Options options_;
  std::optional<base::Error> failure_;
  runtime::Gate gate_;
};

}  // namespace weir::shop
