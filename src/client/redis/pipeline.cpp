#include "client/redis/pipeline.h"

#include <fmt/format.h>

#include "base/assert.h"

namespace weir::client::redis {

using base::Error;
using base::Result;
using wire::resp::ReplyParser;
using wire::resp::Type;
using wire::resp::Value;

Result<Pipeline::CallId> Pipeline::add(std::string request) {
  if (calls_.size() >= limits_.calls) {
    return base::retry(fmt::format("not sent: {} calls are under way already", calls_.size()));
  }
  if (queued_bytes_ + request.size() > limits_.queued_bytes) {
    return base::retry(
        fmt::format("not sent: {} bytes wait to be written, and this request has {}", queued_bytes_, request.size()));
  }
  queued_bytes_ += request.size();
  calls_.push_back({State::kQueued, std::move(request)});
  return first_id_ + calls_.size() - 1;
}

std::string Pipeline::take_output() {
  std::string batch;
  for (; taken_ < calls_.size() && batch.size() < limits_.batch_bytes; ++taken_) {
    Call& call = calls_[taken_];
    if (call.state == State::kGone) continue;
    queued_bytes_ -= call.request.size();
    if (batch.empty()) {
      batch = std::move(call.request);
    } else {
      batch += call.request;
    }
    call.request = std::string();
    call.state = State::kWritten;
    ++awaited_;
  }
  return batch;
}

Result<void> Pipeline::receive(std::string_view bytes, std::vector<Ended>& ended) {
  received_ += bytes;
  std::size_t consumed = 0;
  Result<void> result;
  for (bool more = true; more && result;) {
    const auto step = parser_->parse(std::string_view(received_).substr(consumed));
    consumed += step.consumed;
    switch (step.status) {
      case ReplyParser::Status::kNeedMore: more = false; break;
      case ReplyParser::Status::kValue: result = take_reply(std::move(parser_->value()), ended); break;
      case ReplyParser::Status::kError:
        result = base::fatal(fmt::format("the server broke the protocol: {}", parser_->error()));
        break;
    }
  }
  received_.erase(0, consumed);
  return result;
}

Result<void> Pipeline::take_reply(Value value, std::vector<Ended>& ended) {
  if (value.type == Type::kPush) {
    ++pushes_;
    return {};
  }
  while (taken_ > 0 && calls_.front().state == State::kGone) pop_front();
  if (taken_ == 0) return base::fatal("the server sent a reply that nobody asked for");
  if (calls_.front().state == State::kWritten) ended.push_back({first_id_, std::move(value)});
  --awaited_;
  pop_front();
  return {};
}

void Pipeline::pop_front() {
  calls_.pop_front();
  ++first_id_;
  --taken_;
}

void Pipeline::lost(const Error& why, std::vector<Ended>& ended) {
  for (std::size_t i = 0; i < calls_.size(); ++i) {
    switch (calls_[i].state) {
      case State::kQueued:
        ended.push_back({first_id_ + i, base::retry(fmt::format("not sent: {}", why.text()))});
        break;
      case State::kWritten:
        ended.push_back({first_id_ + i, base::unknown_outcome(fmt::format("sent, and no reply: {}", why.text()))});
        break;
      case State::kSkipped:
      case State::kGone: break;
    }
  }
  first_id_ += calls_.size();
  calls_.clear();
  taken_ = 0;
  awaited_ = 0;
  queued_bytes_ = 0;
  received_.clear();
  parser_.emplace(limits_.reply);
}

Error Pipeline::give_up(CallId id) {
  WEIR_ASSERT(id >= first_id_ && id - first_id_ < calls_.size());
  Call& call = calls_[id - first_id_];
  if (call.state == State::kQueued) {
    queued_bytes_ -= call.request.size();
    call = {State::kGone, {}};
    return base::retry("not sent before the deadline");
  }
  WEIR_ASSERT(call.state == State::kWritten);
  call.state = State::kSkipped;
  return base::unknown_outcome("sent, and no reply before the deadline");
}

}  // namespace weir::client::redis
