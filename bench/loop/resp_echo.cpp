#include "loop/resp_echo.h"

#include <cstddef>
#include <optional>

namespace weir::bench {

namespace {

const std::string kValueReply = "$64\r\n" + std::string(64, 'x') + "\r\n";

// A request's bytes, read from the front. `is_whole` turns false when they run out.
struct Reader {
  std::string_view bytes;
  bool is_whole = true;
  bool is_sound = true;

  // "*3\r\n" or "$12\r\n".
  std::size_t number(char type) {
    if (bytes.empty()) return fail(is_whole);
    if (bytes.front() != type) return fail(is_sound);
    std::size_t value = 0;
    for (std::size_t i = 1; i < bytes.size(); ++i) {
      const char c = bytes[i];
      if (c == '\r') {
        if (i + 1 == bytes.size()) break;
        bytes.remove_prefix(i + 2);
        return value;
      }
      if (c < '0' || c > '9' || i > 9) return fail(is_sound);
      value = value * 10 + static_cast<std::size_t>(c - '0');
    }
    return fail(is_whole);
  }
  std::string_view bulk() {
    const std::size_t size = number('$');
    if (!is_whole || !is_sound) return {};
    if (bytes.size() < size + 2) {
      fail(is_whole);
      return {};
    }
    const std::string_view payload = bytes.substr(0, size);
    bytes.remove_prefix(size + 2);
    return payload;
  }

 private:
  static std::size_t fail(bool& flag) {
    flag = false;
    return 0;
  }
};

// Appends the replies; returns how many bytes they answer, or nothing if these are no requests.
std::optional<std::size_t> answer_whole(std::string_view bytes, std::string& output) {
  Reader reader{.bytes = bytes};
  while (true) {
    const std::size_t left = reader.bytes.size();
    const std::size_t words = reader.number('*');
    const std::string_view name = words > 0 ? reader.bulk() : std::string_view();
    for (std::size_t i = 1; i < words && reader.is_whole && reader.is_sound; ++i) reader.bulk();
    if (!reader.is_sound) return std::nullopt;
    if (!reader.is_whole) return bytes.size() - left;
    if (name == "GET") {
      output.append(kValueReply);
    } else {
      output.append(name == "SET" ? "+OK\r\n" : "+PONG\r\n");
    }
  }
}

}  // namespace

bool RespEcho::answer(std::string_view bytes, std::string& output) {
  if (!rest_.empty()) bytes = rest_.append(bytes);
  const auto answered = answer_whole(bytes, output);
  if (!answered) return false;
  if (rest_.empty()) {
    rest_.assign(bytes.substr(*answered));
  } else {
    rest_.erase(0, *answered);
  }
  return true;
}

}  // namespace weir::bench
