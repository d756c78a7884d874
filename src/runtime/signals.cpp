#include "runtime/signals.h"

#include <csignal>

#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace weir::runtime {

namespace asio = boost::asio;

Task<int> wait_for_signal(std::vector<int> signals) {
  const Executor executor = co_await asio::this_coro::executor;
  asio::signal_set set(executor);
  for (const int signal : signals) set.add(signal);
  co_return co_await set.async_wait(asio::use_awaitable);
}

Task<int> wait_for_termination() {
  std::vector<int> signals{SIGTERM, SIGINT};
  return wait_for_signal(std::move(signals));
}

}  // namespace weir::runtime
