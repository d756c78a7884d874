// The floor under a store: answers in the shape of Redis's replies and keeps nothing. What a server on one of the
// loops costs beyond this is its table and its commands.
#pragma once

#include <string>
#include <string_view>

namespace weir::bench {

// The requests of one connection, and the rest of one that has not come whole.
class RespEcho {
 public:
  // Appends a reply for each whole request: 64 bytes for GET, +OK for SET, +PONG for everything else. False if the
  // bytes are not requests as clients send them (arrays of bulk strings).
  bool answer(std::string_view bytes, std::string& output);

 private:
  std::string rest_;
};

}  // namespace weir::bench
