#include "shop/items/read_item.h"

#include "shop/items/item.h"
#include "shop/items/item_table.h"

namespace weir::shop {

using base::MonoTime;
using base::Result;
using runtime::Task;
using toolkit::Cache;

namespace {

Task<Cache::Loaded> load_json(client::sql::Database& database, std::string id, MonoTime deadline) {
  const auto item = co_await find_item(database, std::move(id), deadline);
  if (!item) co_return item.error();
  if (!*item) co_return Cache::Loaded(std::nullopt);
  co_return to_json(**item);
}

}  // namespace

Task<Result<Cache::Answer>> ReadItem::read(std::string id, MonoTime deadline) {
  if (const auto well_formed = check_item_id(id); !well_formed) co_return well_formed.error();
  std::string key = item_cache_key(id);
  Cache::Loader loader = [&database = database_, id = std::move(id)](MonoTime load_deadline) {
    return load_json(database, id, load_deadline);
  };
  co_return co_await cache_.get(std::move(key), std::move(loader), deadline);
}

Task<serve::Response> handle_read_item(ReadItem& use_case, Failures& failures, serve::Request request) {
  auto answer = co_await use_case.read(request.parameter("id"), work_deadline(request));
  if (!answer) {
    if (answer.error().kind() == base::ErrorKind::kReject) co_return serve::problem(answer.error());
    co_return failures.answer("reading an item", answer.error());
  }
  serve::Response response =
      answer->value ? serve::json(*std::move(answer->value)) : serve::problem(404, "there is no item of this id");
  response.fields.emplace_back("X-Cache", toolkit::to_string(answer->source));
  co_return response;
}

}  // namespace weir::shop
