#include "store/persist/aof/reader.h"

#include <algorithm>

#include "base/checksum.h"
#include "store/persist/aof/block.h"

namespace weir::store::aof {

namespace {

constexpr std::size_t kLongestAnnotation = 1024;
// "$", digits, line end.
constexpr std::size_t kLongestNumberLine = 1 + 19 + 2;

}  // namespace

Reader::Step Reader::need(std::size_t consumed, std::uint64_t wanted) {
  wanted_ = wanted;
  return {Status::kMore, consumed};
}

Reader::Step Reader::fail(Status status, std::size_t consumed, std::string_view why) {
  why_ = why;
  return {status, consumed};
}

Reader::Step Reader::next(std::string_view window) {
  std::size_t done = 0;
  while (true) {
    const bool in_block = block_left_ > 0;
    const std::string_view rest = in_block ? window.substr(done, block_left_) : window.substr(done);
    if (rest.empty()) return need(done, 1);
    if (!in_block && rest.starts_with(kMarkPrefix)) {
      if (rest.size() < kMarkBytes) return need(done, kMarkBytes);
      const auto mark = parse_mark(rest);
      if (!mark) return fail(Status::kTorn, done, "the mark of a block is malformed");
      if (rest.size() - kMarkBytes < mark->block_bytes) return need(done, kMarkBytes + mark->block_bytes);
      if (base::crc32c(rest.substr(kMarkBytes, mark->block_bytes)) != mark->checksum) {
        return fail(Status::kTorn, done, "a block does not match its checksum");
      }
      if (previous_bytes_ && mark->previous_bytes > *previous_bytes_) {
        return fail(Status::kTorn, done, "the file before this one lacks its end");
      }
      done += kMarkBytes;
      block_left_ = mark->block_bytes;
      saw_marks_ = true;
      continue;
    }
    if (rest[0] == '#') {
      const std::size_t end = rest.substr(0, kLongestAnnotation).find('\n');
      if (end == std::string_view::npos) {
        if (in_block || rest.size() >= kLongestAnnotation) {
          return fail(in_block ? Status::kError : Status::kTorn, done, "an annotation does not end");
        }
        return need(done, rest.size() + 1);
      }
      done += end + 1;
      if (in_block) block_left_ -= end + 1;
      continue;
    }
    Status status = Status::kCommand;
    const std::size_t taken = take_command(rest, status);
    if (status == Status::kMore && in_block) {
      return fail(Status::kError, done, "a command does not end where its block ends");
    }
    if (status != Status::kCommand) return {status, done};
    if (in_block) block_left_ -= taken;
    return {status, done + taken};
  }
}

bool Reader::take_number(std::string_view bytes, char type, std::size_t& at, std::uint64_t& number, Status& status) {
  const auto stop = [&](Status why, std::string_view text) {
    status = why;
    why_ = text;
    return false;
  };
  if (at >= bytes.size()) {
    wanted_ = at + 1;
    return stop(Status::kMore, {});
  }
  if (bytes[at] != type) {
    // Pages that were not synced read as zeros after a crash.
    if (at == 0 && bytes[0] == '\0') return stop(Status::kTorn, "zero bytes");
    return stop(Status::kError, type == '*' ? "expected a command ('*')" : "expected the length of a word ('$')");
  }
  std::size_t end = at + 1;
  number = 0;
  for (; end < bytes.size() && end - at <= kLongestNumberLine - 3; ++end) {
    const unsigned digit = static_cast<unsigned char>(bytes[end]) - unsigned{'0'};
    if (digit > 9) break;
    number = number * 10 + digit;
  }
  if (end == bytes.size() || (bytes[end] == '\r' && end + 1 == bytes.size())) {
    wanted_ = end + 1 + (end < bytes.size() ? 1 : 0);
    return stop(Status::kMore, {});
  }
  if (end == at + 1 || bytes[end] != '\r' || bytes[end + 1] != '\n') {
    return stop(Status::kError, type == '*' ? "malformed count of words" : "malformed length of a word");
  }
  at = end + 2;
  return true;
}

std::size_t Reader::take_command(std::string_view bytes, Status& status) {
  std::size_t at = 0;
  std::uint64_t count = 0;
  if (!take_number(bytes, '*', at, count, status)) return 0;
  if (count == 0) {
    status = Status::kError;
    why_ = "a command without words";
    return 0;
  }
  arguments_.clear();
  for (; count > 0; --count) {
    std::uint64_t size = 0;
    if (!take_number(bytes, '$', at, size, status)) return 0;
    // Not a sum, which could overflow.
    if (bytes.size() - at < 2 || bytes.size() - at - 2 < size) {
      status = Status::kMore;
      wanted_ = at + size + 2;
      return 0;
    }
    const std::size_t end = at + static_cast<std::size_t>(size);
    if (bytes[end] != '\r' || bytes[end + 1] != '\n') {
      status = Status::kError;
      why_ = "a word does not end where its length says";
      return 0;
    }
    arguments_.push_back(bytes.substr(at, static_cast<std::size_t>(size)));
    at = end + 2;
  }
  return at;
}

}  // namespace weir::store::aof
