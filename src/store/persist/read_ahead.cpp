#include "store/persist/read_ahead.h"

#include <pthread.h>

namespace weir::store {

ReadAhead::ReadAhead(std::unique_ptr<runtime::File> file) : file_(std::move(file)), thread_([this] { run(); }) {
  pthread_setname_np(thread_.native_handle(), "store-read");
}

ReadAhead::~ReadAhead() {
  const std::scoped_lock lock(mutex_);
  stopping_ = true;
  changed_.notify_all();
}

base::Result<std::string> ReadAhead::take() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !blocks_.empty() || at_end_ || failure_; });
  if (!blocks_.empty()) {
    std::string block = std::move(blocks_.front());
    blocks_.pop_front();
    changed_.notify_all();
    return block;
  }
  if (failure_) return *failure_;
  return std::string();
}

void ReadAhead::run() {
  for (std::uint64_t offset = 0;;) {
    std::string block;
    base::Result<std::size_t> count = std::size_t{0};
    block.resize_and_overwrite(kBlockBytes, [&](char* to, std::size_t size) {
      count = file_->read(offset, {to, size});
      return count.value_or(0);
    });
    offset += block.size();
    std::unique_lock lock(mutex_);
    if (!count) failure_ = count.error();
    at_end_ = block.size() < kBlockBytes;
    if (!block.empty()) blocks_.push_back(std::move(block));
    changed_.notify_all();
    changed_.wait(lock, [this] { return stopping_ || at_end_ || blocks_.size() < kBlocks; });
    if (stopping_ || at_end_) return;
  }
}

}  // namespace weir::store
