// Both use cases of the catalogue, without HTTP and through their handlers.
#include <latch>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/asio/this_coro.hpp>

#include "runtime/io_thread.h"
#include "shop/items/create_item.h"
#include "shop/items/item.h"
#include "shop/items/read_item.h"
#include "shop/shop_scenario.h"

namespace weir::shop {
namespace {

namespace asio = boost::asio;
using base::Result;
using runtime::kNever;
using runtime::run;
using runtime::Task;
using serve::Request;
using serve::Response;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsSupersetOf;
using testing::Not;
using testing::Pair;
using testing::UnorderedElementsAre;

const Item kHolder{"85123A", "Holder", 255, "GBP"};

class Catalogue : public ShopScenario {
 public:
  explicit Catalogue(const runtime::Executor& executor)
      : ShopScenario(executor), read_item(cache, *database), create_item(cache, *database) {}

  // "hit {...}", or the error's kind.
  Task<std::string> read(std::string id) {
    const auto answer = co_await read_item.read(std::move(id), kNever);
    if (!answer) co_return std::string(to_string(answer.error().kind()));
    co_return fmt::format("{} {}", to_string(answer->source), answer->value.value_or("absent"));
  }
  Task<std::string> create(Item item, base::MonoTime deadline = kNever) {
    const auto insertion = co_await create_item.create(std::move(item), deadline);
    if (!insertion) co_return std::string(to_string(insertion.error().kind()));
    switch (*insertion) {
      case Insertion::kInserted: co_return "inserted";
      case Insertion::kEqual: co_return "equal";
      case Insertion::kDifferent: co_return "different";
    }
    co_return "?";
  }
  Task<Response> get(std::string id) {
    Request request{.method = "GET"};
    request.parameters.emplace_back("id", std::move(id));
    return handle_read_item(read_item, failures, std::move(request));
  }
  Task<Response> post(std::string body, std::string content_type = "application/json") {
    Request request{.method = "POST", .body = std::move(body)};
    request.fields.emplace_back("content-type", std::move(content_type));
    return handle_create_item(create_item, failures, "EUR", std::move(request));
  }

  ReadItem read_item;
  CreateItem create_item;
  Failures failures;
};

// `scenario` with a catalogue that is ready and ended around it.
Task<void> with_catalogue(Task<void> (*scenario)(Catalogue&)) {
  const runtime::Executor executor = co_await asio::this_coro::executor;
  Catalogue catalogue(executor);
  co_await catalogue.ready();
  co_await scenario(catalogue);
  co_await catalogue.end();
}

Task<void> read_through(Catalogue& catalogue) {
  const std::string absent = co_await catalogue.read("85123A");
  EXPECT_EQ(absent, "miss absent");
  const std::string kept_absent = co_await catalogue.read("85123A");
  EXPECT_EQ(kept_absent, "hit absent");
  const std::string created = co_await catalogue.create(kHolder);
  EXPECT_EQ(created, "inserted");
  const std::string first = co_await catalogue.read("85123A");
  EXPECT_EQ(first, "miss " + to_json(kHolder)) << "the absence was forgotten when the item was created";
  const std::string second = co_await catalogue.read("85123A");
  EXPECT_EQ(second, "hit " + to_json(kHolder));
}

TEST(Items, AreReadThroughTheStoreAndACreatedOneIsSeenAtOnce) { run(with_catalogue(read_through)); }

Task<void> create_again(Catalogue& catalogue) {
  Item other = kHolder;
  other.price_cents = 256;
  const std::string first = co_await catalogue.create(kHolder);
  const std::string same = co_await catalogue.create(kHolder);
  const std::string different = co_await catalogue.create(other);
  EXPECT_EQ(first + ' ' + same + ' ' + different, "inserted equal different");
  const std::string read = co_await catalogue.read("85123A");
  EXPECT_EQ(read, "miss " + to_json(kHolder)) << "the other one changed nothing";
}

TEST(Items, SameItemAgainIsNoConflictAndAnotherIsAndChangesNothing) { run(with_catalogue(create_again)); }

Result<int> hold(std::latch& latch) {
  latch.wait();
  return 0;
}
Task<void> occupy(Catalogue& catalogue, std::latch& latch) {
  auto steps = [&latch](client::sql::Sqlite&) { return hold(latch); };
  const auto held = co_await catalogue.database->transaction(std::move(steps), kNever);
  EXPECT_TRUE(held);
}
Task<void> create_beside(Catalogue& catalogue, std::string* outcome) { *outcome = co_await catalogue.create(kHolder); }
Task<std::int64_t> entries(Catalogue& catalogue) {
  client::redis::Command exists{"EXISTS", item_cache_key("85123A")};
  const auto reply = co_await catalogue.store.call(std::move(exists), kNever);
  co_return reply ? reply->integer : -1;
}

// The database's thread is held before the creation's turn, so that its commit cannot come before the store is asked.
Task<void> delete_after_commit(Catalogue& catalogue) {
  const runtime::Executor executor = co_await asio::this_coro::executor;
  co_await catalogue.read("85123A");
  std::latch latch(1);
  runtime::Gate gate;
  std::string outcome;
  runtime::spawn(gate, executor, occupy(catalogue, latch), "occupy");
  runtime::spawn(gate, executor, create_beside(catalogue, &outcome), "create");
  co_await runtime::sleep_for(base::Duration::zero());
  const std::int64_t before = co_await entries(catalogue);
  EXPECT_EQ(before, 1) << "a reader who came now would keep the absence again";
  latch.count_down();
  co_await gate.drain_until(kNever);
  EXPECT_EQ(outcome, "inserted");
  const std::int64_t after = co_await entries(catalogue);
  EXPECT_EQ(after, 0);
}

TEST(Items, EntryIsDeletedAfterTheCommit) { run(with_catalogue(delete_after_commit)); }

// What a creator leaves behind who dies between its commit and its DEL.
Task<void> half_created(Catalogue& catalogue) {
  co_await catalogue.read("85123A");
  const auto insertion = co_await insert_item(*catalogue.database, kHolder, kNever);
  EXPECT_TRUE(insertion);
  const std::string stale = co_await catalogue.read("85123A");
  EXPECT_EQ(stale, "hit absent");
  const std::string repeated = co_await catalogue.create(kHolder);
  EXPECT_EQ(repeated, "equal");
  const std::string read = co_await catalogue.read("85123A");
  EXPECT_EQ(read, "miss " + to_json(kHolder));
}

TEST(Items, RepetitionMakesKnownWhatTheFirstAttemptOnlyCommitted) { run(with_catalogue(half_created)); }

Task<void> store_down(Catalogue& catalogue) {
  catalogue.server.kill();
  while (catalogue.store.is_up()) co_await runtime::sleep_for(base::Duration::zero());
  const std::string created = co_await catalogue.create(kHolder);
  EXPECT_EQ(created, "inserted");
  const std::string read = co_await catalogue.read("85123A");
  EXPECT_EQ(read, "bypass " + to_json(kHolder));
}

TEST(Items, AreCreatedAndReadWithoutTheStore) { run(with_catalogue(store_down)); }

Task<void> bad_ids(Catalogue& catalogue) {
  for (const std::string& id : {std::string(), std::string(65, 'x'), std::string("a\nb")}) {
    const std::string read = co_await catalogue.read(id);
    EXPECT_EQ(read, "reject");
  }
  // Bytes that are no text have no item, and do no harm.
  const std::string read = co_await catalogue.read("\xff\xfe");
  EXPECT_EQ(read, "miss absent");
  EXPECT_THAT(catalogue.metrics.prometheus_text(), HasSubstr("weir_cache_loads_total{cache=\"items\"} 1\n"));
}

TEST(Items, IdsThatNoItemCanHaveAskNeitherStoreNorDatabase) { run(with_catalogue(bad_ids)); }

Task<void> late_create(Catalogue& catalogue) {
  const std::string created = co_await catalogue.create(kHolder, runtime::mono_now());
  EXPECT_EQ(created, "retry");
  const std::string read = co_await catalogue.read("85123A");
  EXPECT_EQ(read, "miss absent");
}

TEST(Items, CreationPastItsDeadlineIsNotBegun) { run(with_catalogue(late_create)); }

Task<void> http(Catalogue& catalogue) {
  const std::string body = to_json(kHolder);
  const Response absent = co_await catalogue.get("85123A");
  EXPECT_EQ(absent.status, 404);
  EXPECT_EQ(absent.content_type, "application/problem+json");
  EXPECT_THAT(absent.fields, UnorderedElementsAre(Pair("X-Cache", "miss")));

  const Response created = co_await catalogue.post(body, "Application/JSON ; charset=utf-8");
  EXPECT_EQ(created.status, 201);
  EXPECT_EQ(created.body, body);
  EXPECT_THAT(created.fields, UnorderedElementsAre(Pair("Location", "/items/85123A")));
  const Response again = co_await catalogue.post(body);
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.body, body);
  const Response conflict = co_await catalogue.post(R"({"id":"85123A","name":"Holder","price_cents":255})");
  EXPECT_EQ(conflict.status, 409) << "in another currency, the one of items that name none";
  EXPECT_THAT(conflict.body, HasSubstr("/items/85123A is another item"));

  const Response read = co_await catalogue.get("85123A");
  EXPECT_EQ(read.status, 200);
  EXPECT_EQ(read.body, body);
  EXPECT_EQ(read.content_type, "application/json");
  EXPECT_THAT(read.fields, UnorderedElementsAre(Pair("X-Cache", "miss")));
  const Response hit = co_await catalogue.get("85123A");
  EXPECT_THAT(hit.fields, UnorderedElementsAre(Pair("X-Cache", "hit")));
}

TEST(Items, OutcomesHaveTheirStatus) { run(with_catalogue(http)); }

Task<void> http_rejections(Catalogue& catalogue) {
  const Response not_json = co_await catalogue.post("id=1", "application/x-www-form-urlencoded");
  EXPECT_EQ(not_json.status, 415);
  EXPECT_THAT(not_json.body, HasSubstr("expected Content-Type: application/json"));
  const Response malformed = co_await catalogue.post(R"({"id":"1","name":"","price_cents":-1})");
  EXPECT_EQ(malformed.status, 400);
  EXPECT_THAT(malformed.body, HasSubstr("price_cents: expected a whole number from 0"));
  const Response bad_id = co_await catalogue.get("a\nb");
  EXPECT_EQ(bad_id.status, 400);
  EXPECT_THAT(bad_id.body, HasSubstr("id: expected 1 to 64 bytes without control characters"));
}

TEST(Items, WhatIsWrongWithARequestIsTold) { run(with_catalogue(http_rejections)); }

Task<void> broken_database(Catalogue& catalogue) {
  const auto dropped = co_await catalogue.database->execute_script("DROP TABLE items", kNever);
  EXPECT_TRUE(dropped);
  const Response read = co_await catalogue.get("1");
  EXPECT_EQ(read.status, 503) << "our fault, not the caller's";
  EXPECT_THAT(read.fields, IsSupersetOf({Pair("Retry-After", "1")}));
  EXPECT_THAT(read.body, AllOf(HasSubstr("reading an item"), Not(HasSubstr("SELECT"))));
  const Response created = co_await catalogue.post(to_json(kHolder));
  EXPECT_EQ(created.status, 503);
  EXPECT_THAT(created.body, AllOf(HasSubstr("creating an item"), Not(HasSubstr("INSERT"))));
}

TEST(Items, FailureOfTheDatabaseIsOursAndTellsNothingOfItsTables) { run(with_catalogue(broken_database)); }

}  // namespace
}  // namespace weir::shop
