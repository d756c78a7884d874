#include "store/replica/reply_gate.h"

namespace weir::store::replica {

void ReplyGate::hold(unsigned acks, const Waiting& waiting) {
  WEIR_ASSERT(acks > 0 && acks < by_acks_.size());
  Queues& queues = by_acks_[acks];
  (waiting.round == 0 ? queues.for_offset : queues.for_round).push_back(waiting);
  ++size_;
}

void ReplyGate::pop(std::deque<Waiting>& queue, Outcome outcome) {
  released_.push_back({queue.front().token, outcome});
  queue.pop_front();
  --size_;
}

void ReplyGate::release(const Acknowledgements& acknowledgements) {
  if (size_ == 0) return;
  for (unsigned acks = 1; acks < by_acks_.size(); ++acks) {
    Queues& queues = by_acks_[acks];
    if (queues.for_offset.empty() && queues.for_round.empty()) continue;
    const auto [offset, round] = acknowledgements.by(acks);
    if (offset == 0) continue;
    for (std::deque<Waiting>* const queue : {&queues.for_offset, &queues.for_round}) {
      while (!queue->empty() && queue->front().offset <= offset && queue->front().round <= round) {
        pop(*queue, Outcome::kSend);
      }
    }
  }
}

void ReplyGate::expire(base::MonoTime now) {
  if (size_ == 0) return;
  for (Queues& queues : by_acks_) {
    for (std::deque<Waiting>* const queue : {&queues.for_offset, &queues.for_round}) {
      while (!queue->empty() && queue->front().deadline <= now) pop(*queue, Outcome::kUnknown);
    }
  }
}

void ReplyGate::fail_all() {
  for (Queues& queues : by_acks_) {
    for (std::deque<Waiting>* const queue : {&queues.for_offset, &queues.for_round}) {
      while (!queue->empty()) pop(*queue, Outcome::kUnknown);
    }
  }
}

}  // namespace weir::store::replica
