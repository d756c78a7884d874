#include "load/resp_workload.h"

#include <algorithm>
#include <map>

#include "base/bytes.h"

namespace weir::load {

namespace {

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    if (end > 0) parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != text.npos; at += to.size()) text.replace(at, from.size(), to);
}

}  // namespace

// ---- Requests

std::string resp_command(const std::vector<std::string>& words) {
  std::string bytes = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string& word : words) {
    bytes += "$" + std::to_string(RequestTemplate::expanded_size(word)) + "\r\n" + word + "\r\n";
  }
  return bytes;
}

RespWorkload::RespWorkload(const RespOptions& options)
    : random_(options.seed), keys_(options.keys, options.keys_in_order, options.seed + 1) {}

base::Result<std::unique_ptr<Workload>> RespWorkload::create(const RespOptions& options) {
  if (options.keys == 0) return base::reject("--keys 0: at least one key is needed");
  const std::string value(options.value_bytes, 'x');
  const std::map<std::string, std::vector<std::string>, std::less<>> commands{
      {"ping", {"PING"}},
      {"get", {"GET", "key:__key__"}},
      {"set", {"SET", "key:__key__", value}},
      {"incr", {"INCR", "counter:__key__"}},
  };
  std::unique_ptr<RespWorkload> workload(new RespWorkload(options));
  if (!options.command.empty()) {
    std::vector<std::string> words = split(options.command, ' ');
    for (std::string& word : words) replace_all(word, "__value__", value);
    if (words.empty()) return base::reject("--command: no word in it");
    workload->shares_.push_back({1, RequestTemplate(resp_command(words))});
    return workload;
  }
  std::uint64_t total = 0;
  for (const std::string& part : split(options.mix, ',')) {
    const std::size_t equals = std::min(part.find('='), part.size());
    const auto weight = equals == part.size() ? std::uint64_t{1}
                                              : base::parse_decimal<std::uint64_t>(part.substr(equals + 1)).value_or(0);
    const auto command = commands.find(part.substr(0, equals));
    if (command == commands.end() || weight == 0 || weight > 1'000'000) {
      return base::reject("--mix '" + options.mix +
                          "': expected ping, get, set, incr, each with =WEIGHT if it is one " +
                          "of several, for example get=9,set=1");
    }
    total += weight;
    workload->shares_.push_back({total, RequestTemplate(resp_command(command->second))});
  }
  if (workload->shares_.empty()) return base::reject("--mix: no command in it");
  return workload;
}

void RespWorkload::append_request(std::string& output) {
  std::size_t chosen = 0;
  if (shares_.size() > 1) {
    const std::uint64_t dice = random_.below(shares_.back().up_to);
    while (dice >= shares_[chosen].up_to) ++chosen;
  }
  shares_[chosen].request.append(output, keys_);
}

// ---- Replies

bool RespScanner::scan(std::string_view bytes, Replies& replies) {
  while (!bytes.empty()) {
    if (bytes_to_skip_ > 0) {
      const std::size_t skipped = std::min<std::uint64_t>(bytes_to_skip_, bytes.size());
      bytes_to_skip_ -= skipped;
      bytes.remove_prefix(skipped);
      if (bytes_to_skip_ > 0) return true;
      if (!take_line({}, replies)) return false;
      continue;
    }
    const std::size_t end = bytes.find('\n');
    if (end == bytes.npos) {
      line_.append(bytes);
      return true;
    }
    std::string_view line = bytes.substr(0, end);
    bytes.remove_prefix(end + 1);
    if (!line_.empty()) line = line_.append(line);
    if (line.size() < 2 || line.back() != '\r') return false;
    line.remove_suffix(1);
    if (!take_line(line, replies)) return false;
    line_.clear();
  }
  return true;
}

// A line that begins a value; an empty one says that the payload of a bulk string has passed.
bool RespScanner::take_line(std::string_view line, Replies& replies) {
  if (!line.empty()) {
    const char type = line.front();
    if (!is_begun_) {
      is_begun_ = true;
      is_error_ = type == '-' || type == '!';
      is_push_ = type == '>';
    }
    const auto length = [line] { return base::parse_decimal<std::int64_t>(line.substr(1)); };
    switch (type) {
      case '+':
      case '-':
      case ':':
      case '_':
      case '#':
      case ',':
      case '(': break;
      case '$':
      case '!':
      case '=': {
        const auto size = length();
        if (!size) return false;
        if (*size < 0) break;
        bytes_to_skip_ = static_cast<std::uint64_t>(*size) + 2;
        return true;
      }
      case '*':
      case '~':
      case '>':
      case '%':
      case '|': {
        const auto size = length();
        if (!size) return false;
        const auto count = static_cast<std::uint64_t>(std::max<std::int64_t>(*size, 0));
        values_to_come_ += type == '%' || type == '|' ? 2 * count : count;
        // Attributes stand before the value that they speak of.
        if (type == '|') ++values_to_come_;
        break;
      }
      default: return false;
    }
  }
  if (--values_to_come_ > 0) return true;
  values_to_come_ = 1;
  is_begun_ = false;
  if (is_push_) return true;
  ++replies.complete;
  if (is_error_) ++replies.errors;
  return true;
}

}  // namespace weir::load
