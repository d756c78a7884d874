// Errands: a thread that does for the data thread what may take long (an fsync, a change of the manifest), one after
// the other in the order in which they were asked for.
//
// begin() and the handles are the data thread's. `wake` is called from the thread when an errand has ended. The
// destructor waits until all are done.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/error.h"

namespace weir::store {

class Errand {
 public:
  using Work = std::move_only_function<base::Result<void>()>;

  explicit Errand(Work work) : work_(std::move(work)) {}

  bool ended() const;
  // Waits until it has.
  base::Result<void> outcome() const;

 private:
  friend class Errands;

  void run();

  Work work_;  // The errands' thread only.
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::optional<base::Result<void>> outcome_;  // Under the mutex.
};

class Errands {
 public:
  Errands(const std::string& thread_name, std::function<void()> wake);
  ~Errands();
  Errands(const Errands&) = delete;
  Errands& operator=(const Errands&) = delete;

  std::shared_ptr<const Errand> begin(Errand::Work work);

 private:
  void run();

  const std::function<void()> wake_;

  std::mutex mutex_;
  std::condition_variable changed_;
  // Under the mutex.
  std::deque<std::shared_ptr<Errand>> waiting_;
  bool ending_ = false;

  std::jthread thread_;
};

}  // namespace weir::store
