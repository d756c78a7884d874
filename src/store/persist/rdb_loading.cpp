#include "store/persist/rdb_loading.h"

#include <fmt/format.h>

namespace weir::store {

using base::Result;

Result<std::unique_ptr<RdbLoading>> RdbLoading::open(runtime::Files& files, const std::string& path, rdb::Sink& sink,
                                                     Settle settle) {
  const Result<bool> exists = files.exists(path);
  if (!exists) return exists.error();
  if (!*exists) return std::unique_ptr<RdbLoading>();
  auto file = files.open(path, runtime::OpenMode::kRead);
  if (!file) return file.error();
  const Result<std::uint64_t> size = (*file)->size();
  if (!size) return size.error();
  return std::unique_ptr<RdbLoading>(new RdbLoading(path, std::move(*file), *size, sink, std::move(settle)));
}

Result<bool> RdbLoading::step() {
  Result<std::string> block = blocks_.take();
  if (!block) return block.error();
  taken_bytes_ += block->size();
  if (window_.empty()) {
    window_ = std::move(*block);
  } else {
    window_ += *block;
  }
  const std::uint64_t behind = total_bytes_ > taken_bytes_ ? total_bytes_ - taken_bytes_ : 0;
  const rdb::Reader::Step step = reader_.read(window_, behind);
  loaded_bytes_ += step.consumed;
  window_.erase(0, step.consumed);
  if (const std::string refusal = settle_(); !refusal.empty()) {
    return base::reject(fmt::format("{}: before offset {}: {}", path_, reader_.offset(), refusal));
  }
  switch (step.status) {
    case rdb::Reader::Status::kMore: return false;
    case rdb::Reader::Status::kError: return reader_.error().within(path_);
    case rdb::Reader::Status::kDone: break;
  }
  return true;
}

}  // namespace weir::store
