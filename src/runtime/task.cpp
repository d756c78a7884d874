#include "runtime/task.h"

#include <boost/asio/use_awaitable.hpp>

#include "base/clock.h"
#include "runtime/steady.h"

namespace weir::runtime {

namespace asio = boost::asio;

base::MonoTime mono_now() { return base::RealClock().mono(); }

base::MonoTime deadline_after(base::Duration by) {
  const base::MonoTime now = mono_now();
  return by > kNever - now ? kNever : now + by;
}

Task<void> sleep_until(base::MonoTime time) {
  const Executor executor = co_await asio::this_coro::executor;
  asio::steady_timer timer(executor, steady(time));
  co_await timer.async_wait(asio::use_awaitable);
}

Task<void> sleep_for(base::Duration duration) { return sleep_until(deadline_after(duration)); }

}  // namespace weir::runtime
