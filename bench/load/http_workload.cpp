#include "load/http_workload.h"

#include <algorithm>
#include <charconv>

#include "base/bytes.h"

namespace weir::load {

namespace {

constexpr std::size_t kLongestHead = 64 * 1024;

// The value of a field, without the space around it; nothing if the line is another field.
std::optional<std::string_view> field_value(std::string_view line, std::string_view name) {
  if (line.size() <= name.size() || line[name.size()] != ':') return std::nullopt;
  if (!base::equal_ignoring_case(line.substr(0, name.size()), name)) return std::nullopt;
  line.remove_prefix(name.size() + 1);
  while (!line.empty() && line.front() == ' ') line.remove_prefix(1);
  while (!line.empty() && line.back() == ' ') line.remove_suffix(1);
  return line;
}

}  // namespace

base::Result<std::unique_ptr<Workload>> HttpWorkload::create(const HttpOptions& options) {
  if (options.keys == 0) return base::reject("--keys 0: at least one key is needed");
  if (options.path.empty() || options.path.front() != '/')
    return base::reject("--path: expected a path that begins with /");
  std::string request = options.method + " " + options.path + " HTTP/1.1\r\nHost: " + options.host + "\r\n";
  for (const std::string& header : options.headers) {
    if (header.find(':') == header.npos) return base::reject("--header '" + header + "': expected NAME: VALUE");
    request += header + "\r\n";
  }
  if (!options.body.empty()) {
    request += "Content-Length: " + std::to_string(RequestTemplate::expanded_size(options.body)) + "\r\n";
  }
  request += "\r\n" + options.body;
  return std::unique_ptr<Workload>(new HttpWorkload(options, request));
}

std::optional<std::string_view> HttpScanner::take_until(std::string_view& bytes, std::string_view end) {
  if (partial_is_spent_) {
    partial_.clear();
    partial_is_spent_ = false;
  }
  if (partial_.empty()) {
    if (const std::size_t found = bytes.find(end); found != bytes.npos) {
      const std::string_view taken = bytes.substr(0, found + end.size());
      bytes.remove_prefix(taken.size());
      return taken;
    }
    partial_.append(bytes);
    bytes = {};
    return std::nullopt;
  }
  // The end may have begun in what came before.
  const std::size_t had = partial_.size();
  partial_.append(bytes);
  const std::size_t found = partial_.find(end, had - std::min(had, end.size() - 1));
  if (found == partial_.npos) {
    bytes = {};
    return std::nullopt;
  }
  partial_.resize(found + end.size());
  bytes.remove_prefix(partial_.size() - had);
  partial_is_spent_ = true;
  return partial_;
}

bool HttpScanner::scan(std::string_view bytes, Replies& replies) {
  while (!bytes.empty()) {
    switch (state_) {
      case State::kHead: {
        const auto head = take_until(bytes, "\r\n\r\n");
        if (!head && partial_.size() > kLongestHead) return false;
        if (head && !take_head(*head, replies)) return false;
        break;
      }
      case State::kBody:
      case State::kChunk: {
        const std::size_t skipped = std::min<std::uint64_t>(bytes_to_skip_, bytes.size());
        bytes_to_skip_ -= skipped;
        bytes.remove_prefix(skipped);
        if (bytes_to_skip_ > 0) break;
        if (state_ == State::kBody) {
          finish(replies);
        } else {
          state_ = State::kChunkSize;
        }
        break;
      }
      case State::kChunkSize: {
        const auto line = take_until(bytes, "\r\n");
        if (line && !take_chunk_size(*line)) return false;
        break;
      }
      case State::kTrailers: {
        const auto line = take_until(bytes, "\r\n");
        if (line && line->size() == 2) finish(replies);
        break;
      }
    }
  }
  return true;
}

bool HttpScanner::take_head(std::string_view head, Replies& replies) {
  if (!head.starts_with("HTTP/1.") || head.size() < 12) return false;
  const auto status = base::parse_decimal<int>(head.substr(9, 3));
  if (!status) return false;
  bool is_chunked = false;
  bytes_to_skip_ = 0;
  for (std::size_t begin = head.find('\n') + 1; begin < head.size();) {
    const std::size_t end = head.find('\r', begin);
    const std::string_view line = head.substr(begin, end - begin);
    if (const auto length = field_value(line, "content-length")) {
      const auto bytes = base::parse_decimal<std::uint64_t>(*length);
      if (!bytes) return false;
      bytes_to_skip_ = *bytes;
    } else if (const auto coding = field_value(line, "transfer-encoding")) {
      is_chunked = base::equal_ignoring_case(*coding, "chunked");
    }
    begin = end + 2;
  }
  // An interim response: the one that counts is still to come.
  if (*status < 200) return true;
  is_error_ = *status >= 400;
  if (answers_head_ || *status == 204 || *status == 304) {
    finish(replies);
  } else if (is_chunked) {
    state_ = State::kChunkSize;
  } else if (bytes_to_skip_ > 0) {
    state_ = State::kBody;
  } else {
    finish(replies);
  }
  return true;
}

bool HttpScanner::take_chunk_size(std::string_view line) {
  std::uint64_t size = 0;
  const auto [end, code] = std::from_chars(line.data(), line.data() + line.size(), size, 16);
  if (code != std::errc() || end == line.data()) return false;
  state_ = size == 0 ? State::kTrailers : State::kChunk;
  bytes_to_skip_ = size + 2;
  return true;
}

void HttpScanner::finish(Replies& replies) {
  state_ = State::kHead;
  ++replies.complete;
  if (is_error_) ++replies.errors;
}

}  // namespace weir::load
