#include "runtime/io_thread.h"

#include <pthread.h>

#include <future>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "base/assert.h"

namespace weir::runtime {

namespace asio = boost::asio;

struct IoThread::Impl {
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  std::thread thread;
};

IoThread::IoThread(std::string name) : impl_(std::make_unique<Impl>()) {
  impl_->thread = std::thread([context = &impl_->context] { context->run(); });
  name.resize(std::min<std::size_t>(name.size(), 15));
  pthread_setname_np(impl_->thread.native_handle(), name.c_str());
}

IoThread::~IoThread() { stop(); }

Executor IoThread::executor() const { return impl_->context.get_executor(); }

void IoThread::post(std::move_only_function<void()> function) { asio::post(impl_->context, std::move(function)); }

void IoThread::run_and_wait(Task<void> task) {
  WEIR_ASSERT(std::this_thread::get_id() != impl_->thread.get_id());
  std::promise<void> ended;
  auto future = ended.get_future();
  asio::co_spawn(impl_->context, std::move(task), [&ended](std::exception_ptr failure) {
    if (failure != nullptr) {
      ended.set_exception(std::move(failure));
    } else {
      ended.set_value();
    }
  });
  future.get();
}

void IoThread::stop() {
  if (!impl_->thread.joinable()) return;
  impl_->context.stop();
  impl_->thread.join();
}

void detail::run_here(Task<void> task) {
  asio::io_context context(1);
  std::exception_ptr failure;
  asio::co_spawn(context, std::move(task), [&failure](std::exception_ptr thrown) { failure = std::move(thrown); });
  context.run();
  if (failure != nullptr) std::rethrow_exception(failure);
}

}  // namespace weir::runtime
