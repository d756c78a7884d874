// DisposalThread: frees large values and the contents of flushed databases, so that the data thread does not wait for
// it. A background thread (runtime/background.h).
#pragma once

#include <atomic>
#include <memory>

#include "runtime/io_thread.h"
#include "store/keyspace/database.h"
#include "store/keyspace/removal.h"

namespace weir::store {

class DisposalThread final : public Disposer {
 public:
  DisposalThread();
  // When all is freed.
  ~DisposalThread() { settle(); }

  void dispose(DetachedValue value) override;
  void dispose(std::unique_ptr<Contents> contents) override;
  std::size_t pending() const override { return pending_.load(std::memory_order_acquire); }
  void settle() override;
  // Since the start. From any thread.
  std::uint64_t disposed() const { return disposed_.load(std::memory_order_relaxed); }

 private:
  template <typename T>
  void take(T held);

  std::atomic<std::size_t> pending_{0};
  std::atomic<std::uint64_t> disposed_{0};
  runtime::IoThread thread_{"weir-disposal"};
};

}  // namespace weir::store
