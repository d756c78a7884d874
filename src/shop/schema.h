// The shop's tables, as a row of migrations that is only ever appended to. Table `migrations` holds the version of each
// that was applied; one is applied exactly once, also when two processes start together.
#pragma once

#include <cstdint>

#include "client/sql/database.h"
#include "runtime/task.h"

namespace weir::shop {

// The version that this program brings a database to.
std::int64_t schema_version();

// Brings the database up to date, in one transaction. kFatal: a later program has written it.
runtime::Task<base::Result<void>> migrate(client::sql::Database& database, base::MonoTime deadline);

}  // namespace weir::shop
