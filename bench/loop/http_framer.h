// Where an HTTP/1.1 message ends, by Content-Length only: the least that a pass-through proxy must know, and not what
// a real one may rely on (the gateway's codec is src/wire/).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace weir::bench {

class HttpFramer {
 public:
  // How many of `bytes`, from the front, belong to the message that is under way. If that completes it,
  // is_complete() is true until the next call, which begins the next message.
  std::size_t take(std::string_view bytes);
  bool is_complete() const { return is_complete_; }

 private:
  bool is_complete_ = false;
  bool in_body_ = false;
  std::size_t body_left_ = 0;
  std::string head_;  // As much as came of a head whose end did not.
};

}  // namespace weir::bench
