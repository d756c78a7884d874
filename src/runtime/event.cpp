#include "runtime/event.h"

#include <algorithm>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/assert.h"
#include "runtime/steady.h"

namespace weir::runtime {

namespace asio = boost::asio;

// Registers a timer for as long as its coroutine waits on it, however the wait ends.
class Event::Waiter {
 public:
  Waiter(Event& event, asio::steady_timer& timer) : event_(event), timer_(timer) { event_.waiting_.push_back(&timer); }
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;
  ~Waiter() { std::erase(event_.waiting_, &timer_); }

 private:
  Event& event_;
  asio::steady_timer& timer_;
};

Event::~Event() { WEIR_ASSERT(waiting_.empty()); }

void Event::set() {
  set_ = true;
  for (asio::steady_timer* timer : waiting_) timer->cancel();
}

Task<bool> Event::wait(base::MonoTime deadline) {
  if (set_) co_return true;
  const Executor executor = co_await asio::this_coro::executor;
  asio::steady_timer timer(executor, steady(deadline));
  const Waiter waiter(*this, timer);
  const auto [code] = co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
  // The timer is also cancelled by whoever cancels this task; that was not the event.
  const auto cancellation = co_await asio::this_coro::cancellation_state;
  if (cancellation.cancelled() != asio::cancellation_type::none) {
    throw boost::system::system_error(asio::error::operation_aborted);
  }
  // set() and reset() may both have happened since: the wake-up itself is the news.
  co_return set_ || code == asio::error::operation_aborted;
}

}  // namespace weir::runtime
