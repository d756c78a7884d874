#include "ops/replay/line_reader.h"

#include <fmt/format.h>
#include <zstd.h>

namespace weir::ops {

using base::Result;

namespace {

constexpr std::size_t kBlockBytes = 128 << 10;
constexpr std::string_view kZstdMagic = "\x28\xb5\x2f\xfd";

}  // namespace

struct LineReader::Decompressor {
  Decompressor() : stream(ZSTD_createDStream()) {}
  ~Decompressor() { ZSTD_freeDStream(stream); }
  Decompressor(const Decompressor&) = delete;
  Decompressor& operator=(const Decompressor&) = delete;

  ZSTD_DStream* stream;
  std::size_t wanted = 0;  // 0: between two frames, so the file may end here.
};

LineReader::LineReader(LineReader&&) noexcept = default;
LineReader::~LineReader() = default;

LineReader::LineReader(std::unique_ptr<runtime::File> file, std::string path, bool compressed)
    : file_(std::move(file)), path_(std::move(path)) {
  if (compressed) decompressor_ = std::make_unique<Decompressor>();
}

Result<LineReader> LineReader::open(runtime::Files& files, const std::string& path) {
  Result<std::unique_ptr<runtime::File>> file = files.open(path, runtime::OpenMode::kRead);
  if (!file) return file.error();
  std::string magic(kZstdMagic.size(), '\0');
  const Result<std::size_t> count = (*file)->read(0, magic);
  if (!count) return count.error();
  return LineReader(std::move(*file), path, magic == kZstdMagic);
}

Result<std::optional<std::string_view>> LineReader::next() {
  std::size_t searched = text_used_;
  while (true) {
    if (const std::size_t end = text_.find('\n', searched); end != std::string::npos) {
      std::string_view line = std::string_view(text_).substr(text_used_, end - text_used_);
      text_used_ = end + 1;
      ++line_number_;
      if (line.ends_with('\r')) line.remove_suffix(1);
      return std::optional(line);
    }
    if (text_.size() - text_used_ > kLongestLine) {
      return base::reject(fmt::format("{}:{}: a line of over {} bytes", path_, line_number_ + 1, kLongestLine));
    }
    text_.erase(0, text_used_);
    text_used_ = 0;
    searched = text_.size();
    const Result<bool> more = read_more();
    if (!more) return more.error();
    if (*more) continue;
    if (text_.empty()) return std::optional<std::string_view>();
    text_used_ = text_.size();
    ++line_number_;
    return std::optional<std::string_view>(text_);
  }
}

Result<bool> LineReader::read_block() {
  block_.resize(kBlockBytes);
  const Result<std::size_t> count = file_->read(offset_, block_);
  if (!count) return count.error();
  block_.resize(*count);
  block_used_ = 0;
  offset_ += *count;
  return *count > 0;
}

Result<bool> LineReader::read_more() {
  if (!decompressor_) {
    const Result<bool> more = read_block();
    if (more && *more) text_ += block_;
    return more;
  }
  while (true) {
    if (block_used_ == block_.size()) {
      const Result<bool> more = read_block();
      if (!more) return more.error();
      if (!*more) {
        if (decompressor_->wanted == 0) return false;
        return base::reject(fmt::format("{}: the compressed file is cut off", path_));
      }
    }
    const std::size_t before = text_.size();
    text_.resize(before + kBlockBytes);
    ZSTD_outBuffer out{.dst = text_.data() + before, .size = kBlockBytes, .pos = 0};
    ZSTD_inBuffer in{.src = block_.data(), .size = block_.size(), .pos = block_used_};
    decompressor_->wanted = ZSTD_decompressStream(decompressor_->stream, &out, &in);
    block_used_ = in.pos;
    text_.resize(before + out.pos);
    if (ZSTD_isError(decompressor_->wanted)) {
      return base::reject(fmt::format("{}: {}", path_, ZSTD_getErrorName(decompressor_->wanted)));
    }
    if (out.pos > 0) return true;
  }
}

}  // namespace weir::ops
