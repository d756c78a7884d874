// Use case: read one item. From the store if it has it, else from the database.
//
//   GET /items/{id}   200 with the item's JSON, or 404; both with X-Cache: hit, miss or bypass (toolkit/cache/entry.h)
#pragma once

#include <string>

#include "client/sql/database.h"
#include "runtime/task.h"
#include "serve/message.h"
#include "shop/http.h"
#include "toolkit/cache/cache.h"

namespace weir::shop {

class ReadItem {
 public:
  // Both outlive it, and what the cache loads.
  ReadItem(toolkit::Cache& cache, client::sql::Database& database) : cache_(cache), database_(database) {}

  // The item's JSON, as it is sent. kReject: no item can have this id.
  runtime::Task<base::Result<toolkit::Cache::Answer>> read(std::string id, base::MonoTime deadline);

 private:
  toolkit::Cache& cache_;
  client::sql::Database& database_;
};

runtime::Task<serve::Response> handle_read_item(ReadItem& use_case, Failures& failures, serve::Request request);

}  // namespace weir::shop
