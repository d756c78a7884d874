#include "shop/schema.h"

#include <fmt/format.h>

namespace weir::shop {

using base::Result;
using client::sql::Sqlite;

namespace {

// Migration n brings version n - 1 to n. Never change one that was released.
constexpr const char* kMigrations[] = {
    // 1: the catalogue. Money is in whole cents.
    R"(CREATE TABLE items (
         id TEXT NOT NULL PRIMARY KEY,
         name TEXT NOT NULL,
         price_cents INTEGER NOT NULL CHECK (price_cents >= 0),
         currency TEXT NOT NULL
       ) STRICT, WITHOUT ROWID)",
};

Result<void> apply_missing(Sqlite& sqlite) {
  const auto created =
      sqlite.execute("CREATE TABLE IF NOT EXISTS migrations (version INTEGER NOT NULL PRIMARY KEY) STRICT");
  if (!created) return created.error();
  const auto rows = sqlite.query("SELECT coalesce(max(version), 0) AS version FROM migrations");
  if (!rows) return rows.error();
  const auto version = rows->get<std::int64_t>(0, "version");
  if (!version) return version.error();
  if (*version > schema_version()) {
    return base::fatal(
        fmt::format("the database has version {} of the schema, this program knows {}: start a later one", *version,
                    schema_version()));
  }
  for (std::int64_t next = *version + 1; next <= schema_version(); ++next) {
    const auto applied = sqlite.execute(kMigrations[next - 1]);
    if (!applied) return applied.error().within(fmt::format("migration {}", next));
    const auto noted = sqlite.execute("INSERT INTO migrations (version) VALUES (?)", {next});
    if (!noted) return noted.error().within(fmt::format("migration {}", next));
  }
  return {};
}

}  // namespace

std::int64_t schema_version() { return static_cast<std::int64_t>(std::size(kMigrations)); }

runtime::Task<Result<void>> migrate(client::sql::Database& database, base::MonoTime deadline) {
  return database.transaction(apply_missing, deadline);
}

}  // namespace weir::shop
