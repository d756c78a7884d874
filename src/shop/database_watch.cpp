#include "shop/database_watch.h"

#include "base/log.h"

namespace weir::shop {

using runtime::Task;

void DatabaseWatch::start(runtime::Executor executor) {
  runtime::spawn(gate_, std::move(executor), watch(), "database watch");
}

Task<void> DatabaseWatch::stop() { co_await gate_.stop(runtime::mono_now()); }

base::Result<void> DatabaseWatch::check() const {
  if (failure_) return *failure_;
  return {};
}

Task<void> DatabaseWatch::watch() {
  for (;;) {
    const auto rows =
        co_await database_.query("SELECT max(version) FROM migrations", {}, runtime::deadline_after(options_.patience));
    if (!rows && !failure_) base::log::warning("the database does not answer: {}", rows.error().text());
    if (rows && failure_) base::log::info("the database answers again");
    failure_ = rows ? std::nullopt : std::optional(rows.error());
    co_await runtime::sleep_for(options_.pause);
  }
}

}  // namespace weir::shop
