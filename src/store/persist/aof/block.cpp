#include "store/persist/aof/block.h"

#include <limits>

#include "base/assert.h"
#include "base/checksum.h"

namespace weir::store::aof {

namespace {

// A buffer that once held much gives its memory back.
constexpr std::size_t kKeptBytes = 1 << 20;
constexpr std::size_t kWord = 8;
constexpr std::size_t kOffset = 12;
constexpr std::uint64_t kOffsetEnd = std::uint64_t{1} << (4 * (kOffset - 1));

char* write_hex(char* to, std::uint64_t value, std::size_t digits) {
  for (std::size_t i = digits; i > 0; --i, value >>= 4) to[i - 1] = "0123456789abcdef"[value & 15];
  return to + digits;
}

std::optional<std::uint64_t> parse_hex(std::string_view digits) {
  std::uint64_t value = 0;
  for (const char c : digits) {
    const std::size_t digit = std::string_view("0123456789abcdef").find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    value = value << 4 | digit;
  }
  return value;
}

}  // namespace

void write_mark(const Mark& mark, char* to) {
  to += kMarkPrefix.copy(to, kMarkPrefix.size());
  to = write_hex(to, mark.checksum, kWord);
  *to++ = ':';
  to = write_hex(to, mark.block_bytes, kWord);
  *to++ = ':';
  WEIR_ASSERT(mark.durable_bytes.value_or(0) < kOffsetEnd && mark.previous_bytes < kOffsetEnd);
  if (mark.durable_bytes) {
    to = write_hex(to, *mark.durable_bytes, kOffset);
  } else {
    *to++ = '-';
    to = write_hex(to, mark.previous_bytes, kOffset - 1);
  }
  *to++ = '\r';
  *to = '\n';
}

std::optional<Mark> parse_mark(std::string_view bytes) {
  if (bytes.size() < kMarkBytes || !bytes.starts_with(kMarkPrefix)) return std::nullopt;
  bytes = bytes.substr(kMarkPrefix.size(), kMarkBytes - kMarkPrefix.size());
  if (bytes[kWord] != ':' || bytes[2 * kWord + 1] != ':' || !bytes.ends_with("\r\n")) return std::nullopt;
  const auto checksum = parse_hex(bytes.substr(0, kWord));
  const auto size = parse_hex(bytes.substr(kWord + 1, kWord));
  const std::string_view offset = bytes.substr(2 * kWord + 2, kOffset);
  const bool is_durable = offset[0] != '-';
  const auto bytes_said = parse_hex(is_durable ? offset : offset.substr(1));
  if (!checksum || !size || !bytes_said) return std::nullopt;
  return Mark{.checksum = static_cast<std::uint32_t>(*checksum),
              .block_bytes = static_cast<std::uint32_t>(*size),
              .durable_bytes = is_durable ? bytes_said : std::nullopt,
              .previous_bytes = is_durable ? 0 : *bytes_said};
}

std::string first_mark() {
  std::string text(kMarkBytes, '\0');
  write_mark({.checksum = base::crc32c({}), .block_bytes = 0, .durable_bytes = std::nullopt}, text.data());
  return text;
}

void BlockBuffer::begin_block() {
  open_ = true;
  block_begin_ = bytes_.size();
  bytes_.append(kMarkBytes, '\0');
}

void BlockBuffer::close(Mark mark) {
  if (!open_) return;
  open_ = false;
  const std::string_view commands = std::string_view(bytes_).substr(block_begin_ + kMarkBytes);
  if (commands.size() > std::numeric_limits<std::uint32_t>::max()) {
    bytes_.erase(block_begin_, kMarkBytes);
    return;
  }
  mark.checksum = base::crc32c(commands);
  mark.block_bytes = static_cast<std::uint32_t>(commands.size());
  write_mark(mark, bytes_.data() + block_begin_);
}

void BlockBuffer::clear() {
  bytes_.clear();
  open_ = false;
  block_begin_ = 0;
  if (bytes_.capacity() > kKeptBytes) bytes_.shrink_to_fit();
}

}  // namespace weir::store::aof
