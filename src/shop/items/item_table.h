// The table of items in the shop's database.
//
// Errors are the database's, except that kReject has become kFatal: what it refuses here was wrong on our side, since
// an Item that comes this far is well formed.
#pragma once

#include <optional>
#include <string>

#include "client/sql/database.h"
#include "runtime/task.h"
#include "shop/items/item.h"

namespace weir::shop {

runtime::Task<base::Result<std::optional<Item>>> find_item(client::sql::Database& database, std::string id,
                                                           base::MonoTime deadline);

enum class Insertion : unsigned char {
  kInserted,
  kEqual,      // It was there already, exactly so.
  kDifferent,  // There is another item of this id; it was left as it is.
};

// Durable when it returns a value.
runtime::Task<base::Result<Insertion>> insert_item(client::sql::Database& database, Item item, base::MonoTime deadline);

}  // namespace weir::shop
