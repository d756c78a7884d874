// SQLite: one connection to an embedded database, blocking. The asynchronous face is client/sql/database.h; this is
// what runs on its thread, and what the callable of a transaction is given.
//
// Statements are prepared once and kept by their text, the most recently used of them. Errors:
//   kRetry    nothing was applied: the file is locked by another connection, or the deadline passed and SQLite has
//             undone what the statement did
//   kReject   the statement is wrong, or a constraint forbids it
//   kFatal    the file is damaged, the disk is full or fails
// One thread at a time.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/error.h"
#include "base/time.h"
#include "client/sql/value.h"

struct sqlite3;
struct sqlite3_stmt;

namespace weir::client::sql {

struct SqliteOptions {
  // A file; created if it does not exist. Its journal (WAL) and its index stand beside it.
  std::string path;
  // How long to wait for another process that writes.
  base::Duration busy_timeout = std::chrono::seconds(1);
  // true: a transaction is on the disk when it is acknowledged. false: the last ones may be undone by a loss of power,
  // but not by the end of this process.
  bool sync_every_transaction = true;
  std::size_t max_prepared = 128;
  // A query that returns more is refused.
  std::size_t max_rows = 100'000;
};

class Sqlite {
 public:
  static base::Result<std::unique_ptr<Sqlite>> open(const SqliteOptions& options);
  ~Sqlite();
  Sqlite(const Sqlite&) = delete;
  Sqlite& operator=(const Sqlite&) = delete;

  // What runs after this moment is interrupted; kNever by default.
  void set_deadline(base::MonoTime deadline);

  // `text` is one statement.
  base::Result<Rows> query(std::string_view text, const Parameters& parameters = {});
  base::Result<Changes> execute(std::string_view text, const Parameters& parameters = {});
  // Statements without parameters, in order: a schema.
  base::Result<void> execute_script(const std::string& text);

  // Takes the right to write at once, so that it cannot meet another writer halfway.
  base::Result<void> begin();
  // After an error the transaction is rolled back.
  base::Result<void> commit();
  void rollback();

 private:
  struct Prepared {
    std::string text;
    sqlite3_stmt* statement;
  };
  class Use;

  Sqlite(sqlite3* connection, const SqliteOptions& options);

  base::Result<sqlite3_stmt*> prepare(std::string_view text);
  base::Result<void> bind(sqlite3_stmt* statement, const Parameters& parameters);
  base::Error failure(std::string_view doing, int code) const;

  // Fixed after construction.
  sqlite3* const connection_;
  const SqliteOptions options_;

  base::MonoTime deadline_ = base::MonoTime::max();
  // The most recently used first.
  std::list<Prepared> prepared_;
  std::unordered_map<std::string_view, std::list<Prepared>::iterator> by_text_;
};

}  // namespace weir::client::sql
