#include "loop/http_framer.h"

#include <algorithm>

#include "base/bytes.h"

namespace weir::bench {

namespace {

std::size_t content_length(std::string_view head) {
  constexpr std::string_view kName = "content-length:";
  for (std::size_t line = head.find('\n') + 1; line < head.size(); line = head.find('\n', line) + 1) {
    if (!base::equal_ignoring_case(head.substr(line, kName.size()), kName)) continue;
    std::size_t begin = line + kName.size();
    while (head[begin] == ' ') ++begin;
    return base::parse_decimal<std::size_t>(head.substr(begin, head.find('\r', begin) - begin)).value_or(0);
  }
  return 0;
}

}  // namespace

std::size_t HttpFramer::take(std::string_view bytes) {
  is_complete_ = false;
  std::size_t taken = 0;
  if (!in_body_) {
    std::string_view head = bytes;
    const std::size_t had = head_.size();
    if (had > 0) head = head_.append(bytes);
    const std::size_t end = head.find("\r\n\r\n");
    if (end == head.npos) {
      if (had == 0) head_ = bytes;
      return bytes.size();
    }
    taken = end + 4 - had;
    body_left_ = content_length(head.substr(0, end + 2));
    head_.clear();
    in_body_ = true;
  }
  const std::size_t body = std::min(body_left_, bytes.size() - taken);
  body_left_ -= body;
  is_complete_ = body_left_ == 0;
  in_body_ = !is_complete_;
  return taken + body;
}

}  // namespace weir::bench
