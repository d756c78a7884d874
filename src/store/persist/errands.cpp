#include "store/persist/errands.h"

#include <pthread.h>

#include <exception>
#include <utility>

#include <fmt/format.h>

namespace weir::store {

using base::Result;

bool Errand::ended() const {
  const std::scoped_lock lock(mutex_);
  return outcome_.has_value();
}

Result<void> Errand::outcome() const {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return outcome_.has_value(); });
  return *outcome_;
}

void Errand::run() {
  Result<void> outcome;
  try {
    outcome = work_();
  } catch (const std::exception& failure) {
    outcome = base::fatal(fmt::format("an errand of the store: {}", failure.what()));
  }
  work_ = {};
  const std::scoped_lock lock(mutex_);
  outcome_ = std::move(outcome);
  changed_.notify_all();
}

Errands::Errands(const std::string& thread_name, std::function<void()> wake)
    : wake_(std::move(wake)), thread_([this] { run(); }) {
  pthread_setname_np(thread_.native_handle(), thread_name.c_str());
}

Errands::~Errands() {
  const std::scoped_lock lock(mutex_);
  ending_ = true;
  changed_.notify_all();
}

std::shared_ptr<const Errand> Errands::begin(Errand::Work work) {
  auto errand = std::make_shared<Errand>(std::move(work));
  const std::scoped_lock lock(mutex_);
  waiting_.push_back(errand);
  changed_.notify_all();
  return errand;
}

void Errands::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    const std::shared_ptr<Errand> errand = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    errand->run();
    wake_();
    lock.lock();
  }
}

}  // namespace weir::store
