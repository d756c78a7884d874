#include "store/replication/byte_pipe.h"

#include <utility>

namespace weir::store {

base::Result<void> BytePipe::write(std::string_view bytes) {
  bool was_empty = false;
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return closed_ || bytes_.size() < kFullBytes; });
    if (closed_) return base::retry("the receiver of the snapshot is gone");
    was_empty = bytes_.empty();
    bytes_ += bytes;
  }
  if (was_empty) wake_();
  return {};
}

std::string BytePipe::take() {
  const std::scoped_lock lock(mutex_);
  changed_.notify_all();
  return std::exchange(bytes_, {});
}

bool BytePipe::empty() const {
  const std::scoped_lock lock(mutex_);
  return bytes_.empty();
}

void BytePipe::close() {
  const std::scoped_lock lock(mutex_);
  closed_ = true;
  bytes_.clear();
  changed_.notify_all();
}

}  // namespace weir::store
