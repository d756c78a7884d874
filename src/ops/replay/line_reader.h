// LineReader: the lines of a text file, plain or compressed with zstd (told by its first bytes), one after the other
// and never all in memory. Blocking; one owner.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "runtime/file.h"

namespace weir::ops {

class LineReader {
 public:
  // Longer lines are an error: the file is not what it is taken for.
  static constexpr std::size_t kLongestLine = 1 << 20;

  static base::Result<LineReader> open(runtime::Files& files, const std::string& path);
  LineReader(LineReader&&) noexcept;
  ~LineReader();

  // The next line without its end (LF or CRLF), valid until the next call; nothing at the end of the file. The last
  // line needs no end.
  base::Result<std::optional<std::string_view>> next();
  // Of the line that next() gave last; the first is 1.
  std::uint64_t line_number() const { return line_number_; }

 private:
  struct Decompressor;

  LineReader(std::unique_ptr<runtime::File> file, std::string path, bool compressed);
  // Adds to text_; false at the end of the file.
  base::Result<bool> read_more();
  base::Result<bool> read_block();

  std::unique_ptr<runtime::File> file_;
  std::string path_;
  std::unique_ptr<Decompressor> decompressor_;  // Null: the file is plain.
  std::string block_;                           // What was read of the file, as it stands there.
  std::size_t block_used_ = 0;
  std::uint64_t offset_ = 0;
  std::string text_;
  std::size_t text_used_ = 0;
  std::uint64_t line_number_ = 0;
};

}  // namespace weir::ops
