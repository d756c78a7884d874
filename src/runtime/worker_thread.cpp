#include "runtime/worker_thread.h"

#include <pthread.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include <fmt/format.h>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include "runtime/event.h"

namespace weir::runtime {

namespace asio = boost::asio;
using base::MonoTime;
using base::Result;

struct WorkerThread::Job {
  // kWaiting becomes kBegun or kDropped, whichever of the thread and the asking task is first.
  enum class State : unsigned char { kWaiting, kBegun, kDropped };

  std::atomic<State> state{State::kWaiting};
  MonoTime deadline;
  std::move_only_function<void()> work;
  std::exception_ptr failure;  // By the thread, before it posts `done`.
  Executor executor;
  Event done;  // On the executor only.

  bool move_to(State next) {
    State expected = State::kWaiting;
    return state.compare_exchange_strong(expected, next);
  }
};

struct WorkerThread::Impl {
  std::string name;
  std::size_t max_queued;

  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::shared_ptr<Job>> queue;  // By mutex.
  bool stopping = false;                   // By mutex.

  std::thread thread;

  void run() {
    for (;;) {
      std::unique_lock lock(mutex);
      changed.wait(lock, [this] { return stopping || !queue.empty(); });
      if (stopping) return;
      auto job = std::move(queue.front());
      queue.pop_front();
      lock.unlock();
      // Too late: the asking task's own timer tells it.
      if (mono_now() >= job->deadline) job->move_to(Job::State::kDropped);
      if (!job->move_to(Job::State::kBegun)) continue;
      try {
        job->work();
      } catch (...) {
        job->failure = std::current_exception();
      }
      finish(std::move(job));
    }
  }

  static void finish(std::shared_ptr<Job> job) {
    job->work = nullptr;  // What it holds goes before the task goes on.
    const Executor executor = job->executor;
    asio::post(executor, [job = std::move(job)] { job->done.set(); });
  }
};

WorkerThread::WorkerThread(std::string name, std::size_t max_queued) : impl_(std::make_unique<Impl>()) {
  impl_->name = name;
  impl_->max_queued = max_queued;
  impl_->thread = std::thread([impl = impl_.get()] { impl->run(); });
  name.resize(std::min<std::size_t>(name.size(), 15));
  pthread_setname_np(impl_->thread.native_handle(), name.c_str());
}

WorkerThread::~WorkerThread() { stop(); }

void WorkerThread::stop() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->changed.notify_one();
  if (impl_->thread.joinable()) impl_->thread.join();
  for (auto& job : impl_->queue) {
    if (job->move_to(Job::State::kDropped)) Impl::finish(std::move(job));
  }
  impl_->queue.clear();
}

std::size_t WorkerThread::queued() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->queue.size();
}

namespace {

// Drops the job when its task goes away while it waits.
template <class Job>
struct DropOnExit {
  Job& job;
  ~DropOnExit() { job.move_to(Job::State::kDropped); }
};

}  // namespace

Task<Result<void>> WorkerThread::submit(std::move_only_function<void()> work, MonoTime deadline) {
  auto job = std::make_shared<Job>();
  job->deadline = deadline;
  job->work = std::move(work);
  job->executor = co_await asio::this_coro::executor;
  {
    const std::lock_guard lock(impl_->mutex);
    if (impl_->stopping) co_return base::retry(fmt::format("{}: it is stopping", impl_->name));
    if (impl_->queue.size() >= impl_->max_queued) {
      // Those that were given up take no room from those that are wanted.
      std::erase_if(impl_->queue, [](const auto& queued) { return queued->state == Job::State::kDropped; });
    }
    if (impl_->queue.size() >= impl_->max_queued) {
      co_return base::retry(fmt::format("{}: {} requests wait already", impl_->name, impl_->queue.size()));
    }
    impl_->queue.push_back(job);
  }
  impl_->changed.notify_one();

  const DropOnExit<Job> drop(*job);
  const bool ended = co_await job->done.wait(deadline);
  if (ended && job->failure != nullptr) std::rethrow_exception(job->failure);
  if (ended && job->state == Job::State::kBegun) co_return Result<void>();
  if (ended) co_return base::retry("the worker thread stopped before the work began");
  if (job->move_to(Job::State::kDropped) || job->state == Job::State::kDropped) {
    co_return base::retry(fmt::format("{}: the deadline passed before the work began", impl_->name));
  }
  co_return base::unknown_outcome(fmt::format("{}: the deadline passed while the work ran", impl_->name));
}

}  // namespace weir::runtime
