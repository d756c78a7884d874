#include "tests/types_oracle/oracle.h"

#include <gtest/gtest.h>

#include "wire/resp/reply_parser.h"
#include "wire/resp/request.h"

namespace weir::test {

Oracle::Oracle(const std::vector<std::string>& settings) : server_(settings), connection_(server_.socket_path()) {
  EXPECT_TRUE(server_.running() && connection_.open());
}

void Oracle::ask(std::initializer_list<std::string_view> words) {
  wire::resp::append_command(questions_, words);
  ++asked_;
}

std::vector<wire::resp::Value> Oracle::answers() {
  using wire::resp::ReplyParser;
  connection_.send(questions_);
  questions_.clear();
  std::vector<wire::resp::Value> values;
  ReplyParser parser;
  std::string received;
  while (values.size() < asked_) {
    const ReplyParser::Step step = parser.parse(received);
    received.erase(0, step.consumed);
    if (step.status == ReplyParser::Status::kValue) {
      values.push_back(std::move(parser.value()));
      continue;
    }
    const std::string more = connection_.receive(1);
    if (step.status == ReplyParser::Status::kError || more.empty()) {
      ADD_FAILURE() << "no answer from redis-server: " << parser.error();
      break;
    }
    received += more;
    received += connection_.receive_available();
  }
  values.resize(asked_);
  asked_ = 0;
  return values;
}

wire::resp::Value Oracle::answer(std::initializer_list<std::string_view> words) {
  ask(words);
  return std::move(answers().back());
}

}  // namespace weir::test
