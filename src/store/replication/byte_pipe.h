// BytePipe: bytes from one thread to another, bounded: who writes waits while the reader is behind.
//
// write() is one thread's, take() and close() another's. A write that waits ends with an error when the pipe is closed.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>

#include "base/error.h"

namespace weir::store {

class BytePipe {
 public:
  // A write that finds at least so much in the pipe waits.
  static constexpr std::size_t kFullBytes = std::size_t{4} << 20;

  // `wake` is called from the writing thread when an empty pipe has got something.
  explicit BytePipe(std::function<void()> wake) : wake_(std::move(wake)) {}

  base::Result<void> write(std::string_view bytes);
  // All that is there.
  std::string take();
  bool empty() const;
  // Nothing is read any more.
  void close();

 private:
  const std::function<void()> wake_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Under the mutex.
  std::string bytes_;
  bool closed_ = false;
};

}  // namespace weir::store
