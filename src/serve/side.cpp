#include "serve/side.h"

#include <utility>

#include "base/log.h"
#include "runtime/signals.h"

namespace weir::serve {

using base::Result;
using runtime::Task;
using namespace std::chrono_literals;

Side::Side(std::string role, base::Metrics& metrics, const Health& health)
    : role_(std::move(role)), metrics_(metrics), health_(health), thread_(role_ + "-side") {}

Side::~Side() { stop(); }

Result<void> Side::start(const std::string& admin, std::function<void()> on_termination) {
  if (!admin.empty()) {
    const Result<runtime::Endpoint> endpoint = runtime::Endpoint::parse(admin);
    if (!endpoint) return endpoint.error().within("admin");
    if (Result<void> opened = thread_.run(open(*endpoint)); !opened) return opened.error().within("admin");
    base::log::info("/metrics and /healthz on {}", server_->local().to_string());
  }
  // The signals are caught before this returns, so that none that comes later is missed.
  thread_.run([](runtime::Gate* gate, std::function<void()> call) -> Task<void> {
    runtime::spawn(*gate, co_await boost::asio::this_coro::executor, wait_and_call(std::move(call)), "signals");
  }(&gate_, std::move(on_termination)));
  return {};
}

void Side::stop() {
  if (std::exchange(stopped_, true)) return;
  thread_.run(close());
  thread_.stop();
}

Task<Result<void>> Side::open(runtime::Endpoint endpoint) {
  Router router;
  add_built_in(router, metrics_, health_);
  const runtime::Executor executor = co_await boost::asio::this_coro::executor;
  server_ = std::make_unique<Server>(executor, ServerOptions{.listen = endpoint}, std::move(router), metrics_, role_);
  co_return server_->start();
}

Task<void> Side::close() {
  gate_.refuse();
  gate_.cancel();
  co_await gate_.drain();
  if (server_ != nullptr) co_await server_->stop(runtime::deadline_after(1s));
}

Task<void> Side::wait_and_call(std::function<void()> on_termination) {
  const int number = co_await runtime::wait_for_termination();
  base::log::info("signal {}: stopping", number);
  on_termination();
}

}  // namespace weir::serve
