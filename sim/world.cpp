#include "sim/world.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

namespace weir::sim {

void World::after(std::int64_t delay_us, Event event) {
  events_.push_back({now_us_ + delay_us, ++order_, event});
  std::push_heap(events_.begin(), events_.end());
}

bool World::next(Event& event) {
  if (events_.empty()) return false;
  std::pop_heap(events_.begin(), events_.end());
  now_us_ = events_.back().at_us;
  event = events_.back().event;
  events_.pop_back();
  return true;
}

void World::send(Address from, Address to, Body body, failover::MemberId member) {
  const bool is_clients = std::holds_alternative<Request>(body) || std::holds_alternative<Response>(body);
  if (blocked(from, to) || random.chance(network.loss)) return;
  const Message message{from, to, std::move(body), member};
  if (!is_clients && random.chance(network.repeat)) deliver(message);
  deliver(message);
}

void World::deliver(const Message& message) {
  std::uint64_t slot = messages_.size();
  if (free_slots_.empty()) {
    messages_.push_back(message);
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
    messages_[slot] = message;
  }
  std::int64_t at_us = now_us_ + random.between(network.min_delay_us, network.max_delay_us);
  if (network.slow > 0 && random.chance(network.slow)) {
    at_us += random.between(0, network.slow_us);
  } else {
    std::int64_t& last_us = last_us_[message.from][message.to];
    at_us = last_us = std::max(last_us, at_us);
  }
  after(at_us - now_us_, {.kind = Event::Kind::kDeliver, .address = message.to, .value = slot});
}

Message World::take(std::uint64_t slot) {
  free_slots_.push_back(static_cast<std::uint32_t>(slot));
  return std::move(messages_[slot]);
}

void World::print(const std::string& line) const {
  fmt::print("{:>10.3f} ms  {}\n", static_cast<double>(now_us_) / 1000, line);
}

}  // namespace weir::sim
