// Oracle: a real redis-server to ask what it makes of something. Questions go out together, for speed; answers come
// back in their order. Any failure to ask fails the test.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "tests/protocol_oracle/redis_server.h"
#include "wire/resp/value.h"

namespace weir::test {

class Oracle {
 public:
  explicit Oracle(const std::vector<std::string>& settings = {});

  // Requires: not more questions between two answers() than the sockets' buffers hold; some hundreds of short ones.
  void ask(std::initializer_list<std::string_view> words);
  std::vector<wire::resp::Value> answers();
  // One question.
  wire::resp::Value answer(std::initializer_list<std::string_view> words);

 private:
  RedisServer server_;
  RedisConnection connection_;
  std::string questions_;
  std::size_t asked_ = 0;
};

}  // namespace weir::test
