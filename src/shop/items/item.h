// Item: one article of the catalogue, its limits, and its JSON.
//
//   {"id":"85123A","name":"WHITE HANGING HEART T-LIGHT HOLDER","price_cents":255,"currency":"GBP"}
//
// Values only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace weir::shop {

inline constexpr std::size_t kMaxItemIdBytes = 64;
inline constexpr std::size_t kMaxItemNameBytes = 200;
// What every reader of JSON holds exactly (2^53 - 1).
inline constexpr std::int64_t kMaxPriceCents = 9'007'199'254'740'991;

struct Item {
  std::string id;    // 1 to 64 bytes without control characters.
  std::string name;  // Up to 200 bytes; may be empty.
  std::int64_t price_cents = 0;
  std::string currency;  // ISO 4217: three capital letters.

  friend bool operator==(const Item&, const Item&) = default;
};

// Each error is a kReject that says what was expected.
base::Result<void> check_item_id(std::string_view id);
base::Result<void> check_currency(std::string_view currency);
// Reads the JSON above. Without "currency" it is `currency_otherwise`; an unknown member is an error, so that a
// misspelt one is not ignored.
base::Result<Item> parse_item(std::string_view json, std::string_view currency_otherwise);

std::string to_json(const Item& item);

// Where it is found: "/items/85123A", with what has a meaning in a path percent-encoded.
std::string item_path(std::string_view id);
// Where its JSON stands in the store.
std::string item_cache_key(std::string_view id);

}  // namespace weir::shop
