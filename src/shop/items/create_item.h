// Use case: put an item into the catalogue. Idempotent by the item's id, so whoever does not know how it ended sends
// the same again.
//
//   POST /items with the item's JSON
//     201 with Location          it is there, durably
//     200                        it was there already, exactly so
//     400, 413, 415              not an item, too large, not JSON
//     409                        another item has this id; it was left as it is
//     504                        not known
//
// Order: commit, then delete the cache's entry (the kept "there is no such item"). When the entry cannot be deleted,
// the item is there all the same, and may still be reported absent until that entry expires.
#pragma once

#include <string>

#include "client/sql/database.h"
#include "runtime/task.h"
#include "serve/message.h"
#include "shop/http.h"
#include "shop/items/item.h"
#include "shop/items/item_table.h"
#include "toolkit/cache/cache.h"

namespace weir::shop {

class CreateItem {
 public:
  // Both outlive it.
  CreateItem(toolkit::Cache& cache, client::sql::Database& database) : cache_(cache), database_(database) {}

  // Requires: a well-formed item.
  runtime::Task<base::Result<Insertion>> create(Item item, base::MonoTime deadline);

 private:
  toolkit::Cache& cache_;
  client::sql::Database& database_;
  base::log::Throttle stale_{std::chrono::seconds(1)};
};

// `currency_otherwise` is of items that name none.
runtime::Task<serve::Response> handle_create_item(CreateItem& use_case, Failures& failures,
                                                  std::string currency_otherwise, serve::Request request);

}  // namespace weir::shop
