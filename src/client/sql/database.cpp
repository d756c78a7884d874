#include "client/sql/database.h"

namespace weir::client::sql {

using base::MonoTime;
using base::Result;
using runtime::Task;

Database::Database(std::unique_ptr<Sqlite> sqlite, std::size_t max_queued)
    : sqlite_(std::move(sqlite)), worker_("sql", max_queued) {}

Result<std::unique_ptr<Database>> Database::open(const DatabaseOptions& options) {
  auto sqlite = Sqlite::open(options.sqlite);
  if (!sqlite) return std::move(sqlite).error();
  return std::unique_ptr<Database>(new Database(std::move(*sqlite), options.max_queued));
}

Task<Result<Rows>> Database::query(std::string text, Parameters parameters, MonoTime deadline) {
  auto work = [sqlite = sqlite_.get(), text = std::move(text), parameters = std::move(parameters), deadline] {
    sqlite->set_deadline(deadline);
    return sqlite->query(text, parameters);
  };
  return worker_.run(std::move(work), deadline);
}

Task<Result<Changes>> Database::execute(std::string text, Parameters parameters, MonoTime deadline) {
  auto work = [sqlite = sqlite_.get(), text = std::move(text), parameters = std::move(parameters), deadline] {
    sqlite->set_deadline(deadline);
    return sqlite->execute(text, parameters);
  };
  return worker_.run(std::move(work), deadline);
}

Task<Result<void>> Database::execute_script(std::string text, MonoTime deadline) {
  auto work = [sqlite = sqlite_.get(), text = std::move(text), deadline] {
    sqlite->set_deadline(deadline);
    return sqlite->execute_script(text);
  };
  return worker_.run(std::move(work), deadline);
}

}  // namespace weir::client::sql
