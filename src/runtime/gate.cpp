#include "runtime/gate.h"

#include <cstdio>
#include <cstdlib>
#include <vector>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>

#include "base/assert.h"

namespace weir::runtime {

namespace asio = boost::asio;

void end_process_on_failure(std::string_view task, std::string_view what) {
  std::fprintf(stderr, "weir: task '%.*s' ended with an exception: %.*s\n", static_cast<int>(task.size()), task.data(),
               static_cast<int>(what.size()), what.data());
  std::abort();
}

Gate::~Gate() { WEIR_ASSERT(holders_ == 0); }

std::optional<Gate::Holder> Gate::enter() {
  if (refusing_) return std::nullopt;
  ++holders_;
  return Holder(this);
}

void Gate::leave() {
  WEIR_ASSERT(holders_ > 0);
  if (--holders_ == 0 && refusing_) empty_.set();
}

void Gate::cancel() {
  cancelling_ = true;
  // Copied, because a task may end, and leave the list, while it is being told.
  const std::vector<std::shared_ptr<asio::cancellation_signal>> told(spawned_.begin(), spawned_.end());
  for (const auto& signal : told) signal->emit(asio::cancellation_type::terminal);
}

Task<void> Gate::drain() {
  WEIR_ASSERT(refusing_);
  while (holders_ != 0) co_await empty_.wait();
}

Task<bool> Gate::drain_until(base::MonoTime deadline) {
  refuse();
  bool in_time = true;
  while (in_time && holders_ != 0) in_time = co_await empty_.wait(deadline);
  co_return holders_ == 0;
}

Task<void> Gate::stop(base::MonoTime deadline) {
  co_await drain_until(deadline);
  cancel();
  co_await drain();
}

void Gate::finished(Signals::iterator signal, std::string_view name, std::exception_ptr failure) {
  spawned_.erase(signal);
  if (failure == nullptr) return;
  try {
    std::rethrow_exception(failure);
  } catch (const boost::system::system_error& error) {
    if (cancelling_ && error.code() == asio::error::operation_aborted) return;
    report_(name, error.what());
  } catch (const std::exception& error) {
    report_(name, error.what());
  } catch (...) {
    report_(name, "not a std::exception");
  }
}

bool spawn(Gate& gate, Executor executor, Task<void> task, std::string name) {
  auto holder = gate.enter();
  if (!holder) return false;
  const auto signal = gate.spawned_.insert(gate.spawned_.end(), std::make_shared<asio::cancellation_signal>());
  auto ended = [&gate, signal, holder = std::move(*holder), name = std::move(name)](std::exception_ptr failure) {
    gate.finished(signal, name, std::move(failure));
  };
  asio::co_spawn(std::move(executor), std::move(task),
                 asio::bind_cancellation_slot((*signal)->slot(), std::move(ended)));
  return true;
}

}  // namespace weir::runtime
