// The invoice lines of a retail data set (the columns of UCI's "Online Retail"): what `weir replay --orders` reads.
// Pure: text in, values out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.h"

namespace weir::ops {

struct RetailLine {
  std::string invoice;
  std::string stock_code;
  std::string description;       // May be empty.
  std::int64_t quantity = 0;     // Negative on returns.
  std::string time;              // "2010-12-01 08:26:00", local to the shop.
  std::int64_t price_mills = 0;  // Thousandths of the currency's unit, for one piece. Negative on adjustments.
  std::string customer;          // May be empty.
  std::string country;

  // Invoices that begin with C are cancellations.
  bool cancelled() const { return invoice.starts_with('C'); }
};

inline constexpr std::string_view kRetailHeader =
    "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country";

// Parses one line (without its line end). Rejects a wrong number of fields, an empty invoice, stock code or date that
// has not the stated form, and numbers that are none.
class RetailParser {
 public:
  base::Result<void> parse(std::string_view line, RetailLine& parsed);

 private:
  std::vector<std::string> fields_;
};

// Seconds since 1970 of a line's time, taken as UTC. Requires: a time that RetailParser accepted.
std::int64_t retail_time_s(std::string_view time);

// The articles that occur in invoice lines: for each stock code its first description and first positive price.
class Catalogue {
 public:
  struct Article {
    std::string stock_code;
    std::string description;
    std::int64_t price_mills = 0;
  };

  void add(const RetailLine& line);
  // In the order in which they first occurred.
  const std::vector<Article>& articles() const { return articles_; }

 private:
  std::vector<Article> articles_;
  std::unordered_map<std::string, std::size_t> by_code_;
};

}  // namespace weir::ops
