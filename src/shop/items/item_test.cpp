#include "shop/items/item.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::shop {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string complaint(std::string_view json) {
  const auto item = parse_item(json, "EUR");
  if (item) return "accepted";
  EXPECT_EQ(item.error().kind(), base::ErrorKind::kReject);
  return item.error().text();
}

TEST(Item, JsonIsReadAndWrittenTheSame) {
  const Item items[] = {{"85123A", "WHITE HANGING HEART", 255, "GBP"},
                        {"a/b c", "", 0, "EUR"},
                        {"\"quoted\\", "äöü \xF0\x9F\x8C\x8A\n", kMaxPriceCents, "XXX"},
                        {std::string(kMaxItemIdBytes, 'x'), std::string(kMaxItemNameBytes, 'y'), 1, "USD"}};
  for (const Item& item : items) {
    const auto read = parse_item(to_json(item), "EUR");
    ASSERT_TRUE(read) << read.error().text();
    EXPECT_EQ(*read, item);
  }
}

TEST(Item, JsonHasItsMembersInOrder) {
  EXPECT_EQ(to_json({"1", "Holder", 255, "GBP"}),
            "{\"id\":\"1\",\"name\":\"Holder\",\"price_cents\":255,\"currency\":\"GBP\"}\n");
}

TEST(Item, CurrencyMayBeLeftOut) {
  const auto item = parse_item(R"({"price_cents": 1, "name": "", "id": "1"})", "CHF");
  ASSERT_TRUE(item) << item.error().text();
  EXPECT_EQ(*item, (Item{"1", "", 1, "CHF"}));
}

TEST(Item, ComplaintSaysWhatWasExpected) {
  struct Case {
    std::string json;
    const char* complaint;
  };
  const auto with_id = [](std::string id) { return fmt::format(R"({{"id":"{}","name":"n","price_cents":1}})", id); };
  const auto with_price = [](std::string price) {
    return fmt::format(R"({{"id":"1","name":"n","price_cents":{}}})", price);
  };
  const Case cases[] = {
      {"", "found no JSON"},
      {"{", "found no JSON"},
      {"nonsense", "found no JSON"},
      {R"({"id":"1","name":"n","price_cents":1} x)", "found no JSON"},
      {R"({"id":"1","name":"n","price_cents":[[[[[1]]]]]})", "found no JSON"},
      {"{\"id\":\"\xff\",\"name\":\"n\",\"price_cents\":1}", "found no JSON"},
      {"[1]", "found [1]"},
      {R"({"id":"1","name":"n"})", "price_cents: is missing"},
      {R"({"id":"1","price_cents":1})", "name: is missing"},
      {R"({"name":"n","price_cents":1})", "id: is missing"},
      {R"({"id":1,"name":"n","price_cents":1})", "id: expected a text, found 1"},
      {with_id(""), "id: expected 1 to 64 bytes"},
      {with_id(std::string(65, 'x')), "found 65 bytes"},
      {with_id("a\\nb"), "without control characters"},
      {with_id("a\\u0000b"), "without control characters"},
      {with_id("a\\u007fb"), "without control characters"},
      {R"({"id":"1","name":null,"price_cents":1})", "name: expected a text of up to 200 bytes, found null"},
      {fmt::format(R"({{"id":"1","name":"{}","price_cents":1}})", std::string(201, 'n')), "found 201 bytes"},
      {with_price("-1"), "price_cents: expected a whole number from 0 to 9007199254740991, found -1"},
      {with_price("1.0"), "price_cents: expected a whole number"},
      {with_price("1e2"), "price_cents: expected a whole number"},
      {with_price("\"1\""), "price_cents: expected a whole number"},
      {with_price("9007199254740992"), "price_cents: expected a whole number"},
      {with_price("18446744073709551616"), "price_cents: expected a whole number"},
      {with_price("1,\"currency\":\"eur\""), "currency: expected three capital letters (ISO 4217), found 'eur'"},
      {with_price("1,\"currency\":\"EURO\""), "currency: expected three capital letters"},
      {with_price("1,\"price\":2"), "'price': expected id, name, price_cents and currency, and nothing else"},
  };
  for (const Case& wrong : cases) EXPECT_THAT(complaint(wrong.json), HasSubstr(wrong.complaint)) << wrong.json;
}

TEST(Item, ComplaintIsPrintableAndShort) {
  const std::string text =
      complaint(fmt::format(R"({{"{}":1,"id":"1","name":"","price_cents":1}})", std::string(10'000, 'x') + "\\u0007"));
  EXPECT_LT(text.size(), 300u);
  EXPECT_THAT(text, AllOf(HasSubstr("xxx..."), HasSubstr("and nothing else")));
}

TEST(Item, PathIsPercentEncoded) {
  EXPECT_EQ(item_path("85123A"), "/items/85123A");
  EXPECT_EQ(item_path("a/b c%?ä-._~"), "/items/a%2Fb%20c%25%3F%C3%A4-._~");
}

}  // namespace
}  // namespace weir::shop
