#include "ops/core/retail.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ops/core/csv.h"

namespace weir::ops {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Csv, SplitsQuotedAndEmptyFields) {
  std::vector<std::string> fields = {"left", "over", "from", "before", "!"};
  ASSERT_TRUE(split_csv(R"(a,,"b,""c""",)", fields));
  EXPECT_THAT(fields, ElementsAre("a", "", "b,\"c\"", ""));
  ASSERT_TRUE(split_csv("", fields));
  EXPECT_THAT(fields, ElementsAre(""));
}

TEST(Csv, RejectsQuotesOutOfPlace) {
  std::vector<std::string> fields;
  for (const char* bad : {R"("a)", R"("a"b,c)", R"(a"b)", R"(")"}) EXPECT_FALSE(split_csv(bad, fields)) << bad;
}

TEST(Retail, ParsesAnInvoiceLine) {
  RetailParser parser;
  RetailLine line;
  ASSERT_TRUE(
      parser.parse(R"(C536379,D,"Discount, ""10 %""",-1,2010-12-01 09:41:00,27.5,14527.0,United Kingdom)", line));
  EXPECT_TRUE(line.cancelled());
  EXPECT_EQ(line.stock_code, "D");
  EXPECT_EQ(line.description, "Discount, \"10 %\"");
  EXPECT_EQ(line.quantity, -1);
  EXPECT_EQ(line.price_mills, 27'500);
  EXPECT_EQ(line.customer, "14527.0");
}

TEST(Retail, PricesAreExact) {
  RetailParser parser;
  RetailLine line;
  const auto price = [&](const std::string& text) -> std::optional<std::int64_t> {
    if (!parser.parse("1,A,a,1,2010-12-01 09:41:00," + text + ",,UK", line)) return std::nullopt;
    return line.price_mills;
  };
  EXPECT_EQ(price("0.001"), 1);
  EXPECT_EQ(price("-11062.06"), -11'062'060);
  EXPECT_EQ(price("38970"), 38'970'000);
  for (const char* bad : {"", ".", "1.", ".5", "1.2345", "1e3", "--1", "+1", "9999999999999", "1,5"}) {
    EXPECT_EQ(price(bad), std::nullopt) << bad;
  }
}

TEST(Retail, MalformedLinesSayWhatIsWrong) {
  RetailParser parser;
  RetailLine line;
  const auto error = [&](std::string_view text) { return parser.parse(text, line).error().text(); };
  EXPECT_EQ(error("536365,85123A"), "2 fields, expected 8");
  EXPECT_THAT(error("1,A,a,six,2010-12-01 09:41:00,1,,UK"), HasSubstr("Quantity 'six'"));
  EXPECT_THAT(error("1,A,a,6,1.12.2010 09:41,1,,UK"), HasSubstr("InvoiceDate '1.12.2010 09:41'"));
  EXPECT_THAT(error(",A,a,6,2010-12-01 09:41:00,1,,UK"), HasSubstr("InvoiceNo"));
}

TEST(Retail, TimesAreSecondsSince1970) {
  EXPECT_EQ(retail_time_s("1970-01-01 00:00:00"), 0);
  EXPECT_EQ(retail_time_s("2010-12-01 08:26:00"), 1'291'191'960);
  EXPECT_EQ(retail_time_s("2011-03-01 00:00:01") - retail_time_s("2011-02-28 23:59:59"), 2);
}

TEST(Catalogue, KeepsTheFirstDescriptionAndTheFirstPositivePrice) {
  Catalogue catalogue;
  RetailLine line{.invoice = "1", .stock_code = "B", .description = "", .quantity = 1, .time = "", .price_mills = 0};
  catalogue.add(line);
  line.stock_code = "A";
  catalogue.add(line);
  line.stock_code = "B";
  line.description = "LANTERN";
  line.price_mills = 3390;
  catalogue.add(line);
  line.description = "LANTERN?";
  line.price_mills = 4000;
  catalogue.add(line);
  ASSERT_EQ(catalogue.articles().size(), 2u);
  EXPECT_EQ(catalogue.articles()[0].stock_code, "B");
  EXPECT_EQ(catalogue.articles()[0].description, "LANTERN");
  EXPECT_EQ(catalogue.articles()[0].price_mills, 3390);
}

}  // namespace
}  // namespace weir::ops
