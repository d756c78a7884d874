#include "shop/items/item_table.h"

namespace weir::shop {

using base::Result;
using client::sql::Parameters;
using client::sql::Rows;
using client::sql::Sqlite;
using runtime::Task;

namespace {

constexpr std::string_view kSelect = "SELECT id, name, price_cents, currency FROM items WHERE id = ?";
constexpr std::string_view kInsert =
    "INSERT INTO items (id, name, price_cents, currency) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO NOTHING";

base::Error ours(const base::Error& error) {
  return error.kind() == base::ErrorKind::kReject ? base::fatal(error.text()) : error;
}

Result<std::optional<Item>> only_item(const Rows& rows) {
  if (rows.empty()) return std::nullopt;
  auto id = rows.get<std::string>(0, "id");
  if (!id) return id.error();
  auto name = rows.get<std::string>(0, "name");
  if (!name) return name.error();
  const auto price_cents = rows.get<std::int64_t>(0, "price_cents");
  if (!price_cents) return price_cents.error();
  auto currency = rows.get<std::string>(0, "currency");
  if (!currency) return currency.error();
  return Item{*std::move(id), *std::move(name), *price_cents, *std::move(currency)};
}

Result<Insertion> insert_or_compare(Sqlite& sqlite, const Item& item) {
  const auto inserted = sqlite.execute(kInsert, {item.id, item.name, item.price_cents, item.currency});
  if (!inserted) return inserted.error();
  if (inserted->rows == 1) return Insertion::kInserted;
  const auto rows = sqlite.query(kSelect, {item.id});
  if (!rows) return rows.error();
  const auto there = only_item(*rows);
  if (!there) return there.error();
  return *there == item ? Insertion::kEqual : Insertion::kDifferent;
}

}  // namespace

Task<Result<std::optional<Item>>> find_item(client::sql::Database& database, std::string id, base::MonoTime deadline) {
  Parameters parameters{std::move(id)};
  const auto rows = co_await database.query(std::string(kSelect), std::move(parameters), deadline);
  if (!rows) co_return ours(rows.error());
  auto item = only_item(*rows);
  if (!item) co_return ours(item.error());
  co_return item;
}

Task<Result<Insertion>> insert_item(client::sql::Database& database, Item item, base::MonoTime deadline) {
  auto steps = [item = std::move(item)](Sqlite& sqlite) { return insert_or_compare(sqlite, item); };
  const auto insertion = co_await database.transaction(std::move(steps), deadline);
  if (!insertion) co_return ours(insertion.error());
  co_return *insertion;
}

}  // namespace weir::shop
