#include "ops/core/retail.h"

#include <chrono>

#include <fmt/format.h>

#include "base/bytes.h"
#include "ops/core/csv.h"

namespace weir::ops {

using base::reject;
using base::Result;

namespace {

// "-12.345" as thousandths. At most three decimals.
std::optional<std::int64_t> parse_mills(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const std::size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  std::string decimals(point == std::string_view::npos ? std::string_view() : text.substr(point + 1));
  if (whole.size() > 12 || decimals.size() > 3 || (point != std::string_view::npos && decimals.empty())) {
    return std::nullopt;
  }
  decimals.resize(3, '0');
  const auto units = base::parse_decimal<std::uint64_t>(whole);
  const auto rest = base::parse_decimal<std::uint64_t>(decimals);
  if (!units || !rest) return std::nullopt;
  const auto mills = static_cast<std::int64_t>(*units * 1000 + *rest);
  return negative ? -mills : mills;
}

// "2010-12-01 08:26:00"
bool is_time(std::string_view text) {
  constexpr std::string_view kForm = "dddd-dd-dd dd:dd:dd";
  if (text.size() != kForm.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (kForm[i] == 'd' ? !digit : text[i] != kForm[i]) return false;
  }
  return true;
}

}  // namespace

Result<void> RetailParser::parse(std::string_view line, RetailLine& parsed) {
  if (Result<void> split = split_csv(line, fields_); !split) return split.error();
  if (fields_.size() != 8) return reject(fmt::format("{} fields, expected 8", fields_.size()));
  if (fields_[0].empty()) return reject("InvoiceNo is empty");
  if (fields_[1].empty()) return reject("StockCode is empty");
  const auto quantity = base::parse_decimal<std::int64_t>(fields_[3]);
  if (!quantity) return reject(fmt::format("Quantity '{}' is not an integer", base::printable(fields_[3])));
  if (!is_time(fields_[4])) {
    return reject(fmt::format("InvoiceDate '{}' is not YYYY-MM-DD hh:mm:ss", base::printable(fields_[4])));
  }
  const auto price = parse_mills(fields_[5]);
  if (!price) return reject(fmt::format("UnitPrice '{}' is not a price", base::printable(fields_[5])));
  parsed.invoice = fields_[0];
  parsed.stock_code = fields_[1];
  parsed.description = fields_[2];
  parsed.quantity = *quantity;
  parsed.time = fields_[4];
  parsed.price_mills = *price;
  parsed.customer = fields_[6];
  parsed.country = fields_[7];
  return {};
}

std::int64_t retail_time_s(std::string_view time) {
  const auto number = [&](std::size_t at, std::size_t digits) {
    return base::parse_decimal<int>(time.substr(at, digits)).value_or(0);
  };
  const auto date = std::chrono::year(number(0, 4)) / number(5, 2) / number(8, 2);
  const auto day = std::chrono::sys_days(date).time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(day).count() + number(11, 2) * 3600 + number(14, 2) * 60 +
         number(17, 2);
}

void Catalogue::add(const RetailLine& line) {
  const auto [at, is_new] = by_code_.try_emplace(line.stock_code, articles_.size());
  if (is_new) articles_.push_back({.stock_code = line.stock_code, .description = {}, .price_mills = 0});
  Article& article = articles_[at->second];
  if (article.description.empty()) article.description = line.description;
  if (article.price_mills <= 0) article.price_mills = std::max<std::int64_t>(line.price_mills, 0);
}

}  // namespace weir::ops
