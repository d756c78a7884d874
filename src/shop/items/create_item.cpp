#include "shop/items/create_item.h"

#include <fmt/format.h>

namespace weir::shop {

using base::ErrorKind;
using base::MonoTime;
using base::Result;
using runtime::Task;

namespace {

// Also a repetition: it may be the second attempt of someone whose first one committed and got no further. Also an
// unknown outcome, which may be a commit.
bool may_have_changed(const Result<Insertion>& insertion) {
  if (!insertion) return insertion.error().kind() == ErrorKind::kUnknownOutcome;
  return *insertion != Insertion::kDifferent;
}

}  // namespace

Task<Result<Insertion>> CreateItem::create(Item item, MonoTime deadline) {
  std::string key = item_cache_key(item.id);
  auto insertion = co_await insert_item(database_, std::move(item), deadline);
  if (!may_have_changed(insertion)) co_return insertion;
  // However late it is, what was committed is made known; the cache's own timeout is short.
  const auto deleted = co_await cache_.invalidate(std::move(key), runtime::kNever);
  if (!deleted && stale_.pass(runtime::mono_now())) {
    base::log::warning("an item was created and may look absent until its entry expires: {} (and {} others before)",
                       deleted.error().text(), stale_.suppressed());
  }
  co_return insertion;
}

Task<serve::Response> handle_create_item(CreateItem& use_case, Failures& failures, std::string currency_otherwise,
                                         serve::Request request) {
  if (!has_json(request)) co_return serve::problem(415, "expected Content-Type: application/json");
  auto item = parse_item(request.body, currency_otherwise);
  if (!item) co_return serve::problem(item.error());
  std::string location = item_path(item->id);
  std::string json = to_json(*item);
  const auto insertion = co_await use_case.create(*std::move(item), work_deadline(request));
  if (!insertion) co_return failures.answer("creating an item", insertion.error());
  if (*insertion == Insertion::kDifferent) {
    co_return serve::problem(409, fmt::format("{} is another item; it was left as it is", location));
  }
  serve::Response response = serve::json(std::move(json));
  if (*insertion == Insertion::kInserted) {
    response.status = 201;
    response.fields.emplace_back("Location", std::move(location));
  }
  co_return response;
}

}  // namespace weir::shop
