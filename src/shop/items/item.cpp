#include "shop/items/item.h"

#include <fmt/format.h>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "base/bytes.h"
#include "serve/message.h"

namespace weir::shop {

namespace json = boost::json;
using base::Result;

namespace {

// Deeper than any item; refused before it costs anything.
constexpr std::size_t kMaxDepth = 4;

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

base::Error unexpected(std::string_view member, std::string_view expected, const json::value& found) {
  return base::reject(
      fmt::format("{}: expected {}, found {}", member, expected, base::printable(json::serialize(found))));
}

Result<std::string> text_member(std::string_view member, std::string_view expected, const json::value& value) {
  if (!value.is_string()) return unexpected(member, expected, value);
  return std::string(value.get_string());
}

Result<void> read_member(Item& item, std::string_view member, const json::value& value) {
  if (member == "id") {
    auto id = text_member(member, "a text", value);
    if (!id) return id.error();
    item.id = *std::move(id);
    return check_item_id(item.id);
  }
  if (member == "name") {
    const std::string expected = fmt::format("a text of up to {} bytes", kMaxItemNameBytes);
    auto name = text_member(member, expected, value);
    if (!name) return name.error();
    if (name->size() > kMaxItemNameBytes) {
      return base::reject(fmt::format("name: expected {}, found {} bytes", expected, name->size()));
    }
    item.name = *std::move(name);
    return {};
  }
  if (member == "price_cents") {
    const std::int64_t* cents = value.if_int64();
    if (cents == nullptr || *cents < 0 || *cents > kMaxPriceCents) {
      return unexpected(member, fmt::format("a whole number from 0 to {}", kMaxPriceCents), value);
    }
    item.price_cents = *cents;
    return {};
  }
  if (member == "currency") {
    auto currency = text_member(member, "a text", value);
    if (!currency) return currency.error();
    item.currency = *std::move(currency);
    return check_currency(item.currency);
  }
  return base::reject(
      fmt::format("'{}': expected id, name, price_cents and currency, and nothing else", base::printable(member)));
}

}  // namespace

Result<void> check_item_id(std::string_view id) {
  if (!id.empty() && id.size() <= kMaxItemIdBytes && std::ranges::none_of(id, is_control)) return {};
  return base::reject(fmt::format("id: expected 1 to {} bytes without control characters, found {} bytes: '{}'",
                                  kMaxItemIdBytes, id.size(), base::printable(id)));
}

Result<void> check_currency(std::string_view currency) {
  const auto is_capital = [](char c) { return c >= 'A' && c <= 'Z'; };
  if (currency.size() == 3 && std::ranges::all_of(currency, is_capital)) return {};
  return base::reject(
      fmt::format("currency: expected three capital letters (ISO 4217), found '{}'", base::printable(currency)));
}

Result<Item> parse_item(std::string_view text, std::string_view currency_otherwise) {
  constexpr std::string_view kExpected = R"(expected {"id": text, "name": text, "price_cents": whole number})";
  boost::system::error_code code;
  json::parse_options options;
  options.max_depth = kMaxDepth;
  const json::value parsed = json::parse(text, code, {}, options);
  if (code) return base::reject(fmt::format("{}, found no JSON: {}", kExpected, code.message()));
  const json::object* members = parsed.if_object();
  if (members == nullptr) {
    return base::reject(fmt::format("{}, found {}", kExpected, base::printable(json::serialize(parsed))));
  }
  for (const char* required : {"id", "name", "price_cents"}) {
    if (!members->contains(required)) return base::reject(fmt::format("{}: is missing; {}", required, kExpected));
  }
  Item item;
  item.currency = currency_otherwise;
  for (const auto& [member, value] : *members) {
    if (auto read = read_member(item, member, value); !read) return read.error();
  }
  return item;
}

std::string to_json(const Item& item) {
  std::string json = R"({"id":)";
  serve::append_json_string(json, item.id);
  json += R"(,"name":)";
  serve::append_json_string(json, item.name);
  json += R"(,"price_cents":)";
  base::append_decimal(json, item.price_cents);
  json += R"(,"currency":)";
  serve::append_json_string(json, item.currency);
  json += "}\n";
  return json;
}

std::string item_path(std::string_view id) {
  std::string path = "/items/";
  for (const char c : id) {
    const char lower = base::ascii_lower(c);
    const bool unreserved =  // RFC 3986, 2.3.
        (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || std::string_view("-._~").contains(c);
    if (unreserved) {
      path += c;
    } else {
      fmt::format_to(std::back_inserter(path), "%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return path;
}

std::string item_cache_key(std::string_view id) { return fmt::format("shop:item:{}", id); }

}  // namespace weir::shop
