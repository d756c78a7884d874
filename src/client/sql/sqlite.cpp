#include "client/sql/sqlite.h"

#include <sqlite3.h>

#include <algorithm>

#include <fmt/format.h>

#include "base/assert.h"
#include "base/clock.h"

namespace weir::client::sql {

using base::Error;
using base::ErrorKind;
using base::MonoTime;
using base::Result;

namespace {

// How many steps of its virtual machine SQLite takes between two looks at the clock: some tens of microseconds.
constexpr int kStepsBetweenLooks = 1000;

MonoTime now() { return base::RealClock().mono(); }

int deadline_passed(void* deadline) { return now() >= *static_cast<MonoTime*>(deadline) ? 1 : 0; }

ErrorKind kind_of(int code) {
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_INTERRUPT: return ErrorKind::kRetry;
    case SQLITE_ERROR:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
    case SQLITE_RANGE:
    case SQLITE_AUTH:
    case SQLITE_READONLY: return ErrorKind::kReject;
    default: return ErrorKind::kFatal;
  }
}

Value column_value(sqlite3_stmt* statement, int column) {
  const auto bytes = [&] { return static_cast<std::size_t>(sqlite3_column_bytes(statement, column)); };
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER: return std::int64_t{sqlite3_column_int64(statement, column)};
    case SQLITE_FLOAT: return sqlite3_column_double(statement, column);
    case SQLITE_TEXT: {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
      return std::string(text, bytes());
    }
    case SQLITE_BLOB: {
      const auto* blob = static_cast<const char*>(sqlite3_column_blob(statement, column));
      return blob == nullptr ? Blob{} : Blob{std::string(blob, bytes())};
    }
    default: return std::monostate();
  }
}

struct Binder {
  sqlite3_stmt* statement;
  int index;

  // The parameters outlive the statement's run, so nothing is copied.
  int operator()(std::monostate) const { return sqlite3_bind_null(statement, index); }
  int operator()(std::int64_t value) const { return sqlite3_bind_int64(statement, index, value); }
  int operator()(double value) const { return sqlite3_bind_double(statement, index, value); }
  int operator()(const std::string& text) const {
    return sqlite3_bind_text64(statement, index, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
  }
  int operator()(const Blob& blob) const {
    return sqlite3_bind_blob64(statement, index, blob.bytes.data(), blob.bytes.size(), SQLITE_STATIC);
  }
};

}  // namespace

// A prepared statement in use; made ready for the next use however this one ends.
class Sqlite::Use {
 public:
  explicit Use(sqlite3_stmt* statement) : statement_(statement) {}
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;
  ~Use() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  }

 private:
  sqlite3_stmt* statement_;
};

Sqlite::Sqlite(sqlite3* connection, const SqliteOptions& options) : connection_(connection), options_(options) {
  sqlite3_extended_result_codes(connection_, 1);
  sqlite3_progress_handler(connection_, kStepsBetweenLooks, deadline_passed, &deadline_);
  set_deadline(MonoTime::max());
}

Sqlite::~Sqlite() {
  for (const Prepared& prepared : prepared_) sqlite3_finalize(prepared.statement);
  WEIR_ASSERT(sqlite3_close(connection_) == SQLITE_OK);
}

Result<std::unique_ptr<Sqlite>> Sqlite::open(const SqliteOptions& options) {
  sqlite3* connection = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  const int code = sqlite3_open_v2(options.path.c_str(), &connection, flags, nullptr);
  if (code != SQLITE_OK) {
    Error error = base::fatal(fmt::format("open the database {}: {}", options.path, sqlite3_errstr(code)));
    sqlite3_close(connection);
    return error;
  }
  std::unique_ptr<Sqlite> database(new Sqlite(connection, options));
  auto prepared =
      database->execute_script(fmt::format("PRAGMA journal_mode=WAL; PRAGMA synchronous={}; PRAGMA foreign_keys=ON;",
                                           options.sync_every_transaction ? "FULL" : "NORMAL"));
  if (!prepared) return prepared.error().within(fmt::format("open the database {}", options.path));
  return database;
}

void Sqlite::set_deadline(MonoTime deadline) {
  deadline_ = deadline;
  const auto left = std::clamp(deadline == MonoTime::max() ? options_.busy_timeout : deadline - now(),
                               base::Duration::zero(), options_.busy_timeout);
  sqlite3_busy_timeout(connection_,
                       static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(left).count()));
}

Error Sqlite::failure(std::string_view doing, int code) const {
  return Error(kind_of(code), fmt::format("{}: {}", doing, sqlite3_errmsg(connection_)));
}

Result<sqlite3_stmt*> Sqlite::prepare(std::string_view text) {
  if (const auto found = by_text_.find(text); found != by_text_.end()) {
    prepared_.splice(prepared_.begin(), prepared_, found->second);
    return found->second->statement;
  }
  sqlite3_stmt* statement = nullptr;
  const char* rest = nullptr;
  const int code = sqlite3_prepare_v3(connection_, text.data(), static_cast<int>(text.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, &rest);
  if (code != SQLITE_OK) return failure(fmt::format("prepare \"{}\"", text), code);
  const std::string_view behind = text.substr(static_cast<std::size_t>(rest - text.data()));
  if (statement == nullptr || behind.find_first_not_of(" \t\r\n;") != std::string_view::npos) {
    sqlite3_finalize(statement);
    return base::reject(fmt::format("prepare \"{}\": expected exactly one statement", text));
  }
  prepared_.push_front({std::string(text), statement});
  by_text_.emplace(prepared_.front().text, prepared_.begin());
  if (prepared_.size() > options_.max_prepared) {
    by_text_.erase(prepared_.back().text);
    sqlite3_finalize(prepared_.back().statement);
    prepared_.pop_back();
  }
  return statement;
}

Result<void> Sqlite::bind(sqlite3_stmt* statement, const Parameters& parameters) {
  const auto expected = static_cast<std::size_t>(sqlite3_bind_parameter_count(statement));
  if (expected != parameters.size()) {
    return base::reject(
        fmt::format("\"{}\" has {} parameters, {} were given", sqlite3_sql(statement), expected, parameters.size()));
  }
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const int code = std::visit(Binder{statement, static_cast<int>(i) + 1}, parameters[i]);
    if (code != SQLITE_OK) return failure(fmt::format("bind to \"{}\"", sqlite3_sql(statement)), code);
  }
  return {};
}

Result<Rows> Sqlite::query(std::string_view text, const Parameters& parameters) {
  const auto statement = prepare(text);
  if (!statement) return statement.error();
  const Use use(*statement);
  if (auto bound = bind(*statement, parameters); !bound) return bound.error();

  Rows rows;
  const int columns = sqlite3_column_count(*statement);
  for (int column = 0; column < columns; ++column) rows.columns.emplace_back(sqlite3_column_name(*statement, column));
  int code = SQLITE_OK;
  while ((code = sqlite3_step(*statement)) == SQLITE_ROW) {
    if (rows.size() == options_.max_rows) {
      return base::reject(fmt::format("\"{}\" returns more than {} rows", text, options_.max_rows));
    }
    std::vector<Value>& row = rows.rows.emplace_back();
    row.reserve(static_cast<std::size_t>(columns));
    for (int column = 0; column < columns; ++column) row.push_back(column_value(*statement, column));
  }
  if (code != SQLITE_DONE) return failure(fmt::format("query \"{}\"", text), code);
  return rows;
}

Result<Changes> Sqlite::execute(std::string_view text, const Parameters& parameters) {
  const auto statement = prepare(text);
  if (!statement) return statement.error();
  const Use use(*statement);
  if (auto bound = bind(*statement, parameters); !bound) return bound.error();
  int code = SQLITE_OK;
  do {
    code = sqlite3_step(*statement);
  } while (code == SQLITE_ROW);
  if (code != SQLITE_DONE) return failure(fmt::format("execute \"{}\"", text), code);
  return Changes{sqlite3_changes64(connection_), sqlite3_last_insert_rowid(connection_)};
}

Result<void> Sqlite::execute_script(const std::string& text) {
  const int code = sqlite3_exec(connection_, text.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return failure(fmt::format("execute \"{}\"", text), code);
  return {};
}

Result<void> Sqlite::begin() {
  auto begun = execute("BEGIN IMMEDIATE");
  if (!begun) return std::move(begun).error();
  return {};
}

Result<void> Sqlite::commit() {
  auto committed = execute("COMMIT");
  if (committed) return {};
  rollback();
  return std::move(committed).error();
}

void Sqlite::rollback() {
  // A deadline must not keep the transaction open; and an error may have ended it already.
  set_deadline(MonoTime::max());
  if (sqlite3_get_autocommit(connection_) != 0) return;
  const auto rolled_back = execute("ROLLBACK");
  WEIR_ASSERT(rolled_back.has_value());
}

}  // namespace weir::client::sql
