#include "store/server/disposal_thread.h"

#include "runtime/background.h"
#include "store/memory/heap.h"

namespace weir::store {

DisposalThread::DisposalThread() {
  thread_.post([] { runtime::be_background_thread(); });
}

void DisposalThread::settle() {
  for (std::size_t left = pending(); left != 0; left = pending()) pending_.wait(left, std::memory_order_acquire);
}

template <typename T>
void DisposalThread::take(T held) {
  pending_.fetch_add(1, std::memory_order_relaxed);
  thread_.post([this, held = std::move(held)]() mutable {
    {
      const T freed_here = std::move(held);
    }
    Heap::publish();
    disposed_.fetch_add(1, std::memory_order_relaxed);
    pending_.fetch_sub(1, std::memory_order_release);
    pending_.notify_all();
  });
}

void DisposalThread::dispose(DetachedValue value) { take(std::move(value)); }
void DisposalThread::dispose(std::unique_ptr<Contents> contents) { take(std::move(contents)); }

}  // namespace weir::store
