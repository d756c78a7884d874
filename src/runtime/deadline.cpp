#include "runtime/deadline.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "runtime/steady.h"

namespace weir::runtime::detail {

namespace asio = boost::asio;

namespace {

bool is_cancellation(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const boost::system::system_error& error) {
    return error.code() == asio::error::operation_aborted;
  } catch (...) {
    return false;
  }
}

}  // namespace

Task<Ending> race(Task<void> task, base::MonoTime deadline) {
  const Executor executor = co_await asio::this_coro::executor;
  asio::steady_timer timer(executor, steady(deadline));
  // The group cancels the loser, passes our own cancellation on to both, and completes when both have ended.
  auto both = asio::experimental::make_parallel_group(asio::co_spawn(executor, std::move(task), asio::deferred),
                                                      timer.async_wait(asio::deferred));
  auto ended = both.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
  const auto [order, failure, timer_code] = co_await std::move(ended);

  const auto cancellation = co_await asio::this_coro::cancellation_state;
  Ending ending = Ending::kCompleted;
  if (order[0] == 1 && !timer_code) {
    ending = Ending::kDeadline;
  } else if (cancellation.cancelled() != asio::cancellation_type::none) {
    ending = Ending::kCancelled;
  }
  if (failure != nullptr && (ending == Ending::kCompleted || !is_cancellation(failure))) {
    std::rethrow_exception(failure);
  }
  co_return ending;
}

}  // namespace weir::runtime::detail
