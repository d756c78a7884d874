// ReadAhead: a thread that reads a file from its beginning in blocks, some blocks ahead of who takes them.
//
// take() is for one thread; it waits when the disk is behind.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/error.h"
#include "runtime/file.h"

namespace weir::store {

class ReadAhead {
 public:
  static constexpr std::size_t kBlockBytes = 256 << 10;
  static constexpr std::size_t kBlocks = 16;

  explicit ReadAhead(std::unique_ptr<runtime::File> file);
  ~ReadAhead();
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;

  // The next block; shorter than kBlockBytes, or empty, only at the end of the file.
  base::Result<std::string> take();

 private:
  void run();

  const std::unique_ptr<runtime::File> file_;  // That thread only.

  std::mutex mutex_;
  std::condition_variable changed_;
  // Under the mutex.
  std::deque<std::string> blocks_;
  bool at_end_ = false;
  bool stopping_ = false;
  std::optional<base::Error> failure_;

  std::jthread thread_;
};

}  // namespace weir::store
